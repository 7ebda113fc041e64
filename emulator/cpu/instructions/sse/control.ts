import { writableAt } from '../../../memory/access.ts';
import { ACCESS } from '../../../memory/paging.ts';
import { and, eq, extendU, i32, i64, load128, shl, shrU, simd, sub, wrap } from '../../../wasm/expressions.ts';
import type { Definition } from '../../engine/emitter.ts';
import { get32, put32, RDI, STATE } from '../../state.ts';
import { choose } from './lanes.ts';

/** SDM Vol. 2: LDMXCSR, STMXCSR, MASKMOVDQU. */
const GP = 13;
/** MXCSR bits that must be zero: all above FTZ, since DAZ is supported. */
const RESERVED = 0xffff_0000;

export const control: readonly Definition[] = [
  {
    name: 'ldmxcsr',
    sizes: [32],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      const value = e.f.let(wrap(e.read(0)));
      e.f.if(and(value, i32(RESERVED)), () => e.raise(GP, 0));
      put32(e.f, STATE.mxcsr, value);
    },
  },
  {
    name: 'stmxcsr',
    sizes: [32],
    shapes: ['m'],
    rare: true,
    emit: (e) => e.writer(0).write(extendU(get32(STATE.mxcsr))),
  },
  {
    // Bytes whose mask sign is set, at DS:rDI. With an empty mask nothing is accessed.
    name: 'maskmovdqu',
    sizes: [128],
    shapes: ['nvv'],
    emit: (e) => {
      const { f } = e;
      const source = e.readVector(1, false);
      const mask = f.let(simd('v128', 0x6c, [e.readVector(2, false), i32(7)]));
      f.if(simd('i32', 0x53, [mask]), () => {
        const bits = f.let(sub(i64(64), extendU(e.addressBits())));
        const offset = shrU(shl(e.gpr(RDI), bits), bits);
        const linear = f.let(f.call(e.core.segmentLinear, e.segmentNumber(), offset, i32(16), i32(ACCESS.WRITE)));
        f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), e.fault);
        const site = writableAt(e, linear, 16, ACCESS.MODIFY);
        f.store128(site.host, choose(mask, source, load128(site.host)));
        site.commit();
      });
    },
  },
];
