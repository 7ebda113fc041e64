import { and, type I64, i64, shl, shrS } from './expressions.ts';

/** The low `bits` of a value, zero-extended. */
export const maskTo = (value: I64, bits: number): I64 => (bits === 64 ? value : and(value, i64(2 ** bits - 1)));

/** The low `bits` of a value, sign-extended. */
export const signedFrom = (value: I64, bits: number): I64 =>
  bits === 64 ? value : shrS(shl(value, i64(64 - bits)), i64(64 - bits));
