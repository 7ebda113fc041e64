/* Quicksort with insertion sort below 16. A unit is 1024 random numbers. */
#include "kernel.h"

enum { count = 1024 };
static u64 numbers[count];

void kernel_setup(void) {}

static void insertion_sort(u64 *first, u64 *last) {
  for (u64 *at = first + 1; at <= last; at++) {
    u64 value = *at, *to = at;
    for (; to > first && to[-1] > value; to--) *to = to[-1];
    *to = value;
  }
}

static void quick_sort(u64 *first, u64 *last) {
  while (last - first > 15) {
    u64 pivot = first[(last - first) / 2], *low = first - 1, *high = last + 1;
    for (;;) {
      do low++;
      while (*low < pivot);
      do high--;
      while (*high > pivot);
      if (low >= high) break;
      u64 other = *low;
      *low = *high;
      *high = other;
    }
    quick_sort(first, high);
    first = high + 1;
  }
  insertion_sort(first, last);
}

u64 kernel_run(u64 units) {
  u64 state = 7, sum = 0;
  for (u64 unit = 0; unit < units; unit++) {
    for (int i = 0; i < count; i++) numbers[i] = next_random(&state);
    quick_sort(numbers, numbers + count - 1);
    for (int i = 0; i < count; i += 64) sum = sum * 31 + numbers[i];
  }
  return sum;
}
