import { type EntryState, type LoadableImage, physicalEntry, type RegisterValues } from './image.ts';
import { Placement } from './placement.ts';
import { flatSegments, GDT_BYTES, gdt } from './segments.ts';

/**
 * `long64`: 64-bit mode at CPL 0 with the low 4 GiB identity-mapped by 2-MiB supervisor pages, flat segments, a stack
 * below 0x80000, SSE on, interrupts off. Plain sources and freestanding C start here.
 */
export const LONG64_STACK_TOP = 0x8_0000;
export const LONG64_STACK_BYTES = 0x1_0000;

/** Control registers for 64-bit mode once CR3 is set. */
export const LONG_MODE: RegisterValues = [
  ['cr4', 0x620n], // OSXMMEXCPT OSFXSR PAE
  ['efer', 0xd01n], // NXE LMA LME SCE
  ['cr0', 0x8001_0033n], // PG WP NE ET MP PE
];

const PAGE = 0x1000;
const DIRECTORIES = 4;
export const IDENTITY_MAP_BYTES = (2 + DIRECTORIES) * PAGE;
const PRESENT_WRITABLE = 0x3n;
const PAGE_SIZE_2M = 0x80n;

export function long64(image: LoadableImage, memoryBytes: number): EntryState {
  const placement = new Placement(image, memoryBytes);
  const tables = placement.place('page tables', IDENTITY_MAP_BYTES);
  const gdtAddress = placement.place('the GDT', GDT_BYTES);
  const stack = placement.placeBelow('the stack', LONG64_STACK_TOP, LONG64_STACK_BYTES);
  return {
    memory: [
      { address: tables, data: identityMap(tables) },
      { address: gdtAddress, data: gdt(64) },
    ],
    registers: [
      ['cr3', BigInt(tables)],
      ...LONG_MODE,
      ...flatSegments(64, gdtAddress),
      ['rflags', 2n],
      ['rdx', 0n],
      // As after FNINIT: gcc's long double needs it.
      ['fcw', 0x37fn],
      ['ftw', 0n],
      ['rsp', BigInt(stack + LONG64_STACK_BYTES)],
      ['rip', physicalEntry(image)],
    ],
  };
}

/** PML4, PDPT and four page directories, one after the other from `base` (SDM Vol. 3A §4.5). */
export function identityMap(base: number): Uint8Array {
  const bytes = new Uint8Array(IDENTITY_MAP_BYTES);
  const view = new DataView(bytes.buffer);
  const pointerTo = (page: number) => BigInt(base + page * PAGE) | PRESENT_WRITABLE;
  view.setBigUint64(0, pointerTo(1), true);
  for (let directory = 0; directory < DIRECTORIES; directory++) {
    view.setBigUint64(PAGE + directory * 8, pointerTo(2 + directory), true);
    for (let entry = 0; entry < 512; entry++) {
      const frame = (BigInt(directory) << 30n) | (BigInt(entry) << 21n);
      view.setBigUint64((2 + directory) * PAGE + entry * 8, frame | PAGE_SIZE_2M | PRESENT_WRITABLE, true);
    }
  }
  return bytes;
}
