import { ACCESS } from '../../../memory/paging.ts';
import { CR4_LA57 } from '../../../memory/pagingModes.ts';
import type { HostOperand, MemoryOperand } from '../../decode/decoded.ts';
import type { StepExports } from '../../engine/exports.ts';
import { STATUS } from '../../engine/record.ts';
import type { LocalApicPort } from '../../localApicPort.ts';
import type { Processor } from '../../profiles/profiles.ts';
import { CS, ENGINE, SS, STATE, type StateView, segment } from '../../state.ts';

/** What an instruction in TypeScript works with. */
export interface HostContext {
  readonly state: StateView;
  readonly exports: StepExports;
  readonly processor: Processor;
  readonly operands: readonly HostOperand[];
  readonly code: string;
  readonly length: number;
  readonly codeBits: 16 | 32 | 64;
  /** `PREFIX` bits; address size in bits; segment number of a string source. */
  readonly prefixes: number;
  readonly addressBits: number;
  readonly segment: number;
  /** The 11 opcode bits of an x87 instruction. */
  readonly opcode: number;
  /** The vCPU's local APIC, to read; to write, so that the run loop looks at it right after the instruction. */
  apic(): LocalApicPort;
  changeApic(): LocalApicPort;
  /** Halves of a TSC that was never written; IA32_TSC_ADJUST comes on top. */
  timeStamp(): readonly [low: number, high: number];
  readonly vcpuCount: number;
  /** The memory operand; its linear address is in ENGINE.scratch0 when the handler begins. */
  readonly memory: MemoryOperand | undefined;
  portIn(port: number, size: number): number;
  portOut(port: number, size: number, value: number): void;
  /** Ends the run with a sentence. */
  unsupported(sentence: string): number;
  /** DR7 or the debugger's watches have changed. */
  updateWatch(): void;
}

/** A status for the handler: 0 goes on with the next instruction. */
export type HostHandler = (c: HostContext) => number;

export const DONE = STATUS.BUDGET;
export const FAULT = STATUS.FAULT;
/** RIP was set. */
export const LOOKUP = STATUS.LOOKUP;
/** Goes on with the next instruction after the run loop looked around. */
export const LEAVE = STATUS.LEAVE;
/** RIP was set; goes on there after the run loop looked around, with the event first that may be pending. */
export const LEAVE_TO = STATUS.LEAVE_TO;

export const VECTOR = {
  DE: 0,
  DB: 1,
  UD: 6,
  NM: 7,
  DF: 8,
  TS: 10,
  NP: 11,
  SS: 12,
  GP: 13,
  PF: 14,
  AC: 17,
  CP: 21,
} as const;

export function raise(c: HostContext, vector: number, errorCode?: number): number {
  const { state } = c;
  state.set32(STATE.eventPending, 1);
  state.set32(STATE.eventVector, vector);
  state.set32(STATE.eventHasError, errorCode === undefined ? 0 : 1);
  state.set32(STATE.eventError, errorCode ?? 0);
  state.set32(STATE.eventKind, 0);
  return FAULT;
}

export const gp0 = (c: HostContext): number => raise(c, VECTOR.GP, 0);

/** Host address of readable bytes at a linear address (halves), or 0 with the fault recorded. */
export function readable(c: HostContext, low: number, high: number, size: number, access: number): number {
  c.state.setHalves(ENGINE.scratch0, low, high);
  return c.exports.hostRead(size, access);
}

/** Host address of writable bytes; `commit` must follow the store. */
export function writable(c: HostContext, low: number, high: number, size: number, access: number): number {
  c.state.setHalves(ENGINE.scratch0, low, high);
  return c.exports.hostWrite(size, access);
}

/** A locked access of `size` bytes that can no longer fault (`memory/lockedAccess.ts`). */
export function locked(c: HostContext, low: number, high: number, size: number): void {
  c.state.setHalves(ENGINE.scratch0, low, high);
  c.exports.hostLocked(size);
}

/** `writable` for a locked read-modify-write. */
export function lockedWritable(c: HostContext, low: number, high: number, size: number, access: number): number {
  const host = writable(c, low, high, size, access);
  if (host) locked(c, low, high, size);
  return host;
}

export const commit = (c: HostContext, host: number): void => c.exports.commitIfBounced(host);

/** RIP of the instruction after this one, as halves. */
export function nextRip(c: HostContext): [number, number] {
  // STATE.rip was synchronised before the handler's TypeScript runs.
  const low = c.state.low(STATE.rip) + c.length;
  const carried = low > 0xffffffff ? 1 : 0;
  return [low >>> 0, (c.state.high(STATE.rip) + carried) >>> 0];
}

export const cpl = (c: HostContext): number => c.state.get32(STATE.cpl);
export const longMode = (c: HostContext): boolean => (c.state.low(STATE.efer) & 0x400) !== 0;
const VM = 0x20000;
export const virtual8086 = (c: HostContext): boolean => (c.state.get32(STATE.rflags) & VM) !== 0;
/** CR0.PE is set and RFLAGS.VM is not. */
export const protectedMode = (c: HostContext): boolean => (c.state.low(STATE.cr0) & 1) !== 0 && !virtual8086(c);

/** The linear address of the memory operand, put there by the handler. */
export const operandAddress = (c: HostContext): [number, number] => [
  c.state.low(ENGINE.scratch0),
  c.state.high(ENGINE.scratch0),
];

/** #SS, not #GP, for a non-canonical operand that SS stands for (SDM Vol. 1 §3.3.7.1). */
export const operandAccess = (c: HostContext): number => (c.memory?.segment === SS ? ACCESS.STACK : 0);

/**
 * Host address of readable bytes `delta` above the memory operand, or 0 with the fault recorded. The parts of far pointers
 * and bounds are operands of their own: each is checked against the limit, and its address wraps at the address size.
 */
export function readablePart(c: HostContext, operand: readonly [number, number], delta: number, size: number): number {
  const { memory, state } = c;
  if (c.codeBits === 64 || !memory) return readable(c, ...addTo(operand[0], operand[1], delta), size, operandAccess(c));
  const register = (address: number) => state.view.getUint32(address, true);
  const sum = register(memory.base) + register(memory.index) * 2 ** memory.scale + memory.displacementLow + delta;
  const offset = memory.addressBits === 16 ? sum & 0xffff : sum % 0x1_0000_0000;
  state.setHalves(ENGINE.scratch0, offset >>> 0, 0);
  if (c.exports.hostSegment(memory.segment, size, 0) !== 0) return 0;
  return readable(c, state.low(ENGINE.scratch0), state.high(ENGINE.scratch0), size, operandAccess(c));
}
export function addTo(low: number, high: number, delta: number): [number, number] {
  const sum = low + delta;
  return [sum >>> 0, (high + Math.floor(sum / 4294967296)) >>> 0];
}

/** Reads a general-register operand as halves, zero-extended from its width. */
export function readOperand(c: HostContext, index: number): [number, number] {
  const operand = c.operands[index]!;
  if (operand.kind === 'immediate') return [operand.value >>> 0, operand.value < 0 ? 0xffffffff : 0];
  if (operand.kind !== 'register') throw new Error(`operand ${index} is ${operand.kind}`);
  const { view } = c.state;
  switch (operand.bits) {
    case 8:
      return [view.getUint8(operand.address), 0];
    case 16:
      return [view.getUint16(operand.address, true), 0];
    case 32:
      return [view.getUint32(operand.address, true), 0];
    default:
      return [view.getUint32(operand.address, true), view.getUint32(operand.address + 4, true)];
  }
}

export function writeOperandRegister(c: HostContext, index: number, low: number, high: number): void {
  const operand = c.operands[index]!;
  if (operand.kind !== 'register') throw new Error(`operand ${index} is ${operand.kind}`);
  const { view } = c.state;
  if (operand.bits === 8) view.setUint8(operand.address, low);
  else if (operand.bits === 16) view.setUint16(operand.address, low, true);
  else {
    view.setUint32(operand.address, low, true);
    view.setUint32(operand.address + 4, operand.bits === 64 ? high : 0, true);
  }
}

const signExtends = (high: number, bits: 48 | 57): boolean => {
  const top = (high | 0) >> (bits - 33);
  return top === 0 || top === -1;
};

/** Whether an address may be branched to or used as a stack pointer: canonical in the current paging mode. */
export const isCanonicalTarget = (c: HostContext, _low: number, high: number): boolean =>
  signExtends(high, c.state.low(STATE.cr4) & CR4_LA57 && longMode(c) ? 57 : 48);

/**
 * Whether MSRs, bases of descriptors and tables, and INVPCID take an address: canonical for the widest linear addresses
 * that the processor has, whatever CR4.LA57 is.
 */
export const isCanonicalForRegister = (processor: Processor, _low: number, high: number): boolean =>
  signExtends(high, processor.feature('la57') ? 57 : 48);

export const csBase = (c: HostContext): [number, number] => [
  c.state.low(segment(CS).base),
  c.state.high(segment(CS).base),
];
