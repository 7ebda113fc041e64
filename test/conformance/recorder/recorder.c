/*
 * Executes instruction vectors on the processor at hand and writes down what they did.
 *
 *   recorder INPUT OUTPUT
 *
 * Every case runs in place: rt_sigreturn loads all registers from a signal frame, the processor
 * executes the instruction, and the INT3 that fills the rest of the code window (or the fault that
 * the instruction raised) delivers the next signal, whose frame holds the state after it. A frame
 * whose CS is the kernel's 32-bit user segment runs its case in compatibility mode.
 *
 * Input and output are little-endian streams of the structures below; record.ts writes and reads them.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE_BASE 0x20000000u
#define DATA_BASE 0x30000000u
#define STACK_BASE 0x31000000u
#define WINDOW 0x2000u
#define INT3 0xcc
#define CS_64 0x33
#define CS_32 0x23
#define DATA_SELECTOR 0x2b
#define NO_FAULT 0xffffffffu
#define BREAKPOINT 3
/* NT, AC and ID survive rt_sigreturn, so that the handler clears them itself. */
#define STICKY_FLAGS 0x244000
#define ARITHMETIC_AND_DF 0xcd5
#define SECONDS_ALLOWED 300

struct input_case {
	uint32_t bitness, code_length;
	uint8_t code[16];
	uint64_t gpr[16], rip, fs_base, gs_base;
	uint32_t rflags, mxcsr;
	uint8_t xmm[256];
	uint16_t fpu_control, fpu_status, fpu_tags, fpu_reserved;
	uint8_t st[128];
	uint32_t pieces, reserved;
};

struct output_case {
	uint32_t fault, error_code;
	uint64_t gpr[16], rip;
	uint32_t rflags, mxcsr;
	uint8_t xmm[256];
	uint16_t fpu_control, fpu_status, fpu_tags, fpu_reserved;
	uint8_t st[128];
	uint32_t runs, reserved;
};

struct run {
	uint32_t address, length;
};

/* Where glibc keeps each register, in encoding order. */
static const int greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static uint8_t *const code = (uint8_t *)(uintptr_t)CODE_BASE;
static uint8_t *const windows[2] = {(uint8_t *)(uintptr_t)DATA_BASE, (uint8_t *)(uintptr_t)STACK_BASE};
static uint8_t background[2][WINDOW], before[2][WINDOW];
static FILE *input, *output;
static struct input_case current;
static uint32_t cases, started;
static unsigned long own_fs_base;

static void fail(const char *what)
{
	fprintf(stderr, "recorder: %s (case %u of %u)\n", what, started, cases);
	_exit(1);
}

static long raw_syscall(long number, long a, unsigned long b)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

static void need(void *into, size_t length)
{
	if (fread(into, 1, length, input) != length)
		fail("the input ends early");
}

static void put(const void *from, size_t length)
{
	if (fwrite(from, 1, length, output) != length)
		fail("the output cannot be written");
}

/* Reads the next case and prepares memory; false when there is none. */
static int next_case(void)
{
	if (started == cases)
		return 0;
	started++;
	need(&current, sizeof current);
	memset(code, INT3, WINDOW);
	memcpy((void *)(uintptr_t)current.rip, current.code, current.code_length);
	for (int w = 0; w < 2; w++)
		memcpy(windows[w], background[w], WINDOW);
	for (uint32_t i = 0; i < current.pieces; i++) {
		struct run piece;
		need(&piece, sizeof piece);
		need((void *)(uintptr_t)piece.address, piece.length);
	}
	for (int w = 0; w < 2; w++)
		memcpy(before[w], windows[w], WINDOW);
	return 1;
}

/* Finds the next run of changed bytes at or after `at`; gaps of up to two equal bytes stay inside a run. */
static int find_run(int w, uint32_t at, struct run *found)
{
	while (at < WINDOW && windows[w][at] == before[w][at])
		at++;
	if (at == WINDOW)
		return 0;
	uint32_t end = at + 1;
	for (uint32_t i = end; i < WINDOW && i < end + 3; i++)
		if (windows[w][i] != before[w][i])
			end = i + 1;
	found->address = at;
	found->length = end - at;
	return 1;
}

static void write_runs(int count_only, uint32_t *count)
{
	*count = 0;
	for (int w = 0; w < 2; w++) {
		struct run found;
		if (memcmp(windows[w], before[w], WINDOW) == 0)
			continue;
		for (uint32_t at = 0; find_run(w, at, &found); at = found.address + found.length) {
			struct run absolute = {(w ? STACK_BASE : DATA_BASE) + found.address, found.length};
			(*count)++;
			if (count_only)
				continue;
			put(&absolute, sizeof absolute);
			put(windows[w] + found.address, found.length);
		}
	}
}

static void write_outcome(const ucontext_t *context)
{
	const greg_t *greg = context->uc_mcontext.gregs;
	struct output_case out = {.fault = (uint32_t)greg[REG_TRAPNO], .error_code = (uint32_t)greg[REG_ERR]};
	uint64_t rip = (uint64_t)greg[REG_RIP];
	if (out.fault == BREAKPOINT && rip > CODE_BASE && rip <= CODE_BASE + WINDOW) {
		out.fault = NO_FAULT;
		rip--;
	}
	for (int i = 0; i < 16; i++)
		out.gpr[i] = (uint64_t)greg[greg_of[i]];
	out.rip = rip;
	out.rflags = (uint32_t)greg[REG_EFL];
	out.mxcsr = context->uc_mcontext.fpregs->mxcsr;
	memcpy(out.xmm, context->uc_mcontext.fpregs->_xmm, sizeof out.xmm);
	out.fpu_control = context->uc_mcontext.fpregs->cwd;
	out.fpu_status = context->uc_mcontext.fpregs->swd;
	out.fpu_tags = context->uc_mcontext.fpregs->ftw;
	memcpy(out.st, context->uc_mcontext.fpregs->_st, sizeof out.st);
	write_runs(1, &out.runs);
	put(&out, sizeof out);
	write_runs(0, &out.runs);
}

static void load_case(ucontext_t *context)
{
	greg_t *greg = context->uc_mcontext.gregs;
	for (int i = 0; i < 16; i++)
		greg[greg_of[i]] = (greg_t)current.gpr[i];
	greg[REG_RIP] = (greg_t)current.rip;
	greg[REG_EFL] = (greg[REG_EFL] & ~(greg_t)(ARITHMETIC_AND_DF | STICKY_FLAGS)) | (current.rflags & ARITHMETIC_AND_DF);
	greg[REG_CSGSFS] = (greg[REG_CSGSFS] & ~0xffffll) | (current.bitness == 32 ? CS_32 : CS_64);
	struct _libc_fpstate *fp = context->uc_mcontext.fpregs;
	fp->mxcsr = current.mxcsr;
	memcpy(fp->_xmm, current.xmm, sizeof current.xmm);
	fp->cwd = current.fpu_control;
	fp->swd = current.fpu_status;
	fp->ftw = current.fpu_tags;
	memcpy(fp->_st, current.st, sizeof current.st);
	/* XSTATE_BV: without the SSE bit the kernel would load the initial state instead. */
	*(uint64_t *)((uint8_t *)fp + 512) |= 3;
	if (current.fs_base)
		raw_syscall(SYS_arch_prctl, ARCH_SET_FS, current.fs_base);
	raw_syscall(SYS_arch_prctl, ARCH_SET_GS, current.gs_base);
}

static void on_signal(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;
	(void)info;
	raw_syscall(SYS_arch_prctl, ARCH_SET_FS, own_fs_base);
	__asm__ volatile("pushfq; andl %0, (%%rsp); popfq" ::"i"(~STICKY_FLAGS) : "cc", "memory");
	if (number == SIGALRM)
		fail("a case does not end");
	if (started > 0)
		write_outcome(context);
	if (!next_case()) {
		if (fclose(output) != 0)
			fail("the output cannot be written");
		_exit(0);
	}
	load_case(context);
}

/* Vendor, brand, and the leaves that name the processor and its features. */
static void write_identity(void)
{
	static const uint32_t leaves[][2] = {{1, 0}, {7, 0}, {0x80000001, 0}};
	uint32_t a, b, c, d;
	__cpuid(0, a, b, c, d);
	put(&b, 4);
	put(&d, 4);
	put(&c, 4);
	for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
		__cpuid(leaf, a, b, c, d);
		uint32_t brand[4] = {a, b, c, d};
		put(brand, sizeof brand);
	}
	for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
		__cpuid_count(leaves[i][0], leaves[i][1], a, b, c, d);
		uint32_t registers[4] = {a, b, c, d};
		put(registers, sizeof registers);
	}
}

static void map_window(uint32_t base, int protection)
{
	void *at = mmap((void *)(uintptr_t)base, WINDOW, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (at != (void *)(uintptr_t)base)
		fail("a window cannot be mapped");
}

int main(int count, char **arguments)
{
	static uint8_t alternate[1 << 17];
	static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
	if (count != 3) {
		fprintf(stderr, "usage: recorder INPUT OUTPUT\n");
		return 2;
	}
	input = fopen(arguments[1], "rb");
	output = fopen(arguments[2], "wb");
	if (!input || !output)
		fail("a file cannot be opened");
	write_identity();
	need(&cases, sizeof cases);
	need(background, sizeof background);
	map_window(CODE_BASE, PROT_READ | PROT_WRITE | PROT_EXEC);
	map_window(DATA_BASE, PROT_READ | PROT_WRITE);
	map_window(STACK_BASE, PROT_READ | PROT_WRITE);
	raw_syscall(SYS_arch_prctl, ARCH_GET_FS, (unsigned long)&own_fs_base);

	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	alarm(SECONDS_ALLOWED);
	/* Compatibility mode uses DS and ES, which are null in a 64-bit process. */
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" ::"r"(DATA_SELECTOR));
	__asm__ volatile("int3");
	return 1;
}
