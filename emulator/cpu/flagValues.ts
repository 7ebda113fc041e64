import { STATE, type StateView } from './state.ts';

/** The lazy flags of `cpu/flags.ts`, evaluated in TypeScript: 0 or 1 each. */
const word = (s: StateView): number => s.get32(STATE.flagWord);

/** Eight bits of a 64-bit value from bit `shift` on. */
function byteAt(low: number, high: number, shift: number): number {
  if (shift >= 32) return (high >>> (shift - 32)) & 0xff;
  if (shift === 0) return low & 0xff;
  return ((low >>> shift) | (high << (32 - shift))) & 0xff;
}

export const flagC = (s: StateView): number => s.high(STATE.flagCarry) >>> 31;
export const flagZ = (s: StateView): number =>
  s.low(STATE.flagResult) === 0 && s.high(STATE.flagResult) === 0 ? 1 : 0;
export const flagS = (s: StateView): number => (s.high(STATE.flagResult) >>> 31) ^ ((word(s) >>> 8) & 1);
export const flagO = (s: StateView): number =>
  (s.high(STATE.flagCarry) >>> 31) ^ ((s.high(STATE.flagCarry) >>> 30) & 1);
export const flagA = (s: StateView): number =>
  (byteAt(s.low(STATE.flagCarry), s.high(STATE.flagCarry), word(s) & 63) >>> 3) & 1;
export function flagP(s: StateView): number {
  let byte = byteAt(s.low(STATE.flagResult), s.high(STATE.flagResult), word(s) & 63);
  byte ^= byte >>> 4;
  byte ^= byte >>> 2;
  byte ^= byte >>> 1;
  return ((byte & 1) ^ 1 ^ (word(s) >>> 9)) & 1;
}
