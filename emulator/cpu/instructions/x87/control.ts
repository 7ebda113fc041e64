import { and, extendU, i32, not, or, select, wrap } from '../../../wasm/expressions.ts';
import type { Definition } from '../../engine/emitter.ts';
import { get32, put32, STATE } from '../../state.ts';
import { changed, waitForExceptions } from '../../x87/numericErrors.ts';
import { CONTROL_FIXED, CONTROL_WRITABLE, STATUS_WORD } from '../../x87/state.ts';

/** SDM Vol. 2: FLDCW, FNSTCW, FNSTSW with memory. */
export const words: readonly Definition[] = [
  {
    name: 'fldcw',
    sizes: [16],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      const control = f.let(or(and(wrap(e.read(0)), i32(CONTROL_WRITABLE)), i32(CONTROL_FIXED)));
      put32(f, STATE.fpuControl, control);
      // What was masked may wait now.
      const rest = f.let(and(get32(STATE.fpuStatus), i32(~(STATUS_WORD.SUMMARY | STATUS_WORD.BUSY))));
      const flags = and(rest, i32(STATUS_WORD.EXCEPTIONS));
      const pending = select(and(flags, not(control)), i32(STATUS_WORD.SUMMARY | STATUS_WORD.BUSY), i32(0));
      put32(f, STATE.fpuStatus, or(rest, pending));
      changed(f);
    },
  },
  {
    name: 'fnstcw',
    sizes: [16],
    shapes: ['m'],
    rare: true,
    emit: (e) => e.writer(0).write(extendU(get32(STATE.fpuControl))),
  },
  {
    name: 'fnstsw',
    sizes: [16],
    shapes: ['m'],
    rare: true,
    emit: (e) => e.writer(0).write(extendU(get32(STATE.fpuStatus))),
  },
];
