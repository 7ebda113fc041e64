import {
  add,
  and,
  eq,
  eqz,
  extendU,
  geU,
  gtU,
  i32,
  i64,
  ltS,
  ltU,
  mul,
  ne,
  or,
  select,
  shl,
  shrS,
  shrU,
  sub,
  xor,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { multiplyHigh } from '../instructions/multiply.ts';
import { RELATION } from '../softfloat/compare.ts';
import { DIVIDE_BY_ZERO, INVALID, note, ROUND } from '../softfloat/mxcsr.ts';
import {
  answer,
  answerInvalid,
  answerNan,
  EXPONENT,
  type Extended,
  INTEGER_BIT,
  isInfinite,
  isNan,
  isQuiet,
  isUnsupported,
  isZero,
  noteDenormals,
  rounding,
  SIGN,
  shiftRightJam128,
  signBit,
  unpack,
} from './extended.ts';

type Rounded = FunctionReference<'i64'>;

export const pairParameter = (f: FunctionBuilder, index: number): Extended => ({
  significand: f.parameter<'i64'>(index),
  word: f.parameter<'i32'>(index + 1),
});

function swap<T extends 'i32' | 'i64'>(f: FunctionBuilder, a: Local<T>, b: Local<T>): void {
  const kept = f.let(a);
  f.set(a, b);
  f.set(b, kept);
}

/** (a, b, 1 to subtract) → a + b or a - b. */
export function defineExtendedAdd(core: Core, reference: Rounded, round: Rounded): void {
  core.module.define(reference, (f) => {
    const a = pairParameter(f, 0);
    const b = pairParameter(f, 2);
    answerNan(f, a, b);
    f.if(f.parameter<'i32'>(4), () => f.set(b.word, xor(b.word, i32(SIGN))));
    f.if(and(isInfinite(a), isInfinite(b)), () => {
      f.if(ne(signBit(a), signBit(b)), () => answerInvalid(f));
    });
    noteDenormals(f, a, b);
    f.if(isInfinite(a), () => answer(f, a.significand, and(a.word, i32(0xffff))));
    f.if(isInfinite(b), () => answer(f, b.significand, and(b.word, i32(0xffff))));
    const cancelled = f.let(select(eq(rounding(), i32(ROUND.DOWN)), i32(SIGN), i32(0)));
    f.if(and(isZero(a), isZero(b)), () => {
      answer(f, i64(0), select(eq(signBit(a), signBit(b)), signBit(a), cancelled));
    });
    const x = unpack(f, a);
    const y = unpack(f, b);
    const sign = f.let(signBit(a));
    const otherSign = f.let(signBit(b));
    // A zero has the least exponent.
    f.if(eqz(x.significand), () => f.set(x.exponent, i32(-0x8000)));
    f.if(eqz(y.significand), () => f.set(y.exponent, i32(-0x8000)));
    const smaller = or(ltS(x.exponent, y.exponent), and(eq(x.exponent, y.exponent), ltU(x.significand, y.significand)));
    f.if(smaller, () => {
      swap(f, x.exponent, y.exponent);
      swap(f, x.significand, y.significand);
      swap(f, sign, otherSign);
    });
    const low = f.let(i64(0));
    shiftRightJam128(f, y.significand, low, f.let(sub(x.exponent, y.exponent)));
    f.if(
      eq(sign, otherSign),
      () => {
        const sum = f.let(add(x.significand, y.significand));
        f.if(ltU(sum, x.significand), () => {
          f.set(low, or(or(shrU(low, i64(1)), shl(sum, i64(63))), and(low, i64(1))));
          f.set(sum, or(shrU(sum, i64(1)), i64(INTEGER_BIT)));
          f.set(x.exponent, add(x.exponent, i32(1)));
        });
        f.return(f.call(round, sign, x.exponent, sum, low));
      },
      () => {
        const borrow = f.let(extendU(ne(low, i64(0))));
        const difference = f.let(sub(sub(x.significand, y.significand), borrow));
        f.set(low, sub(i64(0), low));
        f.if(eqz(or(difference, low)), () => answer(f, i64(0), cancelled));
        f.return(f.call(round, sign, x.exponent, difference, low));
      },
    );
    f.unreachable();
  });
}

/** (a, b, 0) → a × b. */
export function defineExtendedMultiply(core: Core, reference: Rounded, round: Rounded): void {
  core.module.define(reference, (f) => {
    const a = pairParameter(f, 0);
    const b = pairParameter(f, 2);
    answerNan(f, a, b);
    const sign = f.let(and(xor(a.word, b.word), i32(SIGN)));
    const infinite = f.let(or(isInfinite(a), isInfinite(b)));
    const zero = f.let(or(isZero(a), isZero(b)));
    f.if(and(infinite, zero), () => answerInvalid(f));
    noteDenormals(f, a, b);
    f.if(infinite, () => answer(f, i64(INTEGER_BIT), or(sign, i32(EXPONENT))));
    f.if(zero, () => answer(f, i64(0), sign));
    const x = unpack(f, a);
    const y = unpack(f, b);
    const high = multiplyHigh(f, x.significand, y.significand);
    const exponent = add(add(x.exponent, y.exponent), i32(1));
    f.return(f.call(round, sign, exponent, high, mul(x.significand, y.significand)));
  });
}

/** (a, b, 0) → a ÷ b. */
export function defineExtendedDivide(core: Core, reference: Rounded, round: Rounded): void {
  core.module.define(reference, (f) => {
    const a = pairParameter(f, 0);
    const b = pairParameter(f, 2);
    answerNan(f, a, b);
    const sign = f.let(and(xor(a.word, b.word), i32(SIGN)));
    f.if(or(and(isInfinite(a), isInfinite(b)), and(isZero(a), isZero(b))), () => answerInvalid(f));
    f.if(and(isZero(b), eqz(isInfinite(a))), () => {
      note(f, DIVIDE_BY_ZERO);
      answer(f, i64(INTEGER_BIT), or(sign, i32(EXPONENT)));
    });
    noteDenormals(f, a, b);
    f.if(isInfinite(a), () => answer(f, i64(INTEGER_BIT), or(sign, i32(EXPONENT))));
    f.if(or(isZero(a), isInfinite(b)), () => answer(f, i64(0), sign));
    const x = unpack(f, a);
    const y = unpack(f, b);
    const divisor = y.significand;
    const rest = f.let(x.significand);
    const exponent = f.let(sub(x.exponent, y.exponent));
    const whole = f.let(geU(rest, divisor));
    f.if(whole, () => f.set(rest, sub(rest, divisor)));
    // 64 quotient bits behind the integer one.
    const quotient = f.let(i64(0));
    const left = f.let(i32(64));
    const bit = f.local('i32');
    const step = () => {
      const carry = f.let(ltS(rest, i64(0)));
      f.set(rest, shl(rest, i64(1)));
      f.set(bit, or(carry, geU(rest, divisor)));
      f.if(bit, () => f.set(rest, sub(rest, divisor)));
    };
    f.loop((again) => {
      step();
      f.set(quotient, or(shl(quotient, i64(1)), extendU(bit)));
      f.set(left, sub(left, i32(1)));
      f.branchIf(left, again);
    });
    f.if(whole, () => {
      const low = or(shl(quotient, i64(63)), extendU(ne(rest, i64(0))));
      f.return(f.call(round, sign, exponent, or(shrU(quotient, i64(1)), i64(INTEGER_BIT)), low));
    });
    step();
    const low = or(shl(extendU(bit), i64(63)), extendU(ne(rest, i64(0))));
    f.return(f.call(round, sign, sub(exponent, i32(1)), quotient, low));
  });
}

/** (a) → √a. */
export function defineExtendedSquareRoot(core: Core, reference: Rounded, round: Rounded): void {
  core.module.define(reference, (f) => {
    const a = pairParameter(f, 0);
    answerNan(f, a, a);
    f.if(isZero(a), () => answer(f, a.significand, and(a.word, i32(0xffff))));
    f.if(signBit(a), () => answerInvalid(f));
    noteDenormals(f, a);
    f.if(isInfinite(a), () => answer(f, a.significand, a.word));
    const x = unpack(f, a);
    // An even exponent and a radicand of 128 bits, two bits of it for each bit of the root.
    const odd = and(x.exponent, i32(1));
    const high = f.let(select(odd, x.significand, shrU(x.significand, i64(1))));
    const low = f.let(select(odd, i64(0), shl(x.significand, i64(63))));
    const root = f.let(i64(0));
    const restHigh = f.let(i64(0));
    const rest = f.let(i64(0));
    const left = f.let(i32(64));
    f.loop((again) => {
      f.set(restHigh, or(shl(restHigh, i64(2)), shrU(rest, i64(62))));
      f.set(rest, or(shl(rest, i64(2)), shrU(high, i64(62))));
      f.set(high, or(shl(high, i64(2)), shrU(low, i64(62))));
      f.set(low, shl(low, i64(2)));
      const trialHigh = f.let(shrU(root, i64(62)));
      const trial = f.let(or(shl(root, i64(2)), i64(1)));
      f.set(root, shl(root, i64(1)));
      f.if(or(gtU(restHigh, trialHigh), and(eq(restHigh, trialHigh), geU(rest, trial))), () => {
        f.set(restHigh, sub(sub(restHigh, trialHigh), extendU(ltU(rest, trial))));
        f.set(rest, sub(rest, trial));
        f.set(root, or(root, i64(1)));
      });
      f.set(left, sub(left, i32(1)));
      f.branchIf(left, again);
    });
    // A remainder above the root: more than half a unit. Exactly half cannot be.
    const inexact = extendU(ne(or(rest, restHigh), i64(0)));
    const above = or(ne(restHigh, i64(0)), gtU(rest, root));
    f.return(f.call(round, i32(0), shrS(x.exponent, i32(1)), root, select(above, i64(3n << 62n), inexact)));
  });
}

/** (a, b, quiet NaNs signal) → RELATION. */
export function defineExtendedCompare(core: Core, reference: FunctionReference<'i32'>): void {
  core.module.define(reference, (f) => {
    const a = pairParameter(f, 0);
    const b = pairParameter(f, 2);
    const unordered = () => f.return(i32(RELATION.UNORDERED));
    f.if(or(isUnsupported(a), isUnsupported(b)), () => {
      note(f, INVALID);
      unordered();
    });
    f.if(or(isNan(a), isNan(b)), () => {
      const signals = (x: Extended) => and(isNan(x), eqz(isQuiet(x)));
      f.if(or(f.parameter<'i32'>(4), or(signals(a), signals(b))), () => note(f, INVALID));
      unordered();
    });
    noteDenormals(f, a, b);
    f.if(and(isZero(a), isZero(b)), () => f.return(i32(RELATION.EQUAL)));
    f.if(ne(signBit(a), signBit(b)), () => f.return(select(signBit(a), i32(RELATION.LESS), i32(RELATION.GREATER))));
    const x = unpack(f, a);
    const y = unpack(f, b);
    f.if(isZero(a), () => f.set(x.exponent, i32(-0x8000)));
    f.if(isZero(b), () => f.set(y.exponent, i32(-0x8000)));
    f.if(and(eq(x.exponent, y.exponent), eq(x.significand, y.significand)), () => f.return(i32(RELATION.EQUAL)));
    const smaller = or(ltS(x.exponent, y.exponent), and(eq(x.exponent, y.exponent), ltU(x.significand, y.significand)));
    f.return(select(ne(smaller, eqz(eqz(signBit(a)))), i32(RELATION.LESS), i32(RELATION.GREATER)));
  });
}
