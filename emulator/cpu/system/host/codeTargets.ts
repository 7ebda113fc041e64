import type { Halves } from '../../../cet/hostShadowStack.ts';
import { CS, gprAddress, RSP, SS, STATE, segment } from '../../state.ts';
import { addTo, type HostContext, isCanonicalTarget, longMode, nextRip } from './context.ts';
import { AR, attributesOf, baseOf, type Descriptor, limitOf } from './descriptors.ts';

/** What far transfers ask of code segments, and their way back when a push faults. */
export const is64 = (c: HostContext, d: Descriptor): boolean => longMode(c) && (attributesOf(d) & AR.L) !== 0;

/** Whether a target lies in its segment: canonical in 64-bit code, within the limit elsewhere. */
export function targetInRange(c: HostContext, d: Descriptor, low: number, high: number): boolean {
  return is64(c, d) ? isCanonicalTarget(c, low, high) : high === 0 && low >>> 0 <= limitOf(d) >>> 0;
}

/** Linear address of an instruction pointer in a segment that is yet to be loaded. */
export const linearTarget = (c: HostContext, d: Descriptor, low: number, high: number): Halves =>
  is64(c, d) ? [low >>> 0, high >>> 0] : [(low + baseOf(d)) >>> 0, 0];

/** Linear address of the next instruction, in the present CS. */
export function linearReturn(c: HostContext): Halves {
  const [low, high] = nextRip(c);
  if (c.codeBits === 64) return [low, high];
  return [addTo(low, 0, c.state.low(segment(CS).base))[0], 0];
}

export const rspField = { address: gprAddress(RSP), bits: 64 } as const;

/** Remembers RSP, SS, SSP and CPL; the result puts them back. */
export function checkpoint(c: HostContext): () => void {
  const { state, exports } = c;
  const rsp: [number, number] = [state.low(rspField), state.high(rspField)];
  const ssp: [number, number] = [state.low(STATE.ssp), state.high(STATE.ssp)];
  const stackSegment = new Uint8Array(state.view.buffer, segment(SS).base.address, 32);
  const saved = stackSegment.slice();
  const level = state.get32(STATE.cpl);
  return () => {
    state.setHalves(rspField, ...rsp);
    state.setHalves(STATE.ssp, ...ssp);
    stackSegment.set(saved);
    state.set32(STATE.cpl, level);
    exports.updateContext();
  };
}
