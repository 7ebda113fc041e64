import { FLUSH } from '../../memory/architecturalTlb.ts';
import { signExtends } from '../../memory/canonical.ts';
import { PAGING_FEATURE } from '../../memory/pagingModes.ts';
import {
  add,
  and,
  either,
  eqz,
  i32,
  i64,
  load64,
  ltS,
  ltU,
  ne,
  select,
  shl,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import type { Local } from '../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { ENGINE, FS, get32, get64, put64, STATE, segment } from '../state.ts';

/** INVLPG and MOV to CR3 in 64-bit mode (SDM Vol. 2; Vol. 3A §4.10.4.1): what kernels do all the time. */
const GP = 13;
const CR4_PCIDE = 1 << 17;

/**
 * Linear address of INVLPG's operand. Its segment is not checked: neither limit nor type, nor whether it is usable, is among
 * the exceptions of SDM Vol. 2.
 */
function unchecked(e: Emitter): Local<'i64'> {
  const { f } = e;
  if (e.form.memory !== 'g') return e.linear(0, 8, false);
  const index = f.let(e.segmentNumber());
  const base = f.let(load64(add(i32(segment(0).base.address), shl(index, i32(5)))));
  const linear = f.let(and(add(e.offset(0), base), i64(0xffff_ffff)));
  f.if(and(get32(STATE.context), i32(2)), () => {
    f.set(linear, add(e.offset(0), select(ltU(index, i32(FS)), i64(0), base)));
  });
  return linear;
}

export const pagingInstructions: readonly Definition[] = [
  {
    name: 'invlpg',
    sizes: [8],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      const { f, core } = e;
      f.if(get32(STATE.cpl), () => e.raise(GP, 0));
      const linear = unchecked(e);
      const generation = f.let(get32(ENGINE.generation));
      // A non-canonical address does nothing; all linear addresses that the processor has are taken.
      const wide = ne(and(get32(ENGINE.pagingFeatures), i32(PAGING_FEATURE.LA57)), i32(0));
      f.if(either(signExtends(linear, 48), and(signExtends(linear, 57), wide)), () => {
        f.run(core.tlbInvalidate, linear);
      });
      // The page that runs was among what went.
      f.if(ne(get32(ENGINE.generation), generation), () => e.jump(e.nextRip()));
      e.finish();
    },
  },
  {
    // Operands: `c` CR3, `r` the source.
    name: 'mov-cr3',
    sizes: [64],
    shapes: ['cr'],
    emit: (e) => {
      const { f, core } = e;
      f.if(get32(STATE.cpl), () => e.raise(GP, 0));
      const value = e.read(1);
      // Bit 63 is "do not invalidate" with PCIDs only.
      const keep = f.let(and(ltS(value, i64(0)), ne(and(wrap(get64(STATE.cr4)), i32(CR4_PCIDE)), i32(0))));
      f.if(keep, () => f.set(value, and(value, i64(0x7fff_ffff_ffff_ffffn))));
      f.if(eqz(eqz(and(value, xor(get64(ENGINE.cr3Writable), i64(-1))))), () => e.raise(GP, 0));
      put64(f, STATE.cr3, value);
      f.run(core.tlbFlush, select(keep, i32(FLUSH.NONE), i32(FLUSH.CURRENT)));
      e.jump(e.nextRip());
    },
  },
];
