import { TLB, TLB_ENTRY } from '../../memory/architecturalTlb.ts';
import { RAM_BASE } from '../../memory/map.ts';
import { linearRip } from '../../memory/paging.ts';
import { and, eq, eqz, geU, i32, i64, load32, ltU, ne, wrap } from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import { ENGINE, get32, get64, put64, STATE } from '../state.ts';
import type { Core } from './core.ts';

/** () → whether fetches at RIP find their page in the architectural TLB, or paging is off. */
export function defineFetchCached(core: Core): FunctionReference<'i32'> {
  const m = core.module;
  const cached = m.declare('fetchCached', [], ['i32']);
  m.define(cached, (f) => {
    f.if(eqz(and(wrap(get64(STATE.cr0)), i32(1 << 31))), () => f.return(i32(1)));
    const entry = f.let(f.call(core.tlbFind, linearRip()));
    f.if(eqz(entry), () => f.return(i32(0)));
    // Only an entry that was fetched through empties the jump cache when it is evicted.
    f.return(and(load32(entry, TLB_ENTRY.flags), i32(TLB.FETCHED)));
  });
  m.export(cached);
  return cached;
}

/** Entry points for TypeScript: 64-bit addresses come through ENGINE.scratch0, so that none crosses as a bigint. */
export function defineHostAccess(core: Core): void {
  const m = core.module;
  const address = () => get64(ENGINE.scratch0);

  for (const [name, callee] of [
    ['hostRead', core.slowRead],
    ['hostWrite', core.slowWrite],
  ] as const) {
    const reference = m.declare(name, ['i32', 'i32'], ['i32']);
    m.define(reference, (f) => f.return(f.call(callee, address(), f.parameter<'i32'>(0), f.parameter<'i32'>(1))));
    m.export(reference);
  }

  const locked = m.declare('hostLocked', ['i32']);
  m.define(locked, (f) => f.run(core.lockedAccess, address(), f.parameter<'i32'>(0)));
  m.export(locked);

  const commit = m.declare('commitIfBounced', ['i32']);
  m.define(commit, (f) => {
    f.if(ltU(f.parameter<'i32'>(0), i32(RAM_BASE)), () => f.run(core.commitWrite, f.parameter<'i32'>(0)));
  });
  m.export(commit);

  const translate = m.declare('hostTranslate', ['i32'], ['i32']);
  m.define(translate, (f) => {
    const physical = f.let(f.call(core.translate, address(), f.parameter<'i32'>(0)));
    f.if(and(ne(physical, i64(-1)), geU(physical, get64(ENGINE.ramSize))), () => f.return(i32(-2)));
    f.return(wrap(physical));
  });
  m.export(translate);

  const segment = m.declare('hostSegment', ['i32', 'i32', 'i32'], ['i32']);
  m.define(segment, (f) => {
    const linear = f.let(
      f.call(core.segmentLinear, f.parameter<'i32'>(0), address(), f.parameter<'i32'>(1), f.parameter<'i32'>(2)),
    );
    f.if(and(eq(linear, i64(-1)), get32(STATE.eventPending)), () => f.return(i32(1)));
    put64(f, ENGINE.scratch0, linear);
    f.return(i32(0));
  });
  m.export(segment);

  const invalidate = m.declare('hostInvalidate', []);
  m.define(invalidate, (f) => f.run(core.tlbInvalidate, address()));
  m.export(invalidate);

  const invalidatePcid = m.declare('hostInvalidatePcid', ['i32']);
  m.define(invalidatePcid, (f) => f.run(core.tlbInvalidatePcid, address(), f.parameter<'i32'>(0)));
  m.export(invalidatePcid);
}
