import { and, type I32, i32, i64, shl, shrU, simd, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { elementMask, oneElement } from './blends.ts';
import { andNotVector, choose, constant64, element, splat8, splat16, splat32, swizzle } from './lanes.ts';

/** SDM Vol. 2: PINSR, PEXTR, INSERTPS, EXTRACTPS (SSE2 and SSE4.1). */
const immediate = (e: Emitter): I32 => wrap(e.immediate());

type Bytes = 1 | 2 | 4 | 8;

const splat = (bytes: Bytes, value: ReturnType<Emitter['read']>): V128 => {
  if (bytes === 8) return simd('v128', 0x12, [value]);
  return { 1: splat8, 2: splat16, 4: splat32 }[bytes](wrap(value));
};

const insert = (name: string, bytes: Bytes): Definition => ({
  name,
  sizes: [bytes * 8],
  shapes: ['vri', 'vmi'],
  rare: true,
  emit: (e) => {
    const value = e.read(1);
    e.writeVector(0, choose(oneElement(bytes, immediate(e)), splat(bytes, value), e.readVector(0, true)));
  },
});

/** The element with the number that the immediate gives, at the bottom. */
function selected(source: V128, bytes: Bytes, index: I32): V128 {
  const positions = splat8(shl(and(index, i32(16 / bytes - 1)), i32(Math.log2(bytes))));
  return swizzle(source, simd('v128', 0x6e, [positions, constant64(0x07_06_05_04_03_02_01_00n, 0n)]));
}

/** A register destination is written whole. */
const extract = (name: string, bytes: Bytes): Definition => ({
  name,
  sizes: [bytes * 8],
  shapes: ['rvi', 'mvi'],
  rare: true,
  emit: (e) => {
    const value = element(64, selected(e.readVector(1, true), bytes, immediate(e)), 0);
    const narrow = bytes === 8 ? value : and(value, i64(2 ** (bytes * 8) - 1));
    e.writer(0, e.form.shape === 'rvi' ? 64 : e.size).write(narrow);
  },
});

export const insertions: readonly Definition[] = [
  insert('pinsrb', 1),
  insert('pinsrw', 2),
  insert('pinsrd', 4),
  insert('pinsrq', 8),
  extract('pextrb', 1),
  extract('pextrw', 2),
  extract('pextrd', 4),
  extract('pextrq', 8),
  {
    // Bits 7:6 pick the source's element, 5:4 its place, 3:0 what becomes zero.
    name: 'insertps',
    sizes: [32],
    shapes: ['vvi', 'vmi'],
    rare: true,
    emit: (e) => {
      const control = e.f.let(immediate(e));
      const value =
        e.form.shape === 'vmi'
          ? wrap(e.read(1))
          : wrap(element(32, selected(e.readVector(1, true), 4, shrU(control, i32(6))), 0));
      const place = oneElement(4, shrU(control, i32(4)));
      const inserted = choose(place, splat32(value), e.readVector(0, true));
      e.writeVector(0, andNotVector(inserted, elementMask(4, and(control, i32(15)))));
    },
  },
];
