import { i32 } from '../wasm/expressions.ts';
import type { Core } from './engine/core.ts';
import { put32, put64, STATE } from './state.ts';

/** Kinds of event, as in STATE.eventKind. */
export const EVENT = {
  FAULT: 0,
  TRAP: 1,
  SOFTWARE: 2,
  SOFTWARE_EXCEPTION: 3,
  PRIVILEGED: 4,
  EXTERNAL: 5,
  /** #DB before an instruction: a fault that does not set RF in what it pushes (SDM Vol. 3B §17.3.1.1). */
  INSTRUCTION_BREAKPOINT: 6,
} as const;
export const PAGE_FAULT = 14;

/** Recording of faults: delivery comes later, from the run loop (SDM Vol. 3A ch. 6). */
export function defineEvents(core: Core): void {
  core.module.define(core.raise, (f) => {
    put32(f, STATE.eventPending, i32(1));
    put32(f, STATE.eventVector, f.parameter<'i32'>(0));
    put32(f, STATE.eventHasError, i32(0));
    put32(f, STATE.eventKind, i32(EVENT.FAULT));
  });
  core.module.define(core.raiseError, (f) => {
    f.run(core.raise, f.parameter<'i32'>(0));
    put32(f, STATE.eventHasError, i32(1));
    put32(f, STATE.eventError, f.parameter<'i32'>(1));
  });
  core.module.define(core.raisePageFault, (f) => {
    f.run(core.raiseError, i32(PAGE_FAULT), f.parameter<'i32'>(1));
    put64(f, STATE.eventCr2, f.parameter<'i64'>(0));
  });
}
