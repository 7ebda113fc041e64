import { CET_ENDBR_EN, CET_SH_STK_EN } from '../cpu/context.ts';
import { CS, STATE, segment } from '../cpu/state.ts';
import { addTo, type HostContext, raise, VECTOR } from '../cpu/system/host/context.ts';
import type { TaskImage } from '../cpu/system/host/taskState.ts';
import {
  clearBusy,
  currentSsp,
  type Halves,
  pushFarFrame,
  readFarFrame,
  saveUserSsp,
  setSsp,
  shadowStackOn,
  sspOfLevel,
  startTracking,
  takeStackAt,
} from './hostShadowStack.ts';

/** Shadow stacks and tracking in task switches (SDM Vol. 3A §8.3; Vol. 1 §17.2.6). */
const CP_FAR_RET = 2;

/** What the old task's shadow stack leaves to the new one's. */
export interface LeftTask {
  /** To push on the new shadow stack. */
  readonly frame?: { readonly cs: number; readonly lip: Halves; readonly oldSsp: Halves };
  /** What the task that is returned to must be, and its SSP. */
  readonly expected?: { readonly cs: Halves; readonly lip: Halves };
  readonly ssp: Halves;
}

/** The old task's part, before the switch. Undefined with the fault recorded and nothing changed. */
export function leaveTask(
  c: HostContext,
  source: 'call' | 'jump' | 'interrupt' | 'return',
  eip: number,
  newLevel: number,
): LeftTask | undefined {
  const { state } = c;
  const level = state.get32(STATE.cpl);
  const user = sspOfLevel(c, 3);
  if (!shadowStackOn(c, level)) return { ssp: newLevel === 3 ? user : [0, 0] };
  const old = currentSsp(c);
  if (source === 'jump') return { ssp: [0, 0] };
  if (source !== 'return') {
    if (level === 3 && newLevel < 3) {
      saveUserSsp(c, old);
      return { ssp: [0, 0] };
    }
    const lip: Halves = [(eip + state.low(segment(CS).base)) >>> 0, 0];
    return { frame: { cs: state.get32(segment(CS).selector), lip, oldSsp: old }, ssp: [0, 0] };
  }
  let left: LeftTask = { ssp: user };
  let token = old;
  if (newLevel === level || newLevel < 3) {
    const frame = readFarFrame(c, level);
    if (!frame) return undefined;
    left = { expected: { cs: frame.cs, lip: frame.lip }, ssp: frame.previous };
    token = addTo(...old, 24);
  }
  if (!clearBusy(c, token, level)) return undefined;
  setSsp(c, [0, 0]);
  return left;
}

/** The new task's part, once its segments are loaded. False with the fault recorded. */
export function enterTask(
  c: HostContext,
  source: 'call' | 'jump' | 'interrupt' | 'return',
  image: TaskImage,
  level: number,
  tss: number,
  left: LeftTask,
): boolean {
  const refuse = (vector: number, code: number): false => {
    raise(c, vector, code);
    return false;
  };
  const shadow = shadowStackOn(c, level);
  if (image.eflags & 0x20000) {
    const enabled = c.state.low(STATE.uCet) & (CET_SH_STK_EN | CET_ENDBR_EN);
    return c.state.low(STATE.cr4) & (1 << 23) && enabled ? refuse(VECTOR.TS, tss & 0xfffc) : true;
  }
  if (source !== 'return') {
    if (shadow) {
      const taken = image.ssp & 7 ? 'busy' : takeStackAt(c, [image.ssp, 0], level);
      if (taken === undefined) return false;
      if (taken === 'busy') return refuse(VECTOR.TS, tss & 0xfffc);
      const top: Halves | undefined = left.frame ? pushFarFrame(c, level, taken, left.frame) : taken;
      if (!top) return false;
      setSsp(c, top);
    }
    startTracking(c, level);
    return true;
  }
  if (left.expected) {
    const lip = (image.eip + c.state.low(segment(CS).base)) >>> 0;
    const { cs, lip: savedLip } = left.expected;
    const matches = cs[0] === image.selectors[CS] && cs[1] === 0 && savedLip[0] === lip && savedLip[1] === 0;
    if (!matches) return refuse(VECTOR.CP, CP_FAR_RET);
  }
  if (!shadow) return true;
  if (left.ssp[0] & 3 || left.ssp[1] !== 0) return refuse(VECTOR.CP, CP_FAR_RET);
  setSsp(c, left.ssp);
  return true;
}
