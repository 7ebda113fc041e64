import { ACCESS } from '../../../memory/paging.ts';
import { SS, STATE, segment, TR } from '../../state.ts';
import { rspField } from './codeTargets.ts';
import { addTo, type HostContext, isCanonicalTarget, raise, readable, VECTOR } from './context.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  putDescriptor,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';

/** Stacks of inner levels in the TSS (SDM Vol. 3A §5.8.5, §7.2.1, §7.7). `ext` is bit 0 of error codes. */
const stackCode = (c: HostContext, ext: number): number => (c.state.get32(segment(TR).selector) & 0xfffc) | ext;

/** RSPn of a 64-bit TSS. Undefined with the fault recorded. */
export function innerStack64(c: HostContext, level: number): [number, number] | undefined {
  const { state } = c;
  const at = 4 + level * 8;
  const refuse = (vector: number, code: number) => {
    raise(c, vector, code);
    return undefined;
  };
  if (at + 7 > state.get32(segment(TR).limit) >>> 0) return refuse(VECTOR.TS, stackCode(c, 0));
  const base = segment(TR).base;
  const host = readable(c, ...addTo(state.low(base), state.high(base), at), 8, ACCESS.IMPLICIT);
  if (!host) return undefined;
  const rsp: [number, number] = [state.view.getUint32(host, true), state.view.getUint32(host + 4, true)];
  return isCanonicalTarget(c, ...rsp) ? rsp : refuse(VECTOR.SS, 0);
}

export interface InnerStack {
  /** Makes it the stack, and its level the CPL. */
  load(): void;
  /** Sets the descriptor's accessed bit, once there is room for the frame. False with the fault recorded. */
  markAccessed(): boolean;
}

/** SSn:ESPn of a 32- or 16-bit TSS, checked for use by `level`. Undefined with the fault recorded. */
export function innerStack(c: HostContext, level: number, ext: number): InnerStack | undefined {
  const { state } = c;
  const refuse = (vector: number, code: number) => {
    raise(c, vector, code);
    return undefined;
  };
  const tr = segment(TR);
  // Types 1 and 3 are 16-bit TSSs: SP and SS in two bytes each.
  const wide = (state.get32(tr.attributes) & 8) !== 0;
  const at = wide ? 4 + level * 8 : 2 + level * 4;
  if (at + (wide ? 5 : 3) > state.get32(tr.limit) >>> 0) return refuse(VECTOR.TS, stackCode(c, ext));
  const host = readable(c, ...addTo(state.low(tr.base), state.high(tr.base), at), wide ? 8 : 4, ACCESS.IMPLICIT);
  if (!host) return undefined;
  const esp = wide ? state.view.getUint32(host, true) : state.view.getUint16(host, true);
  const ss = state.view.getUint16(host + (wide ? 4 : 2), true);
  if ((ss & 0xfffc) === 0) return refuse(VECTOR.TS, ext);
  const d: Descriptor | undefined = readDescriptor(c, ss, VECTOR.TS);
  if (!d) {
    // The selector's error code carries EXT; a page fault's does not.
    if (state.get32(STATE.eventVector) === VECTOR.TS) state.set32(STATE.eventError, (ss & 0xfffc) | ext);
    return undefined;
  }
  const a = attributesOf(d);
  const good =
    (a & (AR.S | AR.CODE | AR.WRITABLE)) === (AR.S | AR.WRITABLE) && dplOf(a) === level && (ss & 3) === level;
  if (!good) return refuse(VECTOR.TS, (ss & 0xfffc) | ext);
  if (!(a & AR.PRESENT)) return refuse(VECTOR.SS, (ss & 0xfffc) | ext);
  return {
    load: () => {
      putDescriptor(c, SS, ss, d);
      state.set32(STATE.cpl, level);
      // A stack of 16 bits takes SP alone.
      const low = a & AR.D ? esp : ((state.low(rspField) & 0xffff0000) | (esp & 0xffff)) >>> 0;
      state.setHalves(rspField, low, 0);
      c.exports.updateContext();
    },
    markAccessed: () => setDescriptorBit(c, d, 0x100),
  };
}
