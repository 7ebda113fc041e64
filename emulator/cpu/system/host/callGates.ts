import {
  currentSsp,
  type Halves,
  pushFarFrame,
  pushOnCurrent,
  saveUserSsp,
  setSsp,
  shadowStackOn,
  startTracking,
  takeStackOfLevel,
} from '../../../cet/hostShadowStack.ts';
import { ACCESS } from '../../../memory/paging.ts';
import { CS, SS, STATE, segment } from '../../state.ts';
import { checkpoint, is64, linearReturn, rspField, targetInRange } from './codeTargets.ts';
import {
  addTo,
  commit,
  cpl,
  FAULT,
  gp0,
  type HostContext,
  isCanonicalTarget,
  LOOKUP,
  longMode,
  nextRip,
  raise,
  VECTOR,
  writable,
} from './context.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  putDescriptor,
  putNull,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';
import { innerStack, innerStack64 } from './innerStack.ts';
import { peekStack, pushAll, pushStack } from './stack.ts';
import { farTaskTransfer } from './taskGates.ts';

/** Far CALL and JMP through call gates (SDM Vol. 3A §5.8.3–5.8.5; Vol. 2, CALL). */
const GATE16 = 4;
const GATE32 = 12;
const TASK = [1, 3, 5, 9, 11];

interface Gate {
  readonly selector: number;
  readonly target: Halves;
  /** Bytes of each push. */
  readonly size: 2 | 4 | 8;
  /** Parameters to copy. */
  readonly count: number;
}

function gateOf(c: HostContext, d: Descriptor): Gate {
  const low = (d.low & 0xffff) | (d.high & 0xffff0000);
  const wide = (attributesOf(d) & 15) === GATE32;
  return {
    selector: d.low >>> 16,
    target: longMode(c) ? [low >>> 0, d.baseHigh] : [wide ? low >>> 0 : low & 0xffff, 0],
    size: longMode(c) ? 8 : wide ? 4 : 2,
    count: longMode(c) ? 0 : d.high & 31,
  };
}

export function callGate(c: HostContext, selector: number, d: Descriptor, call: boolean): number {
  const attributes = attributesOf(d);
  const type = attributes & 15;
  const code = selector & 0xfffc;
  const level = cpl(c);
  if (!longMode(c) && TASK.includes(type)) {
    return farTaskTransfer(c, selector, d, call);
  }
  if (type !== GATE32 && (type !== GATE16 || longMode(c))) return raise(c, VECTOR.GP, code);
  if (dplOf(attributes) < level || dplOf(attributes) < (selector & 3)) return raise(c, VECTOR.GP, code);
  if (!(attributes & AR.PRESENT)) return raise(c, VECTOR.NP, code);
  const gate = gateOf(c, d);
  const target = gateTarget(c, gate, level, call);
  if (!target) return FAULT;
  const conforming = (attributesOf(target) & AR.CONFORMING) !== 0;
  const newLevel = call && !conforming ? dplOf(attributesOf(target)) : level;
  const undo = checkpoint(c);
  const entered = newLevel < level ? toInner(c, gate, target, newLevel) : sameLevel(c, gate, target, level, call);
  if (!entered || !setDescriptorBit(c, target, 0x100)) {
    undo();
    return FAULT;
  }
  // Past all faults.
  if (level === 3 && newLevel < 3 && shadowStackOn(c, 3)) saveUserSsp(c, entered.oldSsp);
  c.state.set32(STATE.cpl, newLevel);
  putDescriptor(c, CS, (gate.selector & 0xfffc) | newLevel, target);
  c.state.setHalves(STATE.rip, ...gate.target);
  startTracking(c, newLevel);
  c.exports.updateContext();
  return LOOKUP;
}

function gateTarget(c: HostContext, gate: Gate, level: number, call: boolean): Descriptor | undefined {
  const code = gate.selector & 0xfffc;
  const refuse = (vector: number, error: number) => {
    raise(c, vector, error);
    return undefined;
  };
  if (code === 0) return refuse(VECTOR.GP, 0);
  const d = readDescriptor(c, gate.selector);
  if (!d) return undefined;
  const attributes = attributesOf(d);
  if ((attributes & (AR.S | AR.CODE)) !== (AR.S | AR.CODE) || dplOf(attributes) > level) return refuse(VECTOR.GP, code);
  if (longMode(c) && (attributes & (AR.L | AR.D)) !== AR.L) return refuse(VECTOR.GP, code);
  // JMP does not change the level.
  if (!call && !(attributes & AR.CONFORMING) && dplOf(attributes) !== level) return refuse(VECTOR.GP, code);
  if (!(attributes & AR.PRESENT)) return refuse(VECTOR.NP, code);
  return d;
}

type Entered = { readonly oldSsp: Halves } | undefined;

function sameLevel(c: HostContext, gate: Gate, target: Descriptor, level: number, call: boolean): Entered {
  const oldSsp = currentSsp(c);
  if (!targetInRange(c, target, ...gate.target)) {
    gp0(c);
    return undefined;
  }
  const oldCs = c.state.get32(segment(CS).selector);
  const pushes: Halves[] = call ? [[oldCs, 0], nextRip(c)] : [];
  const pushed = longMode(c)
    ? push64(c, [c.state.low(rspField), c.state.high(rspField)], pushes, 0)
    : pushes.every(([low, high]) => pushStack(c, gate.size, low, high));
  if (!pushed) return undefined;
  if (!shadowStackOn(c, level)) return { oldSsp };
  if (!is64(c, target) && oldSsp[1] !== 0) {
    gp0(c);
    return undefined;
  }
  return !call || pushOnCurrent(c, level, oldCs, linearReturn(c)) ? { oldSsp } : undefined;
}

function toInner(c: HostContext, gate: Gate, target: Descriptor, newLevel: number): Entered {
  const { state } = c;
  const level = cpl(c);
  const oldSsp = currentSsp(c);
  const oldCs = state.get32(segment(CS).selector);
  const lip = linearReturn(c);
  const returnRip = nextRip(c);
  const switched = longMode(c)
    ? switch64(c, gate, newLevel, oldCs, returnRip)
    : switchLegacy(c, gate, target, newLevel, oldCs, returnRip);
  if (!switched) return undefined;
  if (!shadowStackOn(c, newLevel)) return { oldSsp };
  const token = takeStackOfLevel(c, newLevel, is64(c, target));
  if (!token) return undefined;
  const ssp = level === 3 ? token : pushFarFrame(c, newLevel, token, { cs: oldCs, lip, oldSsp });
  if (!ssp) return undefined;
  setSsp(c, ssp);
  return { oldSsp };
}

/** Pushes quadwords below `top`, all probed before the first is stored, and makes the last one's address RSP. */
function push64(c: HostContext, top: Halves, values: readonly Halves[], access: number): boolean {
  const slots = values.map((_, i) => addTo(...top, -8 * (i + 1)));
  const hosts: number[] = [];
  for (const slot of slots) {
    const host = writable(c, ...slot, 8, access | ACCESS.STACK);
    if (!host) return false;
    hosts.push(host);
  }
  values.forEach(([low, high], i) => {
    c.state.view.setUint32(hosts[i]!, low, true);
    c.state.view.setUint32(hosts[i]! + 4, high, true);
    commit(c, hosts[i]!);
  });
  c.state.setHalves(rspField, ...(slots.at(-1) ?? top));
  return true;
}

function switch64(c: HostContext, gate: Gate, newLevel: number, oldCs: number, returnRip: Halves): boolean {
  const { state } = c;
  const oldSs = state.get32(segment(SS).selector);
  const oldRsp: Halves = [state.low(rspField), state.high(rspField)];
  const rsp = innerStack64(c, newLevel);
  if (!rsp) return false;
  if (!isCanonicalTarget(c, ...gate.target)) {
    gp0(c);
    return false;
  }
  if (!push64(c, rsp, [[oldSs, 0], oldRsp, [oldCs, 0], returnRip], ACCESS.IMPLICIT)) return false;
  putNull(c, SS, newLevel, newLevel);
  return true;
}

function switchLegacy(
  c: HostContext,
  gate: Gate,
  target: Descriptor,
  newLevel: number,
  oldCs: number,
  returnRip: Halves,
): boolean {
  const { state } = c;
  const oldSs = state.get32(segment(SS).selector);
  const oldRsp = state.low(rspField);
  const stack = innerStack(c, newLevel, 0);
  if (!stack) return false;
  const parameters: number[] = [];
  for (let i = gate.count - 1; i >= 0; i--) {
    const value = peekStack(c, gate.size, i * gate.size);
    if (!value) return false;
    parameters.push(value[0]);
  }
  stack.load();
  const code = state.get32(segment(SS).selector) & 0xfffc;
  if (!pushAll(c, gate.size, [oldSs, oldRsp, ...parameters, oldCs, returnRip[0]], code)) return false;
  if (targetInRange(c, target, ...gate.target)) return stack.markAccessed();
  gp0(c);
  return false;
}
