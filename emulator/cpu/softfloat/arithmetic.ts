import {
  add,
  and,
  divU,
  eq,
  eqz,
  extendU,
  geU,
  type I32,
  type I64,
  i32,
  i64,
  ltS,
  mul,
  ne,
  neg,
  or,
  remU,
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
import {
  acquire,
  type Format,
  isInfinite,
  isNan,
  isSignalling,
  isZero,
  noteDenormal,
  shiftRightJam,
  signOf,
  unpack,
} from './format.ts';
import { DIVIDE_BY_ZERO, INVALID, note, ROUND, rounding } from './mxcsr.ts';

type Rounded = FunctionReference<'i64'>;

export function returnInvalid(f: FunctionBuilder, F: Format): void {
  note(f, INVALID);
  f.return(i64(F.defaultNan));
}

/** Returns the NaN that operands give: the first one, made quiet (SDM Vol. 1 Table 4-7). */
function returnNan(f: FunctionBuilder, F: Format, a: I64, b: I64): void {
  f.if(or(isNan(F, a), isNan(F, b)), () => {
    f.if(or(isSignalling(F, a), isSignalling(F, b)), () => note(f, INVALID));
    f.return(or(select(isNan(F, a), a, b), i64(F.quiet)));
  });
}

function operands(f: FunctionBuilder, F: Format): { a: Local<'i64'>; b: Local<'i64'> } {
  return { a: acquire(f, F, f.parameter<'i64'>(0)), b: acquire(f, F, f.parameter<'i64'>(1)) };
}

/** (a, b, subtract) → a + b or a - b. */
export function defineAdd(core: Core, F: Format, reference: FunctionReference<'i64'>, round: Rounded): void {
  core.module.define(reference, (f) => {
    const { a, b } = operands(f, F);
    returnNan(f, F, a, b);
    f.if(f.parameter<'i32'>(2), () => f.set(b, xor(b, i64(F.sign))));
    f.if(isInfinite(F, a), () => {
      f.if(eq(xor(a, b), i64(F.sign)), () => returnInvalid(f, F));
    });
    noteDenormal(f, F, a, b);
    f.if(isInfinite(F, a), () => f.return(a));
    f.if(isInfinite(F, b), () => f.return(b));
    const x = unpack(f, F, a);
    const y = unpack(f, F, b);
    const sign = f.let(signOf(F, a));
    const otherSign = f.let(signOf(F, b));
    f.if(ltS(x.exponent, y.exponent), () => {
      swap(f, x.exponent, y.exponent);
      swap(f, x.significand, y.significand);
      swap(f, sign, otherSign);
    });
    // One bit of headroom: the low nine bits are zero.
    const high = f.let(shrU(x.significand, i64(1)));
    const low = shiftRightJam(f, f.let(shrU(y.significand, i64(1))), f.let(sub(x.exponent, y.exponent)));
    const sum = f.local('i64');
    f.if(
      eq(sign, otherSign),
      () => f.set(sum, add(high, low)),
      () => {
        f.set(sum, sub(high, low));
        f.if(eqz(sum), () => f.set(sign, select(eq(rounding(), i32(ROUND.DOWN)), i64(F.sign), i64(0))));
        f.if(ltS(sum, i64(0)), () => {
          f.set(sum, neg(sum));
          f.set(sign, otherSign);
        });
      },
    );
    f.if(eqz(sum), () => f.return(sign));
    f.return(f.call(round, sign, add(x.exponent, i32(1)), sum));
  });
}

function swap<T extends 'i32' | 'i64'>(f: FunctionBuilder, a: Local<T>, b: Local<T>): void {
  const kept = f.let(a);
  f.set(a, b);
  f.set(b, kept);
}

/** (a, b, 0) → a × b. */
export function defineMultiply(core: Core, F: Format, reference: FunctionReference<'i64'>, round: Rounded): void {
  core.module.define(reference, (f) => {
    const { a, b } = operands(f, F);
    returnNan(f, F, a, b);
    const sign = f.let(signOf(F, xor(a, b)));
    const infinite = f.let(or(isInfinite(F, a), isInfinite(F, b)));
    const zero = f.let(or(isZero(F, a), isZero(F, b)));
    f.if(and(infinite, zero), () => returnInvalid(f, F));
    noteDenormal(f, F, a, b);
    f.if(infinite, () => f.return(or(sign, i64(F.infinity))));
    f.if(zero, () => f.return(sign));
    const x = unpack(f, F, a);
    const y = unpack(f, F, b);
    // Leading bits 63 and 62: the high half of the product has its own at 61 or 62.
    const left = f.let(shl(x.significand, i64(1)));
    const high = multiplyHigh(f, left, y.significand);
    const product = or(high, extendU(ne(mul(left, y.significand), i64(0))));
    f.return(f.call(round, sign, add(add(x.exponent, y.exponent), i32(1)), product));
  });
}

/** (a, b, 0) → a ÷ b. */
export function defineDivide(core: Core, F: Format, reference: FunctionReference<'i64'>, round: Rounded): void {
  core.module.define(reference, (f) => {
    const { a, b } = operands(f, F);
    returnNan(f, F, a, b);
    const sign = f.let(signOf(F, xor(a, b)));
    const invalid: I32 = or(and(isInfinite(F, a), isInfinite(F, b)), and(isZero(F, a), isZero(F, b)));
    f.if(invalid, () => returnInvalid(f, F));
    f.if(and(isZero(F, b), eqz(isInfinite(F, a))), () => {
      note(f, DIVIDE_BY_ZERO);
      f.return(or(sign, i64(F.infinity)));
    });
    noteDenormal(f, F, a, b);
    f.if(isInfinite(F, a), () => f.return(or(sign, i64(F.infinity))));
    f.if(or(isZero(F, a), isInfinite(F, b)), () => f.return(sign));
    const x = unpack(f, F, a);
    const y = unpack(f, F, b);
    // Both significands have 53 bits at most: long division, eleven quotient bits at a time.
    const divisor = f.let(shrU(y.significand, i64(10)));
    const remainder = f.let(shrU(x.significand, i64(10)));
    const quotient = f.let(divU(remainder, divisor));
    f.set(remainder, remU(remainder, divisor));
    const left = f.let(i32(5));
    f.loop((again) => {
      f.set(remainder, shl(remainder, i64(11)));
      f.set(quotient, add(shl(quotient, i64(11)), divU(remainder, divisor)));
      f.set(remainder, remU(remainder, divisor));
      f.set(left, sub(left, i32(1)));
      f.branchIf(left, again);
    });
    // The quotient is scaled by 2^55, and sticky below that.
    const sticky = or(quotient, extendU(ne(remainder, i64(0))));
    f.return(f.call(round, sign, add(sub(x.exponent, y.exponent), i32(62 - 55)), sticky));
  });
}

/** (a, 0, 0) → √a. */
export function defineSquareRoot(core: Core, F: Format, reference: FunctionReference<'i64'>, round: Rounded): void {
  core.module.define(reference, (f) => {
    const a = acquire(f, F, f.parameter<'i64'>(0));
    returnNan(f, F, a, a);
    f.if(isZero(F, a), () => f.return(a));
    f.if(ne(signOf(F, a), i64(0)), () => returnInvalid(f, F));
    noteDenormal(f, F, a);
    f.if(isInfinite(F, a), () => f.return(a));
    const x = unpack(f, F, a);
    // An even exponent, and 56 root bits one at a time: two bits of the radicand each, the first one at bits 63:62.
    const radicand = f.let(select(and(x.exponent, i32(1)), shl(x.significand, i64(1)), x.significand));
    const root = f.let(i64(0));
    const remainder = f.let(i64(0));
    const left = f.let(i32(56));
    f.loop((again) => {
      f.set(remainder, or(shl(remainder, i64(2)), shrU(radicand, i64(62))));
      f.set(radicand, shl(radicand, i64(2)));
      const trial = f.let(or(shl(root, i64(2)), i64(1)));
      f.set(root, shl(root, i64(1)));
      f.if(geU(remainder, trial), () => {
        f.set(remainder, sub(remainder, trial));
        f.set(root, or(root, i64(1)));
      });
      f.set(left, sub(left, i32(1)));
      f.branchIf(left, again);
    });
    // The first root bit stands for 2^(exponent / 2) and is bit 55 now.
    const sticky = or(root, extendU(ne(remainder, i64(0))));
    f.return(f.call(round, i64(0), add(shrS(x.exponent, i32(1)), i32(62 - 55)), sticky));
  });
}
