import { ACCESS } from '../../memory/paging.ts';
import { EVENT } from '../events.ts';
import { readRflags } from '../registers.ts';
import { CS, STATE, segment } from '../state.ts';
import { checkpoint } from './host/codeTargets.ts';
import { addTo, gp0, type HostContext, readable } from './host/context.ts';
import { putRealSegment } from './host/realMode.ts';
import { pushStack } from './host/stack.ts';

/** TF, IF, RF and AC. */
const CLEARED = 0x5_0300;

/**
 * Event delivery in real-address mode: through the table of far pointers at the IDTR's base, without error codes (SDM
 * Vol. 3A §21.1.4; Vol. 2, INT n). Returns 0, or 1 with a nested fault recorded.
 */
export function deliverReal(c: HostContext): 0 | 1 {
  const { state } = c;
  const vector = state.get32(STATE.eventVector);
  const kind = state.get32(STATE.eventKind);
  const refuse = (): 1 => {
    gp0(c);
    return 1;
  };
  if (vector * 4 + 3 > state.get32(STATE.idtrLimit) >>> 0) return refuse();
  const after = kind === EVENT.SOFTWARE || kind === EVENT.SOFTWARE_EXCEPTION || kind === EVENT.PRIVILEGED;
  const returnIp = state.low(STATE.rip) + (after ? state.get32(STATE.eventInstructionLength) : 0);
  const undo = checkpoint(c);
  const pushes = [readRflags(state), state.get32(segment(CS).selector), returnIp];
  if (!pushes.every((value) => pushStack(c, 2, value, 0))) {
    undo();
    return 1;
  }
  const host = readable(c, ...addTo(state.low(STATE.idtrBase), 0, vector * 4), 4, ACCESS.IMPLICIT);
  if (!host) {
    undo();
    return 1;
  }
  const offset = state.view.getUint16(host, true);
  if (offset > state.get32(segment(CS).limit) >>> 0) {
    undo();
    return refuse();
  }
  putRealSegment(c, CS, state.view.getUint16(host + 2, true));
  state.setHalves(STATE.rip, offset, 0);
  state.set32(STATE.rflags, state.get32(STATE.rflags) & ~CLEARED);
  state.set32(STATE.interruptShadow, 0);
  c.exports.updateContext();
  return 0;
}
