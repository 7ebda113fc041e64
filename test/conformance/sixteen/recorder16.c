/*
 * Executes 16-bit code on the processor at hand and writes down what it did.
 *
 *   recorder16 INPUT OUTPUT
 *
 * The code runs in a 16-bit code segment of the process's LDT, with data segments of 64 KiB beside it. Each case is entered by
 * rt_sigreturn and left by the INT3 that follows it, or by the exception that it raises. Streams are little-endian; record.ts
 * writes and reads them.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define SEGMENT 0x10000u
#define CODE_BASE 0x20000000u
#define DATA_BASE 0x30000000u
#define SEGMENTS 5
#define INT3 0xcc
#define FLAT_DATA 0x2b
#define BREAKPOINT 3
#define STICKY_FLAGS 0x244000
#define ARITHMETIC_AND_DF 0xcd5
#define SECONDS_ALLOWED 300
#define SELECTOR(entry) (((entry) << 3) | 7)

struct input_case {
	uint32_t ip, length;
	uint8_t code[16];
	uint32_t registers[8], flags;
};

struct output_case {
	uint32_t fault, error_code, registers[8], eip, flags, runs;
};

static const int greg_of[8] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};
static uint8_t *const code = (uint8_t *)(uintptr_t)CODE_BASE;
static uint8_t *const data = (uint8_t *)(uintptr_t)DATA_BASE;
static uint8_t background[SEGMENT * SEGMENTS];
static FILE *input, *output;
static struct input_case current;
static uint32_t cases, started;
static unsigned long own_fs_base;

static void fail(const char *what)
{
	fprintf(stderr, "recorder16: %s (case %u of %u)\n", what, started, cases);
	_exit(1);
}

static long raw_syscall(long number, long a, unsigned long b)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return result;
}

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

static int next_run(uint32_t *at, uint32_t *end)
{
	while (*at < sizeof background && data[*at] == background[*at])
		(*at)++;
	if (*at == sizeof background)
		return 0;
	*end = *at;
	while (*end < sizeof background && data[*end] != background[*end])
		(*end)++;
	return 1;
}

static void write_outcome(const ucontext_t *context)
{
	const greg_t *greg = context->uc_mcontext.gregs;
	struct output_case out = {.fault = (uint32_t)greg[REG_TRAPNO],
				  .error_code = (uint32_t)greg[REG_ERR],
				  .eip = (uint32_t)greg[REG_RIP],
				  .flags = (uint32_t)greg[REG_EFL]};
	uint32_t at, end;
	if (out.fault == BREAKPOINT)
		out.eip--;
	for (int i = 0; i < 8; i++)
		out.registers[i] = (uint32_t)greg[greg_of[i]];
	if (memcmp(data, background, sizeof background) != 0)
		for (at = 0; next_run(&at, &end); at = end)
			out.runs++;
	put(&out, sizeof out);
	if (out.runs)
		for (at = 0; next_run(&at, &end); at = end) {
			uint32_t head[2] = {at, end - at};
			put(head, sizeof head);
			put(data + at, end - at);
		}
}

static void on_signal(int number, siginfo_t *info, void *opaque)
{
	ucontext_t *context = opaque;
	greg_t *greg = context->uc_mcontext.gregs;
	(void)info;
	raw_syscall(SYS_arch_prctl, ARCH_SET_FS, own_fs_base);
	__asm__ volatile("pushfq; andl %0, (%%rsp); popfq; cld" ::"i"(~STICKY_FLAGS) : "cc", "memory");
	if (number == SIGALRM)
		fail("a case does not end");
	if (started > 0)
		write_outcome(context);
	if (started == cases) {
		if (fclose(output) != 0)
			fail("the output cannot be written");
		_exit(0);
	}
	started++;
	need(&current, sizeof current);
	memset(code, INT3, SEGMENT);
	memcpy(code + current.ip, current.code, current.length);
	memcpy(data, background, sizeof background);
	for (int i = 0; i < 8; i++)
		greg[greg_of[i]] = (greg_t)current.registers[i];
	greg[REG_RIP] = (greg_t)current.ip;
	greg[REG_EFL] = (greg[REG_EFL] & ~(greg_t)(ARITHMETIC_AND_DF | STICKY_FLAGS)) | current.flags;
	greg[REG_CSGSFS] = (greg[REG_CSGSFS] & 0x0000ffffffff0000ll) | SELECTOR(0) | ((greg_t)SELECTOR(3) << 48);
	/* Nothing below uses thread-local storage. */
	__asm__ volatile("mov %0, %%ds; mov %1, %%es; mov %2, %%fs; mov %3, %%gs" ::"r"(SELECTOR(1)), "r"(SELECTOR(2)),
			 "r"(SELECTOR(4)), "r"(SELECTOR(5)));
}

static void add_segment(unsigned entry, uint32_t base, uint32_t limit, unsigned contents, unsigned read_only)
{
	struct user_desc d = {.entry_number = entry,
			      .base_addr = base,
			      .limit = limit,
			      .contents = contents,
			      .read_exec_only = read_only,
			      .useable = 1};
	if (syscall(SYS_modify_ldt, 1, &d, sizeof d) != 0)
		fail("the kernel refuses a 16-bit segment");
}

static void map(uint32_t base, uint32_t size, int protection)
{
	void *at = mmap((void *)(uintptr_t)base, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (at != (void *)(uintptr_t)base)
		fail("memory cannot be mapped");
}

int main(int count, char **arguments)
{
	static uint8_t alternate[1 << 17];
	static const int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGALRM};
	uint32_t brand[13] = {0};
	if (count != 3)
		return 2;
	input = fopen(arguments[1], "rb");
	output = fopen(arguments[2], "wb");
	if (!input || !output)
		fail("a file cannot be opened");
	for (uint32_t leaf = 0; leaf < 3; leaf++) {
		uint32_t *r = brand + leaf * 4;
		__cpuid(0x80000002 + leaf, r[0], r[1], r[2], r[3]);
	}
	put(brand, 48);
	need(&cases, sizeof cases);
	need(background, sizeof background);
	map(CODE_BASE, SEGMENT, PROT_READ | PROT_WRITE | PROT_EXEC);
	map(DATA_BASE, SEGMENT * SEGMENTS, PROT_READ | PROT_WRITE);
	add_segment(0, CODE_BASE, 0xffff, 2, 0);
	for (unsigned i = 0; i < 3; i++)
		add_segment(1 + i, DATA_BASE + i * SEGMENT, 0xffff, 0, 0);
	add_segment(4, DATA_BASE + 3 * SEGMENT, 0xfff, 1, 0);
	add_segment(5, DATA_BASE + 4 * SEGMENT, 0x7fff, 0, 1);
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
