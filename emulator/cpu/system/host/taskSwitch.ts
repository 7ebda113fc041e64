import { enterTask, leaveTask } from '../../../cet/taskShadowStacks.ts';
import { ACCESS } from '../../../memory/paging.ts';
import { DEBUG_CONDITION } from '../../debugRegisters.ts';
import { NT, VM } from '../../flags.ts';
import { writeRflags } from '../../registers.ts';
import { CS, ENGINE, STATE, segment, TR } from '../../state.ts';
import { addTo, commit, type HostContext, raise, VECTOR, writable } from './context.ts';
import { attributesOf, baseOf, type Descriptor, limitOf, lockedDescriptor, putSegment } from './descriptors.ts';
import { takePdptes, usesPae } from './pdpteRegisters.ts';
import { pushStack } from './stack.ts';
import { codeLimit, loadTaskSegments, putSelectors } from './taskSegments.ts';
import {
  isWide,
  loadRegisters,
  probeSaved,
  probeTask,
  readTask,
  saveTask,
  type TaskImage,
  writeBackLink,
} from './taskState.ts';

/** Task switches (SDM Vol. 3A §8.3). IA-32e mode has none. */
export type TaskSource = 'call' | 'jump' | 'interrupt' | 'return';

export interface TaskTransfer {
  readonly source: TaskSource;
  /** EIP to save for the old task, and bits that its EFLAGS image gets (RF of a fault). */
  readonly eip: number;
  readonly flags: number;
  /** Bit 0 of error codes: the switch is for an event that the program did not ask for. */
  readonly ext: number;
  /** Pushed on the new task's stack. */
  readonly errorCode?: number;
}

/**
 * `refused`: a fault is recorded, and the old task goes on as if nothing had happened. `faulted`: the new task runs, and
 * a fault is recorded in its context.
 */
export type TaskResult = 'done' | 'refused' | 'faulted';

const BUSY = 0x200;
const CR0_TS = 8;
const CR0_PG = 0x80000000;
const CR4_CET = 1 << 23;
/** L0–L3 and LE. */
const DR7_LOCAL = 0x155;
const NESTS: readonly TaskSource[] = ['call', 'interrupt'];

/**
 * Switches to the task of a TSS whose descriptor was read and found present, and available or busy as the source wants.
 */
export function switchTask(c: HostContext, selector: number, d: Descriptor, how: TaskTransfer): TaskResult {
  const result = prepare(c, selector, d, how);
  if (result !== 'done' && how.ext && c.state.get32(STATE.eventHasError) && takesExt(c)) {
    c.state.set32(STATE.eventError, c.state.get32(STATE.eventError) | how.ext);
  }
  return result;
}

const takesExt = (c: HostContext): boolean =>
  ([VECTOR.TS, VECTOR.NP, VECTOR.SS, VECTOR.GP] as readonly number[]).includes(c.state.get32(STATE.eventVector));

/** All that can still be refused, then the switch. */
function prepare(c: HostContext, selector: number, d: Descriptor, how: TaskTransfer): TaskResult {
  const { state } = c;
  const tr = segment(TR);
  const base = baseOf(d);
  const wide = isWide(attributesOf(d));
  const cet = (state.low(STATE.cr4) & CR4_CET) !== 0;
  const last = wide ? (cet ? 0x6b : 0x67) : 0x2b;
  if ((cet && !wide) || limitOf(d) >>> 0 < last) {
    raise(c, VECTOR.TS, selector & 0xfffc);
    return 'refused';
  }
  const oldWide = isWide(state.get32(tr.attributes));
  if (state.get32(tr.limit) >>> 0 < (oldWide ? 0x5f : 0x29)) {
    raise(c, VECTOR.TS, state.get32(tr.selector) & 0xfffc);
    return 'refused';
  }
  const nests = NESTS.includes(how.source);
  const oldSelector = state.get32(tr.selector);
  const oldDescriptor = addTo(state.low(STATE.gdtrBase), 0, oldSelector & 0xfff8);
  const probed =
    probeTask(c, base, 0, last, false) &&
    (!nests || probeTask(c, base, 0, 1, true)) &&
    probeSaved(c, state.low(tr.base), oldWide) &&
    (nests || busyField(c, oldDescriptor) !== 0) &&
    (how.source === 'return' || busyField(c, d.address) !== 0);
  if (!probed) return 'refused';
  // Where the two segments overlap, what is loaded includes what was just saved.
  const level = (image: TaskImage) => (image.eflags & VM ? 3 : image.selectors[CS]! & 3);
  const shadow = leaveTask(c, how.source, how.eip, level(readTask(c, base, wide, cet)));
  if (!shadow) return 'refused';

  if (!nests) {
    const host = busyField(c, oldDescriptor);
    lockedDescriptor(c, oldDescriptor);
    state.view.setUint32(host, state.view.getUint32(host, true) & ~BUSY, true);
    commit(c, host);
  }
  saveTask(c, how.eip, how.source === 'return' ? NT : 0, how.flags);
  if (nests) writeBackLink(c, base, oldSelector);
  const image = readTask(c, base, wide, cet);
  if (how.source !== 'return') {
    const host = busyField(c, d.address);
    lockedDescriptor(c, d.address);
    state.view.setUint32(host, d.high | BUSY, true);
    commit(c, host);
  }

  // The point of no return.
  putSegment(c, TR, selector, [base, 0], limitOf(d), attributesOf(d) | (BUSY >>> 8));
  const done =
    enterContext(c, image, nests) &&
    loadTaskSegments(c, image) &&
    afterSegments(c, () => enterTask(c, how.source, image, level(image), selector, shadow)) &&
    (how.errorCode === undefined || pushStack(c, wide ? 4 : 2, how.errorCode, 0)) &&
    withinLimit(c, image);
  if (done && image.trap) {
    state.set32(STATE.pendingDebug, state.get32(STATE.pendingDebug) | DEBUG_CONDITION.TASK_SWITCH);
  }
  c.exports.updateContext();
  return done ? 'done' : 'faulted';
}

/** Where the second half of a descriptor can be written, or 0 with the fault recorded. */
const busyField = (c: HostContext, address: readonly [number, number]): number =>
  writable(c, ...addTo(...address, 4), 4, ACCESS.IMPLICIT | ACCESS.MODIFY);

/** Registers, flags and translations of the new task; no segment is loaded yet. False with the fault recorded. */
function enterContext(c: HostContext, image: TaskImage, nests: boolean): boolean {
  const { state } = c;
  state.setHalves(STATE.cr0, state.low(STATE.cr0) | CR0_TS, 0);
  state.setHalves(STATE.dr7, state.low(STATE.dr7) & ~DR7_LOCAL, 0);
  c.updateWatch();
  loadRegisters(c, image);
  writeRflags(state, image.eflags | (nests ? NT : 0));
  putSelectors(c, image);
  state.set32(STATE.cpl, 3);
  state.set32(STATE.interruptShadow, 0);
  // TF of the old task does not trap in the new one.
  state.set32(ENGINE.stepTrap, 0);
  state.set32(STATE.fetchPage, -1);
  c.exports.updateContext();
  if (image.cr3 === undefined || !(state.low(STATE.cr0) & CR0_PG) || image.cr3 === state.low(STATE.cr3)) return true;
  state.setHalves(STATE.cr3, image.cr3, 0);
  c.exports.tlbFlush(1);
  if (!usesPae(state, state.low(STATE.cr0), state.low(STATE.cr4)) || takePdptes(state, image.cr3)) return true;
  raise(c, VECTOR.TS, 0);
  return false;
}

function afterSegments(c: HostContext, shadowStacks: () => boolean): boolean {
  c.exports.updateContext();
  return shadowStacks();
}

function withinLimit(c: HostContext, image: TaskImage): boolean {
  if (image.eip <= codeLimit(c)) return true;
  raise(c, VECTOR.GP, 0);
  return false;
}
