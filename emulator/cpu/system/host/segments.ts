import { ACCESS } from '../../../memory/rights.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { DS, ES, FS, GS, gprAddress, LDTR, RSP, SS, STATE, segment, TR } from '../../state.ts';
import {
  addTo,
  commit,
  cpl,
  DONE,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalForRegister,
  longMode,
  operandAccess,
  operandAddress,
  raise,
  readable,
  readablePart,
  readOperand,
  VECTOR,
  writable,
  writeOperandRegister,
} from './context.ts';
import { relookup } from './controlRegisters.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  limitOf,
  loadDataSegment,
  putDescriptor,
  putNull,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';
import { peekStack, pushStack, skipStack } from './stack.ts';

/** Segment and table registers (SDM Vol. 2; Vol. 3A ch. 3 and 5). */
const UMIP = 0x800;

function tableRegister(c: HostContext, index: 'gdtr' | 'idtr', load: boolean): number {
  const { state } = c;
  const [base, limit] = index === 'gdtr' ? [STATE.gdtrBase, STATE.gdtrLimit] : [STATE.idtrBase, STATE.idtrLimit];
  const bytes = c.codeBits === 64 ? 8 : 4;
  const address = operandAddress(c);
  const after = addTo(...address, 2);
  if (load) {
    if (cpl(c) !== 0) return gp0(c);
    const limitHost = readable(c, ...address, 2, operandAccess(c));
    if (!limitHost) return FAULT;
    const newLimit = state.view.getUint16(limitHost, true);
    const host = readable(c, ...after, bytes, operandAccess(c));
    if (!host) return FAULT;
    const low = state.view.getUint32(host, true);
    const high = bytes === 8 ? state.view.getUint32(host + 4, true) : 0;
    if (!isCanonicalForRegister(c.processor, low, high)) return gp0(c);
    // With a 16-bit operand only 24 bits of the base count.
    const narrow = c.code.endsWith('_16');
    state.setHalves(base, narrow ? low & 0xffffff : low, high);
    state.set32(limit, newLimit);
    return DONE;
  }
  if (cpl(c) !== 0 && state.low(STATE.cr4) & UMIP) return gp0(c);
  const [low, high] = [state.low(base), state.high(base)];
  // Both parts are probed before either is written. The whole is aligned to 4 (SDM Vol. 3A §7.15, vector 17).
  const access = operandAccess(c) | ACCESS.ANY_ALIGNMENT;
  if (!writable(c, ...address, 4, operandAccess(c)) || !writable(c, ...after, bytes, access)) return FAULT;
  const limitHost = writable(c, ...address, 2, access);
  state.view.setUint16(limitHost, state.get32(limit), true);
  commit(c, limitHost);
  const host = writable(c, ...after, bytes, access);
  state.view.setUint32(host, low, true);
  if (bytes === 8) state.view.setUint32(host + 4, high, true);
  commit(c, host);
  return DONE;
}

/** A selector operand, from a register or memory. Undefined with the fault recorded. */
function selectorOperand(c: HostContext, index: number): number | undefined {
  if (c.operands[index]?.kind === 'memory') {
    const host = readable(c, ...operandAddress(c), 2, operandAccess(c));
    return host ? c.state.view.getUint16(host, true) : undefined;
  }
  return readOperand(c, index)[0] & 0xffff;
}

/** SLDT, STR, SMSW and MOV from a segment register: memory gets 16 bits, a register its width. */
function storeWord(c: HostContext, index: number, value: number): number {
  if (c.operands[index]?.kind !== 'memory') {
    writeOperandRegister(c, index, value, 0);
    return DONE;
  }
  const host = writable(c, ...operandAddress(c), 2, operandAccess(c));
  if (!host) return FAULT;
  c.state.view.setUint16(host, value, true);
  commit(c, host);
  return DONE;
}

function loadSystemSegment(c: HostContext, index: number, types: readonly number[]): number {
  if (cpl(c) !== 0) return gp0(c);
  const selector = selectorOperand(c, 0);
  if (selector === undefined) return FAULT;
  if ((selector & 0xfffc) === 0) {
    if (index === TR) return gp0(c);
    putNull(c, index, selector);
    return DONE;
  }
  if (selector & 4) return raise(c, VECTOR.GP, selector & 0xfffc);
  const d = readDescriptor(c, selector);
  if (!d) return FAULT;
  const attributes = attributesOf(d);
  if (attributes & AR.S || !types.includes(attributes & 15)) return raise(c, VECTOR.GP, selector & 0xfffc);
  if (!(attributes & AR.PRESENT)) return raise(c, VECTOR.NP, selector & 0xfffc);
  if (longMode(c) && !isCanonicalForRegister(c.processor, 0, d.baseHigh)) return raise(c, VECTOR.GP, selector & 0xfffc);
  // LTR marks the TSS busy.
  if (index === TR && !setDescriptorBit(c, d, 0x200)) return FAULT;
  const busy: Descriptor = index === TR ? { ...d, high: d.high | 0x200 } : d;
  putDescriptor(c, index, selector, busy);
  return DONE;
}

function moveSegment(c: HostContext): number {
  const [destination, source] = c.operands;
  if (destination?.kind === 'segment') {
    if (destination.number === 1) return raise(c, VECTOR.UD);
    const selector = selectorOperand(c, 1);
    if (selector === undefined) return FAULT;
    const status = loadDataSegment(c, destination.number, selector);
    return status === DONE ? afterLoad(c, destination.number) : status;
  }
  if (source?.kind !== 'segment') throw new Error('MOV without a segment register');
  return storeWord(c, 0, c.state.get32(segment(source.number).selector));
}

/** The instruction after a load of SS runs before any interrupt or single-step trap (SDM Vol. 3A §6.8.3). */
function afterLoad(c: HostContext, index: number): number {
  if (index !== SS) return relookup(c);
  c.state.set32(STATE.interruptShadow, 2);
  const status = relookup(c);
  return status;
}

function pushSegment(c: HostContext): number {
  const operand = c.operands[0]!;
  if (operand.kind !== 'segment') throw new Error('PUSH without a segment register');
  const size = operandSize(c);
  // 32 bits: only the selector's 16 are written, as Intel's processors do (SDM Vol. 2, PUSH).
  const stored = size === 4 ? 2 : size;
  return pushStack(c, size, c.state.get32(segment(operand.number).selector), 0, stored) ? DONE : FAULT;
}

function popSegment(c: HostContext): number {
  const operand = c.operands[0]!;
  if (operand.kind !== 'segment') throw new Error('POP without a segment register');
  const rsp = { address: gprAddress(RSP), bits: 64 } as const;
  const [low, high] = [c.state.low(rsp), c.state.high(rsp)];
  const value = peekStack(c, 2, 0);
  if (!value) return FAULT;
  skipStack(c, operandSize(c));
  const status = loadDataSegment(c, operand.number, value[0] & 0xffff);
  if (status !== DONE) {
    c.state.setHalves(rsp, low, high);
    return status;
  }
  return afterLoad(c, operand.number);
}

/** Operand size in bytes, from iced's code name (Pushq_FS, Popw_DS …). */
function operandSize(c: HostContext): number {
  const letter = /^(?:Push|Pop)([wdq])/.exec(c.code)?.[1];
  return letter === 'q' ? 8 : letter === 'd' ? 4 : 2;
}

/** LDS LES LFS LGS LSS: a far pointer from memory. */
function loadFarPointer(index: number): HostHandler {
  return (c) => {
    const destination = c.operands[0]!;
    const bytes = destination.kind === 'register' ? destination.bits / 8 : 4;
    const address = operandAddress(c);
    const offsetHost = readablePart(c, address, 0, bytes);
    if (!offsetHost) return FAULT;
    const { view } = c.state;
    const low = bytes === 2 ? view.getUint16(offsetHost, true) : view.getUint32(offsetHost, true);
    const high = bytes === 8 ? view.getUint32(offsetHost + 4, true) : 0;
    const selectorHost = readablePart(c, address, bytes, 2);
    if (!selectorHost) return FAULT;
    const status = loadDataSegment(c, index, view.getUint16(selectorHost, true));
    if (status !== DONE) return status;
    writeOperandRegister(c, 0, low, high);
    return relookup(c);
  };
}

const ZF = 0x40;
const setZf = (c: HostContext, on: boolean): number => {
  writeRflags(c.state, (readRflags(c.state) & ~ZF) | (on ? ZF : 0));
  return DONE;
};

/** Descriptor for LAR, LSL, VERR and VERW: absent ones clear ZF instead of faulting. */
function inspect(c: HostContext, operand: number): { descriptor: Descriptor; selector: number } | 'absent' | 'fault' {
  const selector = selectorOperand(c, operand);
  if (selector === undefined) return 'fault';
  const limit = (selector & 4 ? c.state.get32(segment(LDTR).limit) : c.state.get32(STATE.gdtrLimit)) >>> 0;
  const noTable = selector & 4 && c.state.get32(segment(LDTR).attributes) & 0x10000;
  if ((selector & 0xfffc) === 0 || noTable || (selector & 0xfff8) + 7 > limit) return 'absent';
  const descriptor = readDescriptor(c, selector);
  if (descriptor) return { descriptor, selector };
  if (c.state.get32(STATE.eventVector) === VECTOR.PF) return 'fault';
  c.state.set32(STATE.eventPending, 0);
  return 'absent';
}

function visible(c: HostContext, d: Descriptor, selector: number, systemTypes: readonly number[]): boolean {
  const attributes = attributesOf(d);
  if (!(attributes & AR.S)) {
    if (!systemTypes.includes(attributes & 15)) return false;
  } else if ((attributes & (AR.CODE | AR.CONFORMING)) === (AR.CODE | AR.CONFORMING)) {
    return true;
  }
  return dplOf(attributes) >= Math.max(cpl(c), selector & 3);
}

function loadRights(c: HostContext, limit: boolean): number {
  const found = inspect(c, 1);
  if (found === 'fault') return FAULT;
  if (found === 'absent') return setZf(c, false);
  const long = longMode(c);
  const types = limit ? (long ? [2, 9, 11] : [1, 2, 3, 9, 11]) : long ? [2, 9, 11, 12] : [1, 2, 3, 4, 5, 9, 11, 12];
  if (!visible(c, found.descriptor, found.selector, types)) return setZf(c, false);
  writeOperandRegister(c, 0, limit ? limitOf(found.descriptor) : found.descriptor.high & 0x00ffff00, 0);
  return setZf(c, true);
}

function verify(c: HostContext, write: boolean): number {
  const found = inspect(c, 0);
  if (found === 'fault') return FAULT;
  if (found === 'absent') return setZf(c, false);
  const attributes = attributesOf(found.descriptor);
  const code = (attributes & AR.CODE) !== 0;
  const usable = visible(c, found.descriptor, found.selector, []);
  const granted = write ? !code && (attributes & AR.WRITABLE) !== 0 : !code || (attributes & AR.WRITABLE) !== 0;
  return setZf(c, usable && granted);
}

const userModePrevented = (c: HostContext): boolean => cpl(c) !== 0 && (c.state.low(STATE.cr4) & UMIP) !== 0;

export const segments: Readonly<Record<string, HostHandler>> = {
  lgdt: (c) => tableRegister(c, 'gdtr', true),
  lidt: (c) => tableRegister(c, 'idtr', true),
  sgdt: (c) => tableRegister(c, 'gdtr', false),
  sidt: (c) => tableRegister(c, 'idtr', false),
  lldt: (c) => loadSystemSegment(c, LDTR, [2]),
  ltr: (c) => loadSystemSegment(c, TR, longMode(c) ? [9] : [1, 9]),
  sldt: (c) => (userModePrevented(c) ? gp0(c) : storeWord(c, 0, c.state.get32(segment(LDTR).selector))),
  str: (c) => (userModePrevented(c) ? gp0(c) : storeWord(c, 0, c.state.get32(segment(TR).selector))),
  smsw: (c) => {
    if (userModePrevented(c)) return gp0(c);
    if (c.operands[0]?.kind === 'memory') return storeWord(c, 0, c.state.low(STATE.cr0) & 0xffff);
    writeOperandRegister(c, 0, c.state.low(STATE.cr0), 0);
    return DONE;
  },
  'mov-segment': moveSegment,
  push: pushSegment,
  pop: popSegment,
  lss: loadFarPointer(SS),
  lfs: loadFarPointer(FS),
  lgs: loadFarPointer(GS),
  lds: loadFarPointer(DS),
  les: loadFarPointer(ES),
  lar: (c) => loadRights(c, false),
  lsl: (c) => loadRights(c, true),
  verr: (c) => verify(c, false),
  verw: (c) => verify(c, true),
};
