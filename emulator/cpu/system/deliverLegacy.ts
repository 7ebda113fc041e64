import {
  currentSsp,
  pushFarFrame,
  pushOnCurrent,
  saveUserSsp,
  setSsp,
  shadowStackOn,
  startTracking,
  takeStackOfLevel,
} from '../../cet/hostShadowStack.ts';
import { ACCESS } from '../../memory/paging.ts';
import { EVENT } from '../events.ts';
import { readRflags } from '../registers.ts';
import { CS, SS, STATE, segment } from '../state.ts';
import { deliverReal } from './deliverReal.ts';
import { checkpoint, rspField } from './host/codeTargets.ts';
import { addTo, type HostContext, raise, readable, VECTOR, virtual8086 } from './host/context.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  limitOf,
  putDescriptor,
  readDescriptor,
  setDescriptorBit,
} from './host/descriptors.ts';
import { type InnerStack, innerStack } from './host/innerStack.ts';
import { pushAll } from './host/stack.ts';
import { deliverToTask } from './host/taskGates.ts';
import { leaveVirtual8086, redirectInterrupt, virtual8086Frame } from './host/virtual8086.ts';

const TASK_GATE = 5;
const INTERRUPT_OR_TRAP = [6, 7, 14, 15];

interface Gate {
  readonly type: number;
  readonly selector: number;
  readonly target: number;
}

/** The IDT's gate for the pending event. Undefined with the fault recorded. */
function readGate(c: HostContext, software: boolean, ext: number): Gate | undefined {
  const { state } = c;
  const vector = state.get32(STATE.eventVector);
  const gateCode = vector * 8 + 2 + ext;
  const refuse = (v: number) => {
    raise(c, v, gateCode);
    return undefined;
  };
  if (vector * 8 + 7 > state.get32(STATE.idtrLimit) >>> 0) return refuse(VECTOR.GP);
  const address = addTo(state.low(STATE.idtrBase), state.high(STATE.idtrBase), vector * 8);
  const host = readable(c, ...address, 8, ACCESS.IMPLICIT);
  if (!host) return undefined;
  const low = state.view.getUint32(host, true);
  const high = state.view.getUint32(host + 4, true);
  const type = (high >>> 8) & 0x1f;
  if (type !== TASK_GATE && !INTERRUPT_OR_TRAP.includes(type)) return refuse(VECTOR.GP);
  if (software && ((high >>> 13) & 3) < state.get32(STATE.cpl)) return refuse(VECTOR.GP);
  if (!(high & 0x8000)) return refuse(VECTOR.NP);
  const target = type & 8 ? ((high & 0xffff0000) | (low & 0xffff)) >>> 0 : low & 0xffff;
  return { type, selector: low >>> 16, target };
}

/** The handler's code segment. Undefined with the fault recorded. */
function handlerSegment(c: HostContext, gate: Gate, ext: number): Descriptor | undefined {
  const refuse = (vector: number, code: number) => {
    raise(c, vector, code);
    return undefined;
  };
  const code = (gate.selector & 0xfffc) | ext;
  if ((gate.selector & 0xfffc) === 0) return refuse(VECTOR.GP, ext);
  const d = readDescriptor(c, gate.selector);
  if (!d) {
    if (c.state.get32(STATE.eventVector) === VECTOR.GP) c.state.set32(STATE.eventError, code);
    return undefined;
  }
  const attributes = attributesOf(d);
  const isCode = (attributes & (AR.S | AR.CODE)) === (AR.S | AR.CODE);
  if (!isCode || dplOf(attributes) > c.state.get32(STATE.cpl)) return refuse(VECTOR.GP, code);
  return attributes & AR.PRESENT ? d : refuse(VECTOR.NP, code);
}

/** The handler's shadow stack, after the ordinary pushes. False with the fault recorded. */
function shadowFrame(c: HostContext, from: number, to: number, cs: number, returnRip: number): boolean {
  if (!shadowStackOn(c, to)) return true;
  const lip = [(returnRip + c.state.low(segment(CS).base)) >>> 0, 0] as const;
  if (to === from) return pushOnCurrent(c, to, cs, lip);
  const oldSsp = currentSsp(c);
  const token = takeStackOfLevel(c, to, false);
  if (!token) return false;
  const ssp = from === 3 ? token : pushFarFrame(c, to, token, { cs, lip, oldSsp });
  if (!ssp) return false;
  setSsp(c, ssp);
  return true;
}

/**
 * Event delivery outside IA-32e mode: through a 32-bit IDT from protected and virtual-8086 mode (SDM Vol. 3A §6.12; shadow stacks: Vol. 2, INT n). Returns 0, 1
 * with a nested fault recorded, or a sentence for what is not there yet.
 */
export function deliverLegacy(c: HostContext): 0 | 1 | string {
  const { state, exports } = c;
  if (!(state.low(STATE.cr0) & 1)) return deliverReal(c);
  const kind = state.get32(STATE.eventKind);
  const v86 = virtual8086(c);
  if (v86 && kind === EVENT.SOFTWARE) {
    const redirected = redirectInterrupt(c);
    if (redirected !== undefined) return redirected;
  }
  const hasError = state.get32(STATE.eventHasError) !== 0;
  const error = state.get32(STATE.eventError);
  const software = kind === EVENT.SOFTWARE || kind === EVENT.SOFTWARE_EXCEPTION;
  const ext = software ? 0 : 1;
  const level = state.get32(STATE.cpl);

  const gate = readGate(c, software, ext);
  if (!gate) return 1;
  const afterInstruction = software || kind === EVENT.PRIVILEGED;
  const returnRip = (state.low(STATE.rip) + (afterInstruction ? state.get32(STATE.eventInstructionLength) : 0)) >>> 0;
  if (gate.type === TASK_GATE) return deliverToTask(c, gate.selector, returnRip, ext) ? 0 : 1;
  const d = handlerSegment(c, gate, ext);
  if (!d) return 1;
  const newLevel = attributesOf(d) & AR.CONFORMING ? level : dplOf(attributesOf(d));
  if (v86 && newLevel !== 0) {
    raise(c, VECTOR.GP, (gate.selector & 0xfffc) | ext);
    return 1;
  }

  const size = gate.type & 8 ? 4 : 2;
  const flags = readRflags(state) | (kind === EVENT.FAULT ? 0x10000 : 0);
  const oldCs = state.get32(segment(CS).selector);
  const oldSsp = currentSsp(c);
  const pushes = [flags, oldCs, returnRip, ...(hasError ? [error] : [])];
  const undo = checkpoint(c);
  let stackCode = ext;
  let stack: InnerStack | undefined;
  if (newLevel < level) {
    pushes.unshift(state.get32(segment(SS).selector), state.low(rspField));
    if (v86) pushes.unshift(...virtual8086Frame(c));
    stack = innerStack(c, newLevel, ext);
    if (!stack) return 1;
    stack.load();
    stackCode |= state.get32(segment(SS).selector) & 0xfffc;
  }
  const withinLimit = (): boolean => {
    if (gate.target <= limitOf(d) >>> 0) return true;
    raise(c, VECTOR.GP, ext);
    return false;
  };
  const entered =
    pushAll(c, size, pushes, stackCode) &&
    withinLimit() &&
    (!stack || stack.markAccessed()) &&
    shadowFrame(c, level, newLevel, oldCs, returnRip) &&
    setDescriptorBit(c, d, 0x100);
  if (!entered) {
    undo();
    return 1;
  }
  // Past all faults.
  if (level === 3 && newLevel < 3 && shadowStackOn(c, 3)) saveUserSsp(c, oldSsp);
  // TF, NT, RF and VM are cleared; IF too for an interrupt gate.
  const cleared = 0x34100 | (gate.type & 1 ? 0 : 0x200);
  state.set32(STATE.rflags, state.get32(STATE.rflags) & ~cleared);
  state.set32(STATE.cpl, newLevel);
  if (v86) leaveVirtual8086(c);
  putDescriptor(c, CS, (gate.selector & 0xfffc) | newLevel, d);
  state.setHalves(STATE.rip, gate.target, 0);
  state.set32(STATE.interruptShadow, 0);
  startTracking(c, newLevel);
  exports.updateContext();
  return 0;
}
