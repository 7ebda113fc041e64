import { CET_NO_TRACK_EN, CET_SUPPRESS, CET_TRACKER } from '../cpu/context.ts';
import { type Emitter, PREFIX } from '../cpu/engine/emitter.ts';
import { get32, get64, put32, put64, STATE } from '../cpu/state.ts';
import { writableAt } from '../memory/access.ts';
import { ACCESS } from '../memory/paging.ts';
import { and, eq, eqz, type I64, i32, i64, ne, or, select, sub, wrap } from '../wasm/expressions.ts';

export const CONTROL_PROTECTION = 21;
/** Error codes of #CP (SDM Vol. 3A §6.15, interrupt 21). */
export const CP = { NEAR_RET: 1, FAR_RET_IRET: 2, ENDBRANCH: 3, RSTORSSP: 4, SETSSBSY: 5 } as const;

/** Probes the shadow-stack push of a near CALL (SDM Vol. 2, CALL): 8 bytes in 64-bit mode, else 4. */
export function pushReturn(e: Emitter, returnAddress: I64): { commit(): void } {
  const bits = e.size === 64 ? 64 : 32;
  const ssp = e.f.let(sub(get64(STATE.ssp), i64(bits / 8)));
  const site = writableAt(e, ssp, bits / 8, ACCESS.SHADOW);
  return {
    commit: () => {
      e.f.storeBits(bits, site.host, returnAddress);
      site.commit();
      put64(e.f, STATE.ssp, ssp);
    },
  };
}

/** #CP(NEAR-RET), with what was compared for the debugger. */
export function raiseReturnMismatch(e: Emitter, expected: I64, actual: I64): void {
  recordComparison(e, expected, actual);
  e.raise(CONTROL_PROTECTION, CP.NEAR_RET);
}

export function recordComparison(e: Emitter, expected: I64, actual: I64): void {
  put64(e.f, STATE.cpExpected, expected);
  put64(e.f, STATE.cpActual, actual);
  put32(e.f, STATE.cpHasValues, i32(1));
}

/**
 * A near indirect CALL or JMP with tracking on (SDM Vol. 1 §17.3): the tracker waits for an ENDBRANCH, unless it is
 * suppressed or the branch has a NOTRACK prefix that NO_TRACK_EN honours.
 */
export function trackIndirectBranch(e: Emitter): void {
  const { f } = e;
  const user = f.let(eq(get32(STATE.cpl), i32(3)));
  const cet = f.let(select(user, get64(STATE.uCet), get64(STATE.sCet)));
  const low = wrap(cet);
  const exempt = and(ne(and(e.prefixes(), i32(PREFIX.NOTRACK)), i32(0)), ne(and(low, i32(CET_NO_TRACK_EN)), i32(0)));
  f.if(and(eqz(exempt), eqz(and(low, i32(CET_SUPPRESS)))), () => {
    const waiting = f.let(or(cet, i64(CET_TRACKER)));
    f.if(
      user,
      () => put64(f, STATE.uCet, waiting),
      () => put64(f, STATE.sCet, waiting),
    );
    f.run(e.core.updateContext);
  });
}
