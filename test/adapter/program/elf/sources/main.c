/* Several statements on a line, loops, recursion, an inlined header, and frames that need every kind of CFA rule. */
#include "include/inline.h"

struct packet {
  unsigned char bytes[24];
  int length;
};

int counter;
const char *volatile names[] = {"zero", "one", "two"};

int helper(int value, const struct packet *packet);

__attribute__((noinline)) static int sum(int count) {
  int total = 0;
  for (int i = 0; i < count; i++)
    total += square(i);
  return total;
}

__attribute__((noinline)) int recurse(int depth) {
  if (depth <= 1) return 1;
  return recurse(depth - 1) + recurse(depth - 2) + square(depth);
}

/* A dynamic frame: the CFA is found through rbp. */
__attribute__((noinline)) int dynamic(int size) {
  char buffer[size + 1];
  for (int i = 0; i <= size; i++) buffer[i] = (char)(i * size);
  return buffer[size / 2] + sum(size);
}

/* A realigned frame: gcc describes its CFA by an expression. */
__attribute__((noinline)) int aligned(int a, int b, int c, int d, int e, int f, int g, int h) {
  _Alignas(64) volatile int block[16];
  for (int i = 0; i < 16; i++) block[i] = a + b * i;
  struct packet packet = {{0}, c + d + e + f};
  packet.bytes[g & 7] = (unsigned char)h;
  return block[a & 15] + helper(b, &packet) + dynamic(h & 15);
}

int choose(int which) {
  switch (which) {
    case 0: return counter;
    case 1: return names[0][0];
    case 2: return names[which & 1][1];
    case 3: return recurse(4);
    case 4: return sum(9);
    default: return which;
  }
}

void _start(void) {
  int result = aligned(1, 2, 3, 4, 5, 6, 7, 8);
  while (result > 0) result = choose(result % 7) - 1; counter = result;
  for (;;) {
  }
}
