import { and, i32 } from '../../../wasm/expressions.ts';
import type { FunctionBuilder } from '../../../wasm/functionBuilder.ts';
import { get32, put32, STATE } from '../../state.ts';
import { STATUS_WORD } from '../../x87/state.ts';

/** What MMX instructions do to the rest of the x87 state (SDM Vol. 3A §13.2): TOP is 0, and every register is valid. */
const ALL_VALID = 0xff;
const ALL_EMPTY = 0;

function leaveTags(f: FunctionBuilder, tags: number): void {
  put32(f, STATE.fpuStatus, and(get32(STATE.fpuStatus), i32(~STATUS_WORD.TOP)));
  put32(f, STATE.fpuTags, i32(tags));
}

export const enterMmx = (f: FunctionBuilder): void => leaveTags(f, ALL_VALID);
export const emptyMmx = (f: FunctionBuilder): void => leaveTags(f, ALL_EMPTY);
