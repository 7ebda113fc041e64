/* CRC-32 by a table, a byte at a time. A unit is 4 KiB. */
#include "kernel.h"

static u32 table[256];
static u8 block[4096];

void kernel_setup(void) {
  for (u32 i = 0; i < 256; i++) {
    u32 value = i;
    for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320u ^ value >> 1 : value >> 1;
    table[i] = value;
  }
  u64 state = 1;
  for (u32 i = 0; i < sizeof block; i++) block[i] = (u8)(next_random(&state) >> 56);
}

u64 kernel_run(u64 units) {
  u32 crc = ~0u;
  for (u64 unit = 0; unit < units; unit++) {
    for (u32 i = 0; i < sizeof block; i++) crc = table[(crc ^ block[i]) & 255] ^ crc >> 8;
  }
  return ~crc;
}
