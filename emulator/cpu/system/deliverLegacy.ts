import { ACCESS } from '../../memory/paging.ts';
import { CET_ENDBR_EN, CET_SH_STK_EN, CR4_CET } from '../context.ts';
import { EVENT } from '../events.ts';
import { readRflags } from '../registers.ts';
import { CS, gprAddress, RSP, SS, STATE, segment, TR } from '../state.ts';
import { addTo, type HostContext, raise, readable, VECTOR } from './host/context.ts';
import {
  AR,
  attributesOf,
  dplOf,
  limitOf,
  putDescriptor,
  readDescriptor,
  setDescriptorBit,
} from './host/descriptors.ts';
import { pushStack } from './host/stack.ts';

/**
 * Event delivery through a 32-bit IDT in protected mode (SDM Vol. 3A §6.12). Returns 0, 1 with a nested fault
 * recorded, or a sentence for what is not there yet.
 */
export function deliverLegacy(c: HostContext): 0 | 1 | string {
  const { state, exports } = c;
  if (!(state.low(STATE.cr0) & 1))
    return 'The guest takes an event in real mode, which this machine does not have yet.';
  const cet =
    state.low(STATE.cr4) & CR4_CET && (state.low(STATE.sCet) | state.low(STATE.uCet)) & (CET_SH_STK_EN | CET_ENDBR_EN);
  if (cet) return 'The guest takes an event outside IA-32e mode with CET on, which this machine does not have yet.';
  const vector = state.get32(STATE.eventVector);
  const kind = state.get32(STATE.eventKind);
  const hasError = state.get32(STATE.eventHasError) !== 0;
  const error = state.get32(STATE.eventError);
  const software = kind === EVENT.SOFTWARE || kind === EVENT.SOFTWARE_EXCEPTION;
  const ext = software ? 0 : 1;
  const fault = (v: number, code: number): 1 => {
    raise(c, v, code);
    return 1;
  };
  const gateCode = vector * 8 + 2 + ext;
  if (vector * 8 + 7 > state.get32(STATE.idtrLimit) >>> 0) return fault(VECTOR.GP, gateCode);
  const gate = readable(
    c,
    ...addTo(state.low(STATE.idtrBase), state.high(STATE.idtrBase), vector * 8),
    8,
    ACCESS.IMPLICIT,
  );
  if (!gate) return 1;
  const low = state.view.getUint32(gate, true);
  const high = state.view.getUint32(gate + 4, true);
  const type = (high >>> 8) & 0x1f;
  const level = state.get32(STATE.cpl);
  if (![5, 6, 7, 14, 15].includes(type)) return fault(VECTOR.GP, gateCode);
  if (software && ((high >>> 13) & 3) < level) return fault(VECTOR.GP, gateCode);
  if (!(high & 0x8000)) return fault(VECTOR.NP, gateCode);
  if (type === 5) return 'The guest takes an event through a task gate, which this machine does not have yet.';
  const wide = (type & 8) !== 0;
  const size = wide ? 4 : 2;
  const target = wide ? ((high & 0xffff0000) | (low & 0xffff)) >>> 0 : low & 0xffff;
  const selector = low >>> 16;
  const csCode = (selector & 0xfffc) | ext;
  if ((selector & 0xfffc) === 0) return fault(VECTOR.GP, ext);
  const d = readDescriptor(c, selector);
  if (!d) {
    state.set32(STATE.eventError, state.get32(STATE.eventError) | ext);
    return 1;
  }
  const attributes = attributesOf(d);
  if ((attributes & (AR.S | AR.CODE)) !== (AR.S | AR.CODE) || dplOf(attributes) > level)
    return fault(VECTOR.GP, csCode);
  if (!(attributes & AR.PRESENT)) return fault(VECTOR.NP, csCode);
  const newLevel = attributes & AR.CONFORMING ? level : dplOf(attributes);
  if (target > limitOf(d) >>> 0) return fault(VECTOR.GP, ext);

  const rsp = { address: gprAddress(RSP), bits: 64 } as const;
  const saved = {
    rsp: [state.low(rsp), state.high(rsp)] as [number, number],
    ss: state.get32(segment(SS).selector),
    segment: new Uint8Array(state.view.buffer, segment(SS).base.address, 32).slice(),
    cpl: level,
  };
  const undo = (): 1 => {
    state.setHalves(rsp, ...saved.rsp);
    new Uint8Array(state.view.buffer, segment(SS).base.address, 32).set(saved.segment);
    state.set32(STATE.cpl, saved.cpl);
    exports.updateContext();
    return 1;
  };
  const flags = readRflags(state) | (kind === EVENT.FAULT ? 0x10000 : 0);
  const returnRip =
    state.low(STATE.rip) + (software || kind === EVENT.PRIVILEGED ? state.get32(STATE.eventInstructionLength) : 0);
  const oldCs = state.get32(segment(CS).selector);
  if (newLevel < level) {
    const at = 4 + newLevel * 8;
    const tr = segment(TR);
    const tsCode = (state.get32(tr.selector) & 0xfffc) | ext;
    if (at + 5 > state.get32(tr.limit) >>> 0) return fault(VECTOR.TS, tsCode);
    const host = readable(c, ...addTo(state.low(tr.base), state.high(tr.base), at), 8, ACCESS.IMPLICIT);
    if (!host) return 1;
    const esp = state.view.getUint32(host, true);
    const ss = state.view.getUint16(host + 4, true);
    if ((ss & 0xfffc) === 0) return fault(VECTOR.TS, ext);
    const stack = readDescriptor(c, ss, VECTOR.TS);
    if (!stack) return 1;
    const a = attributesOf(stack);
    const good =
      (a & (AR.S | AR.CODE | AR.WRITABLE)) === (AR.S | AR.WRITABLE) && dplOf(a) === newLevel && (ss & 3) === newLevel;
    if (!good) return fault(VECTOR.TS, (ss & 0xfffc) | ext);
    if (!(a & AR.PRESENT)) return fault(VECTOR.SS, (ss & 0xfffc) | ext);
    if (!setDescriptorBit(c, stack, 0x100)) return 1;
    putDescriptor(c, SS, ss, stack);
    state.set32(STATE.cpl, newLevel);
    state.setHalves(rsp, esp, 0);
    exports.updateContext();
    if (!pushStack(c, size, saved.ss, 0) || !pushStack(c, size, saved.rsp[0], 0)) return undo();
  }
  const pushed =
    pushStack(c, size, flags, 0) &&
    pushStack(c, size, oldCs, 0) &&
    pushStack(c, size, returnRip >>> 0, 0) &&
    (!hasError || pushStack(c, size, error, 0));
  if (!pushed || !setDescriptorBit(c, d, 0x100)) return undo();
  // TF, NT, RF and VM are cleared; IF too for an interrupt gate.
  const cleared = 0x34100 | (type & 1 ? 0 : 0x200);
  state.set32(STATE.rflags, state.get32(STATE.rflags) & ~cleared);
  state.set32(STATE.cpl, newLevel);
  putDescriptor(c, CS, (selector & 0xfffc) | newLevel, d);
  state.setHalves(STATE.rip, target, 0);
  state.set32(STATE.interruptShadow, 0);
  exports.updateContext();
  return 0;
}
