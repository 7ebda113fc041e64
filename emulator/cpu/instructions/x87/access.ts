import { add, type I32, i32, load32, shl, wrap } from '../../../wasm/expressions.ts';
import type { Emitter } from '../../engine/emitter.ts';
import { CS, ENGINE, get32, put32, put64, STATE, segment } from '../../state.ts';

/** Records the instruction, once its memory operand has been reached (SDM Vol. 1 §8.1.8). */
export function record(e: Emitter): void {
  const { f } = e;
  put64(f, STATE.fpuIp, e.rip());
  put32(f, STATE.fpuCs, get32(segment(CS).selector));
  put32(f, ENGINE.x87HasData, i32(e.form.shape === 'm' ? 1 : 0));
  if (e.form.shape === 'm') {
    put64(f, ENGINE.x87Data, e.offset(0));
    const selector = segment(0).selector.address;
    put32(f, ENGINE.x87DataSegment, load32(add(i32(selector), shl(e.segmentNumber(), i32(5)))));
  }
}

/** The word that decoding packed. */
export const detail = (e: Emitter): I32 => wrap(e.immediate());
/** The 11 bits of the FPU opcode register. */
export const opcode = (e: Emitter): I32 => wrap(e.immediate(1));
