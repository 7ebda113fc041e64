import { STATE } from '../../state.ts';
import type { HostContext } from './context.ts';

/** The time-stamp counter and what moves it (SDM Vol. 3B §18.17). Its offset is IA32_TSC_ADJUST: both move together. */

function difference(a: readonly [number, number], b: readonly [number, number]): [low: number, high: number] {
  const low = a[0] - b[0];
  return [low >>> 0, (a[1] - b[1] - (low < 0 ? 1 : 0)) >>> 0];
}

export function timeStampCounter(c: Pick<HostContext, 'state' | 'timeStamp'>): [low: number, high: number] {
  const [machineLow, machineHigh] = c.timeStamp();
  const low = machineLow + c.state.low(STATE.tscOffset);
  return [low >>> 0, (machineHigh + c.state.high(STATE.tscOffset) + (low > 0xffffffff ? 1 : 0)) >>> 0];
}

/** WRMSR of IA32_TIME_STAMP_COUNTER: IA32_TSC_ADJUST moves by as much. */
export function writeTimeStamp(c: HostContext, low: number, high: number): void {
  writeTimeStampAdjust(c, ...difference([low, high], c.timeStamp()));
}

export function writeTimeStampAdjust(c: HostContext, low: number, high: number): void {
  c.state.setHalves(STATE.tscOffset, low >>> 0, high >>> 0);
  c.changeApic().timer.timeStampMoved(timeStampAdjust(c));
}

export const timeStampAdjust = (c: HostContext): [low: number, high: number] => [
  c.state.low(STATE.tscOffset),
  c.state.high(STATE.tscOffset),
];
