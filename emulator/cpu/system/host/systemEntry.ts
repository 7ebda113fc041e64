import {
  currentSsp,
  saveUserSsp,
  setSsp,
  shadowStackOn,
  sspOfLevel,
  startTracking,
} from '../../../cet/hostShadowStack.ts';
import { CS, gprAddress, RCX, RDX, SS, STATE } from '../../state.ts';
import { rspField } from './codeTargets.ts';
import {
  cpl,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalTarget,
  LOOKUP,
  longMode,
  protectedMode,
} from './context.ts';
import { putSegment } from './descriptors.ts';

/** SYSENTER and SYSEXIT (SDM Vol. 2). SYSCALL and SYSRET are WebAssembly: `system/fastCalls.ts`. */
const CODE64 = 0xa09b;
const CODE32 = 0xc09b;
const DATA = 0xc093;
const IF = 0x200;
const VM = 0x20000;
const RF = 0x10000;

function loadFlat(c: HostContext, selector: number, code: number, level: number): void {
  putSegment(c, CS, selector, [0, 0], -1, code | (level << 5));
  putSegment(c, SS, selector + 8, [0, 0], -1, DATA | (level << 5));
  c.state.set32(STATE.cpl, level);
}

function enter(c: HostContext): number {
  const { state } = c;
  const selector = state.low(STATE.sysenterCs) & 0xfffc;
  // Virtual-8086 mode may, real mode may not.
  if (!(state.low(STATE.cr0) & 1) || selector === 0) return gp0(c);
  const long = longMode(c);
  state.set32(STATE.rflags, state.get32(STATE.rflags) & ~(IF | VM | RF));
  // At any CPL: ring 0 that makes system calls keeps IA32_PL3_SSP itself.
  if (shadowStackOn(c, cpl(c))) saveUserSsp(c, currentSsp(c));
  loadFlat(c, selector, long ? CODE64 : CODE32, 0);
  state.setHalves(rspField, state.low(STATE.sysenterEsp), long ? state.high(STATE.sysenterEsp) : 0);
  state.setHalves(STATE.rip, state.low(STATE.sysenterEip), long ? state.high(STATE.sysenterEip) : 0);
  if (shadowStackOn(c, 0)) setSsp(c, [0, 0]);
  startTracking(c, 0);
  c.exports.updateContext();
  return LOOKUP;
}

function exit(c: HostContext): number {
  const { state } = c;
  const base = state.low(STATE.sysenterCs) & 0xffff;
  if ((base & 0xfffc) === 0 || !protectedMode(c) || cpl(c) !== 0) return gp0(c);
  const to64 = c.code === 'Sysexitq';
  const value = (register: number): [number, number] => {
    const field = { address: gprAddress(register), bits: 64 } as const;
    return [state.low(field), to64 ? state.high(field) : 0];
  };
  const [rsp, rip] = [value(RCX), value(RDX)];
  if (!isCanonicalTarget(c, ...rsp) || !isCanonicalTarget(c, ...rip)) return gp0(c);
  loadFlat(c, (base + (to64 ? 32 : 16)) | 3, to64 ? CODE64 : CODE32, 3);
  state.setHalves(rspField, ...rsp);
  state.setHalves(STATE.rip, ...rip);
  if (shadowStackOn(c, 3)) setSsp(c, sspOfLevel(c, 3));
  c.exports.updateContext();
  return LOOKUP;
}

export const systemEntry: Readonly<Record<string, HostHandler>> = { sysenter: enter, sysexit: exit, sysexitq: exit };
