import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtS,
  i32,
  i64,
  load16U,
  ltU,
  or,
  select,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import { countDelivery } from '../deliveries.ts';
import type { Core } from '../engine/core.ts';
import { RECORD, STATUS } from '../engine/record.ts';
import { EVENT, PAGE_FAULT } from '../events.ts';
import { RF, TF } from '../flags.ts';
import { ENGINE, get32, get64, put32, put64, STATE } from '../state.ts';

/**
 * Faults and INT n whose delivery needs nothing of the run loop: IA-32e mode, no debugging of any kind, no vector that a
 * stop was asked for. They are delivered where they happen, in the same slice; the run loop does the same for all others.
 */

const EFER_LMA = 1 << 10;
const CR4_CET = 1 << 23;
const CODE_64 = 2;
const DEBUG = 1;

/**
 * `ENGINE.inlineEvents` for a slice: a bit for each vector below 32 that may be delivered in it. That of #DB, which looks
 * at DR6 and never is, says that others are.
 *
 * @param stops vectors that the debugger stops at
 */
export const inlineEvents = (stops: number): number => ~stops | (1 << DEBUG);

/** What the run loop continues from, when the delivery of an event met another one (`eventDelivery.ts`). */
const FAILED = [
  [ENGINE.failedVector, STATE.eventVector],
  [ENGINE.failedKind, STATE.eventKind],
  [ENGINE.failedHasError, STATE.eventHasError],
  [ENGINE.failedError, STATE.eventError],
] as const;

export function defineDeliverInline(core: Core, deliver: FunctionReference<'i32'>): void {
  core.module.define(core.faulted, (f) => {
    const record = f.parameter<'i32'>(0);
    const budget = f.parameter<'i32'>(1);
    const toRunLoop = () => f.return(i32(STATUS.FAULT));
    put32(f, ENGINE.record, record);
    put32(f, ENGINE.budget, budget);
    const allowed = f.let(get32(ENGINE.inlineEvents));
    f.if(or(eqz(allowed), eqz(get32(STATE.eventPending))), toRunLoop);
    const vector = f.let(get32(STATE.eventVector));
    const kind = f.let(get32(STATE.eventKind));
    const kinds = (1 << EVENT.FAULT) | (1 << EVENT.SOFTWARE) | (1 << EVENT.SOFTWARE_EXCEPTION);
    f.if(eqz(and(shrU(i32(kinds), kind), i32(1))), toRunLoop);
    const refused = or(eq(vector, i32(DEBUG)), eqz(and(shrU(allowed, vector), i32(1))));
    f.if(and(ltU(vector, i32(32)), refused), toRunLoop);
    f.if(and(get32(STATE.rflags), i32(TF | RF)), toRunLoop);
    f.if(or(get32(ENGINE.stepTrap), get32(STATE.pendingDebug)), toRunLoop);
    f.if(eqz(gtS(budget, i32(1))), toRunLoop);
    f.if(eqz(and(wrap(get64(STATE.efer)), i32(EFER_LMA))), toRunLoop);
    // A shadow stack's token stays busy when its delivery fails: nothing to begin twice.
    f.if(and(wrap(get64(STATE.cr4)), i32(CR4_CET)), toRunLoop);

    const rip = f.let(add(get64(ENGINE.ripBase), extendU(load16U(record, RECORD.offset))));
    const mask = select(and(get32(STATE.context), i32(CODE_64)), i64(-1), i64(0xffff_ffff));
    put64(f, STATE.rip, and(rip, mask));
    for (const [saved, field] of FAILED) put32(f, saved, get32(field));
    put64(f, ENGINE.failedCr2, get64(STATE.eventCr2));
    const pageFault = and(eq(vector, i32(PAGE_FAULT)), eq(kind, i32(EVENT.FAULT)));
    const oldCr2 = f.let(get64(STATE.cr2));
    f.if(pageFault, () => put64(f, STATE.cr2, get64(STATE.eventCr2)));
    f.if(f.call(deliver), () => {
      f.if(get32(ENGINE.deviceReached), () => {
        // Begun again by the run loop, where it may reach the device.
        put32(f, ENGINE.deviceReached, i32(0));
        for (const [saved, field] of FAILED) put32(f, field, get32(saved));
        put64(f, STATE.eventCr2, get64(ENGINE.failedCr2));
        put64(f, STATE.cr2, oldCr2);
        put32(f, STATE.eventPending, i32(1));
        toRunLoop();
      });
      put32(f, ENGINE.deliveryFailed, i32(1));
      toRunLoop();
    });
    put32(f, STATE.eventPending, i32(0));
    put32(f, STATE.cpHasValues, i32(0));
    put32(f, STATE.repeating, i32(0));
    put32(f, ENGINE.linkFrom, i32(0));
    countDelivery(f, vector, kind);
    f.set(budget, sub(budget, i32(1)));
    f.if(get32(ENGINE.attention), () => {
      put32(f, ENGINE.record, i32(0));
      put32(f, ENGINE.budget, budget);
      f.return(i32(STATUS.LEAVE));
    });
    f.returnCall(core.lookup, budget);
  });
}
