import { EVENT } from '../../events.ts';
import { RF } from '../../flags.ts';
import { STATE, segment, TR } from '../../state.ts';
import { cpl, FAULT, type HostContext, LEAVE_TO, nextRip, raise, VECTOR } from './context.ts';
import { AR, attributesOf, type Descriptor, dplOf, readDescriptor } from './descriptors.ts';
import { readWord } from './taskState.ts';
import { switchTask, type TaskResult } from './taskSwitch.ts';

/** The ways into a task switch: CALL and JMP, IRET with NT, events (SDM Vol. 3A §8.3; Vol. 2). */
const TASK_GATE = 5;
const AVAILABLE = [1, 9];
const BUSY = [3, 11];

const typeOf = (d: Descriptor): number => attributesOf(d) & 31;

/** An available TSS by its selector. Undefined with `#GP` or `#NP` recorded. */
function availableTask(c: HostContext, selector: number): Descriptor | undefined {
  if (selector & 4) {
    raise(c, VECTOR.GP, selector & 0xfffc);
    return undefined;
  }
  const d = readDescriptor(c, selector);
  if (!d) return undefined;
  if (!AVAILABLE.includes(typeOf(d))) raise(c, VECTOR.GP, selector & 0xfffc);
  else if (!(attributesOf(d) & AR.PRESENT)) raise(c, VECTOR.NP, selector & 0xfffc);
  else return d;
  return undefined;
}

const statusOf = (result: TaskResult): number => (result === 'refused' ? FAULT : LEAVE_TO);

/** Far CALL or JMP whose selector names a TSS or a task gate, outside IA-32e mode. A status. */
export function farTaskTransfer(c: HostContext, selector: number, d: Descriptor, call: boolean): number {
  const attributes = attributesOf(d);
  const dpl = dplOf(attributes);
  if (dpl < cpl(c) || dpl < (selector & 3)) return raise(c, VECTOR.GP, selector & 0xfffc);
  let [task, taskSelector]: [Descriptor | undefined, number] = [d, selector];
  if (typeOf(d) === TASK_GATE) {
    if (!(attributes & AR.PRESENT)) return raise(c, VECTOR.NP, selector & 0xfffc);
    taskSelector = d.low >>> 16;
    task = availableTask(c, taskSelector);
  } else {
    task = availableTask(c, selector);
  }
  if (!task) return FAULT;
  const eip = nextRip(c)[0];
  return statusOf(switchTask(c, taskSelector, task, { source: call ? 'call' : 'jump', eip, flags: 0, ext: 0 }));
}

/** IRET with NT set, outside IA-32e mode: back to the task that the back link names. A status. */
export function taskReturn(c: HostContext): number {
  const selector = readWord(c, c.state.low(segment(TR).base), 0);
  if (selector === undefined) return FAULT;
  const code = selector & 0xfffc;
  if (selector & 4) return raise(c, VECTOR.TS, code);
  const d = readDescriptor(c, selector, VECTOR.TS);
  if (!d) return FAULT;
  if (!BUSY.includes(typeOf(d))) return raise(c, VECTOR.TS, code);
  if (!(attributesOf(d) & AR.PRESENT)) return raise(c, VECTOR.NP, code);
  const eip = nextRip(c)[0];
  return statusOf(switchTask(c, selector, d, { source: 'return', eip, flags: 0, ext: 0 }));
}

/** The pending event goes through a task gate of the IDT. False with a nested fault recorded. */
export function deliverToTask(c: HostContext, selector: number, eip: number, ext: number): boolean {
  const { state } = c;
  const flags = state.get32(STATE.eventKind) === EVENT.FAULT ? RF : 0;
  const error = state.get32(STATE.eventHasError) ? { errorCode: state.get32(STATE.eventError) } : {};
  const d = availableTask(c, selector);
  if (!d) {
    if (state.get32(STATE.eventVector) !== VECTOR.PF) state.set32(STATE.eventError, (selector & 0xfffc) | ext);
    return false;
  }
  return switchTask(c, selector, d, { source: 'interrupt', eip, flags, ext, ...error }) === 'done';
}
