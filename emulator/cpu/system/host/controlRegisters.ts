import { FLUSH } from '../../../memory/architecturalTlb.ts';
import { DEBUG_CONDITION, dr6Written, dr7Written } from '../../debugRegisters.ts';
import type { Processor } from '../../profiles/profiles.ts';
import { CS, ENGINE, type Field, STATE, segment, TR } from '../../state.ts';
import {
  cpl,
  DONE,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  LEAVE,
  LOOKUP,
  longMode,
  nextRip,
  operandAccess,
  operandAddress,
  raise,
  readable,
  readOperand,
  VECTOR,
  writeOperandRegister,
} from './context.ts';
import { loadPdptes, usesPae } from './pdpteRegisters.ts';

/** MOV to and from control and debug registers, CLTS, LMSW (SDM Vol. 2; Vol. 3A §2.5). */
const CR0 = {
  PE: 1,
  MP: 2,
  EM: 4,
  TS: 8,
  ET: 16,
  NE: 32,
  WP: 1 << 16,
  AM: 1 << 18,
  NW: 1 << 29,
  CD: 1 << 30,
  PG: 1 << 31,
} as const;
const CR0_WRITABLE = CR0.PE | CR0.MP | CR0.EM | CR0.TS | CR0.NE | CR0.WP | CR0.AM | CR0.NW | CR0.CD | CR0.PG;
const CR4 = {
  VME: 1,
  PVI: 2,
  TSD: 4,
  DE: 8,
  PSE: 16,
  PAE: 32,
  MCE: 64,
  PGE: 128,
  PCE: 256,
  OSFXSR: 512,
  OSXMMEXCPT: 1024,
  UMIP: 2048,
  LA57: 1 << 12,
  FSGSBASE: 1 << 16,
  PCIDE: 1 << 17,
  OSXSAVE: 1 << 18,
  SMEP: 1 << 20,
  SMAP: 1 << 21,
  PKE: 1 << 22,
  CET: 1 << 23,
  PKS: 1 << 24,
  LAM_SUP: 1 << 28,
} as const;
const CODE_SEGMENT_LONG = 1 << 13;
/** Bit 3 of a TSS descriptor's type. */
const TSS_32_BIT = 8;
const EFER = { LME: 0x100, LMA: 0x400 } as const;

/** The features that bring CR4 bits. */
export const CR4_FEATURES: readonly (readonly [feature: string, bits: number])[] = [
  ['vme', CR4.VME | CR4.PVI],
  ['tsc', CR4.TSD],
  ['de', CR4.DE],
  ['pse', CR4.PSE],
  ['pae', CR4.PAE],
  ['mce', CR4.MCE],
  ['pge', CR4.PGE],
  ['fxsr', CR4.OSFXSR],
  ['sse', CR4.OSXMMEXCPT],
  ['umip', CR4.UMIP],
  ['fsgsbase', CR4.FSGSBASE],
  ['pcid', CR4.PCIDE],
  ['xsave', CR4.OSXSAVE],
  ['smep', CR4.SMEP],
  ['smap', CR4.SMAP],
  ['pku', CR4.PKE],
  ['shstk', CR4.CET],
  ['ibt', CR4.CET],
  ['la57', CR4.LA57],
  ['pks', CR4.PKS],
  ['lam', CR4.LAM_SUP],
];

const cr4Masks = new WeakMap<Processor, number>();

/** Which CR4 bits the profile lets software set. */
function cr4Writable({ processor }: HostContext): number {
  let mask = cr4Masks.get(processor);
  if (mask === undefined) {
    mask = CR4_FEATURES.reduce<number>((all, [name, bit]) => (processor.feature(name) ? all | bit : all), CR4.PCE);
    cr4Masks.set(processor, mask);
  }
  return mask;
}

/** Goes on at the next instruction by a fresh lookup: context or translations have changed. */
export function relookup(c: HostContext): number {
  const [low, high] = nextRip(c);
  c.state.setHalves(STATE.rip, low, high);
  return LOOKUP;
}

function writeCr0(c: HostContext, low: number, high: number): number {
  const { state } = c;
  const old = state.low(STATE.cr0);
  if (high !== 0) return gp0(c);
  if (low & CR0.PG && !(low & CR0.PE)) return gp0(c);
  if (low & CR0.NW && !(low & CR0.CD)) return gp0(c);
  // WP must stay while CR4.CET is set (SDM Vol. 3A §2.5).
  if (!(low & CR0.WP) && state.low(STATE.cr4) & CR4.CET) return gp0(c);
  const value = ((low & CR0_WRITABLE) | CR0.ET) >>> 0;
  const turnsOn = value & CR0.PG && !(old & CR0.PG);
  const turnsOff = !(value & CR0.PG) && old & CR0.PG;
  if (turnsOn) {
    const efer = state.low(STATE.efer);
    if (efer & EFER.LME) {
      if (!(state.low(STATE.cr4) & CR4.PAE)) return gp0(c);
      // Neither a 64-bit code segment nor a 16-bit TSS may be loaded (SDM Vol. 3A §9.8.5).
      if (state.get32(segment(CS).attributes) & CODE_SEGMENT_LONG) return gp0(c);
      if (!(state.get32(segment(TR).attributes) & TSS_32_BIT)) return gp0(c);
    }
  }
  if (turnsOff) {
    if (c.codeBits === 64) return gp0(c);
    if (state.low(STATE.cr4) & CR4.PCIDE) return gp0(c);
  }
  const reloads = (value ^ old) & (CR0.PG | CR0.CD | CR0.NW);
  const efer = state.low(STATE.efer);
  const long = value & CR0.PG && efer & EFER.LME;
  if (!long && reloads && usesPae(state, value, state.low(STATE.cr4)) && !loadPdptes(c, state.low(STATE.cr3)))
    return FAULT;
  state.setHalves(STATE.efer, long ? efer | EFER.LMA : efer & ~EFER.LMA, state.high(STATE.efer));
  state.setHalves(STATE.cr0, value, 0);
  // Only leaving paging invalidates (SDM Vol. 3A §4.10.4.1). What is checked at each access is not in the TLB.
  if (turnsOff) c.exports.tlbFlush(FLUSH.ALL);
  else c.exports.flushFast();
  c.exports.updateContext();
  return relookup(c);
}

function writeCr3(c: HostContext, low: number, high: number): number {
  const { state } = c;
  if (longMode(c)) {
    // Bit 63 is "do not invalidate" with PCIDs only.
    const keep = state.low(STATE.cr4) & CR4.PCIDE ? (high & 0x80000000) >>> 0 : 0;
    const value = (high ^ keep) >>> 0;
    if (value & ~state.high(ENGINE.cr3Writable)) return gp0(c);
    state.setHalves(STATE.cr3, low, value);
    c.exports.tlbFlush(keep ? FLUSH.NONE : FLUSH.CURRENT);
  } else {
    if (usesPae(state, state.low(STATE.cr0), state.low(STATE.cr4)) && !loadPdptes(c, low)) return FAULT;
    state.setHalves(STATE.cr3, low, 0);
    c.exports.tlbFlush(FLUSH.CURRENT);
  }
  return relookup(c);
}

function writeCr4(c: HostContext, low: number, high: number): number {
  const { state } = c;
  const old = state.low(STATE.cr4);
  if (high !== 0 || low & ~cr4Writable(c)) return gp0(c);
  if (longMode(c) && !(low & CR4.PAE)) return gp0(c);
  if (low & CR4.CET && !(state.low(STATE.cr0) & CR0.WP)) return gp0(c);
  if (low & CR4.PCIDE && !(old & CR4.PCIDE) && (!longMode(c) || state.low(STATE.cr3) & 0xfff)) return gp0(c);
  const changed = low ^ old;
  if (longMode(c) && changed & CR4.LA57) return gp0(c);
  const reloads = !longMode(c) && changed & (CR4.PAE | CR4.PGE | CR4.PSE | CR4.SMEP);
  if (reloads && usesPae(state, state.low(STATE.cr0), low) && !loadPdptes(c, state.low(STATE.cr3))) return FAULT;
  state.setHalves(STATE.cr4, low, 0);
  // SDM Vol. 3A §4.10.4.1. What other bits allow or refuse is checked at each access.
  const invalidates = changed & (CR4.PGE | CR4.PAE) || old & ~low & CR4.PCIDE || low & ~old & CR4.SMEP;
  c.exports.tlbFlush(invalidates ? FLUSH.ALL : FLUSH.NONE);
  c.exports.updateContext();
  return relookup(c);
}

const CONTROL: Readonly<Record<number, Field>> = {
  0: STATE.cr0,
  2: STATE.cr2,
  3: STATE.cr3,
  4: STATE.cr4,
  8: STATE.cr8,
};

/** The run loop looks around only when another interrupt may be taken now, or none. */
function writeTaskPriority(c: HostContext, priority: number): number {
  const apic = c.apic();
  const before = apic.interruptRequest();
  apic.taskPriority = priority;
  if (apic.interruptRequest() === before) return DONE;
  c.changeApic();
  return LEAVE;
}

function moveControl(c: HostContext): number {
  const [destination, source] = c.operands;
  const register =
    destination?.kind === 'control' ? destination.number : source?.kind === 'control' ? source.number : -1;
  const field = CONTROL[register];
  if (!field) return raise(c, VECTOR.UD);
  if (cpl(c) !== 0) return gp0(c);
  if (destination?.kind !== 'control') {
    writeOperandRegister(c, 0, c.state.low(field), c.state.high(field));
    return DONE;
  }
  const [low, high] = readOperand(c, 1);
  switch (register) {
    case 0:
      return writeCr0(c, low, high);
    case 3:
      return writeCr3(c, low, high);
    case 4:
      return writeCr4(c, low, high);
    case 8:
      if (high !== 0 || low > 15) return gp0(c);
      c.state.setHalves(field, low, 0);
      return writeTaskPriority(c, low << 4);
  }
  c.state.setHalves(field, low, high);
  return DONE;
}

const DR7_GD = 0x2000;
const DEBUG: readonly (Field | undefined)[] = [
  STATE.dr0,
  STATE.dr1,
  STATE.dr2,
  STATE.dr3,
  undefined,
  undefined,
  STATE.dr6,
  STATE.dr7,
];

function moveDebug(c: HostContext): number {
  const { state } = c;
  const [destination, source] = c.operands;
  const writing = destination?.kind === 'debug';
  let register = writing ? destination.number : source?.kind === 'debug' ? source.number : 0;
  if (register === 4 || register === 5) {
    if (state.low(STATE.cr4) & CR4.DE) return raise(c, VECTOR.UD);
    register += 2;
  }
  const field = DEBUG[register];
  if (!field) return raise(c, VECTOR.UD);
  if (cpl(c) !== 0) return gp0(c);
  if (state.low(STATE.dr7) & DR7_GD) {
    // General detect: BD, and GD is cleared by delivery (SDM Vol. 3B §17.2.4).
    state.set32(STATE.pendingDebug, state.get32(STATE.pendingDebug) | DEBUG_CONDITION.REGISTER_ACCESS);
    return raise(c, VECTOR.DB);
  }
  if (!writing) {
    writeOperandRegister(c, 0, state.low(field), state.high(field));
    return DONE;
  }
  const [low, high] = readOperand(c, 1);
  if (register >= 6) {
    if (high !== 0) return gp0(c);
    const value = register === 6 ? dr6Written(low, c.processor.feature('bus_lock_detect')) : dr7Written(low);
    state.setHalves(field, value, 0);
  } else {
    state.setHalves(field, low, high);
  }
  c.updateWatch();
  return relookup(c);
}

export const controlRegisters: Readonly<Record<string, HostHandler>> = {
  'mov-cr': moveControl,
  'mov-dr': moveDebug,
  clts: (c) => {
    if (cpl(c) !== 0) return gp0(c);
    c.state.setHalves(STATE.cr0, c.state.low(STATE.cr0) & ~CR0.TS, 0);
    c.exports.updateContext();
    return relookup(c);
  },
  // Loads PE, MP, EM and TS; PE cannot be cleared.
  lmsw: (c) => {
    if (cpl(c) !== 0) return gp0(c);
    const host = c.operands[0]?.kind === 'memory' ? readable(c, ...operandAddress(c), 2, operandAccess(c)) : undefined;
    if (host === 0) return FAULT;
    const word = host === undefined ? readOperand(c, 0)[0] : c.state.view.getUint16(host, true);
    const old = c.state.low(STATE.cr0);
    return writeCr0(c, ((old & ~(CR0.MP | CR0.EM | CR0.TS)) | (word & 15)) >>> 0, 0);
  },
  invd: (c) => (cpl(c) !== 0 ? gp0(c) : DONE),
  wbinvd: (c) => (cpl(c) !== 0 ? gp0(c) : DONE),
};
