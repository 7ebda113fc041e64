import { writableAt } from '../../../memory/access.ts';
import { ACCESS } from '../../../memory/paging.ts';
import {
  and,
  eq,
  extendU,
  i32,
  i64,
  load64,
  load128,
  shl,
  shrU,
  simd,
  sub,
  type V128,
  wrap,
} from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { get32, put32, RDI, STATE } from '../../state.ts';
import { choose, element, zeroExtended } from './lanes.ts';

/** SDM Vol. 2: LDMXCSR, STMXCSR, MASKMOVDQU. */
const GP = 13;
/** MXCSR bits that must be zero: all above FTZ, since DAZ is supported. */
const RESERVED = 0xffff_0000;

/** MASKMOVDQU and MASKMOVQ: the bytes whose mask sign is set, at DS:rDI. With an empty mask nothing is accessed. */
export function maskedStore(e: Emitter, bytes: 8 | 16, source: V128, signs: V128): void {
  const { f } = e;
  const mask = f.let(simd('v128', 0x6c, [signs, i32(7)]));
  f.if(simd('i32', 0x53, [mask]), () => {
    const bits = f.let(sub(i64(64), extendU(e.addressBits())));
    const offset = shrU(shl(e.gpr(RDI), bits), bits);
    const linear = f.let(f.call(e.core.segmentLinear, e.segmentNumber(), offset, i32(bytes), i32(ACCESS.WRITE)));
    f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), e.fault);
    const site = writableAt(e, linear, bytes, ACCESS.MODIFY);
    if (bytes === 16) f.store128(site.host, choose(mask, source, load128(site.host)));
    else f.store64(site.host, element(64, choose(mask, source, zeroExtended(64, load64(site.host))), 0));
    site.commit();
  });
}

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
    name: 'maskmovdqu',
    sizes: [128],
    shapes: ['nvv'],
    emit: (e) => maskedStore(e, 16, e.readVector(1, false), e.readVector(2, false)),
  },
];
