import { linear } from '../addresses.ts';
import type { MachineApi } from '../api.ts';

/** How the processor runs (SDM Vol. 3A §2.2); compatibility mode is 16- or 32-bit code under IA-32e mode. */
export type ProcessorMode = 'real' | 'virtual-8086' | 'protected' | 'compatibility' | '64-bit';

const bit = (value: bigint, position: bigint): boolean => ((value >> position) & 1n) === 1n;

export function modeOf(machine: MachineApi): ProcessorMode {
  if (!bit(machine.readRegister('cr0'), 0n)) return 'real';
  if (bit(machine.readRegister('efer'), 10n)) return machine.codeBits() === 64 ? '64-bit' : 'compatibility';
  return bit(machine.readRegister('rflags'), 17n) ? 'virtual-8086' : 'protected';
}

/** Whether a selector times 16 is the base of its segment. */
export function hasRealSegments(machine: MachineApi): boolean {
  const mode = modeOf(machine);
  return mode === 'real' || mode === 'virtual-8086';
}

/** Bytes of a near return address, and of a PUSH without an operand-size prefix. */
export function slotSize(machine: MachineApi): 2 | 4 | 8 {
  return (machine.codeBits() / 8) as 2 | 4 | 8;
}

/** The linear address of an offset in the stack segment: ESP counts with SS.B, otherwise SP (SDM Vol. 1 §6.2.3). */
export function stackLinear(machine: MachineApi, stackPointer: bigint): bigint {
  if (machine.codeBits() === 64) return stackPointer;
  const wide = bit(machine.readRegister('ss.attributes'), 14n);
  return BigInt.asUintN(32, machine.readRegister('ss.base') + BigInt.asUintN(wide ? 32 : 16, stackPointer));
}

/** The offset in the stack segment of a linear address; the inverse of `stackLinear`. */
export function stackOffset(machine: MachineApi, address: bigint): bigint {
  if (machine.codeBits() === 64) return address;
  return BigInt.asUintN(32, address - machine.readRegister('ss.base'));
}

const SEGMENT_REGISTERS = ['cs', 'ss', 'ds', 'es', 'fs', 'gs'];

/**
 * The base of the segment that a selector names: 16 times it in real-address and virtual-8086 mode, else from a segment
 * register that holds it, else from its descriptor (SDM Vol. 3A §3.4.5). A sentence when there is no such descriptor.
 */
export function segmentBase(machine: MachineApi, selector: bigint): bigint | string {
  const found = segmentOf(machine, selector);
  return typeof found === 'string' ? found : found.base;
}

export interface SegmentShape {
  readonly base: bigint;
  /** The width of code in it, or of a stack. */
  readonly bits: 16 | 32 | 64;
}

/** What a selector names; a sentence when there is no such segment. */
export function segmentOf(machine: MachineApi, selector: bigint): SegmentShape | string {
  if (selector < 0n || selector > 0xffffn) {
    return `0x${selector.toString(16)} is not a selector; a number of 16 bits is expected before ':'.`;
  }
  if (hasRealSegments(machine)) return { base: selector << 4n, bits: 16 };
  const loaded = SEGMENT_REGISTERS.find((name) => machine.readRegister(name) === selector);
  if (loaded !== undefined) {
    const attributes = machine.readRegister(`${loaded}.attributes`);
    return { base: machine.readRegister(`${loaded}.base`), bits: bitsOf(bit(attributes, 13n), bit(attributes, 14n)) };
  }
  const table = bit(selector, 2n) ? 'ldtr' : 'gdtr';
  const index = selector & ~7n;
  const name = `0x${selector.toString(16)}`;
  if (index + 7n > machine.readRegister(`${table}.limit`)) {
    return `Selector ${name} lies beyond the limit of the ${table === 'ldtr' ? 'LDT' : 'GDT'}.`;
  }
  const address = BigInt.asUintN(64, machine.readRegister(`${table}.base`) + index);
  const { data, sentence } = machine.readLinear(linear(address), 8);
  if (data.length < 8) return sentence ?? `The descriptor of selector ${name} cannot be read.`;
  const descriptor = new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true);
  if (!bit(descriptor, 44n)) return `Selector ${name} names a system descriptor, not a segment.`;
  return {
    base: ((descriptor >> 16n) & 0xff_ffffn) | ((descriptor >> 32n) & 0xff00_0000n),
    bits: bitsOf(bit(descriptor, 53n), bit(descriptor, 54n)),
  };
}

const bitsOf = (long: boolean, big: boolean): 16 | 32 | 64 => (long ? 64 : big ? 32 : 16);
