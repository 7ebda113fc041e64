import {
  and,
  type Expression,
  eq,
  eqz,
  type F32,
  type F64,
  geU,
  type I32,
  type I64,
  i32,
  i64,
  leU,
  op,
  simd,
  sub,
  type V128,
  type ValueType,
  wrap,
} from '../../../wasm/expressions.ts';
import type { Local } from '../../../wasm/functionBuilder.ts';
import type { Emitter } from '../../engine/emitter.ts';
import { CONTROL, DEFAULT_CONTROL, mxcsr, PRECISION } from '../../softfloat/mxcsr.ts';
import { constant32, constant64, orVector } from './lanes.ts';

/** Native float operators, and where their answers are exactly the processor's. */
export type Float = F32 | F64;
export type Bits = 32 | 64;

export const toFloat = (bits: Bits, pattern: I64): Float =>
  bits === 32 ? op('f32', 0xbe, wrap(pattern)) : op('f64', 0xbf, pattern);
export const toPattern = (bits: Bits, value: Float): I64 =>
  bits === 32 ? op('i64', 0xad, op('i32', 0xbc, value)) : op('i64', 0xbd, value);

/** The operator of a format: one-byte operators number binary32 and binary64 apart. */
export const floatOperator = (bits: Bits, opcodes: readonly [number, number], ...operands: Float[]): Float =>
  bits === 32 ? op('f32', opcodes[0], ...operands) : op('f64', opcodes[1], ...operands);
export const floatTest = (bits: Bits, opcodes: readonly [number, number], ...operands: Float[]): I32 =>
  op('i32', opcodes[bits === 32 ? 0 : 1], ...operands);
export const vectorOperator = (bits: Bits, opcodes: readonly [number, number], ...operands: V128[]): V128 =>
  simd('v128', opcodes[bits === 32 ? 0 : 1], operands);

export const ABS = [0x8b, 0x99] as const;
export const ADD = [0x92, 0xa0] as const;
export const SUB = [0x93, 0xa1] as const;
export const EQUAL = [0x5b, 0x61] as const;
export const LESS = [0x5d, 0x63] as const;
export const LESS_OR_EQUAL = [0x5f, 0x65] as const;
export const VECTOR_ABS = [0xe0, 0xec] as const;
export const VECTOR_EQUAL = [0x41, 0x47] as const;
export const VECTOR_LESS = [0x43, 0x49] as const;
export const VECTOR_LESS_OR_EQUAL = [0x45, 0x4b] as const;
export const VECTOR_GREATER_OR_EQUAL = [0x46, 0x4c] as const;

/** A pattern in every element. */
export const everywhere = (bits: Bits, pattern: bigint): V128 =>
  bits === 32 ? constant32(Number(pattern)) : constant64(pattern);
export const floatConstant = (bits: Bits, value: number): Float => toFloat(bits, i64(patternOf(bits, value)));

/** The pattern of a number that the format has. */
export function patternOf(bits: Bits, value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (bits === 32) {
    view.setFloat32(0, value);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

export const MIN_NORMAL = { 32: 2 ** -126, 64: 2 ** -1022 } as const;

/** All ones in each element that is a zero, normal or infinite. */
export function ordinaryElements(bits: Bits, x: V128): V128 {
  const normal = vectorOperator(
    bits,
    VECTOR_GREATER_OR_EQUAL,
    vectorOperator(bits, VECTOR_ABS, x),
    everywhere(bits, patternOf(bits, MIN_NORMAL[bits])),
  );
  return orVector(normal, vectorOperator(bits, VECTOR_EQUAL, x, everywhere(bits, 0n)));
}

/** 1 when `x` is a zero, normal or infinite. */
export function isOrdinary(bits: Bits, pattern: I64): I32 {
  const minimum = i64(patternOf(bits, MIN_NORMAL[bits]) - 1n);
  const infinity = patternOf(bits, Number.POSITIVE_INFINITY);
  const magnitude = and(pattern, i64(2n ** BigInt(bits - 1) - 1n));
  // magnitude - 1 puts zero at the top.
  return and(geU(sub(magnitude, i64(1)), minimum), leU(magnitude, i64(infinity)));
}

export interface Answer<T extends ValueType> {
  readonly native: Expression<T>;
  /** Where `native` is right, except perhaps for the precision flag, under the default control bits. */
  certain(result: Local<T>): I32;
  /** Where it is exact too. Without it, the precision flag must be set already. */
  exact?(result: Local<T>): I32;
  /** The soft-float function's result. */
  readonly slow: Expression<T>;
}

/** The native result where it is the processor's and leaves MXCSR as it is, else soft float's. */
export function answer<T extends ValueType>(e: Emitter, { native, certain, exact, slow }: Answer<T>): Local<T> {
  const { f } = e;
  const result = f.let(native);
  f.block((done) => {
    f.block((hard) => {
      const plain = eq(and(mxcsr(), i32(CONTROL)), i32(DEFAULT_CONTROL));
      f.branchIf(eqz(and(plain, certain(result))), hard);
      f.branchIf(and(mxcsr(), i32(PRECISION)), done);
      if (exact) f.branchIf(exact(result), done);
    });
    f.set(result, slow);
    f.branchIf(f.call(e.core.softfloat.conclude), e.fault);
  });
  return result;
}

/** Like `answer`, for results that do not depend on MXCSR and are never inexact where `certain`. */
export function exactAnswer<T extends ValueType>(
  e: Emitter,
  { native, certain, slow }: Pick<Answer<T>, 'native' | 'certain' | 'slow'>,
): Local<T> {
  const { f } = e;
  const result = f.let(native);
  f.if(eqz(certain(result)), () => {
    f.set(result, slow);
    f.branchIf(f.call(e.core.softfloat.conclude), e.fault);
  });
  return result;
}
