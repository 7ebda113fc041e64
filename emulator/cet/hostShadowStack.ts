import { CET_ENDBR_EN, CET_SH_STK_EN, CET_SUPPRESS, CET_TRACKER, CR4_CET } from '../cpu/context.ts';
import { type Field, STATE } from '../cpu/state.ts';
import {
  addTo,
  commit,
  gp0,
  type HostContext,
  lockedWritable,
  longMode,
  raise,
  readable,
  VECTOR,
  writable,
} from '../cpu/system/host/context.ts';
import { ACCESS } from '../memory/paging.ts';

/**
 * Shadow stacks in far transfers that are TypeScript (SDM Vol. 2: CALL, RET, IRET, INT n). The same in WebAssembly is in
 * `supervisorTokens.ts`. Linear addresses and the quadwords on shadow stacks are two halves, low first.
 */
export type Halves = readonly [low: number, high: number];

const cetOn = (c: HostContext): boolean => (c.state.low(STATE.cr4) & CR4_CET) !== 0;
const cetField = (level: number): Field => (level === 3 ? STATE.uCet : STATE.sCet);

/** SHSTK_ON(level), outside virtual-8086 mode. */
export const shadowStackOn = (c: HostContext, level: number): boolean =>
  cetOn(c) && (c.state.low(cetField(level)) & CET_SH_STK_EN) !== 0;

/** TRACKER := WAIT_FOR_ENDBRANCH, SUPPRESS := 0 for the class of `level`, if tracking is on there. */
export function startTracking(c: HostContext, level: number): void {
  const field = cetField(level);
  const value = c.state.low(field);
  if (!cetOn(c) || !(value & CET_ENDBR_EN)) return;
  c.state.setHalves(field, (value & ~CET_SUPPRESS) | CET_TRACKER, c.state.high(field));
}

const SUPERVISOR = ACCESS.SHADOW | ACCESS.IMPLICIT;
const accessOf = (level: number): number => (level === 3 ? ACCESS.SHADOW | ACCESS.USER : SUPERVISOR);

export const currentSsp = (c: HostContext): Halves => [c.state.low(STATE.ssp), c.state.high(STATE.ssp)];
export const setSsp = (c: HostContext, ssp: Halves): void => c.state.setHalves(STATE.ssp, ...ssp);

const LEVEL_SSP = [STATE.pl0Ssp, STATE.pl1Ssp, STATE.pl2Ssp, STATE.pl3Ssp] as const;
/** IA32_PLn_SSP. */
export function sspOfLevel(c: HostContext, level: number): Halves {
  const field = LEVEL_SSP[level]!;
  return [c.state.low(field), c.state.high(field)];
}

/** IA32_PL3_SSP := `ssp`; in IA-32e mode bits 63:48 become what bit 47 is (LA_adjust in SDM Vol. 2). */
export function saveUserSsp(c: HostContext, [low, high]: Halves): void {
  c.state.setHalves(STATE.pl3Ssp, low, longMode(c) ? (high << 16) >> 16 : high);
}

const CP_FAR_RET = 2;

function read8(c: HostContext, address: Halves, access: number): Halves | undefined {
  const host = readable(c, ...address, 8, access);
  return host ? [c.state.view.getUint32(host, true), c.state.view.getUint32(host + 4, true)] : undefined;
}

/** Pushes CS, LIP and the old SSP below `top` (8-byte aligned) of the stack of `level`. Undefined with the fault recorded. */
export function pushFarFrame(
  c: HostContext,
  level: number,
  top: Halves,
  frame: { cs: number; lip: Halves; oldSsp: Halves },
): Halves | undefined {
  const values: Halves[] = [[frame.cs, 0], frame.lip, frame.oldSsp];
  const slots = values.map((_, i) => addTo(...top, -8 * (i + 1)));
  const hosts: number[] = [];
  for (const slot of slots) {
    const host = writable(c, ...slot, 8, accessOf(level));
    if (!host) return undefined;
    hosts.push(host);
  }
  values.forEach(([low, high], i) => {
    c.state.view.setUint32(hosts[i]!, low, true);
    c.state.view.setUint32(hosts[i]! + 4, high, true);
    commit(c, hosts[i]!);
  });
  return slots[2];
}

/** Aligns SSP to 8 bytes for a far frame: 4 bytes of zero are stored when it is not. Undefined with the fault recorded. */
export function alignForFrame(c: HostContext, level: number): Halves | undefined {
  const [low, high] = currentSsp(c);
  if (!(low & 4)) return [low, high];
  const aligned: Halves = [low - 4, high];
  const host = writable(c, ...aligned, 4, accessOf(level));
  if (!host) return undefined;
  c.state.view.setUint32(host, 0, true);
  commit(c, host);
  return aligned;
}

/** A far CALL or an event on the current shadow stack: aligns SSP and pushes. False with the fault recorded. */
export function pushOnCurrent(c: HostContext, level: number, cs: number, lip: Halves): boolean {
  const oldSsp = currentSsp(c);
  const top = alignForFrame(c, level);
  const ssp = top && pushFarFrame(c, level, top, { cs, lip, oldSsp });
  if (!ssp) return false;
  setSsp(c, ssp);
  return true;
}

/** Sets the busy bit of a free token at `address`, which it names. Undefined with the fault of the access recorded. */
export function takeStackAt(c: HostContext, [low, high]: Halves, level: number): Halves | 'busy' | undefined {
  const host = lockedWritable(c, low, high, 8, accessOf(level) | ACCESS.MODIFY);
  if (!host) return undefined;
  const { view } = c.state;
  const free = view.getUint32(host, true) === low && view.getUint32(host + 4, true) === high;
  if (free) view.setUint32(host, low | 1, true);
  commit(c, host);
  return free ? [low, high] : 'busy';
}

/**
 * The shadow stack of an inner level: sets the busy bit of the token at IA32_PLn_SSP; #GP(0) when there is no free token
 * for that address, or when code that is not 64-bit could not reach it. Undefined with the fault recorded.
 */
export function takeStackOfLevel(c: HostContext, level: number, to64: boolean): Halves | undefined {
  const ssp = sspOfLevel(c, level);
  const taken = ssp[0] & 7 || (!to64 && ssp[1] !== 0) ? 'busy' : takeStackAt(c, ssp, level);
  if (taken !== 'busy') return taken;
  gp0(c);
  return undefined;
}

/** Clears the busy bit if there is a busy token for `address` there. False with the fault of the access recorded. */
export function clearBusy(c: HostContext, address: Halves, level: number): boolean {
  const host = lockedWritable(c, ...address, 8, accessOf(level) | ACCESS.MODIFY);
  if (!host) return false;
  const { view } = c.state;
  const busy = view.getUint32(host, true) === (address[0] | 1) >>> 0 && view.getUint32(host + 4, true) === address[1];
  if (busy) view.setUint32(host, address[0], true);
  commit(c, host);
  return true;
}

/** The frame of a far CALL or event at SSP, as it is. Undefined with a page fault recorded. */
export function readFarFrame(c: HostContext, level: number): { cs: Halves; lip: Halves; previous: Halves } | undefined {
  const ssp = currentSsp(c);
  const access = accessOf(level);
  const cs = read8(c, addTo(...ssp, 16), access);
  const lip = cs && read8(c, addTo(...ssp, 8), access);
  const previous = lip && read8(c, ssp, access);
  return cs && lip && previous ? { cs, lip, previous } : undefined;
}

/** Verifies the frame at SSP and gives the previous SSP. Undefined with #CP(FAR-RET/IRET) or a page fault recorded. */
function popFarFrame(c: HostContext, level: number, cs: number, lip: Halves): Halves | undefined {
  const frame = readFarFrame(c, level);
  if (!frame) return undefined;
  const { cs: savedCs, lip: savedLip, previous } = frame;
  const same = (a: Halves, b: Halves) => a[0] === b[0] && a[1] === b[1];
  const wrongCs = !same(savedCs, [cs, 0]);
  if (wrongCs || !same(savedLip, lip)) {
    c.state.setHalves(STATE.cpExpected, ...(wrongCs ? savedCs : savedLip));
    c.state.setHalves(STATE.cpActual, ...(wrongCs ? ([cs, 0] as const) : lip));
    c.state.set32(STATE.cpHasValues, 1);
  }
  if (wrongCs || !same(savedLip, lip) || previous[0] & 3) {
    raise(c, VECTOR.CP, CP_FAR_RET);
    return undefined;
  }
  return previous;
}

const canonical = (high: number): boolean => (high | 0) >> 15 === 0 || (high | 0) >> 15 === -1;

export interface FarReturn {
  readonly from: number;
  readonly to: number;
  readonly cs: number;
  /** Linear address of the target. */
  readonly lip: Halves;
  readonly to64: boolean;
  /** IRET in IA-32e mode: leaving an interrupt stack frees its token. */
  readonly leavesInterruptStack: boolean;
}

/**
 * What far RET and IRET do to the shadow stack, when everything else is checked: verifies the frame, frees the token of
 * the stack that is left, and sets SSP. False with the fault recorded and nothing changed.
 */
export function returnShadowStack(c: HostContext, r: FarReturn): boolean {
  const outer = r.to > r.from;
  const reachable = ([, high]: Halves): boolean => {
    if (r.to64 ? canonical(high) : high === 0) return true;
    gp0(c);
    return false;
  };
  let ssp = currentSsp(c);
  let token: Halves | undefined;
  if (shadowStackOn(c, r.from)) {
    const before = ssp;
    if (before[0] & 7) {
      raise(c, VECTOR.CP, CP_FAR_RET);
      return false;
    }
    const popped = addTo(...before, 24);
    if (!outer || r.to !== 3) {
      const previous = popFarFrame(c, r.from, r.cs, r.lip);
      if (!previous) return false;
      ssp = previous;
    }
    if (outer) token = r.to === 3 ? before : popped;
    else {
      if (!reachable(ssp)) return false;
      if (r.leavesInterruptStack && (ssp[0] !== popped[0] || ssp[1] !== popped[1])) token = popped;
    }
  }
  if (outer && shadowStackOn(c, r.to)) {
    if (r.to === 3) ssp = sspOfLevel(c, 3);
    if (!reachable(ssp)) return false;
  }
  if (token && !clearBusy(c, token, r.from)) return false;
  setSsp(c, ssp);
  return true;
}
