/* Integer loop: lengths of Collatz sequences. A unit is 1000 starting numbers. */
#include "kernel.h"

void kernel_setup(void) {}

u64 kernel_run(u64 units) {
  u64 sum = 0;
  for (u64 unit = 0; unit < units; unit++) {
    for (u64 start = 1; start <= 1000; start++) {
      u64 value = start + (unit & 3), length = 0;
      while (value != 1) {
        value = value & 1 ? 3 * value + 1 : value >> 1;
        length++;
      }
      sum = sum * 31 + (length ^ start);
    }
  }
  return sum;
}
