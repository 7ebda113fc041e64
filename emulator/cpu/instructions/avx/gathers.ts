import { readableAt } from '../../../memory/access.ts';
import {
  add,
  and,
  extendU,
  type I32,
  i32,
  i64,
  load32S64,
  load64,
  loadBits,
  shl,
  shrU,
  simd,
  sub,
  wrap,
} from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { YMM_HIGH_OFFSET } from '../../state.ts';
import { element, replaceElement, ZERO } from '../sse/lanes.ts';

/**
 * SDM Vol. 2: VPGATHER and VGATHER. Elements whose mask has its top bit set are loaded, the lowest first; each clears its
 * part of the mask, so that a faulting instruction goes on where it was. The immediate is made by the decoder: where the
 * index register stands in the state, and from bit 16 the scale.
 */
const BITS = { d: 32, q: 64 } as const;
type Letter = keyof typeof BITS;
/** WebAssembly's arithmetic right shifts by element width. */
const SIGN_FILL = { 32: 0xac, 64: 0xcc } as const;

function emitGather(e: Emitter, indexBits: 32 | 64, bits: 32 | 64): void {
  const { f } = e;
  const count = e.size / Math.max(indexBits, bits);
  const place = (i: number): readonly [lane: 0 | 1, at: number] => [i * bits >= 128 ? 1 : 0, i % (128 / bits)];
  const lanes = ([0, 1] as const).filter((lane) => lane * 128 < count * bits);
  const registers: I32 = f.let(and(wrap(e.immediate()), i32(0xffff)));
  const scale = f.let(extendU(shrU(wrap(e.immediate()), i32(16))));
  const unused = f.let(extendU(sub(i32(64), e.addressBits())));
  const start = f.let(e.offset(1));
  for (const lane of lanes) {
    e.writeVectorLane(2, lane, simd('v128', SIGN_FILL[bits], [e.vectorLane(2, lane), i32(bits - 1)]));
  }
  for (let i = 0; i < count; i++) {
    const [lane, at] = place(i);
    f.if(wrap(shrU(element(bits, e.vectorLane(2, lane), at), i64(bits - 1))), () => {
      const offset = (i * indexBits) / 8;
      const from = offset + (offset >= 16 ? YMM_HIGH_OFFSET - 16 : 0);
      const index = indexBits === 32 ? load32S64(registers, from) : load64(registers, from);
      const sum = add(start, shl(index, scale));
      const delta = sub(shrU(shl(sum, unused), unused), start);
      const linear = e.linear(1, bits, false, delta);
      const value = loadBits(bits, readableAt(e, linear, bits / 8, e.stackBit()));
      e.writeVectorLane(0, lane, f.let(replaceElement(bits, e.vectorLane(0, lane), at, value)));
      e.writeVectorLane(2, lane, f.let(replaceElement(bits, e.vectorLane(2, lane), at, i64(0))));
    });
  }
  for (const lane of [0, 1] as const) {
    e.writeVectorLane(2, lane, ZERO);
    if (!lanes.includes(lane)) e.writeVectorLane(0, lane, ZERO);
  }
  if (count * bits === 64) e.writeVectorLane(0, 0, f.let(replaceElement(64, e.vectorLane(0, 0), 1, i64(0))));
}

export const gathers: readonly Definition[] = (['d', 'q'] as const).flatMap((index: Letter) =>
  (['d', 'q'] as const).map(
    (data: Letter): Definition => ({
      name: `vgather${index}${data}`,
      sizes: [128, 256],
      shapes: ['vmv'],
      rare: true,
      emit: (e) => emitGather(e, BITS[index], BITS[data]),
    }),
  ),
);
