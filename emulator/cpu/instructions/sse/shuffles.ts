import { and, type I32, i32, i64, select, shl, shrU, simd, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import {
  andVector,
  choose,
  constant32,
  constant64,
  element,
  orVector,
  pick,
  replaceElement,
  splat8,
  splat16,
  splat32,
  swizzle,
} from './lanes.ts';

/** SDM Vol. 2: shuffles by an immediate, PINSRW and PEXTRW. A known immediate gives a constant permutation. */
const ORDER = [0, 1, 2, 3] as const;

/** The immediate, and its value where it is known while emitting. */
function selector(e: Emitter): { value: I32; known: number | undefined } {
  const immediate = e.immediate();
  const known = immediate.constant === undefined ? undefined : immediate.constant & 0xff;
  return { value: known === undefined ? and(wrap(immediate), i32(0xff)) : i32(known), known };
}

/** Field `at` of two bits. */
const field = (known: number, at: number): number => (known >> (2 * at)) & 3;

/** Byte positions for four dwords chosen by the immediate: its field i moves to bits 7:6 of element i. */
function dwordPositions(immediate: I32): V128 {
  const scaled = simd('v128', 0xb5, [splat32(immediate), constant64(0x0000_0010_0000_0040n, 0x0000_0001_0000_0004n)]);
  const chosen = andVector(simd('v128', 0xad, [scaled, i32(6)]), constant32(3));
  return simd('v128', 0x6e, [simd('v128', 0xb5, [chosen, constant32(0x04040404)]), constant32(0x03020100)]);
}

/** Byte positions for the four words of the low or high half; the other half stays. */
function wordPositions(immediate: I32, high: boolean): V128 {
  const factors = 0x0001_0004_0010_0040n;
  const scaled = simd('v128', 0x95, [splat16(immediate), constant64(factors)]);
  const chosen = andVector(simd('v128', 0x8d, [scaled, i32(6)]), constant64(0x0003_0003_0003_0003n));
  const base = high ? 0x0908_0908_0908_0908n : 0x0100_0100_0100_0100n;
  const positions = simd('v128', 0x6e, [
    simd('v128', 0x95, [chosen, constant64(0x0202_0202_0202_0202n)]),
    constant64(base),
  ]);
  const all = 0xffff_ffff_ffff_ffffn;
  return high
    ? orVector(andVector(positions, constant64(0n, all)), constant64(0x07_06_05_04_03_02_01_00n, 0n))
    : orVector(andVector(positions, constant64(all, 0n)), constant64(0n, 0x0f_0e_0d_0c_0b_0a_09_08n));
}

const wordShuffle = (name: string, high: boolean): Definition => ({
  name,
  sizes: [128],
  shapes: ['vvi', 'vmi'],
  emit: (e) => {
    const source = e.readVector(1, true);
    const { value, known } = selector(e);
    const half = [0, 1, 2, 3].map((at) => (high ? 4 : 0) + (known === undefined ? 0 : field(known, at)));
    const order = high ? [...ORDER, ...half] : [...half, 4, 5, 6, 7];
    e.writeVector(
      0,
      known === undefined ? swizzle(source, wordPositions(value, high)) : pick(2, source, source, order),
    );
  },
});

/** All ones in word `index` modulo 8. */
const wordMask = (index: I32): V128 =>
  simd('v128', 0x2d, [splat16(and(index, i32(7))), constant64(0x0003_0002_0001_0000n, 0x0007_0006_0005_0004n)]);

export const shuffles: readonly Definition[] = [
  {
    name: 'pshufd',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    emit: (e) => {
      const source = e.readVector(1, true);
      const { value, known } = selector(e);
      if (known === undefined) e.writeVector(0, swizzle(source, dwordPositions(value)));
      else
        e.writeVector(
          0,
          pick(
            4,
            source,
            source,
            ORDER.map((at) => field(known, at)),
          ),
        );
    },
  },
  wordShuffle('pshuflw', false),
  wordShuffle('pshufhw', true),
  {
    name: 'shufps',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    emit: (e) => {
      const source = e.readVector(1, true);
      const destination = e.readVector(0, true);
      const { value, known } = selector(e);
      if (known !== undefined) {
        const order = ORDER.map((at) => field(known, at) + (at < 2 ? 0 : 4));
        e.writeVector(0, pick(4, destination, source, order));
        return;
      }
      const positions = e.f.let(dwordPositions(value));
      e.writeVector(0, pick(8, swizzle(destination, positions), swizzle(source, positions), [0, 3]));
    },
  },
  {
    name: 'shufpd',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    emit: (e) => {
      const source = e.readVector(1, true);
      const destination = e.readVector(0, true);
      const { value } = selector(e);
      const chosen = (from: V128, bit: number) =>
        select(and(shrU(value, i32(bit)), i32(1)), element(64, from, 1), element(64, from, 0));
      const low = replaceElement(64, destination, 0, chosen(destination, 0));
      e.writeVector(0, replaceElement(64, low, 1, chosen(source, 1)));
    },
  },
  {
    name: 'pinsrw',
    sizes: [16],
    shapes: ['vri', 'vmi'],
    emit: (e) => {
      const word = e.read(1);
      const destination = e.readVector(0, true);
      e.writeVector(0, choose(wordMask(selector(e).value), splat16(wrap(word)), destination));
    },
  },
  {
    name: 'pextrw',
    sizes: [64],
    shapes: ['rvi'],
    emit: (e) => {
      const source = e.readVector(1, true);
      const word = and(selector(e).value, i32(7));
      const positions = splat8(shl(word, i32(1)));
      const first = swizzle(source, simd('v128', 0x6e, [positions, constant64(0x0100n, 0n)]));
      e.writer(0, 64).write(and(simd('i64', 0x1d, [first], [0]), i64(0xffff)));
    },
  },
];
