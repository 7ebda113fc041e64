import { load128, simd, type V128 } from '../../../wasm/expressions.ts';
import type { Definition } from '../../engine/emitter.ts';
import { shuffle, ZERO, zeroExtended } from '../sse/lanes.ts';
import { EXTENSIONS } from '../sse/sse41.ts';
import { writeLanes } from './lanes.ts';

/** SDM Vol. 2: VPMOVSX and VPMOVZX with a YMM destination: a lane for each half of the source. */
const NAMES = { 8: 'b', 16: 'w', 32: 'd', 64: 'q' } as const;

function extension(letter: 's' | 'z', from: 8 | 16 | 32, to: 16 | 32 | 64): Definition {
  /** Bits of the source, and the size of the form. */
  const size = (256 / to) * from;
  return {
    name: `vpmov${letter}x${NAMES[from]}${NAMES[to]}y`,
    sizes: [size],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => {
      const whole: V128 =
        e.form.shape === 'vv'
          ? e.vectorLane(1, 0)
          : size === 128
            ? load128(e.source(1, 16, false))
            : zeroExtended(64, e.read(1));
      const source = e.f.let(whole);
      const half = size / 16;
      const upper = shuffle(
        source,
        ZERO,
        Array.from({ length: 16 }, (_, i) => (i < half ? half + i : 16)),
      );
      const extended = (value: V128): V128 => {
        let result = value;
        for (let bits: number = from; bits < to; bits *= 2) {
          result = simd('v128', EXTENSIONS[letter][bits as 8 | 16 | 32], [result]);
        }
        return e.f.let(result);
      };
      writeLanes(e, [extended(source), extended(upper)]);
    },
  };
}

export const avxExtensions: readonly Definition[] = (['s', 'z'] as const).flatMap((letter) => [
  extension(letter, 8, 16),
  extension(letter, 8, 32),
  extension(letter, 8, 64),
  extension(letter, 16, 32),
  extension(letter, 16, 64),
  extension(letter, 32, 64),
]);
