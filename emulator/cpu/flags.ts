import {
  add,
  and,
  eqz,
  extendU,
  type I32,
  type I64,
  i32,
  i64,
  ltS,
  not,
  or,
  popcnt,
  select,
  shl,
  shrU,
  sub,
  wrap,
  xor,
} from '../wasm/expressions.ts';

/**
 * Lazy arithmetic flags, in three values:
 * - result: the result shifted left so that its top bit is bit 63: ZF is "zero", SF is the sign;
 * - carry: the carries (or borrows) out of each bit, shifted alike: CF is bit 63, OF is bit 63 xor bit 62, AF is bit 3
 *   of the unshifted value;
 * - word: bits 5:0 the shift; bits 8 and 9 say that SF and PF are the opposite of what result says, which only an
 *   explicit load of the flags needs.
 */
export interface FlagState {
  result(): I64;
  carry(): I64;
  word(): I32;
  set(result: I64, carry: I64, word: I32): void;
  setCarry(carry: I64): void;
  setWord(word: I32): void;
}

export const CF = 0x0001;
export const PF = 0x0004;
export const AF = 0x0010;
export const ZF = 0x0040;
export const SF = 0x0080;
export const TF = 0x0100;
export const IF = 0x0200;
export const DF = 0x0400;
export const OF = 0x0800;
export const NT = 0x4000;
export const RF = 0x10000;
export const VM = 0x20000;
export const AC = 0x40000;
export const VIF = 0x80000;
export const VIP = 0x100000;
export const ID = 0x200000;
export const IOPL = 0x3000;
export const ARITHMETIC = CF | PF | AF | ZF | SF | OF;

const bit = (value: I64, position: number): I64 => and(shrU(value, i64(position)), i64(1));

export const flagC = (s: FlagState): I32 => ltS(s.carry(), i64(0));
export const flagZ = (s: FlagState): I32 => eqz(s.result());
export const flagS = (s: FlagState): I32 => xor(ltS(s.result(), i64(0)), and(shrU(s.word(), i32(8)), i32(1)));
export const flagO = (s: FlagState): I32 => ltS(xor(s.carry(), shl(s.carry(), i64(1))), i64(0));
export const flagA = (s: FlagState): I32 => wrap(bit(shrU(s.carry(), extendU(and(s.word(), i32(63)))), 3));
export const flagP = (s: FlagState): I32 =>
  and(
    xor(
      add(wrap(popcnt(and(shrU(s.result(), extendU(and(s.word(), i32(63)))), i64(0xff)))), i32(1)),
      shrU(s.word(), i32(9)),
    ),
    i32(1),
  );
/** SF != OF. */
export const flagLess = (s: FlagState): I32 =>
  xor(ltS(xor(s.result(), xor(s.carry(), shl(s.carry(), i64(1)))), i64(0)), and(shrU(s.word(), i32(8)), i32(1)));

/** The condition of Jcc, SETcc, CMOVcc by the low four opcode bits (SDM Vol. 1 App. B). */
export function condition(s: FlagState, code: number): I32 {
  const positive = (() => {
    switch (code >> 1) {
      case 0:
        return flagO(s);
      case 1:
        return flagC(s);
      case 2:
        return flagZ(s);
      case 3:
        return or(flagC(s), flagZ(s));
      case 4:
        return flagS(s);
      case 5:
        return flagP(s);
      case 6:
        return flagLess(s);
      default:
        return or(flagLess(s), flagZ(s));
    }
  })();
  return code & 1 ? eqz(positive) : positive;
}

/** CF, PF, AF, ZF, SF and OF at their places in RFLAGS. */
export function arithmeticFlags(s: FlagState): I32 {
  const at = (value: I32, position: number): I32 => shl(value, i32(position));
  return or(
    or(or(flagC(s), at(flagP(s), 2)), or(at(flagA(s), 4), at(flagZ(s), 6))),
    or(at(flagS(s), 7), at(flagO(s), 11)),
  );
}

/** Loads the six arithmetic flags from `flags`, a local with RFLAGS's layout. */
export function loadArithmeticFlags(s: FlagState, flags: I32): void {
  const at = (position: number): I32 => and(shrU(flags, i32(position)), i32(1));
  // PF computed from the result below is 1 (its low byte is zero), SF is 0.
  const carry = or(
    or(shl(extendU(at(0)), i64(63)), shl(extendU(xor(at(11), at(0))), i64(62))),
    shl(extendU(at(4)), i64(3)),
  );
  s.set(select(at(6), i64(0), i64(0x100)), carry, or(shl(at(7), i32(8)), shl(xor(at(2), i32(1)), i32(9))));
}

/** A carry word with the given CF and OF (0 or 1 each, i64) and no other carries. */
export const carryWord = (cf: I64, of: I64): I64 => or(shl(cf, i64(63)), shl(xor(cf, of), i64(62)));

/** Replaces CF, keeping OF and AF. */
export function setCF(s: FlagState, cf: I64): void {
  // OF is bit 63 xor bit 62: bit 62 follows a change of bit 63.
  const change = xor(shrU(s.carry(), i64(63)), cf);
  s.setCarry(xor(s.carry(), or(shl(change, i64(63)), shl(change, i64(62)))));
}

/** Carries of a + b = result, operands already shifted to the top. */
export const additionCarries = (a: I64, b: I64, result: I64): I64 => or(and(a, b), and(or(a, b), not(result)));
/** Borrows of a - b = result. */
export const subtractionBorrows = (a: I64, b: I64, result: I64): I64 => or(and(not(a), b), and(not(xor(a, b)), result));

export const flagShift = (bits: number): number => 64 - bits;
export const shiftUp = (value: I64, bits: number): I64 => shl(value, i64(64 - bits));
export const shiftDown = (value: I64, bits: number): I64 => shrU(value, i64(64 - bits));
export { sub as subtract };
