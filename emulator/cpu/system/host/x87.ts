import { CS, ENGINE, type Field, STATE, segment } from '../../state.ts';
import { ACTIVITY } from '../../turns.ts';
import { freezes } from '../../x87/numericErrors.ts';
import { conclude } from '../../x87/stack.ts';
import { numericError, STATUS_WORD } from '../../x87/state.ts';
import { FAULT, type HostContext, operandAddress, raise } from './context.ts';

const MF = 16;

/** What ends an instruction that waits for exceptions of an earlier one (`x87/numericErrors.ts`); undefined to go on. */
export function waiting(c: HostContext): number | undefined {
  const { state } = c;
  if (!(state.get32(STATE.fpuStatus) & STATUS_WORD.SUMMARY)) return undefined;
  if (!numericError(state)) return raise(c, MF);
  if (!freezes(state)) return undefined;
  state.set32(STATE.activity, ACTIVITY.FROZEN);
  return FAULT;
}

/** Records the running instruction and its operand (SDM Vol. 1 §8.1.8). */
export function record(c: HostContext, memory: boolean): void {
  const { state } = c;
  const copy = (to: Field, low: number, high: number) => state.setHalves(to, low, high);
  copy(STATE.fpuIp, state.low(STATE.rip), c.codeBits === 64 ? state.high(STATE.rip) : 0);
  state.set32(STATE.fpuCs, state.get32(segment(CS).selector));
  state.set32(ENGINE.x87HasData, memory ? 1 : 0);
  if (!memory) return;
  const [low, high] = operandAddress(c);
  const base = segment(c.segment).base;
  // Back from the linear address to the offset; ES, CS, SS and DS have no base in 64-bit mode.
  const based = c.codeBits !== 64 || c.segment >= 4;
  const offset = ((BigInt(high) << 32n) | BigInt(low >>> 0)) - (based ? state.get64(base) : 0n);
  state.set64(ENGINE.x87Data, c.codeBits === 64 ? offset : BigInt.asUintN(32, offset));
  state.set32(ENGINE.x87DataSegment, state.get32(segment(c.segment).selector));
}

export const finish = (c: HostContext, noted: number, memory = false): boolean =>
  conclude(c.state, noted, c.opcode, memory);
