import { type EntryState, type LoadableImage, physicalEntry, type RegisterValues } from './image.ts';
import { Placement } from './placement.ts';
import { flatSegments, GDT_BYTES, gdt, type Selectors } from './segments.ts';

const STACK_TOP = 0x8_0000;
const STACK_BYTES = 0x1_0000;
const CR0 = 0x11n; // ET PE

/** 32-bit protected mode, paging off, flat segments, interrupts off: what Multiboot 0.6.96 §3.2 asks for. */
export function flat32(gdtAddress: number, entry: bigint, selectors?: Selectors): RegisterValues {
  return [
    ['cr4', 0n],
    ['efer', 0n],
    ['cr0', CR0],
    ...flatSegments(32, gdtAddress, selectors),
    ['rflags', 2n],
    ['rdx', 0n],
    ['rip', entry],
  ];
}

/** `protected32`: the machine state of multiboot without its information structure, and with a stack. */
export function protected32(image: LoadableImage, memoryBytes: number): EntryState {
  const placement = new Placement(image, memoryBytes);
  const gdtAddress = placement.place('the GDT', GDT_BYTES);
  const stack = placement.placeBelow('the stack', STACK_TOP, STACK_BYTES);
  return {
    memory: [{ address: gdtAddress, data: gdt(32) }],
    registers: [...flat32(gdtAddress, physicalEntry(image)), ['rsp', BigInt(stack + STACK_BYTES)]],
  };
}
