/*
 * Executes SSE operations on this processor. Reads records of 24 bytes {u32 operation, u32 MXCSR, u64 a, u64 b} from
 * standard input and writes {u64 result, u32 MXCSR afterwards, u32 1 if it trapped} for each. An operation is
 * number * 2 + (1 for double precision). A comparison's result is ZF, PF and CF as in RFLAGS.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>

static sigjmp_buf out;
static volatile uint32_t trapped;

static void on_fpe(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)info;
  trapped = ((ucontext_t *)context)->uc_mcontext.fpregs->mxcsr;
  siglongjmp(out, 1);
}

#define TWO(name)                                                                                        \
  do {                                                                                                   \
    if (wide) __asm__ volatile("ldmxcsr %3\n\t" name "sd %2, %0\n\tstmxcsr %1" : "+x"(x), "=m"(csr) : "x"(y), "m"(in) : "memory"); \
    else __asm__ volatile("ldmxcsr %3\n\t" name "ss %2, %0\n\tstmxcsr %1" : "+x"(x), "=m"(csr) : "x"(y), "m"(in) : "memory"); \
  } while (0)
#define COMPARE(predicate)                                                                               \
  do {                                                                                                   \
    if (wide) __asm__ volatile("ldmxcsr %3\n\tcmpsd $" predicate ", %2, %0\n\tstmxcsr %1" : "+x"(x), "=m"(csr) : "x"(y), "m"(in) : "memory"); \
    else __asm__ volatile("ldmxcsr %3\n\tcmpss $" predicate ", %2, %0\n\tstmxcsr %1" : "+x"(x), "=m"(csr) : "x"(y), "m"(in) : "memory"); \
  } while (0)
#define ORDER(name)                                                                                      \
  do {                                                                                                   \
    uint64_t flags;                                                                                      \
    if (wide) __asm__ volatile("ldmxcsr %4\n\t" name "sd %3, %2\n\tpushfq\n\tpop %0\n\tstmxcsr %1" : "=r"(flags), "=m"(csr) : "x"(x), "x"(y), "m"(in) : "memory", "cc"); \
    else __asm__ volatile("ldmxcsr %4\n\t" name "ss %3, %2\n\tpushfq\n\tpop %0\n\tstmxcsr %1" : "=r"(flags), "=m"(csr) : "x"(x), "x"(y), "m"(in) : "memory", "cc"); \
    result = flags & 0x45;                                                                               \
  } while (0)
#define TO_INTEGER(name, register)                                                                       \
  do {                                                                                                   \
    result = 0;                                                                                          \
    if (wide) __asm__ volatile("ldmxcsr %3\n\t" name "sd2si %2, %" register "0\n\tstmxcsr %1" : "+r"(result), "=m"(csr) : "x"(x), "m"(in) : "memory"); \
    else __asm__ volatile("ldmxcsr %3\n\t" name "ss2si %2, %" register "0\n\tstmxcsr %1" : "+r"(result), "=m"(csr) : "x"(x), "m"(in) : "memory"); \
  } while (0)
#define FROM_INTEGER(suffix, register)                                                                   \
  do {                                                                                                   \
    if (wide) __asm__ volatile("ldmxcsr %3\n\tcvtsi2sd" suffix " %" register "2, %0\n\tstmxcsr %1" : "+x"(x), "=m"(csr) : "r"(a), "m"(in) : "memory"); \
    else __asm__ volatile("ldmxcsr %3\n\tcvtsi2ss" suffix " %" register "2, %0\n\tstmxcsr %1" : "+x"(x), "=m"(csr) : "r"(a), "m"(in) : "memory"); \
  } while (0)

struct record {
  uint32_t operation, mxcsr;
  uint64_t a, b;
};
struct answer {
  uint64_t result;
  uint32_t mxcsr, trap;
};

static volatile struct answer last;

static void execute(const struct record *r) {
  uint64_t a = r->a, result = 0;
  int wide = r->operation & 1, vector = 1;
  uint32_t in = r->mxcsr, csr = 0;
  double x, y;
  memcpy(&x, &r->a, 8);
  memcpy(&y, &r->b, 8);
  switch (r->operation >> 1) {
    case 0: TWO("add"); break;
    case 1: TWO("sub"); break;
    case 2: TWO("mul"); break;
    case 3: TWO("div"); break;
    case 4: y = x; TWO("sqrt"); break;
    case 5: TWO("min"); break;
    case 6: TWO("max"); break;
    case 7: COMPARE("0"); break;
    case 8: COMPARE("1"); break;
    case 9: COMPARE("2"); break;
    case 10: COMPARE("3"); break;
    case 11: COMPARE("4"); break;
    case 12: COMPARE("5"); break;
    case 13: COMPARE("6"); break;
    case 14: COMPARE("7"); break;
    case 15: ORDER("ucomi"); vector = 0; break;
    case 16: ORDER("comi"); vector = 0; break;
    case 17: TO_INTEGER("cvt", "k"); vector = 0; break;
    case 18: TO_INTEGER("cvt", "q"); vector = 0; break;
    case 19: TO_INTEGER("cvtt", "k"); vector = 0; break;
    case 20: TO_INTEGER("cvtt", "q"); vector = 0; break;
    case 21: FROM_INTEGER("l", "k"); break;
    case 22: FROM_INTEGER("q", "q"); break;
    case 23:
      if (wide) __asm__ volatile("ldmxcsr %3\n\tcvtsd2ss %2, %0\n\tstmxcsr %1" : "+x"(y), "=m"(csr) : "x"(x), "m"(in) : "memory");
      else __asm__ volatile("ldmxcsr %3\n\tcvtss2sd %2, %0\n\tstmxcsr %1" : "+x"(y), "=m"(csr) : "x"(x), "m"(in) : "memory");
      x = y;
      wide = !wide;
      break;
  }
  if (vector) {
    memcpy(&result, &x, 8);
    if (!wide) result &= 0xffffffffu;
  }
  last.result = result;
  last.mxcsr = csr;
  last.trap = 0;
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fpe, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGFPE, &action, 0);
  struct record r;
  while (fread(&r, sizeof r, 1, stdin) == 1) {
    if (sigsetjmp(out, 0) == 0) {
      execute(&r);
    } else {
      last.result = 0;
      last.mxcsr = trapped;
      last.trap = 1;
    }
    uint32_t plain = 0x1f80;
    __asm__ volatile("ldmxcsr %0" : : "m"(plain));
    fwrite((void *)&last, sizeof last, 1, stdout);
  }
  return 0;
}
