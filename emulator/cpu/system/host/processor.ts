import { ACCESS } from '../../../memory/paging.ts';
import { CET_LEG_IW_EN, CET_SUPPRESS, CET_SUPPRESS_DIS, CET_TRACKER } from '../../context.ts';
import { MISC_FEATURES_CPUID_FAULTING } from '../../platformMsrs.ts';
import { cpuid } from '../../profiles/cpuid.ts';
import { CS, FS, GS, gprField as gpr, RAX, RBX, RCX, RDX, STATE, segment } from '../../state.ts';
import {
  addTo,
  cpl,
  DONE,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalForRegister,
  LEAVE,
  LOOKUP,
  raise,
  readable,
  readOperand,
  VECTOR,
  writeOperandRegister,
} from './context.ts';
import { relookup } from './controlRegisters.ts';
import { timeStampCounter } from './timeStamp.ts';

/** CPUID, time, HLT, FSGSBASE, protection keys, and the legacy endbranch bitmap. */

function runCpuid(c: HostContext): number {
  const { state } = c;
  if (state.low(STATE.miscFeaturesEnables) & MISC_FEATURES_CPUID_FAULTING && cpl(c) !== 0) return gp0(c);
  const [a, b, cx, d] = cpuid(c.processor, state.low(gpr(RAX)), state.low(gpr(RCX)), {
    cr4: state.low(STATE.cr4),
    xcr0: state.low(STATE.xcr0),
    xss: state.low(STATE.xss),
    apicId: c.apic().id,
    apicEnabled: c.apic().enabled(),
    cpus: c.vcpuCount,
    miscEnable: [state.low(STATE.miscEnable), state.high(STATE.miscEnable)],
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

function readTimeStampAndAux(c: HostContext): number {
  const { state } = c;
  if (state.low(STATE.cr4) & CR4_TSD && cpl(c) !== 0) return gp0(c);
  const [low, high] = timeStampCounter(c);
  state.setHalves(gpr(RAX), low, 0);
  state.setHalves(gpr(RDX), high, 0);
  state.setHalves(gpr(RCX), state.low(STATE.tscAux), 0);
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
    if (!isCanonicalForRegister(c.processor, low, high)) return gp0(c);
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

export const processorInstructions: Readonly<Record<string, HostHandler>> = {
  cpuid: runCpuid,
  rdtscp: readTimeStampAndAux,
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
};
