import { ENGINE, STATE, type StateView, x87Address } from '../state.ts';
import { STATUS_WORD } from './state.ts';

/**
 * The register stack for instructions in TypeScript. These are rare and intricate, with intermediate results of more
 * than 64 bits: hence the bigints.
 */
export interface Pair {
  readonly significand: bigint;
  /** Sign (bit 15) and exponent. */
  readonly word: number;
}

export const EXCEPTION = {
  INVALID: 1,
  DENORMAL: 2,
  ZERO_DIVIDE: 4,
  OVERFLOW: 8,
  UNDERFLOW: 16,
  PRECISION: 32,
} as const;
export const INDEFINITE: Pair = { significand: 3n << 62n, word: 0xffff };

const top = (state: StateView): number => (state.get32(STATE.fpuStatus) >>> 11) & 7;
const physical = (state: StateView, i: number): number => (top(state) + i) & 7;
export const isEmpty = (state: StateView, i: number): boolean =>
  ((state.get32(STATE.fpuTags) >>> physical(state, i)) & 1) === 0;

export function readSt(state: StateView, i: number): Pair {
  const address = x87Address(physical(state, i));
  return { significand: state.get64({ address, bits: 64 }), word: state.get32({ address: address + 8, bits: 32 }) };
}

export function writeSt(state: StateView, i: number, { significand, word }: Pair): void {
  const at = physical(state, i);
  const address = x87Address(at);
  state.set64({ address, bits: 64 }, significand);
  state.set32({ address: address + 8, bits: 32 }, word);
  state.set32(STATE.fpuTags, state.get32(STATE.fpuTags) | (1 << at));
}

export function moveTop(state: StateView, delta: number): void {
  const status = state.get32(STATE.fpuStatus);
  state.set32(STATE.fpuStatus, (status & ~STATUS_WORD.TOP) | ((((status >>> 11) + delta) & 7) << 11));
}

export function pop(state: StateView): void {
  state.set32(STATE.fpuTags, state.get32(STATE.fpuTags) & ~(1 << top(state)));
  moveTop(state, 1);
}

export function push(state: StateView, x: Pair): void {
  moveTop(state, -1);
  writeSt(state, 0, x);
}

/** Replaces condition bits. */
export function setConditionBits(state: StateView, mask: number, bits: number): void {
  state.set32(STATE.fpuStatus, (state.get32(STATE.fpuStatus) & ~mask) | bits);
}

export const STACK_UNDERFLOW = EXCEPTION.INVALID | STATUS_WORD.STACK_FAULT;
export const STACK_OVERFLOW = STACK_UNDERFLOW | STATUS_WORD.C1;

/** As `concludeX87` of the generated code: exceptions to the status word; whether the result is to be stored. */
export function conclude(state: StateView, noted: number, opcode: number, memory: boolean): boolean {
  const before = state.get32(STATE.fpuStatus) & ~STATUS_WORD.C1;
  const control = state.get32(STATE.fpuControl);
  let flags = noted;
  const early = flags & ~control & 7;
  if (early) flags &= 7 | STATUS_WORD.STACK_FAULT | (flags & STATUS_WORD.STACK_FAULT ? STATUS_WORD.C1 : 0);
  const unmasked = flags & ~control & STATUS_WORD.EXCEPTIONS;
  state.set32(STATE.fpuStatus, before | flags | (unmasked ? STATUS_WORD.SUMMARY | STATUS_WORD.BUSY : 0));
  const hasData = state.get32(ENGINE.x87HasData) !== 0;
  if (unmasked) state.set32(STATE.fpuOpcode, opcode);
  if (hasData && (unmasked || state.get32(ENGINE.fpuDataAlways))) {
    state.set64(STATE.fpuDp, state.get64(ENGINE.x87Data));
    state.set32(STATE.fpuDs, state.get32(ENGINE.x87DataSegment));
  }
  return (unmasked & (memory ? 0x1f : 7)) === 0;
}
