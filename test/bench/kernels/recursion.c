/* Recursion: Takeuchi's function, nearly all calls and returns. A unit is tak(12, 8, 4) with one number varied. */
#include "kernel.h"

void kernel_setup(void) {}

static __attribute__((noinline)) long tak(long x, long y, long z) {
  if (y >= x) return z;
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

u64 kernel_run(u64 units) {
  u64 sum = 0;
  for (u64 unit = 0; unit < units; unit++) sum = sum * 31 + (u64)tak(12, 8, 4 - (long)(unit & 1));
  return sum;
}
