/** A range as multiboot and the e820 interface tell it. */
export interface MemoryRange {
  readonly base: number;
  readonly length: number;
  readonly type: typeof AVAILABLE | typeof RESERVED;
}

export const AVAILABLE = 1;
export const RESERVED = 2;

/** A PC's usual map: 639 KiB, the firmware's holes, and RAM from 1 MiB on. */
export function memoryMap(memoryBytes: number): readonly MemoryRange[] {
  return [
    { base: 0, length: 0x9_fc00, type: AVAILABLE },
    { base: 0x9_fc00, length: 0x400, type: RESERVED },
    { base: 0xf_0000, length: 0x1_0000, type: RESERVED },
    { base: 0x10_0000, length: memoryBytes - 0x10_0000, type: AVAILABLE },
  ];
}
