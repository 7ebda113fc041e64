/* Pointer chase through all of 64 MiB, a cache line at a time in random order. A unit is 1024 pointers. */
#include "kernel.h"

struct line {
  struct line *next;
  u64 value[7];
};

enum { count = (64 << 20) / sizeof(struct line) };
static struct line lines[count];
static struct line *at;

/* Sattolo's shuffle: one cycle through every line. */
void kernel_setup(void) {
  u64 state = 3;
  for (u32 i = 0; i < count; i++) {
    lines[i].next = &lines[i];
    lines[i].value[0] = i;
  }
  for (u32 i = count - 1; i > 0; i--) {
    u32 other = (u32)((next_random(&state) >> 32) * i >> 32);
    struct line *swapped = lines[i].next;
    lines[i].next = lines[other].next;
    lines[other].next = swapped;
  }
  at = lines;
}

u64 kernel_run(u64 units) {
  u64 sum = 0;
  for (u64 step = 0; step < units * 1024; step++) {
    sum = sum * 31 + at->value[0];
    at = at->next;
  }
  return sum;
}
