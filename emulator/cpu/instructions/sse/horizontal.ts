import { i32, simd, type V128 } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { concludeWith } from './dotProducts.ts';
import { emitPackedOperands, operationNamed } from './floatArithmetic.ts';
import { pick } from './lanes.ts';
import type { Bits } from './native.ts';
import { binary } from './packedInteger.ts';

/** SDM Vol. 2: operations between neighbouring elements: HADD, HSUB, ADDSUB (SSE3), PHADD and PHSUB (SSSE3). */

/** The even and the odd elements of `a` and then of `b`. */
const neighbours = (bytes: number, a: V128, b: V128): [V128, V128] => {
  const at = (first: number) => Array.from({ length: 16 / bytes }, (_, i) => first + 2 * i);
  return [pick(bytes, a, b, at(0)), pick(bytes, a, b, at(1))];
};

const horizontalInteger = (name: string, bytes: number, opcode: number): Definition =>
  binary(name, (a, b) => simd('v128', opcode, neighbours(bytes, a, b)));

function horizontalFloat(mnemonic: 'add' | 'sub', bits: Bits): Definition {
  return {
    name: `h${mnemonic}p${bits === 32 ? 's' : 'd'}`,
    sizes: [128],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => {
      const source = e.readVector(1, true);
      const [even, odd] = neighbours(bits / 8, e.readVector(0, true), source);
      const result = emitPackedOperands(e, operationNamed(mnemonic), bits, e.f.let(even), e.f.let(odd));
      e.writeVector(0, result);
    },
  };
}

/** Even elements are subtracted, odd ones added. */
const alternating = (bits: Bits): Definition => ({
  name: `addsubp${bits === 32 ? 's' : 'd'}`,
  sizes: [128],
  shapes: ['vv', 'vm'],
  rare: true,
  emit: (e: Emitter) => {
    const source = e.readVector(1, true);
    const sum = e.f.call(e.core.softfloat[`packedAddSubtract${bits}`], e.readVector(0, true), source, i32(0));
    e.writeVector(0, concludeWith(e, sum));
  },
});

export const horizontal: readonly Definition[] = [
  ...([32, 64] as const).flatMap((bits) => [
    horizontalFloat('add', bits),
    horizontalFloat('sub', bits),
    alternating(bits),
  ]),
  horizontalInteger('phaddw', 2, 0x8e),
  horizontalInteger('phaddd', 4, 0xae),
  horizontalInteger('phaddsw', 2, 0x8f),
  horizontalInteger('phsubw', 2, 0x91),
  horizontalInteger('phsubd', 4, 0xb1),
  horizontalInteger('phsubsw', 2, 0x92),
];
