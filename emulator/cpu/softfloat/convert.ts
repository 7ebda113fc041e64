import {
  add,
  and,
  eq,
  eqz,
  extendU,
  geS,
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
} from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import {
  acquire,
  DOUBLE,
  type Format,
  isInfinite,
  isNan,
  isSignalling,
  isZero,
  noteDenormal,
  SINGLE,
  signOf,
  unpack,
} from './format.ts';
import { INVALID, note, PRECISION, ROUND } from './mxcsr.ts';

/**
 * (value, bits of the integer, ROUND) → the integer, zero-extended; the integer indefinite when it does not fit.
 * Denormals are no exception here.
 */
export function defineToInteger(core: Core, F: Format, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const x = acquire(f, F, f.parameter<'i64'>(0));
    const bits = f.parameter<'i32'>(1);
    const mode = f.parameter<'i32'>(2);
    const limit = f.let(shl(i64(1), extendU(sub(bits, i32(1)))));
    const invalid = () => {
      note(f, INVALID);
      f.return(limit);
    };
    f.if(or(isNan(F, x), isInfinite(F, x)), invalid);
    f.if(isZero(F, x), () => f.return(i64(0)));
    const { exponent, significand } = unpack(f, F, x);
    const negative = f.let(ne(signOf(F, x), i64(0)));
    const whole = f.let(i64(0));
    const rest = f.let(i64(0));
    f.if(
      geS(exponent, i32(62)),
      () => {
        f.if(gtS(exponent, i32(63)), invalid);
        f.set(whole, shl(significand, extendU(sub(exponent, i32(62)))));
      },
      () => {
        const shift = f.let(sub(i32(62), exponent));
        // The fraction, its first bit at bit 63; what lies lower than a quarter is a sticky bit.
        f.set(rest, select(gtS(shift, i32(64)), i64(1), shl(significand, extendU(sub(i32(64), shift)))));
        f.if(leS(shift, i32(63)), () => f.set(whole, shrU(significand, extendU(shift))));
      },
    );
    const half = i64(1n << 63n);
    const up = select(
      eqz(mode),
      or(gtU(rest, half), and(eq(rest, half), eqz(eqz(and(whole, i64(1)))))),
      and(ne(rest, i64(0)), eq(mode, select(negative, i32(ROUND.DOWN), i32(ROUND.UP)))),
    );
    f.set(whole, add(whole, extendU(up)));
    f.if(gtU(whole, sub(limit, extendU(eqz(negative)))), invalid);
    f.if(ne(rest, i64(0)), () => note(f, PRECISION));
    const result = f.let(select(negative, neg(whole), whole));
    f.return(and(result, or(sub(limit, i64(1)), limit)));
  });
}

/** (signed integer) → the value. */
export function defineFromInteger(
  core: Core,
  reference: FunctionReference<'i64'>,
  F: Format,
  round: FunctionReference<'i64'>,
): void {
  core.module.define(reference, (f) => {
    const x = f.parameter<'i64'>(0);
    f.if(eqz(x), () => f.return(i64(0)));
    const negative = f.let(ltS(x, i64(0)));
    const sign = select(negative, i64(F.sign), i64(0));
    f.return(f.call(round, sign, i32(62), select(negative, neg(x), x)));
  });
}

/** (value in `from`) → the value in `to`. */
export function defineBetween(
  core: Core,
  from: Format,
  to: Format,
  reference: FunctionReference<'i64'>,
  round: FunctionReference<'i64'>,
): void {
  const shift = i64(DOUBLE.fraction - SINGLE.fraction);
  const move = (x: I64): I64 => (from.bits === 32 ? shl(x, shift) : shrU(x, shift));
  core.module.define(reference, (f) => {
    const x = acquire(f, from, f.parameter<'i64'>(0));
    const sign = f.let(select(eqz(signOf(from, x)), i64(0), i64(to.sign)));
    f.if(isNan(from, x), () => {
      f.if(isSignalling(from, x), () => note(f, INVALID));
      f.return(or(or(sign, i64(to.infinity | to.quiet)), move(and(x, i64(from.minNormal - 1n)))));
    });
    f.if(isInfinite(from, x), () => f.return(or(sign, i64(to.infinity))));
    f.if(isZero(from, x), () => f.return(sign));
    noteDenormal(f, from, x);
    const { exponent, significand } = unpack(f, from, x);
    f.return(f.call(round, sign, exponent, significand));
  });
}
