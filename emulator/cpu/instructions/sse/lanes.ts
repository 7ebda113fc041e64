import { extendU, type I32, type I64, simd, type V128, wrap } from '../../../wasm/expressions.ts';

/** Building blocks on XMM values: elements, constants and byte permutations. Operator numbers are WebAssembly's. */
export const constant = (bytes: readonly number[]): V128 => simd('v128', 0x0c, [], bytes);
export const constant64 = (low: bigint, high = low): V128 =>
  constant(Array.from({ length: 16 }, (_, i) => Number(((i < 8 ? low : high) >> BigInt((i & 7) * 8)) & 0xffn)));
export const constant32 = (value: number): V128 => constant64(BigInt(value >>> 0) * 0x1_0000_0001n);
export const ZERO = constant64(0n);

/** One element, zero-extended. */
export const element = (bits: 32 | 64, value: V128, lane: number): I64 =>
  bits === 64 ? simd('i64', 0x1d, [value], [lane]) : extendU(simd('i32', 0x1b, [value], [lane]));

export const replaceElement = (bits: 32 | 64, value: V128, lane: number, to: I64): V128 =>
  bits === 64 ? simd('v128', 0x1e, [value, to], [lane]) : simd('v128', 0x1c, [value, wrap(to)], [lane]);

/** The low element, zeros above. */
export const zeroExtended = (bits: 32 | 64, value: I64): V128 => replaceElement(bits, ZERO, 0, value);

export const splat8 = (value: I32): V128 => simd('v128', 0x0f, [value]);
export const splat16 = (value: I32): V128 => simd('v128', 0x10, [value]);
export const splat32 = (value: I32): V128 => simd('v128', 0x11, [value]);

/** Bytes picked by constant positions: 0 to 15 in `a`, 16 to 31 in `b`. */
export const shuffle = (a: V128, b: V128, positions: readonly number[]): V128 => simd('v128', 0x0d, [a, b], positions);
/** Elements of `bytes` bytes picked by constant positions; `b`'s follow `a`'s. */
export const pick = (bytes: number, a: V128, b: V128, elements: readonly number[]): V128 =>
  shuffle(
    a,
    b,
    elements.flatMap((at) => Array.from({ length: bytes }, (_, i) => at * bytes + i)),
  );
/** Bytes picked by the positions in `by`; beyond 15 gives 0. */
export const swizzle = (a: V128, by: V128): V128 => simd('v128', 0x0e, [a, by]);

export const andVector = (a: V128, b: V128): V128 => simd('v128', 0x4e, [a, b]);
/** a and not b. */
export const andNotVector = (a: V128, b: V128): V128 => simd('v128', 0x4f, [a, b]);
export const orVector = (a: V128, b: V128): V128 => simd('v128', 0x50, [a, b]);
export const xorVector = (a: V128, b: V128): V128 => simd('v128', 0x51, [a, b]);
/** Bits of `a` where `mask` is set, else of `b`. */
export const choose = (mask: V128, a: V128, b: V128): V128 => simd('v128', 0x52, [a, b, mask]);
/** 1 when no byte of a vector of all-ones or all-zeros elements is zero. */
export const allTrue = (mask: V128): I32 => simd('i32', 0x63, [mask]);
