/*
 * Runs the fuzzer's cases in user mode on the processor at hand.
 *
 *   processor INPUT OUTPUT
 *
 * rt_sigreturn starts a case with TF set; the single-step trap or the exception that the instruction raises delivers the next
 * signal, whose frame holds the state after it. Input: the number of cases, the bits of their code (64, 32, 16), the six
 * pages of the windows, FXRSTOR images, and the records of layout.inc, in which IN_OWN_DIRTY names the pages to sum up.
 * Output: the outcome records.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <nmmintrin.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 0x1000u
#define PAGES 6
#define TEMPLATES (32 * 512)
#define RECORD 256
#define INT3 0xcc
#define FRAMES 0x800000u
#define CS_64 0x33
#define CS_32 0x23
#define FLAT_DATA 0x2b
#define LDT_SELECTOR(entry) (((entry) << 3) | 7)
/* NT, AC and ID survive rt_sigreturn, so that the handler clears them itself. */
#define STICKY_FLAGS 0x244000
/* What rt_sigreturn takes from a frame: AC, OF, DF, TF, SF, ZF, AF, PF, CF. */
#define SETTABLE 0x40dd5
#define SECONDS_ALLOWED 600
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003

struct record_in {
	uint8_t code[16];
	uint32_t options, flags;
	uint64_t unused, gpr[16];
	uint16_t selectors[8];
	uint64_t ip, fs_base, gs_base;
	uint32_t code_at, own_dirty;
	uint8_t rest[48];
};

struct record_out {
	uint32_t vector, error;
	uint64_t cr2, ip, flags, gpr[16];
	uint16_t selectors[6];
	uint32_t dr6;
	uint64_t memory, fx;
	uint8_t pages[8];
	uint64_t fs_base, gs_base;
	uint32_t status;
	uint8_t rest[36];
};

static const int greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
static const uint32_t bases[3] = {0x20000000, 0x30000000, 0x31000000};
static uint8_t pristine[PAGES][PAGE], templates[TEMPLATES];
static struct record_in *cases;
static struct record_out *outcomes;
static uint32_t count, bits, started;
static const char *output_path;
static unsigned long own_fs_base;

_Static_assert(sizeof(struct record_in) == RECORD && sizeof(struct record_out) == RECORD, "the records of layout.inc");

static uint8_t *page(int number)
{
	return (uint8_t *)(uintptr_t)(bases[number >> 1] + (number & 1) * PAGE);
}

static void fail(const char *what)
{
	fprintf(stderr, "processor: %s (case %u of %u)\n", what, started, count);
	_exit(1);
}

static long raw_syscall(long number, long a, unsigned long b)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

static uint64_t sum(uint64_t crc, const void *from, size_t length)
{
	const uint64_t *words = from;
	for (size_t i = 0; i < length / 8; i++)
		crc = _mm_crc32_u64(crc, words[i]);
	return crc;
}

static int has_error_code(uint32_t vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void write_outcome(const ucontext_t *context)
{
	const greg_t *greg = context->uc_mcontext.gregs;
	const struct record_in *in = &cases[started - 1];
	struct record_out *out = &outcomes[started - 1];
	out->vector = (uint32_t)greg[REG_TRAPNO];
	out->error = has_error_code(out->vector) ? (uint32_t)greg[REG_ERR] : UINT32_MAX;
	out->cr2 = out->vector == 14 ? (uint64_t)greg[REG_CR2] : 0;
	out->ip = (uint64_t)greg[REG_RIP];
	out->flags = (uint32_t)greg[REG_EFL];
	for (int i = 0; i < (bits == 64 ? 16 : 8); i++)
		out->gpr[i] = (uint64_t)greg[greg_of[i]];
	if (in->options & 1) {
		uint8_t image[512];
		memcpy(image, context->uc_mcontext.fpregs, sizeof image);
		memcpy(&out->status, image + 2, 2);
		memset(image + 2, 0, 2);
		memset(image + 6, 0, 18); /* FOP, FIP, FDP */
		memcpy(image + 28, "\xff\xff\0", 4); /* MXCSR_MASK */
		out->fx = sum(0, image, bits == 64 ? 416 : 288);
	}
	for (int i = PAGES - 1; i >= 0; i--) {
		uint8_t *at = page(i);
		if (in->own_dirty >> i & 1)
			out->memory = _mm_crc32_u32((uint32_t)sum(out->memory, at, PAGE), (uint32_t)i);
	}
	uint8_t *code = (uint8_t *)(uintptr_t)(in->code_at - FRAMES + bases[0]);
	for (int i = 0; i < PAGES; i++) {
		uint8_t *at = page(i);
		uint8_t expected[PAGE];
		memcpy(expected, pristine[i], PAGE);
		if (i < 2)
			for (int k = 0; k < 16; k++)
				if (code + k >= at && code + k < at + PAGE)
					expected[code + k - at] = in->code[k];
		if (memcmp(at, expected, PAGE) != 0 && !(in->own_dirty >> i & 1))
			out->memory = ~0ull;
	}
}

static void load_case(ucontext_t *context)
{
	const struct record_in *in = &cases[started - 1];
	greg_t *greg = context->uc_mcontext.gregs;
	for (int i = 0; i < PAGES; i++)
		if (memcmp(page(i), pristine[i], PAGE) != 0)
			memcpy(page(i), pristine[i], PAGE);
	memcpy((void *)(uintptr_t)(in->code_at - FRAMES + bases[0]), in->code, 16);
	for (int i = 0; i < 16; i++)
		greg[greg_of[i]] = (greg_t)in->gpr[i];
	greg[REG_RIP] = (greg_t)in->ip;
	greg[REG_EFL] = (greg[REG_EFL] & ~(greg_t)(SETTABLE | STICKY_FLAGS | 0x10000)) | (in->flags & SETTABLE);
	uint64_t cs = bits == 64 ? CS_64 : bits == 32 ? CS_32 : LDT_SELECTOR(0);
	uint64_t ss = bits == 16 ? LDT_SELECTOR(2) : FLAT_DATA;
	greg[REG_CSGSFS] = (greg_t)((uint64_t)greg[REG_CSGSFS] & 0x0000ffffffff0000ull) | (greg_t)(cs | ss << 48);
	if (in->options & 1) {
		memcpy(context->uc_mcontext.fpregs, templates + (in->options >> 8) * 512, 416);
		/* XSTATE_BV: without these bits the kernel would load the initial state instead. */
		*(uint64_t *)((uint8_t *)context->uc_mcontext.fpregs + 512) |= 3;
	}
	if (bits == 64) {
		raw_syscall(SYS_arch_prctl, ARCH_SET_FS, in->fs_base);
		raw_syscall(SYS_arch_prctl, ARCH_SET_GS, in->gs_base);
	} else {
		uint16_t data = bits == 16 ? LDT_SELECTOR(1) : FLAT_DATA;
		__asm__ volatile("mov %0, %%ds; mov %0, %%es; mov %1, %%gs" ::"r"(data), "r"((uint16_t)(bits == 16 ? data : 0)));
	}
}

static void finish(void)
{
	FILE *file = fopen(output_path, "wb");
	if (!file || fwrite(outcomes, RECORD, count, file) != count || fclose(file) != 0)
		fail("the output cannot be written");
	_exit(0);
}

static void on_signal(int number, siginfo_t *info, void *opaque)
{
	(void)info;
	raw_syscall(SYS_arch_prctl, ARCH_SET_FS, own_fs_base);
	__asm__ volatile("pushfq; andl %0, (%%rsp); popfq; cld" ::"i"(~STICKY_FLAGS) : "cc", "memory");
	if (number == SIGALRM)
		fail("the cases do not end");
	if (started > 0)
		write_outcome(opaque);
	if (started == count)
		finish();
	started++;
	load_case(opaque);
}

static void add_segment(unsigned entry, uint32_t base, unsigned contents)
{
	struct user_desc d = {.entry_number = entry, .base_addr = base, .limit = 0xffff, .contents = contents, .useable = 1};
	if (syscall(SYS_modify_ldt, 1, &d, sizeof d) != 0)
		fail("the kernel refuses a 16-bit segment");
}

static void need(FILE *file, void *into, size_t length)
{
	if (fread(into, 1, length, file) != length)
		fail("the input ends early");
}

int main(int argument_count, char **arguments)
{
	static uint8_t alternate[1 << 17];
	static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
	if (argument_count != 3)
		return 2;
	FILE *input = fopen(arguments[1], "rb");
	output_path = arguments[2];
	if (!input)
		fail("the input cannot be opened");
	need(input, &count, 4);
	need(input, &bits, 4);
	need(input, pristine, sizeof pristine);
	need(input, templates, sizeof templates);
	cases = malloc((size_t)count * RECORD);
	outcomes = calloc(count, RECORD);
	if (!cases || !outcomes)
		fail("there is no memory");
	need(input, cases, (size_t)count * RECORD);
	for (int i = 0; i < 3; i++) {
		void *at = (void *)(uintptr_t)bases[i];
		int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_POPULATE;
		if (mmap(at, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1, 0) != at)
			fail("a window cannot be mapped");
		if (bits == 16)
			add_segment((unsigned)i, bases[i], i == 0 ? 2 : 0);
	}
	raw_syscall(SYS_arch_prctl, ARCH_GET_FS, (unsigned long)&own_fs_base);
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	alarm(SECONDS_ALLOWED);
	__asm__ volatile("int3");
	return 1;
}
