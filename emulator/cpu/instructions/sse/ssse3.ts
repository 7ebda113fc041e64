import { and, type I32, i32, simd, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition } from '../../engine/emitter.ts';
import { andVector, constant32, orVector, splat8, swizzle, xorVector, ZERO } from './lanes.ts';
import { binary, POSITIONS } from './packedInteger.ts';

/** SDM Vol. 2: PSHUFB, PALIGNR, PSIGN, PABS, PMADDUBSW, PMULHRSW (SSSE3). */
const rare = (definition: Definition): Definition => ({ ...definition, rare: true });

/** Numbers of WebAssembly's operators for one element width: less-than (signed), not equal, subtract. */
const sign = (name: string, less: number, different: number, subtract: number): Definition =>
  rare(
    binary(name, (a, b) => {
      const negative = simd('v128', less, [b, ZERO]);
      const negated = simd('v128', subtract, [xorVector(a, negative), negative]);
      return andVector(negated, simd('v128', different, [b, ZERO]));
    }),
  );

const absolute = (name: string, opcode: number): Definition => ({
  name,
  sizes: [128],
  shapes: ['vv', 'vm'],
  rare: true,
  emit: (e) => e.writeVector(0, simd('v128', opcode, [e.readVector(1, true)])),
});

const LEAST_WORD = constant32(0x80008000);
const isLeast = (a: V128): V128 => simd('v128', 0x2d, [a, LEAST_WORD]);
/** Words shifted right by 8. */
const upperBytes = (opcode: number, a: V128): V128 => simd('v128', opcode, [a, i32(8)]);
const words = (opcode: number, a: V128, b: V128): V128 => simd('v128', opcode, [a, b]);
const [SHIFT_LEFT, SHIFT_SIGNED, SHIFT_UNSIGNED] = [0x8b, 0x8c, 0x8d];
const MULTIPLY = 0x95;

/** Unsigned bytes of `a` times signed bytes of `b`, neighbouring products added with saturation. */
function multiplyBytes(a: V128, b: V128): V128 {
  const low = words(
    MULTIPLY,
    andVector(a, constant32(0x00ff00ff)),
    upperBytes(SHIFT_SIGNED, upperBytes(SHIFT_LEFT, b)),
  );
  const high = words(MULTIPLY, upperBytes(SHIFT_UNSIGNED, a), upperBytes(SHIFT_SIGNED, b));
  return words(0x8f, low, high);
}

/** Bytes `count` and up of `high`:`low`; `count` from 0 to 255. */
export function aligned(high: V128, low: V128, count: I32): V128 {
  // Saturated, so that every position beyond the operands picks a zero; so do those below 0 in `high`.
  const at = simd('v128', 0x70, [POSITIONS, splat8(count)]);
  return orVector(swizzle(low, at), swizzle(high, simd('v128', 0x71, [at, splat8(i32(16))])));
}

export const ssse3: readonly Definition[] = [
  binary('pshufb', (a, b) => swizzle(a, andVector(b, constant32(0x8f8f8f8f)))),
  rare(binary('pmaddubsw', multiplyBytes)),
  // WebAssembly's operator saturates the one product that does not fit: -1 × -1.
  rare(binary('pmulhrsw', (a, b) => xorVector(words(0x82, a, b), andVector(isLeast(a), isLeast(b))))),
  sign('psignb', 0x25, 0x24, 0x71),
  sign('psignw', 0x2f, 0x2e, 0x91),
  sign('psignd', 0x39, 0x38, 0xb1),
  absolute('pabsb', 0x60),
  absolute('pabsw', 0x80),
  absolute('pabsd', 0xa0),
  {
    name: 'palignr',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    rare: true,
    emit: (e) => {
      const low = e.readVector(1, true);
      const count = e.f.let(and(wrap(e.immediate()), i32(0xff)));
      e.writeVector(0, aligned(e.readVector(0, true), low, count));
    },
  },
];
