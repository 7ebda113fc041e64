import type { RegisterValues } from './image.ts';

/**
 * What firmware leaves in the memory-type range registers: write-back everywhere, but for the video memory and for the
 * devices below 4 GiB, which are uncacheable.
 */
const ENABLE = 0xc00n; // E and FE
const WRITE_BACK = 6n;
const VALID = 0x800n;
const ALL_WRITE_BACK = 0x0606_0606_0606_0606n;

export const FIRMWARE_MEMORY_TYPES: RegisterValues = [
  ...'64k_00000 16k_80000 4k_c0000 4k_c8000 4k_d0000 4k_d8000 4k_e0000 4k_e8000 4k_f0000 4k_f8000'
    .split(' ')
    .map((name) => [`mtrr_fix${name}`, ALL_WRITE_BACK] as const),
  ['mtrr_fix16k_a0000', 0n],
  ['mtrr_physbase0', 0xe000_0000n],
  ['mtrr_physmask0', 0x7f_e000_0000n | VALID],
  ['mtrr_def_type', ENABLE | WRITE_BACK],
];
