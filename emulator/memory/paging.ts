import type { Core } from '../cpu/engine/core.ts';
import { CS, ENGINE, get32, get64, put32, put64, STATE, segment } from '../cpu/state.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  geU,
  type I32,
  type I64,
  i32,
  i64,
  load32,
  load64,
  ne,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  xor,
} from '../wasm/expressions.ts';
import { markFetched, TLB, TLB_ENTRY } from './architecturalTlb.ts';
import { isCanonical } from './canonical.ts';
import { defineWalks } from './pageWalk.ts';
import { ACCESS, defineCheckRights } from './rights.ts';

export { isCanonical } from './canonical.ts';
export { ACCESS } from './rights.ts';

const EFER_LMA = 1 << 10;
const low = (field: { address: number; bits: 32 | 64 }): I32 => load32(i32(0), field.address);
const has = (value: I32, bits: number): I32 => ne(and(value, i32(bits)), i32(0));

/** Linear address of the next instruction: 32 bits outside 64-bit code. */
export const linearRip = (): I64 =>
  and(
    add(get64(STATE.rip), get64(segment(CS).base)),
    select(and(get32(STATE.context), i32(2)), i64(-1), i64(0xffff_ffff)),
  );

export function definePaging(core: Core): void {
  const checkRights = defineCheckRights(core);
  const walk = defineWalks(core, checkRights);

  core.module.define(core.translate, (f) => {
    const linear = f.parameter<'i64'>(0);
    const access = f.parameter<'i32'>(1);
    f.if(eqz(and(low(STATE.cr0), i32(1 << 31))), () => {
      f.return(and(linear, i64(0xffff_ffff)));
    });
    // Outside IA-32e mode linear addresses have 32 bits.
    f.if(eqz(has(low(STATE.efer), EFER_LMA)), () => f.set(linear, and(linear, i64(0xffff_ffff))));
    // A translation that is made anew stays one that instructions are fetched through.
    const fetched = f.let(i32(0));
    const entry = f.let(f.call(core.tlbFind, linear));
    f.if(entry, () => {
      const flags = f.let(load32(entry, TLB_ENTRY.flags));
      // A write through a clean translation walks again to set D; so does a refused access, since the tables may have
      // been loosened since (SDM Vol. 3A §4.10.4.3).
      const dirty = or(eqz(and(access, i32(ACCESS.WRITE))), has(flags, TLB.D));
      f.if(and(dirty, eqz(f.call(checkRights, flags, access))), () => {
        f.if(has(access, ACCESS.FETCH), () => markFetched(f, entry));
        const offsetMask = f.let(
          sub(shl(i64(1), extendU(add(i32(12), mulNine(and(shrU(flags, i32(12)), i32(3)))))), i64(1)),
        );
        f.return(or(load64(entry, TLB_ENTRY.physical), and(linear, offsetMask)));
      });
      f.set(fetched, has(flags, TLB.FETCHED));
      f.run(core.tlbInvalidateEntry, entry);
    });
    const physical = f.let(f.call(walk, linear, access));
    f.if(and(or(fetched, has(access, ACCESS.FETCH)), ne(physical, i64(-1))), () => {
      markFetched(f, f.call(core.tlbFind, linear));
    });
    f.return(physical);
  });

  core.module.define(core.fetch, (f) => {
    const linear = f.let(linearRip());
    const samePage = eqz(shrU(xor(linear, get64(STATE.fetchLinear)), i64(12)));
    f.if(and(samePage, ne(get32(STATE.fetchPage), i32(-1))), () => {
      f.return(or(shl(get32(STATE.fetchPage), i32(12)), and(wrap(linear), i32(0xfff))));
    });
    f.if(eqz(isCanonical(linear)), () => {
      f.run(core.raiseError, i32(13), i32(0));
      f.return(i32(-1));
    });
    const physical = f.let(f.call(core.translate, linear, i32(ACCESS.FETCH)));
    f.if(eq(physical, i64(-1)), () => f.return(i32(-1)));
    f.if(geU(physical, get64(ENGINE.ramSize)), () => f.return(i32(-2)));
    put32(f, STATE.fetchPage, wrap(shrU(physical, i64(12))));
    put64(f, STATE.fetchLinear, and(linear, i64(-4096)));
    f.return(wrap(physical));
  });
}

/** 9 × n for n below 4: the shift between page sizes. */
const mulNine = (n: I32): I32 => add(shl(n, i32(3)), n);
