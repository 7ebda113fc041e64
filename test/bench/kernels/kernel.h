/*
 * A kernel is compiled once; the same object runs natively and in a guest. `kernel_setup` is not timed. `kernel_run`
 * does `units` times the same amount of work and returns a checksum of it.
 */
#pragma once
typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned char u8;

void kernel_setup(void);
u64 kernel_run(u64 units);

/* xorshift64*: the same numbers everywhere. */
static inline u64 next_random(u64 *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * 0x2545f4914f6cdd1dul;
}
