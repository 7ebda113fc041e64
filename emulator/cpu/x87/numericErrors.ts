import { and, eqz, i32, wrap } from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { ENGINE, get32, get64, put32, STATE, type StateView } from '../state.ts';
import { ACTIVITY } from '../turns.ts';
import { CR0_NE, numericError, STATUS_WORD } from './state.ts';

/**
 * How an unmasked x87 exception is reported (SDM Vol. 1 §8.7). With CR0.NE the next waiting instruction raises #MF.
 * Without it FERR# goes to the chipset (`devices/numericError.ts`), on the processors of the profiles right after the
 * instruction that caused it (Vol. 3B §24.18.6.7); the next waiting instruction freezes until an interrupt comes, unless
 * the chipset asserts IGNNE#.
 */
const MF = 16;

/** Whether the processor waits in front of a waiting instruction. */
export const freezes = (state: StateView): boolean =>
  numericError(state) && state.get32(ENGINE.numericErrorIgnored) === 0;

/** Ends a waiting instruction before it has begun, if an earlier one left an exception unmasked. */
export function waitForExceptions(e: Emitter): void {
  const { f } = e;
  f.if(and(get32(STATE.fpuStatus), i32(STATUS_WORD.SUMMARY)), () => {
    f.if(and(wrap(get64(STATE.cr0)), i32(CR0_NE)), () => e.raise(MF));
    f.if(eqz(get32(ENGINE.numericErrorIgnored)), () => {
      put32(f, STATE.activity, i32(ACTIVITY.FROZEN));
      f.branch(e.fault);
    });
  });
}

/**
 * An instruction that may change ES: comes back to the run loop when it did and CR0.NE is clear. `changed` is called where
 * generated code has changed it.
 */
export const reporting = (definition: Definition): Definition => ({
  ...definition,
  emit: (e) => {
    definition.emit(e);
    e.f.if(get32(ENGINE.numericErrorChanged), () => {
      put32(e.f, ENGINE.numericErrorChanged, i32(0));
      e.leave();
    });
    e.finish();
  },
});

/** ES was set or cleared: FERR# follows. */
export function changed(f: Emitter['f']): void {
  f.if(eqz(and(wrap(get64(STATE.cr0)), i32(CR0_NE))), () => put32(f, ENGINE.numericErrorChanged, i32(1)));
}
