/*
 * A hosted program that asks libgcc's unwinder for its own call chain, through frames of every shape and through a
 * signal, and prints it with the stack's contents, as JSON. What it prints is what a debugger must find.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

extern char **environ;
static unsigned long stack_start;
static int printed;

static _Unwind_Reason_Code show(struct _Unwind_Context *context, void *unused) {
  (void)unused;
  int before = 0;
  unsigned long ip = _Unwind_GetIPInfo(context, &before);
  unsigned long cfa = _Unwind_GetCFA(context);
  if (!printed) stack_start = cfa;
  printf("%s{\"ip\":\"0x%lx\",\"exact\":%s,\"sp\":\"0x%lx\",\"saved\":{", printed++ ? ",\n" : "", ip, before ? "true" : "false", cfa);
#ifdef __x86_64__
  static const int saved[] = {3, 6, 12, 13, 14, 15};
#else
  static const int saved[] = {3, 5, 6, 7};
#endif
  for (unsigned i = 0; i < sizeof saved / sizeof *saved; i++) {
    printf("%s\"%d\":\"0x%lx\"", i ? "," : "", saved[i], (unsigned long)_Unwind_GetGR(context, saved[i]));
  }
  printf("}}");
  return _URC_NO_REASON;
}

__attribute__((noinline)) static void report(void) {
  printf("{\"frames\":[\n");
  _Unwind_Backtrace(show, 0);
  printf("],\n\"stack\":{\"base\":\"0x%lx\",\"bytes\":\"", stack_start);
  for (unsigned char *at = (unsigned char *)stack_start; at < (unsigned char *)environ; at++) printf("%02x", *at);
  printf("\"}}\n");
  fflush(stdout);
}

static void handler(int signal) {
  (void)signal;
  report();
}

__attribute__((noinline)) int realigned(int a, int b) {
  _Alignas(128) volatile char block[256];
  memset((char *)block, a, sizeof block);
  raise(SIGUSR1);
  return block[b & 255];
}

__attribute__((noinline)) int dynamic(int size) {
  volatile char *buffer = __builtin_alloca(size * 8);
  buffer[0] = 1;
  return realigned(size, size * 3) + buffer[0];
}

__attribute__((noinline)) int recurse(int depth, int a, int b, int c) {
  if (depth == 0) return dynamic(a + b + c);
  int result = recurse(depth - 1, a * 3, b + depth, c ^ a);
  return result + a * b - c;
}

int compare(const void *left, const void *right) {
  static int done;
  int a = *(const int *)left, b = *(const int *)right;
  if (!done++) recurse(5, a, b, 7);
  return (a > b) - (a < b);
}

int main(void) {
  signal(SIGUSR1, handler);
  int values[] = {5, 3, 9, 1};
  qsort(values, 4, sizeof *values, compare);
  return values[0] != 1;
}
