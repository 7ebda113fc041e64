import { ACCESS } from '../../../memory/paging.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { CS, DS, ES, FS, GS, SS, STATE, segment, TR } from '../../state.ts';
import { checkpoint, rspField } from './codeTargets.ts';
import { addTo, DONE, FAULT, gp0, type HostContext, type HostHandler, LEAVE, LOOKUP, readable } from './context.ts';
import { putNull } from './descriptors.ts';
import { putRealSegment } from './realMode.ts';
import { peekStack, popStack, pushStack } from './stack.ts';

/** Virtual-8086 mode (SDM Vol. 3A §21.2–21.3): the instructions that IOPL restricts, its extensions, the ways in and out. */
const FLAG = {
  TF: 0x100,
  IF: 0x200,
  IOPL: 0x3000,
  NT: 0x4000,
  RF: 0x1_0000,
  VM: 0x2_0000,
  AC: 0x4_0000,
  VIF: 0x8_0000,
  VIP: 0x10_0000,
  ID: 0x20_0000,
} as const;
const ARITHMETIC_AND_DIRECTION = 0xcd5;
const CR4_VME = 1;

const unrestricted = (flags: number): boolean => (flags & FLAG.IOPL) === FLAG.IOPL;
const extended = (c: HostContext): boolean => (c.state.low(STATE.cr4) & CR4_VME) !== 0;

function clearInterruptFlag(c: HostContext): number {
  const { state } = c;
  const flags = state.get32(STATE.rflags);
  if (unrestricted(flags)) state.set32(STATE.rflags, flags & ~FLAG.IF);
  else if (extended(c)) state.set32(STATE.rflags, flags & ~FLAG.VIF);
  else return gp0(c);
  return DONE;
}

function setInterruptFlag(c: HostContext): number {
  const { state } = c;
  const flags = state.get32(STATE.rflags);
  if (unrestricted(flags)) {
    if (flags & FLAG.IF) return DONE;
    state.set32(STATE.rflags, flags | FLAG.IF);
    state.set32(STATE.interruptShadow, 1);
    return LEAVE;
  }
  if (!extended(c) || flags & FLAG.VIP) return gp0(c);
  state.set32(STATE.rflags, flags | FLAG.VIF);
  return DONE;
}

const operandSize = (c: HostContext): 2 | 4 => (c.code.endsWith('d') ? 4 : 2);

/** FLAGS as virtual-8086 code with IOPL < 3 sees them: VIF for IF, IOPL 3. */
const virtualFlags = (flags: number): number => (flags & ~FLAG.IF) | (flags & FLAG.VIF ? FLAG.IF : 0) | FLAG.IOPL;

function pushFlags(c: HostContext): number {
  const flags = readRflags(c.state);
  const size = operandSize(c);
  if (!unrestricted(flags)) {
    if (!extended(c) || size === 4) return gp0(c);
    return pushStack(c, 2, virtualFlags(flags), 0) ? DONE : FAULT;
  }
  return pushStack(c, size, flags & ~(FLAG.VM | FLAG.RF), 0) ? DONE : FAULT;
}

function popFlags(c: HostContext): number {
  const { state } = c;
  const old = readRflags(state);
  const size = operandSize(c);
  const restricted = !unrestricted(old);
  if (restricted && (!extended(c) || size === 4)) return gp0(c);
  const image = peekStack(c, size, 0);
  if (!image) return FAULT;
  let value = image[0];
  let mask = ARITHMETIC_AND_DIRECTION | FLAG.TF | FLAG.NT | (size === 4 ? FLAG.AC | FLAG.ID : 0);
  if (restricted) {
    if (value & FLAG.TF || (value & FLAG.IF && old & FLAG.VIP)) return gp0(c);
    mask |= FLAG.VIF;
    value = value & FLAG.IF ? value | FLAG.VIF : value & ~FLAG.VIF;
  } else mask |= FLAG.IF;
  popStack(c, size);
  writeRflags(state, ((old & ~mask) | (value & mask)) & ~FLAG.RF);
  c.exports.updateContext();
  return LEAVE;
}

/**
 * INT n in virtual-8086 mode: with CR4.VME the redirection bitmap below the I/O bitmap may send it through the
 * interrupt table at address 0. 0 when that is done, 1 with a fault recorded, undefined to go on with the IDT.
 */
export function redirectInterrupt(c: HostContext): 0 | 1 | undefined {
  const { state } = c;
  const flags = readRflags(state);
  const vector = state.get32(STATE.eventVector);
  const refuse = (): 1 => {
    gp0(c);
    return 1;
  };
  if (extended(c)) {
    const tr = segment(TR);
    const base: [number, number] = [state.low(tr.base), state.high(tr.base)];
    const limit = state.get32(tr.limit) >>> 0;
    if (limit < 0x67) return refuse();
    const mapHost = readable(c, ...addTo(...base, 0x66), 2, ACCESS.IMPLICIT);
    if (!mapHost) return 1;
    const at = state.view.getUint16(mapHost, true) - 32 + (vector >>> 3);
    if (at < 0 || at > limit) return refuse();
    const bitHost = readable(c, ...addTo(...base, at), 1, ACCESS.IMPLICIT);
    if (!bitHost) return 1;
    if (!((state.view.getUint8(bitHost) >>> (vector & 7)) & 1)) return throughVectorTable(c, vector, flags);
  }
  return unrestricted(flags) ? undefined : refuse();
}

function throughVectorTable(c: HostContext, vector: number, flags: number): 0 | 1 {
  const { state } = c;
  const host = readable(c, vector * 4, 0, 4, ACCESS.IMPLICIT);
  if (!host) return 1;
  const offset = state.view.getUint16(host, true);
  const selector = state.view.getUint16(host + 2, true);
  const returnIp = (state.low(STATE.rip) + state.get32(STATE.eventInstructionLength)) & 0xffff;
  const undo = checkpoint(c);
  const values = [unrestricted(flags) ? flags : virtualFlags(flags), state.get32(segment(CS).selector), returnIp];
  if (!values.every((value) => pushStack(c, 2, value, 0))) {
    undo();
    return 1;
  }
  const cleared = FLAG.TF | FLAG.RF | (unrestricted(flags) ? FLAG.IF : FLAG.VIF);
  state.set32(STATE.rflags, state.get32(STATE.rflags) & ~cleared);
  putRealSegment(c, CS, selector);
  state.setHalves(STATE.rip, offset, 0);
  state.set32(STATE.interruptShadow, 0);
  c.exports.updateContext();
  return 0;
}

/** The frame that an event in virtual-8086 mode pushes above SS: GS, FS, DS, ES, the first pushed first. */
export const virtual8086Frame = (c: HostContext): number[] =>
  [GS, FS, DS, ES].map((index) => c.state.get32(segment(index).selector));

/** Once the handler runs, data segments of virtual-8086 mode mean nothing. */
export function leaveVirtual8086(c: HostContext): void {
  for (const index of [GS, FS, DS, ES]) putNull(c, index, 0);
}

/** Loads CS, SS and the data segments as virtual-8086 mode has them. RFLAGS.VM is set already. */
export function enterVirtual8086(c: HostContext, selectors: ReadonlyMap<number, number>): void {
  for (const [index, selector] of selectors) putRealSegment(c, index, selector);
  c.state.set32(STATE.cpl, 3);
  c.exports.updateContext();
}

const CET_ENABLES = 5;
const CR4_CET = 1 << 23;
/** IRET loads every flag. */
const ALL_FLAGS = 0x3f7fd5;

/** IRETD at CPL 0 with VM set in the image of EFLAGS (SDM Vol. 2, IRET: RETURN-TO-VIRTUAL-8086-MODE). */
export function returnToVirtual8086(c: HostContext, clearShadowStack: () => boolean): number {
  const { state } = c;
  if (state.low(STATE.cr4) & CR4_CET && state.low(STATE.uCet) & CET_ENABLES) return gp0(c);
  const words: number[] = [];
  for (let i = 0; i < 9; i++) {
    const word = peekStack(c, 4, i * 4);
    if (!word) return FAULT;
    words.push(word[0]);
  }
  if (!clearShadowStack()) return FAULT;
  const [ip, cs, flags, esp, ss, es, ds, fs, gs] = words as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  writeRflags(state, (readRflags(state) & ~ALL_FLAGS) | (flags & ALL_FLAGS));
  const selectors = [
    [CS, cs],
    [SS, ss],
    [ES, es],
    [DS, ds],
    [FS, fs],
    [GS, gs],
  ] as const;
  enterVirtual8086(c, new Map(selectors.map(([index, selector]) => [index, selector & 0xffff])));
  state.setHalves(rspField, esp, 0);
  state.setHalves(STATE.rip, ip & 0xffff, 0);
  return LOOKUP;
}

export const virtual8086Instructions: Readonly<Record<string, HostHandler>> = {
  'v86-cli': clearInterruptFlag,
  'v86-sti': setInterruptFlag,
  'v86-pushf': pushFlags,
  'v86-popf': popFlags,
};
