/** Small pieces shared by the instruction families. */

import type { Override, VectorPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';
import type { MemoryBytes } from '../windows.ts';

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

/** Width in bits in a Code name's first sized operand: 32 for `Div_rm32`. */
export function widthOf(name: string): number {
  return Number(/_(?:rm|r|m)(8|16|32|64)/.exec(name)?.[1] ?? 0);
}

/** Replaces the low `bits` of a register; 32 zero-extends. */
export function setRegister(target: number, bits: number, value: bigint): Override {
  const size = (bits / 8) as Override['size'];
  return { target, size, value: BigInt.asUintN(bits, value) };
}

/** Replaces the low `bits` of a register; in 64-bit mode the upper half of a 32-bit value is random, to be ignored or kept. */
export function setLow(prng: Prng, bitness: 32 | 64, target: number, bits: number, value: bigint): Override {
  if (bits !== 32 || bitness !== 64) return setRegister(target, bits, value);
  return setRegister(target, 64, (BigInt(prng.next()) << 32n) | BigInt.asUintN(32, value));
}

/** A value as little-endian bytes at an address. */
export function piece(address: number, bits: number, value: bigint): MemoryBytes {
  const bytes = new Uint8Array(bits / 8);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return { address, bytes };
}

export function vectorPlan(overrides: Override[], pieces: MemoryBytes[] = []): VectorPlan {
  return { overrides, pieces };
}

/** `bits` random bits. */
export function randomBits(prng: Prng, bits: number): bigint {
  const wide = (BigInt(prng.next()) << 32n) | BigInt(prng.next());
  return BigInt.asUintN(bits, wide);
}

/** A random or edge value of `bits`. */
export function interesting(prng: Prng, bits: number): bigint {
  const top = 1n << BigInt(bits - 1);
  const choices = [0n, 1n, -1n, 2n, top, top - 1n, top + 1n, 1n << BigInt(prng.below(bits)), BigInt(prng.below(256))];
  return BigInt.asUintN(bits, prng.below(2) === 0 ? randomBits(prng, bits) : prng.pick(choices));
}
