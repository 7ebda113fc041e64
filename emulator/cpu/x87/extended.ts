import {
  add,
  and,
  clz,
  eq,
  eqz,
  extendU,
  geS,
  geU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  leS,
  ltS,
  ltU,
  ne,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { DENORMAL, INVALID, note, OVERFLOW, PRECISION, ROUND, UNDERFLOW } from '../softfloat/mxcsr.ts';
import { ENGINE, get32, put32, STATE } from '../state.ts';
import { STATUS_WORD } from './state.ts';

/**
 * Double extended values (SDM Vol. 1 §4.2.2) as pairs: the significand with its explicit integer bit, and a word with
 * exponent (bits 14:0), sign (bit 15) and `WAS_DENORMAL`. Functions return the significand; the word is left in
 * ENGINE.extendedWord. Exceptions are noted as those of SSE, with the status word's SF and C1 among them.
 */
export const BIAS = 16383;
export const SIGN = 0x8000;
export const EXPONENT = 0x7fff;
export const INTEGER_BIT = 1n << 63n;
/** Made from a denormal binary32 or binary64 value, which reports the exception where it is used. */
export const WAS_DENORMAL = 0x10000;
/** The real indefinite. */
export const INDEFINITE = { significand: 3n << 62n, word: 0xffff } as const;

export interface Extended {
  readonly significand: Local<'i64'>;
  readonly word: Local<'i32'>;
}

export const getWord = (): I32 => get32(ENGINE.extendedWord);

export const isNan = (x: Extended): I32 =>
  and(eq(and(x.word, i32(EXPONENT)), i32(EXPONENT)), ne(shl(x.significand, i64(1)), i64(0)));
export const isInfinite = (x: Extended): I32 =>
  and(eq(and(x.word, i32(EXPONENT)), i32(EXPONENT)), eqz(shl(x.significand, i64(1))));
export const isZero = (x: Extended): I32 => eqz(or(x.significand, extendU(and(x.word, i32(EXPONENT)))));
export const isQuiet = (x: Extended): I32 => wrap(and(shrU(x.significand, i64(62)), i64(1)));
/** Unnormal, pseudo-infinity, pseudo-NaN: an exponent without the integer bit (SDM Vol. 1 §8.2.2). */
export const isUnsupported = (x: Extended): I32 =>
  and(ne(and(x.word, i32(EXPONENT)), i32(0)), eqz(shrU(x.significand, i64(63))));
export const isDenormal = (x: Extended): I32 =>
  or(ne(and(x.word, i32(WAS_DENORMAL)), i32(0)), and(eqz(and(x.word, i32(EXPONENT))), ne(x.significand, i64(0))));
export const signBit = (x: Extended): I32 => and(x.word, i32(SIGN));

/** Returns a pair from a function. */
export function answer(f: FunctionBuilder, significand: I64, word: I32): void {
  put32(f, ENGINE.extendedWord, word);
  f.return(significand);
}

export function answerInvalid(f: FunctionBuilder): void {
  note(f, INVALID);
  answer(f, i64(INDEFINITE.significand), i32(INDEFINITE.word));
}

export function noteDenormals(f: FunctionBuilder, ...operands: readonly Extended[]): void {
  f.if(
    operands.map(isDenormal).reduce((a, b) => or(a, b)),
    () => note(f, DENORMAL),
  );
}

/** Returns the NaN that two operands give (SDM Vol. 1 Table 4-7, x87 rules), and invalid for unsupported encodings. */
export function answerNan(f: FunctionBuilder, a: Extended, b: Extended): void {
  f.if(or(isUnsupported(a), isUnsupported(b)), () => answerInvalid(f));
  f.if(or(isNan(a), isNan(b)), () => {
    const signalling = (x: Extended) => and(isNan(x), eqz(isQuiet(x)));
    const aSignals = f.let(signalling(a));
    const bSignals = f.let(signalling(b));
    f.if(or(aSignals, bSignals), () => note(f, INVALID));
    const larger = or(
      gtU(a.significand, b.significand),
      and(eq(a.significand, b.significand), ltU(and(a.word, i32(0xffff)), and(b.word, i32(0xffff)))),
    );
    // A quiet NaN wins over a signalling one; otherwise the larger significand does.
    const first = f.let(select(and(isNan(a), isNan(b)), select(eq(aSignals, bSignals), larger, bSignals), isNan(a)));
    answer(
      f,
      or(select(first, a.significand, b.significand), i64(1n << 62n)),
      and(select(first, a.word, b.word), i32(0xffff)),
    );
  });
}

/** Exponent (unbiased) and significand with its leading one at bit 63; a zero keeps significand 0. */
export function unpack(f: FunctionBuilder, x: Extended): { exponent: Local<'i32'>; significand: Local<'i64'> } {
  const field = f.let(and(x.word, i32(EXPONENT)));
  const zeros = f.let(wrap(clz(x.significand)));
  return {
    exponent: f.let(sub(sub(select(field, field, i32(1)), i32(BIAS)), zeros)),
    significand: f.let(shl(x.significand, extendU(zeros))),
  };
}

const control = (): I32 => get32(STATE.fpuControl);
export const rounding = (): I32 => and(shrU(control(), i32(10)), i32(3));
export const masked = (exception: number): I32 => and(control(), i32(exception));

/** The 128-bit value `high:low` shifted right, the bits lost kept in bit 0 of the low half. */
export function shiftRightJam128(f: FunctionBuilder, high: Local<'i64'>, low: Local<'i64'>, count: Local<'i32'>): void {
  f.if(geU(count, i32(64)), () => {
    const rest = f.let(sub(count, i32(64)));
    const lost = f.let(low);
    f.if(
      geU(rest, i32(64)),
      () => {
        f.set(lost, or(lost, high));
        f.set(low, i64(0));
      },
      () => {
        f.if(rest, () => f.set(lost, or(lost, shl(high, extendU(sub(i32(64), rest))))));
        f.set(low, shrU(high, extendU(rest)));
      },
    );
    f.set(low, or(low, extendU(ne(lost, i64(0)))));
    f.set(high, i64(0));
    f.set(count, i32(0));
  });
  f.if(count, () => {
    const by = extendU(count);
    const back = extendU(sub(i32(64), count));
    const lost = f.let(extendU(ne(shl(low, back), i64(0))));
    f.set(low, or(or(shrU(low, by), shl(high, back)), lost));
    f.set(high, shrU(high, by));
  });
}

/** Whether the fraction `rest` (half is the sign bit) of `kept` rounds away from zero. */
export function roundsUp(mode: I32, negative: I32, rest: I64, odd: I32): I32 {
  const half = i64(INTEGER_BIT);
  return select(
    eqz(mode),
    or(gtU(rest, half), and(eq(rest, half), odd)),
    and(ne(rest, i64(0)), eq(mode, select(negative, i32(ROUND.DOWN), i32(ROUND.UP)))),
  );
}

/**
 * (sign: 0 or SIGN, exponent, high, low) → high:low × 2^(exponent - 63) as a pair, rounded as the control word says
 * (SDM Vol. 1 §8.1.5.2). Not zero. Bit 0 of `low` may be sticky.
 */
export function defineExtendedRound(core: Core, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const sign = f.parameter<'i32'>(0);
    const exponent = f.parameter<'i32'>(1);
    const high = f.parameter<'i64'>(2);
    const low = f.parameter<'i64'>(3);
    f.if(eqz(high), () => {
      f.set(high, low);
      f.set(low, i64(0));
      f.set(exponent, sub(exponent, i32(64)));
    });
    const zeros = f.let(wrap(clz(high)));
    f.if(zeros, () => {
      f.set(high, or(shl(high, extendU(zeros)), shrU(low, extendU(sub(i32(64), zeros)))));
      f.set(low, shl(low, extendU(zeros)));
      f.set(exponent, sub(exponent, zeros));
    });
    const field = f.let(add(exponent, i32(BIAS)));
    const precision = f.let(and(shrU(control(), i32(8)), i32(3)));
    const dropped = f.let(select(precision, select(eq(precision, i32(2)), i32(11), i32(0)), i32(40)));
    const unit = f.let(shl(i64(1), extendU(dropped)));
    const mode = f.let(rounding());
    const rest = f.local('i64');
    const kept = f.local('i64');
    const up = f.local('i32');
    const round = () => {
      f.set(rest, low);
      f.if(dropped, () => f.set(rest, or(shl(high, extendU(sub(i32(64), dropped))), extendU(ne(low, i64(0))))));
      f.set(kept, and(high, sub(i64(0), unit)));
      f.set(up, roundsUp(mode, sign, rest, ne(and(kept, unit), i64(0))));
    };
    round();
    const tiny = f.let(i32(0));
    f.if(leS(field, i32(0)), () => {
      // Tiny after rounding with an unbounded exponent (SDM Vol. 1 §4.9.1.5).
      const carries = and(up, ltU(add(kept, unit), kept));
      f.set(tiny, or(ltS(field, i32(0)), eqz(carries)));
      f.if(
        and(tiny, eqz(masked(UNDERFLOW))),
        () => {
          // The handler gets the result with its exponent made greater by 24576 (§8.5.5).
          note(f, UNDERFLOW);
          f.set(field, add(field, i32(24576)));
          f.set(tiny, i32(0));
        },
        () => {
          shiftRightJam128(f, high, low, f.let(sub(i32(1), field)));
          f.set(field, i32(0));
          round();
        },
      );
    });
    const inexact = f.let(ne(rest, i64(0)));
    f.if(up, () => {
      f.set(kept, add(kept, unit));
      f.if(ltU(kept, unit), () => {
        f.set(kept, i64(INTEGER_BIT));
        f.set(field, add(field, i32(1)));
      });
    });
    // A denormal that rounds up to the least normal.
    f.if(and(eqz(field), eqz(eqz(shrU(kept, i64(63))))), () => f.set(field, i32(1)));
    f.if(geS(field, i32(EXPONENT)), () => {
      note(f, OVERFLOW);
      f.if(
        masked(OVERFLOW),
        () => {
          const toInfinity = f.let(or(eqz(mode), eq(mode, select(sign, i32(ROUND.DOWN), i32(ROUND.UP)))));
          note(f, or(i32(PRECISION), select(toInfinity, i32(STATUS_WORD.C1), i32(0))));
          answer(
            f,
            select(toInfinity, i64(INTEGER_BIT), sub(i64(0), unit)),
            or(sign, select(toInfinity, i32(EXPONENT), i32(EXPONENT - 1))),
          );
        },
        () => f.set(field, sub(field, i32(24576))),
      );
    });
    f.if(inexact, () => {
      note(f, PRECISION);
      f.if(up, () => note(f, STATUS_WORD.C1));
      f.if(tiny, () => note(f, UNDERFLOW));
    });
    answer(f, kept, or(sign, field));
  });
}
