import {
  add,
  and,
  clz,
  eqz,
  extendU,
  geU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  ltU,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import { DAZ, DENORMAL, mxcsr, note } from './mxcsr.ts';

/** A binary interchange format of IEEE 754. Values are bit patterns in an i64; binary32 is zero-extended. */
export interface Format {
  readonly bits: 32 | 64;
  /** Bits of the fraction field. */
  readonly fraction: number;
  readonly bias: number;
  /** Patterns. */
  readonly sign: bigint;
  readonly infinity: bigint;
  readonly quiet: bigint;
  readonly defaultNan: bigint;
  readonly minNormal: bigint;
  readonly exponentMask: number;
}

function format(bits: 32 | 64, fraction: number): Format {
  const exponentBits = bits - 1 - fraction;
  const sign = 1n << BigInt(bits - 1);
  const exponentMask = 2 ** exponentBits - 1;
  const infinity = BigInt(exponentMask) << BigInt(fraction);
  const quiet = 1n << BigInt(fraction - 1);
  return {
    bits,
    fraction,
    bias: 2 ** (exponentBits - 1) - 1,
    sign,
    infinity,
    quiet,
    defaultNan: sign | infinity | quiet,
    minNormal: 1n << BigInt(fraction),
    exponentMask,
  };
}

export const SINGLE = format(32, 23);
export const DOUBLE = format(64, 52);
export const formatOf = (bits: number): Format => (bits === 32 ? SINGLE : DOUBLE);

export const magnitude = (F: Format, x: I64): I64 => and(x, i64(F.sign - 1n));
export const signOf = (F: Format, x: I64): I64 => and(x, i64(F.sign));
export const isNan = (F: Format, x: I64): I32 => gtU(magnitude(F, x), i64(F.infinity));
export const isInfinite = (F: Format, x: I64): I32 => eqz(sub(magnitude(F, x), i64(F.infinity)));
export const isZero = (F: Format, x: I64): I32 => eqz(magnitude(F, x));
export const isSignalling = (F: Format, x: I64): I32 => and(isNan(F, x), eqz(and(x, i64(F.quiet))));
export const isDenormal = (F: Format, x: I64): I32 => ltU(sub(magnitude(F, x), i64(1)), i64(F.minNormal - 1n));

/** The operand as the computation sees it: with DAZ a denormal is a zero of the same sign. */
export function acquire(f: FunctionBuilder, F: Format, x: I64): Local<'i64'> {
  const value = f.let(x);
  f.if(and(mxcsr(), i32(DAZ)), () => f.if(isDenormal(F, value), () => f.set(value, signOf(F, value))));
  return value;
}

/** Notes a denormal operand. Operands went through `acquire`. */
export function noteDenormal(f: FunctionBuilder, F: Format, ...operands: readonly I64[]): void {
  f.if(
    operands.map((x) => isDenormal(F, x)).reduce((a, b) => or(a, b)),
    () => note(f, DENORMAL),
  );
}

export interface Unpacked {
  /** Unbiased; the value is significand × 2^(exponent - 62). */
  readonly exponent: Local<'i32'>;
  /** Bit 62 is the leading one; 0 for a zero, whose exponent is below every other's. */
  readonly significand: Local<'i64'>;
}

/** Takes a finite value apart. */
export function unpack(f: FunctionBuilder, F: Format, x: Local<'i64'>): Unpacked {
  const field = f.let(and(wrap(shrU(x, i64(F.fraction))), i32(F.exponentMask)));
  const whole = f.let(or(and(x, i64(F.minNormal - 1n)), select(field, i64(F.minNormal), i64(0))));
  const zeros = f.let(wrap(clz(whole)));
  const exponent = f.let(sub(add(select(field, field, i32(1)), i32(63 - F.fraction - F.bias)), zeros));
  const significand = f.let(shrU(shl(whole, extendU(zeros)), i64(1)));
  return { exponent, significand };
}

/** `x >> count` with every bit shifted out kept in bit 0; any count from 0. */
export function shiftRightJam(f: FunctionBuilder, x: Local<'i64'>, count: Local<'i32'>): Local<'i64'> {
  const result = f.let(x);
  f.if(count, () => {
    f.if(
      geU(count, i32(64)),
      () => f.set(result, extendU(eqz(eqz(x)))),
      () => f.set(result, or(shrU(x, extendU(count)), extendU(eqz(eqz(shl(x, extendU(sub(i32(64), count)))))))),
    );
  });
  return result;
}
