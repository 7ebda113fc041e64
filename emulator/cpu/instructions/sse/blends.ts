import { and, type I32, i32, load128, simd, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { xmmAddress } from '../../state.ts';
import { andVector, choose, constant, shuffle, splat8, splat16 } from './lanes.ts';

/** SDM Vol. 2: BLENDPS, BLENDPD, PBLENDW by an immediate; BLENDVPS, BLENDVPD, PBLENDVB by XMM0's sign bits (SSE4.1). */

/** All ones in each element of `bytes` bytes whose bit in `bits` is set. */
export function elementMask(bytes: number, bits: I32): V128 {
  // Each byte keeps the bit of its element, then compares with it.
  const place = constant(Array.from({ length: 16 }, (_, i) => 1 << (Math.floor(i / bytes) & 7)));
  return simd('v128', 0x23, [andVector(splat8(bits), place), place]);
}

/** All ones in each byte whose bit among the low sixteen of `bits` is set. */
export function bytesMask(bits: I32): V128 {
  const place = constant(Array.from({ length: 16 }, (_, i) => 1 << (i & 7)));
  const spread = shuffle(splat16(bits), splat16(bits), [...Array(8).fill(0), ...Array(8).fill(1)]);
  return simd('v128', 0x23, [andVector(spread, place), place]);
}

const byImmediate = (name: string, bytes: number): Definition => ({
  name,
  sizes: [128],
  shapes: ['vvi', 'vmi'],
  rare: true,
  emit: (e) => {
    const source = e.readVector(1, true);
    e.writeVector(0, choose(elementMask(bytes, wrap(e.immediate())), source, e.readVector(0, true)));
  },
});

/** WebAssembly's arithmetic right shift of the element width, and the width. */
export const signFill = (opcode: number, bits: number, mask: V128): V128 => simd('v128', opcode, [mask, i32(bits - 1)]);

const byRegister = (name: string, opcode: number, bits: number): Definition => ({
  name,
  sizes: [128],
  shapes: ['vv', 'vm'],
  rare: true,
  emit: (e: Emitter) => {
    const source = e.readVector(1, true);
    const mask = signFill(opcode, bits, load128(i32(0), xmmAddress(0)));
    e.writeVector(0, choose(mask, source, e.readVector(0, true)));
  },
});

/** All ones in the element of `bytes` bytes with the given number. */
export function oneElement(bytes: 1 | 2 | 4 | 8, index: I32): V128 {
  const numbers = constant(Array.from({ length: 16 }, (_, i) => Math.floor(i / bytes)));
  return simd('v128', 0x23, [splat8(and(index, i32(16 / bytes - 1))), numbers]);
}

export const blends: readonly Definition[] = [
  byImmediate('blendps', 4),
  byImmediate('blendpd', 8),
  byImmediate('pblendw', 2),
  byRegister('pblendvb', 0x6c, 8),
  byRegister('blendvps', 0xac, 32),
  byRegister('blendvpd', 0xcc, 64),
];
