import { STATE, type StateView } from '../state.ts';

/** x87 status word (SDM Vol. 1 §8.1.3). The low six bits are those of MXCSR (`cpu/softfloat/mxcsr.ts`). */
export const STATUS_WORD = {
  EXCEPTIONS: 0x3f,
  STACK_FAULT: 0x40,
  /** Exception summary, and busy, which is its copy. */
  SUMMARY: 0x80,
  C0: 0x100,
  C1: 0x200,
  C2: 0x400,
  TOP: 0x3800,
  C3: 0x4000,
  BUSY: 0x8000,
} as const;
export const CONDITIONS = STATUS_WORD.C0 | STATUS_WORD.C1 | STATUS_WORD.C2 | STATUS_WORD.C3;

export const CR0_NE = 0x20;

/** The level of FERR#: an exception waits that is reported outside the processor (SDM Vol. 1 §8.7.2). */
export const numericError = (state: StateView): boolean =>
  (state.get32(STATE.fpuStatus) & STATUS_WORD.SUMMARY) !== 0 && (state.low(STATE.cr0) & CR0_NE) === 0;

/** Bits of the control word that a load keeps: masks, precision, rounding, infinity control. Bit 6 is always set. */
export const CONTROL_WRITABLE = 0x1f3f;
export const CONTROL_FIXED = 0x40;

/** ES and B from the exception flags and their masks, and the control word's fixed bits: after either was loaded. */
export function settleExceptions(state: StateView): void {
  const control = (state.get32(STATE.fpuControl) & CONTROL_WRITABLE) | CONTROL_FIXED;
  const status = state.get32(STATE.fpuStatus) & 0xffff & ~(STATUS_WORD.SUMMARY | STATUS_WORD.BUSY);
  const pending = status & ~control & STATUS_WORD.EXCEPTIONS;
  state.set32(STATE.fpuControl, control);
  state.set32(STATE.fpuStatus, pending ? status | STATUS_WORD.SUMMARY | STATUS_WORD.BUSY : status);
}

/** FNINIT (SDM Vol. 2): registers keep their content but are empty. */
export function initializeX87(state: StateView): void {
  state.set32(STATE.fpuControl, 0x37f);
  state.set32(STATE.fpuStatus, 0);
  state.set32(STATE.fpuTags, 0);
  state.set32(STATE.fpuOpcode, 0);
  state.set32(STATE.fpuCs, 0);
  state.set32(STATE.fpuDs, 0);
  state.setHalves(STATE.fpuIp, 0, 0);
  state.setHalves(STATE.fpuDp, 0, 0);
}
