import {
  add,
  and,
  clz,
  eq,
  eqz,
  extendU,
  geS,
  geU,
  gtS,
  gtU,
  type I64,
  i32,
  i64,
  leS,
  ltS,
  ne,
  neg,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { type Format, shiftRightJam } from '../softfloat/format.ts';
import { DENORMAL, INVALID, note, OVERFLOW, PRECISION, ROUND, UNDERFLOW } from '../softfloat/mxcsr.ts';
import {
  answer,
  BIAS,
  EXPONENT,
  INTEGER_BIT,
  isInfinite,
  isNan,
  isQuiet,
  isUnsupported,
  isZero,
  masked,
  rounding,
  roundsUp,
  SIGN,
  signBit,
  unpack,
  WAS_DENORMAL,
} from './extended.ts';
import { pairParameter } from './extendedArithmetic.ts';
import { STATUS_WORD } from './state.ts';

/** (pattern) → the pair, exactly: a signalling NaN stays one, and nothing is noted. */
export function defineExtendedFrom(core: Core, F: Format, reference: FunctionReference<'i64'>): void {
  const up = 63 - F.fraction;
  core.module.define(reference, (f) => {
    const x = f.parameter<'i64'>(0);
    const sign = f.let(wrap(shl(shrU(x, i64(F.bits - 1)), i64(15))));
    const field = f.let(and(wrap(shrU(x, i64(F.fraction))), i32(F.exponentMask)));
    const fraction = f.let(shl(x, i64(64 - F.fraction)));
    f.if(eqz(field), () => {
      f.if(eqz(fraction), () => answer(f, i64(0), sign));
      const zeros = f.let(wrap(clz(fraction)));
      const exponent = sub(i32(BIAS - F.bias), zeros);
      answer(f, shl(fraction, extendU(zeros)), or(sign, or(exponent, i32(WAS_DENORMAL))));
    });
    const significand = or(shl(x, i64(up)), i64(INTEGER_BIT));
    f.if(eq(field, i32(F.exponentMask)), () => answer(f, significand, or(sign, i32(EXPONENT))));
    answer(f, significand, or(sign, add(field, i32(BIAS - F.bias))));
  });
}

/** (pair) → the pair made quiet, its exceptions as those of FLD from memory noted. */
export function defineExtendedSettle(core: Core, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const x = pairParameter(f, 0);
    f.if(and(isNan(x), eqz(isQuiet(x))), () => {
      note(f, INVALID);
      answer(f, or(x.significand, i64(1n << 62n)), x.word);
    });
    f.if(and(x.word, i32(WAS_DENORMAL)), () => note(f, DENORMAL));
    answer(f, x.significand, and(x.word, i32(0xffff)));
  });
}

/** (signed integer) → the pair. */
export function defineExtendedFromInteger(core: Core, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const x = f.parameter<'i64'>(0);
    f.if(eqz(x), () => answer(f, i64(0), i32(0)));
    const negative = f.let(ltS(x, i64(0)));
    const magnitude = f.let(select(negative, neg(x), x));
    const zeros = f.let(wrap(clz(magnitude)));
    const word = sub(select(negative, i32(SIGN | (BIAS + 63)), i32(BIAS + 63)), zeros);
    answer(f, shl(magnitude, extendU(zeros)), word);
  });
}

/** (pair, bits of the integer, ROUND) → the integer, zero-extended; the integer indefinite when it does not fit. */
export function defineExtendedToInteger(core: Core, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const x = pairParameter(f, 0);
    const bits = f.parameter<'i32'>(2);
    const mode = f.parameter<'i32'>(3);
    const limit = f.let(shl(i64(1), extendU(sub(bits, i32(1)))));
    const invalid = () => {
      note(f, INVALID);
      f.return(limit);
    };
    f.if(or(isUnsupported(x), or(isNan(x), isInfinite(x))), invalid);
    f.if(isZero(x), () => f.return(i64(0)));
    const { exponent, significand } = unpack(f, x);
    const negative = f.let(ne(signBit(x), i32(0)));
    f.if(gtS(exponent, i32(63)), invalid);
    const shift = f.let(sub(i32(63), exponent));
    const whole = f.let(i64(0));
    // The fraction, half being its sign bit.
    const rest = f.let(i64(1));
    f.if(
      geS(shift, i32(64)),
      () => f.if(eq(shift, i32(64)), () => f.set(rest, significand)),
      () => {
        f.set(whole, shrU(significand, extendU(shift)));
        f.set(rest, select(shift, shl(significand, extendU(sub(i32(64), shift))), i64(0)));
      },
    );
    const up = f.let(roundsUp(mode, negative, rest, wrap(and(whole, i64(1)))));
    f.if(and(up, eqz(add(whole, i64(1)))), invalid);
    f.set(whole, add(whole, extendU(up)));
    f.if(gtU(whole, sub(limit, extendU(eqz(negative)))), invalid);
    f.if(ne(rest, i64(0)), () => note(f, or(i32(PRECISION), select(up, i32(STATUS_WORD.C1), i32(0)))));
    const result = f.let(select(negative, neg(whole), whole));
    f.return(and(result, or(sub(limit, i64(1)), limit)));
  });
}

/** (pair) → the value rounded to an integer, as a pair. */
export function defineExtendedRoundInteger(core: Core, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const x = pairParameter(f, 0);
    f.if(isUnsupported(x), () => {
      note(f, INVALID);
      answer(f, i64(3n << 62n), i32(0xffff));
    });
    f.if(isNan(x), () => {
      f.if(eqz(isQuiet(x)), () => note(f, INVALID));
      answer(f, or(x.significand, i64(1n << 62n)), x.word);
    });
    const field = f.let(and(x.word, i32(EXPONENT)));
    f.if(and(eqz(field), ne(x.significand, i64(0))), () => note(f, DENORMAL));
    f.if(or(isZero(x), geS(field, i32(BIAS + 63))), () => answer(f, x.significand, x.word));
    const { exponent, significand } = unpack(f, x);
    const shift = f.let(sub(i32(63), exponent));
    const whole = f.let(i64(0));
    const rest = f.let(i64(1));
    f.if(
      geS(shift, i32(64)),
      () => f.if(eq(shift, i32(64)), () => f.set(rest, significand)),
      () => {
        f.set(whole, shrU(significand, extendU(shift)));
        f.set(rest, shl(significand, extendU(sub(i32(64), shift))));
      },
    );
    const sign = signBit(x);
    const up = f.let(roundsUp(rounding(), sign, rest, wrap(and(whole, i64(1)))));
    f.if(ne(rest, i64(0)), () => note(f, or(i32(PRECISION), select(up, i32(STATUS_WORD.C1), i32(0)))));
    f.set(whole, add(whole, extendU(up)));
    f.if(eqz(whole), () => answer(f, i64(0), sign));
    const zeros = f.let(wrap(clz(whole)));
    answer(f, shl(whole, extendU(zeros)), or(sign, sub(i32(BIAS + 63), zeros)));
  });
}

/** (pair) → the pattern, rounded as the control word's rounding (not its precision) says. */
export function defineExtendedTo(core: Core, F: Format, reference: FunctionReference<'i64'>): void {
  const dropped = 63 - F.fraction;
  const move = (x: I64): I64 => and(shrU(x, i64(dropped)), i64(F.minNormal - 1n));
  core.module.define(reference, (f) => {
    const x = pairParameter(f, 0);
    f.if(isUnsupported(x), () => {
      note(f, INVALID);
      f.return(i64(F.defaultNan));
    });
    const negative = f.let(signBit(x));
    const sign = f.let(select(negative, i64(F.sign), i64(0)));
    f.if(isNan(x), () => {
      f.if(eqz(isQuiet(x)), () => note(f, INVALID));
      f.return(or(or(sign, i64(F.infinity | F.quiet)), move(x.significand)));
    });
    f.if(isInfinite(x), () => f.return(or(sign, i64(F.infinity))));
    f.if(isZero(x), () => f.return(sign));
    const { exponent, significand } = unpack(f, x);
    const field = f.let(add(exponent, i32(F.bias)));
    const mode = f.let(rounding());
    const rest = f.local('i64');
    const kept = f.local('i64');
    const up = f.local('i32');
    const round = (sticky: I64) => {
      f.set(rest, or(shl(significand, i64(64 - dropped)), sticky));
      f.set(kept, shrU(significand, i64(dropped)));
      f.set(up, roundsUp(mode, negative, rest, wrap(and(kept, i64(1)))));
    };
    round(i64(0));
    const tiny = f.let(i32(0));
    f.if(leS(field, i32(0)), () => {
      const carries = and(up, eq(add(kept, i64(1)), i64(2n ** BigInt(F.fraction + 1))));
      f.set(tiny, or(ltS(field, i32(0)), eqz(carries)));
      f.if(and(tiny, eqz(masked(UNDERFLOW))), () => {
        // Nothing is stored: memory keeps what it has (SDM Vol. 1 §8.5.5).
        note(f, UNDERFLOW);
        f.return(sign);
      });
      f.set(significand, shiftRightJam(f, significand, f.let(sub(i32(1), field))));
      f.set(field, i32(1));
      round(i64(0));
    });
    f.if(ne(rest, i64(0)), () => {
      f.if(tiny, () => note(f, UNDERFLOW));
    });
    const rounded = f.let(add(kept, extendU(up)));
    const result = f.let(add(shl(extendU(sub(field, i32(1))), i64(F.fraction)), rounded));
    f.if(or(geU(result, i64(F.infinity)), geS(field, i32(F.exponentMask + 1))), () => {
      note(f, OVERFLOW);
      const toInfinity = f.let(or(eqz(mode), eq(mode, select(negative, i32(ROUND.DOWN), i32(ROUND.UP)))));
      f.if(masked(OVERFLOW), () => note(f, or(i32(PRECISION), select(toInfinity, i32(STATUS_WORD.C1), i32(0)))));
      f.return(or(sign, sub(i64(F.infinity), extendU(eqz(toInfinity)))));
    });
    f.if(ne(rest, i64(0)), () => note(f, or(i32(PRECISION), select(up, i32(STATUS_WORD.C1), i32(0)))));
    f.return(or(result, sign));
  });
}
