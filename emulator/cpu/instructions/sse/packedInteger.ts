import { and, geU, i32, i64, ltU, select, simd, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { andNotVector, andVector, constant64, orVector, pick, splat8, swizzle, xorVector, ZERO } from './lanes.ts';

/** SDM Vol. 2: packed integer arithmetic, logic, comparison, packing, interleaving and shifts (XMM forms). */
export const binary = (name: string, operate: (a: V128, b: V128) => V128): Definition => ({
  name,
  sizes: [128],
  shapes: ['vv', 'vm'],
  emit: (e) => {
    const source = e.readVector(1, true);
    const destination = e.readVector(0, true);
    e.writeVector(0, operate(destination, source));
  },
});
export const operator = (name: string, opcode: number): Definition =>
  binary(name, (a, b) => simd('v128', opcode, [a, b]));

/** High halves of 16-bit products, from the 32-bit products of the low and high elements. */
const highProducts = (low: number, high: number) => (a: V128, b: V128) =>
  pick(2, simd('v128', low, [a, b]), simd('v128', high, [a, b]), [1, 3, 5, 7, 9, 11, 13, 15]);

/** Sums of absolute byte differences, one of each half. */
function sumOfDifferences(a: V128, b: V128): V128 {
  const difference = orVector(simd('v128', 0x73, [a, b]), simd('v128', 0x73, [b, a]));
  // Pairs of bytes, pairs of those, and the two 32-bit sums of each half.
  const sums = simd('v128', 0x7f, [simd('v128', 0x7d, [difference])]);
  const low = andVector(sums, constant64(0xffff_ffffn));
  return simd('v128', 0xce, [low, simd('v128', 0xcd, [sums, i32(32)])]);
}

const even = (a: V128): V128 => pick(4, a, a, [0, 2, 0, 2]);

const interleave = (name: string, bytes: number, high: boolean): Definition => {
  const count = 16 / bytes;
  const first = high ? count / 2 : 0;
  const order = Array.from({ length: count }, (_, i) => first + (i >> 1) + (i & 1 ? count : 0));
  return binary(name, (a, b) => pick(bytes, a, b, order));
};

/** PSLL, PSRL, PSRA by an immediate or by the low quadword of the source. Greater counts give 0 or the sign. */
const shift = (name: string, opcode: number, width: number): Definition => ({
  name,
  sizes: [128],
  shapes: ['vv', 'vm', 'vi'],
  emit: (e) => {
    const { f } = e;
    const by = e.form.shape === 'vi' ? and(e.immediate(), i64(0xff)) : simd('i64', 0x1d, [e.readVector(1, true)], [0]);
    const count = f.let(by);
    const inside = ltU(count, i64(width));
    const value = e.readVector(0, true);
    if (name.startsWith('psra')) {
      const limited = wrap(select(inside, count, i64(width - 1)));
      e.writeVector(0, simd('v128', opcode, [value, limited]));
    } else e.writeVector(0, select(inside, simd('v128', opcode, [value, wrap(count)]), ZERO));
  },
});

/** Byte positions 0 to 15. */
export const POSITIONS = constant64(0x07_06_05_04_03_02_01_00n, 0x0f_0e_0d_0c_0b_0a_09_08n);

/** PSLLDQ and PSRLDQ: positions outside 0 to 15 pick zeros. */
const byteShift = (name: string, left: boolean): Definition => ({
  name,
  sizes: [128],
  shapes: ['vi'],
  emit: (e: Emitter) => {
    const count = e.f.let(and(wrap(e.immediate()), i32(0xff)));
    const limited = splat8(select(geU(count, i32(16)), i32(16), count));
    e.writeVector(0, swizzle(e.readVector(0, true), simd('v128', left ? 0x71 : 0x6e, [POSITIONS, limited])));
  },
});

export const packedInteger: readonly Definition[] = [
  binary('pand', andVector),
  binary('pandn', (a, b) => andNotVector(b, a)),
  binary('por', orVector),
  binary('pxor', xorVector),
  operator('paddb', 0x6e),
  operator('paddw', 0x8e),
  operator('paddd', 0xae),
  operator('paddq', 0xce),
  operator('paddsb', 0x6f),
  operator('paddsw', 0x8f),
  operator('paddusb', 0x70),
  operator('paddusw', 0x90),
  operator('psubb', 0x71),
  operator('psubw', 0x91),
  operator('psubd', 0xb1),
  operator('psubq', 0xd1),
  operator('psubsb', 0x72),
  operator('psubsw', 0x92),
  operator('psubusb', 0x73),
  operator('psubusw', 0x93),
  operator('pcmpeqb', 0x23),
  operator('pcmpeqw', 0x2d),
  operator('pcmpeqd', 0x37),
  operator('pcmpgtb', 0x27),
  operator('pcmpgtw', 0x31),
  operator('pcmpgtd', 0x3b),
  operator('pminub', 0x77),
  operator('pmaxub', 0x79),
  operator('pminsw', 0x96),
  operator('pmaxsw', 0x98),
  operator('pavgb', 0x7b),
  operator('pavgw', 0x9b),
  operator('packsswb', 0x65),
  operator('packuswb', 0x66),
  operator('packssdw', 0x85),
  operator('pmullw', 0x95),
  operator('pmaddwd', 0xba),
  binary('pmulhw', highProducts(0xbc, 0xbd)),
  binary('pmulhuw', highProducts(0xbe, 0xbf)),
  binary('pmuludq', (a, b) => simd('v128', 0xde, [even(a), even(b)])),
  binary('psadbw', sumOfDifferences),
  interleave('punpcklbw', 1, false),
  interleave('punpcklwd', 2, false),
  interleave('punpckldq', 4, false),
  interleave('punpcklqdq', 8, false),
  interleave('punpckhbw', 1, true),
  interleave('punpckhwd', 2, true),
  interleave('punpckhdq', 4, true),
  interleave('punpckhqdq', 8, true),
  shift('psllw', 0x8b, 16),
  shift('pslld', 0xab, 32),
  shift('psllq', 0xcb, 64),
  shift('psrlw', 0x8d, 16),
  shift('psrld', 0xad, 32),
  shift('psrlq', 0xcd, 64),
  shift('psraw', 0x8c, 16),
  shift('psrad', 0xac, 32),
  byteShift('pslldq', true),
  byteShift('psrldq', false),
];
