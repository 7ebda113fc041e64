/*
 * Runs the linked kernel in a guest. The host writes `bench_units` before it starts and stops the guest at `bench_begin`
 * and `bench_end`, between which nothing but the kernel runs. The checksum is printed and left in `bench_checksum`.
 */
#include <stdio.h>
#include "../kernels/kernel.h"

volatile u64 bench_units = 1;
volatile u64 bench_checksum;

__attribute__((noinline, used)) void bench_begin(void) {
  __asm__ volatile("" : : : "memory");
}

__attribute__((noinline, used)) void bench_end(void) {
  __asm__ volatile("" : : : "memory");
}

int main(void) {
  kernel_setup();
  bench_begin();
  u64 sum = kernel_run(bench_units);
  bench_checksum = sum;
  bench_end();
  for (int shift = 60; shift >= 0; shift -= 4) putchar("0123456789abcdef"[sum >> shift & 15]);
  putchar('\n');
  return 0;
}
