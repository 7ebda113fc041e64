import { and, type I32, i32, select, shrU, simd, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { constant, element, pick, replaceElement, shuffle, splat32, swizzle, ZERO } from './lanes.ts';

/**
 * SDM Vol. 2: shuffles by an immediate. `decode/vectors.ts` makes the immediate of the permutations:
 * byte i is the position of the first byte of the element that field i of the instruction's immediate names.
 */
const BYTES = Array.from({ length: 16 }, (_, i) => i);

/** `from` with four elements of `bytes` bytes, from byte `at` on, permuted by the immediate. */
function permuted(e: Emitter, from: V128, bytes: 2 | 4, at: 0 | 8 = 0): V128 {
  const moves = (i: number) => i >= at && i < at + bytes * 4;
  const field = (i: number) => Math.floor((i - at) / bytes);
  const known = e.immediate().constant;
  if (known !== undefined) {
    const place = (i: number) => ((known >>> (8 * field(i))) & 0xff) + (i % bytes);
    return shuffle(
      from,
      from,
      BYTES.map((i) => (moves(i) ? place(i) : i)),
    );
  }
  const first = shuffle(
    splat32(immediate(e)),
    ZERO,
    BYTES.map((i) => (moves(i) ? field(i) : 16)),
  );
  const offsets = constant(BYTES.map((i) => (moves(i) ? i % bytes : i)));
  return swizzle(from, simd('v128', 0x6e, [first, offsets]));
}

const permutation = (name: string, bytes: 2 | 4, at: 0 | 8): Definition => ({
  name,
  sizes: [128],
  shapes: ['vvi', 'vmi'],
  emit: (e) => e.writeVector(0, permuted(e, e.readVector(1, true), bytes, at)),
});

const immediate = (e: Emitter): I32 => wrap(e.immediate());

export const shuffles: readonly Definition[] = [
  permutation('pshufd', 4, 0),
  permutation('pshuflw', 2, 0),
  permutation('pshufhw', 2, 8),
  {
    name: 'shufps',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    emit: (e) => {
      const source = e.readVector(1, true);
      const destination = e.readVector(0, true);
      e.writeVector(0, pick(8, permuted(e, destination, 4), permuted(e, source, 4), [0, 3]));
    },
  },
  {
    name: 'shufpd',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    emit: (e) => {
      const source = e.readVector(1, true);
      const destination = e.readVector(0, true);
      const chosen = (from: V128, bit: number) =>
        select(and(shrU(immediate(e), i32(bit)), i32(1)), element(64, from, 1), element(64, from, 0));
      const low = replaceElement(64, destination, 0, chosen(destination, 0));
      e.writeVector(0, replaceElement(64, low, 1, chosen(source, 1)));
    },
  },
];
