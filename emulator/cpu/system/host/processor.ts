import { ACCESS } from '../../../memory/paging.ts';
import { CET_LEG_IW_EN, CET_SUPPRESS, CET_SUPPRESS_DIS, CET_TRACKER } from '../../context.ts';
import { cpuid } from '../../profiles/cpuid.ts';
import { CS, FS, GS, gprAddress, RAX, RBX, RCX, RDX, STATE, segment, xmmAddress } from '../../state.ts';
import {
  addTo,
  commit,
  cpl,
  DONE,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalHalves,
  LEAVE,
  LOOKUP,
  operandAddress,
  raise,
  readable,
  readOperand,
  VECTOR,
  writable,
  writeOperandRegister,
} from './context.ts';
import { relookup } from './controlRegisters.ts';
import { timeStampCounter } from './modelSpecific.ts';

/** CPUID, time, HLT, FSGSBASE, protection keys, FXSAVE, and the legacy endbranch bitmap. */
const gpr = (index: number) => ({ address: gprAddress(index), bits: 64 }) as const;

function runCpuid(c: HostContext): number {
  const { state } = c;
  const [a, b, cx, d] = cpuid(c.processor, state.low(gpr(RAX)), state.low(gpr(RCX)), {
    ospke: (state.low(STATE.cr4) & (1 << 22)) !== 0,
  });
  state.setHalves(gpr(RAX), a >>> 0, 0);
  state.setHalves(gpr(RBX), b >>> 0, 0);
  state.setHalves(gpr(RCX), cx >>> 0, 0);
  state.setHalves(gpr(RDX), d >>> 0, 0);
  return DONE;
}

const CR4_TSD = 4;
const CR4_FSGSBASE = 1 << 16;
const CR4_PKE = 1 << 22;

function readTimeStamp(c: HostContext, withAux: boolean): number {
  const { state } = c;
  if (state.low(STATE.cr4) & CR4_TSD && cpl(c) !== 0) return gp0(c);
  const [low, high] = timeStampCounter(c);
  state.setHalves(gpr(RAX), low, 0);
  state.setHalves(gpr(RDX), high, 0);
  if (withAux) state.setHalves(gpr(RCX), state.low(STATE.tscAux), 0);
  return DONE;
}

function segmentBase(index: number, write: boolean): HostHandler {
  return (c) => {
    const { state } = c;
    if (c.codeBits !== 64 || !(state.low(STATE.cr4) & CR4_FSGSBASE)) return raise(c, VECTOR.UD);
    const field = segment(index).base;
    if (!write) {
      writeOperandRegister(c, 0, state.low(field), state.high(field));
      return DONE;
    }
    const [low, high] = readOperand(c, 0);
    if (!isCanonicalHalves(low, high)) return gp0(c);
    state.setHalves(field, low, high);
    return relookup(c);
  };
}

function protectionKeys(write: boolean): HostHandler {
  return (c) => {
    const { state } = c;
    if (!(state.low(STATE.cr4) & CR4_PKE)) return raise(c, VECTOR.UD);
    if (state.low(gpr(RCX)) !== 0 || (write && state.low(gpr(RDX)) !== 0)) return gp0(c);
    if (write) {
      state.set32(STATE.pkru, state.low(gpr(RAX)));
      c.exports.flushFast();
    } else {
      state.setHalves(gpr(RAX), state.get32(STATE.pkru) >>> 0, 0);
      state.setHalves(gpr(RDX), 0, 0);
    }
    return DONE;
  };
}

/** CLAC and STAC: CPL 0 with SMAP enumerated, else #UD (SDM Vol. 2). */
function alignmentFlag(on: boolean): HostHandler {
  return (c) => {
    if (cpl(c) !== 0) return raise(c, VECTOR.UD);
    const AC = 0x40000;
    const flags = c.state.get32(STATE.rflags);
    c.state.set32(STATE.rflags, on ? flags | AC : flags & ~AC);
    c.exports.updateContext();
    return DONE;
  };
}

/**
 * No ENDBRANCH where one is awaited: the legacy code page bitmap may excuse it (SDM Vol. 1 §17.3.6), otherwise
 * #CP(ENDBRANCH) with the tracker left waiting.
 */
function missingEndbranch(c: HostContext): number {
  const { state } = c;
  const field = cpl(c) === 3 ? STATE.uCet : STATE.sCet;
  const cet = state.low(field);
  if (cet & CET_LEG_IW_EN) {
    const ripLow = (state.low(STATE.rip) + state.low(segment(CS).base)) >>> 0;
    const ripHigh = c.codeBits === 64 ? state.high(STATE.rip) & 0xffff : 0;
    // Bit LIP[14:12] of the byte at the bitmap's base + LIP[47:15].
    const index = ripHigh * 0x20000 + (ripLow >>> 15);
    const base = addTo((cet & 0xfffff000) >>> 0, state.high(field), index);
    const host = readable(c, ...base, 1, ACCESS.IMPLICIT);
    if (!host) return FAULT;
    if ((state.view.getUint8(host) >>> ((ripLow >>> 12) & 7)) & 1) {
      const suppress = cet & CET_SUPPRESS_DIS ? 0 : CET_SUPPRESS;
      state.setHalves(field, (cet & ~CET_TRACKER) | suppress, state.high(field));
      c.exports.updateContext();
      // The same instruction again, now that it may run: nothing has retired.
      return LOOKUP;
    }
  }
  return raise(c, VECTOR.CP, 3);
}

const FX_BYTES = 512;

/** FXSAVE and FXRSTOR (SDM Vol. 1 §10.5): the SSE part; the x87 part is that of a processor in its initial state. */
function fxSave(c: HostContext): number {
  const address = operandAddress(c);
  const refused = fxChecks(c, address);
  if (refused !== undefined) return refused;
  const { view } = c.state;
  const image = new Uint8Array(FX_BYTES);
  const out = new DataView(image.buffer);
  out.setUint16(0, 0x37f, true);
  out.setUint32(24, c.state.get32(STATE.mxcsr), true);
  out.setUint32(28, 0xffff, true);
  const registers = c.codeBits === 64 ? 16 : 8;
  for (let i = 0; i < registers; i++) {
    for (let byte = 0; byte < 16; byte++) image[160 + i * 16 + byte] = view.getUint8(xmmAddress(i) + byte);
  }
  return eachPart(c, address, (host, offset) => {
    for (let byte = 0; byte < PART; byte++) view.setUint8(host + byte, image[offset + byte]!);
  });
}

const PART = 64;

function eachPart(c: HostContext, address: [number, number], store: (host: number, offset: number) => void): number {
  // All parts are probed before the first is written.
  for (let offset = 0; offset < FX_BYTES; offset += PART) {
    if (!writable(c, ...addTo(...address, offset), PART, 0)) return FAULT;
  }
  for (let offset = 0; offset < FX_BYTES; offset += PART) {
    const host = writable(c, ...addTo(...address, offset), PART, 0);
    store(host, offset);
    commit(c, host);
  }
  return DONE;
}

function fxChecks(c: HostContext, address: [number, number]): number | undefined {
  if (c.state.low(STATE.cr0) & 4) return raise(c, VECTOR.UD);
  if (c.state.low(STATE.cr0) & 8) return raise(c, VECTOR.NM);
  if (address[0] & 15) return gp0(c);
  return undefined;
}

const MXCSR_MASK = 0xffff;

function fxRestore(c: HostContext): number {
  const address = operandAddress(c);
  const refused = fxChecks(c, address);
  if (refused !== undefined) return refused;
  const { view } = c.state;
  const image = new Uint8Array(FX_BYTES);
  for (let offset = 0; offset < FX_BYTES; offset += PART) {
    const host = readable(c, ...addTo(...address, offset), PART, 0);
    if (!host) return FAULT;
    for (let byte = 0; byte < PART; byte++) image[offset + byte] = view.getUint8(host + byte);
  }
  const input = new DataView(image.buffer);
  const mxcsr = input.getUint32(24, true);
  if (mxcsr & ~MXCSR_MASK) return gp0(c);
  if (input.getUint16(0, true) !== 0x37f || input.getUint16(2, true) !== 0 || image[4] !== 0) {
    return c.unsupported('The guest restores an x87 state with FXRSTOR; this machine does not have the x87 FPU yet.');
  }
  c.state.set32(STATE.mxcsr, mxcsr);
  const registers = c.codeBits === 64 ? 16 : 8;
  for (let i = 0; i < registers; i++) {
    for (let byte = 0; byte < 16; byte++) view.setUint8(xmmAddress(i) + byte, image[160 + i * 16 + byte]!);
  }
  return DONE;
}

export const processorInstructions: Readonly<Record<string, HostHandler>> = {
  cpuid: runCpuid,
  rdtsc: (c) => readTimeStamp(c, false),
  rdtscp: (c) => readTimeStamp(c, true),
  rdpid: (c) => {
    writeOperandRegister(c, 0, c.state.low(STATE.tscAux), c.state.high(STATE.tscAux));
    return DONE;
  },
  // No performance counters are enumerated.
  rdpmc: gp0,
  hlt: (c) => {
    if (cpl(c) !== 0) return gp0(c);
    c.state.set32(STATE.activity, 1);
    return LEAVE;
  },
  rdfsbase: segmentBase(FS, false),
  rdgsbase: segmentBase(GS, false),
  wrfsbase: segmentBase(FS, true),
  wrgsbase: segmentBase(GS, true),
  rdpkru: protectionKeys(false),
  wrpkru: protectionKeys(true),
  clac: alignmentFlag(false),
  stac: alignmentFlag(true),
  'missing-endbranch': missingEndbranch,
  fxsave: fxSave,
  fxsave64: fxSave,
  fxrstor: fxRestore,
  fxrstor64: fxRestore,
};
