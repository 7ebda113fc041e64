import { load128 } from '../../../wasm/expressions.ts';
import type { Definition } from '../../engine/emitter.ts';
import { dotProductsOf } from '../sse/dotProducts.ts';
import { writeLanes } from './lanes.ts';

/** SDM Vol. 2: VDPPS and VDPPD. An exception of one lane comes after the same step of the other. */
const dotProduct = (bits: 32 | 64): Definition => ({
  name: bits === 32 ? 'vdpps' : 'vdppd',
  sizes: bits === 32 ? [128, 256] : [128],
  shapes: ['vvvi', 'vvmi'],
  rare: true,
  emit: (e) => {
    const { f } = e;
    const memory = e.form.shape === 'vvmi' ? e.source(2, e.size / 8, false) : undefined;
    const lanes = e.size === 256 ? ([0, 1] as const) : ([0] as const);
    const pairs = lanes.map((lane) => {
      const second = memory ? load128(memory, lane * 16) : e.vectorLane(2, lane);
      return [f.let(e.vectorLane(1, lane)), f.let(second)] as const;
    });
    writeLanes(e, dotProductsOf(e, bits, pairs));
  },
});

export const avxDotProducts: readonly Definition[] = [dotProduct(32), dotProduct(64)];
