import { type EntryState, type LoadableImage, LoadError, physicalEntry, type RegisterValues } from './image.ts';

/** Where a BIOS loads a boot sector, and what is below it is stack. */
export const BOOT_SECTOR = 0x7c00;

const CR0 = 0x10n; // ET
const LIMIT = 0xffffn;
const CODE_ATTRIBUTES = 0x9bn;
const DATA_ATTRIBUTES = 0x93n;
const VECTOR_TABLE_LIMIT = 0x3ffn;

/**
 * `real16`: real-address mode at the entry, which lies below 1 MiB, as segment:offset with the lowest segment that
 * reaches it; the other segments are 0, the stack ends at 0:7C00h, interrupts are off and their vectors zero.
 */
export function real16(image: LoadableImage): EntryState {
  const entry = physicalEntry(image);
  if (entry > 0xf_ffffn) {
    throw new LoadError(`start is real16, but the entry 0x${entry.toString(16)} is not below 1 MiB (0x100000).`);
  }
  // A multiple of 1000h, so that the offset keeps the low digits of the address.
  const codeSegment = entry > 0xffffn ? (entry >> 4n) & 0xf000n : 0n;
  return { memory: [], registers: realModeRegisters(codeSegment, entry - (codeSegment << 4n)) };
}

/** Registers of real-address mode at CS:IP. */
export function realModeRegisters(codeSegment: bigint, instructionPointer: bigint): RegisterValues {
  const segments = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'].flatMap((name): [string, bigint][] => {
    const selector = name === 'cs' ? codeSegment : 0n;
    return [
      [name, selector],
      [`${name}.base`, selector << 4n],
      [`${name}.limit`, LIMIT],
      [`${name}.attributes`, name === 'cs' ? CODE_ATTRIBUTES : DATA_ATTRIBUTES],
    ];
  });
  return [
    ['cr4', 0n],
    ['efer', 0n],
    ['cr0', CR0],
    ['idtr.base', 0n],
    ['idtr.limit', VECTOR_TABLE_LIMIT],
    ...segments,
    ['rflags', 2n],
    ['rsp', BigInt(BOOT_SECTOR)],
    ['rip', instructionPointer],
  ];
}
