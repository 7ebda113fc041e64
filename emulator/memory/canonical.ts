import { STATE } from '../cpu/state.ts';
import { and, either, eq, type I32, type I64, i32, i64, load32, ne, shl, shrS } from '../wasm/expressions.ts';
import { CR4_LA57 } from './pagingModes.ts';

/** Whether an address is the sign extension of its lower bits. */
export const signExtends = (address: I64, bits: number): I32 =>
  eq(shrS(shl(address, i64(64 - bits)), i64(64 - bits)), address);

/**
 * Whether a linear address is canonical for accesses and branches: bits 63:47 all equal, or 63:56 with 5-level paging
 * (SDM Vol. 1 §3.3.7.1). What is canonical for 4-level paging, as nearly all are, asks no further.
 */
export const isCanonical = (address: I64): I32 =>
  either(
    signExtends(address, 48),
    and(signExtends(address, 57), ne(and(load32(i32(0), STATE.cr4.address), i32(CR4_LA57)), i32(0))),
  );
