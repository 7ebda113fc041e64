/*
 * Executes one SSE instruction on XMM0 and XMM1 (and RAX) many times on this processor. Standard input: u32 length
 * and 16 bytes of code, then cases {u32 MXCSR, u32 0, u64 RAX, XMM0, XMM1}, 48 bytes each. Standard output, 32 bytes for
 * each case: {XMM0, u64 RAX, u32 MXCSR, u32 1 if it trapped}.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf out;
static volatile uint32_t trapped;

static void on_fpe(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  trapped = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
  siglongjmp(out, 1);
}

int main(void) {
  static const uint8_t before[] = {
      0x48, 0x8b, 0x47, 0x08,       /* mov 8(%rdi), %rax */
      0x0f, 0x10, 0x47, 0x10,       /* movups 16(%rdi), %xmm0 */
      0x0f, 0x10, 0x4f, 0x20,       /* movups 32(%rdi), %xmm1 */
      0x0f, 0xae, 0x17,             /* ldmxcsr (%rdi) */
  };
  static const uint8_t after[] = {
      0x0f, 0xae, 0x5e, 0x18,       /* stmxcsr 24(%rsi) */
      0x0f, 0x11, 0x06,             /* movups %xmm0, (%rsi) */
      0x48, 0x89, 0x46, 0x10,       /* mov %rax, 16(%rsi) */
      0xc3,                         /* ret */
  };
  uint32_t length;
  uint8_t code[16], input[48];
  struct {
    uint8_t xmm0[16];
    uint64_t rax;
    uint32_t mxcsr, trap;
  } output;
  if (fread(&length, 4, 1, stdin) != 1 || length > 16 || fread(code, 16, 1, stdin) != 1) return 1;
  uint8_t *page = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 2;
  memcpy(page, before, sizeof before);
  memcpy(page + sizeof before, code, length);
  memcpy(page + sizeof before + length, after, sizeof after);
  struct sigaction action = {.sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGFPE, &action, 0);
  while (fread(input, sizeof input, 1, stdin) == 1) {
    memset(&output, 0, sizeof output);
    if (sigsetjmp(out, 0) == 0) {
      ((void (*)(void *, void *))page)(input, &output);
    } else {
      output.mxcsr = trapped;
      output.trap = 1;
    }
    uint32_t plain = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(plain));
    fwrite(&output, sizeof output, 1, stdout);
  }
  return 0;
}
