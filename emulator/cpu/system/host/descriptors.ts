import { ACCESS } from '../../../memory/paging.ts';
import { CS, LDTR, SS, STATE, segment } from '../../state.ts';
import {
  addTo,
  commit,
  cpl,
  DONE,
  type HostContext,
  locked,
  longMode,
  protectedMode,
  raise,
  readable,
  VECTOR,
  writable,
} from './context.ts';

import { loadRealSegment } from './realMode.ts';

/** A segment descriptor as its two halves, and where it was read. */
export interface Descriptor {
  readonly low: number;
  readonly high: number;
  /** Bits 63:32 of the base, for 16-byte system descriptors in IA-32e mode. */
  readonly baseHigh: number;
  readonly address: [number, number];
}

export const attributesOf = (d: Descriptor): number => (d.high >>> 8) & 0xf0ff;
export const baseOf = (d: Descriptor): number =>
  ((d.low >>> 16) | ((d.high & 0xff) << 16) | (d.high & 0xff000000)) >>> 0;
export function limitOf(d: Descriptor): number {
  const raw = (d.low & 0xffff) | (d.high & 0xf0000);
  return d.high & 0x800000 ? ((raw << 12) | 0xfff) >>> 0 : raw;
}
export const dplOf = (attributes: number): number => (attributes >>> 5) & 3;
export const AR = {
  ACCESSED: 1,
  WRITABLE: 2,
  CONFORMING: 4,
  CODE: 8,
  S: 16,
  PRESENT: 128,
  L: 0x2000,
  D: 0x4000,
} as const;

/**
 * Reads a selector's descriptor. Undefined with `vector`(selector) recorded when it lies beyond its table, or with the
 * page fault of the read.
 */
export function readDescriptor(c: HostContext, selector: number, vector: number = VECTOR.GP): Descriptor | undefined {
  const { state } = c;
  const local = (selector & 4) !== 0;
  const offset = selector & 0xfff8;
  const ldtr = segment(LDTR);
  const limit = (local ? state.get32(ldtr.limit) : state.get32(STATE.gdtrLimit)) >>> 0;
  if ((local && state.get32(ldtr.attributes) & 0x10000) || offset + 7 > limit) {
    raise(c, vector, selector & 0xfffc);
    return undefined;
  }
  const base = local ? ldtr.base : STATE.gdtrBase;
  const address = addTo(state.low(base), state.high(base), offset);
  const host = readable(c, ...address, 8, ACCESS.IMPLICIT);
  if (host === 0) return undefined;
  const low = state.view.getUint32(host, true);
  const high = state.view.getUint32(host + 4, true);
  let baseHigh = 0;
  if (longMode(c) && !(high & 0x1000)) {
    // System descriptors have 16 bytes in IA-32e mode.
    if (offset + 15 > limit) {
      raise(c, vector, selector & 0xfffc);
      return undefined;
    }
    const second = readable(c, ...addTo(...address, 8), 8, ACCESS.IMPLICIT);
    if (second === 0) return undefined;
    baseHigh = state.view.getUint32(second, true);
  }
  return { low, high, baseHigh, address };
}

/** The locked update of a descriptor, seen as one of all its eight bytes; only the second half is written. */
export const lockedDescriptor = (c: HostContext, address: readonly [number, number]): void => locked(c, ...address, 8);

/** ORs a bit into the descriptor's second half in memory (accessed, busy). False with the fault recorded. */
export function setDescriptorBit(c: HostContext, d: Descriptor, bit: number): boolean {
  if (d.high & bit) return true;
  const host = writable(c, ...addTo(...d.address, 4), 4, ACCESS.IMPLICIT | ACCESS.MODIFY);
  if (host === 0) return false;
  lockedDescriptor(c, d.address);
  c.state.view.setUint32(host, d.high | bit, true);
  commit(c, host);
  return true;
}

export function putSegment(
  c: HostContext,
  index: number,
  selector: number,
  base: [number, number],
  limit: number,
  attributes: number,
): void {
  const s = segment(index);
  c.state.set32(s.selector, selector);
  c.state.setHalves(s.base, base[0], base[1]);
  c.state.set32(s.limit, limit | 0);
  c.state.set32(s.attributes, attributes);
}

export const putNull = (c: HostContext, index: number, selector: number, dpl = 0): void =>
  putSegment(c, index, selector, [0, 0], 0, 0x10000 | (dpl << 5));

export function putDescriptor(c: HostContext, index: number, selector: number, d: Descriptor): void {
  const attributes = attributesOf(d);
  const flat64 = index === CS && longMode(c) && attributes & AR.L;
  // System segments (LDTR, TR) have a type there instead.
  const accessed = attributes & AR.S ? AR.ACCESSED : 0;
  putSegment(c, index, selector, flat64 ? [0, 0] : [baseOf(d), d.baseHigh], limitOf(d), attributes | accessed);
}

/** MOV and POP to a data-segment register (SDM Vol. 2, MOV; Vol. 3A §5.6, §5.7). */
export function loadDataSegment(c: HostContext, index: number, selector: number): number {
  if (!protectedMode(c)) {
    loadRealSegment(c, index, selector);
    return DONE;
  }
  const rpl = selector & 3;
  const level = cpl(c);
  if ((selector & 0xfffc) === 0) {
    if (index === SS && (c.codeBits !== 64 || level === 3 || rpl !== level)) return raise(c, VECTOR.GP, 0);
    putNull(c, index, selector, index === SS ? level : 0);
    if (index === SS) c.exports.updateContext();
    return DONE;
  }
  const d = readDescriptor(c, selector);
  if (!d) return 1;
  const attributes = attributesOf(d);
  const code = selector & 0xfffc;
  const isCode = (attributes & AR.CODE) !== 0;
  if (!(attributes & AR.S)) return raise(c, VECTOR.GP, code);
  if (index === SS) {
    if (isCode || !(attributes & AR.WRITABLE) || rpl !== level || dplOf(attributes) !== level) {
      return raise(c, VECTOR.GP, code);
    }
    if (!(attributes & AR.PRESENT)) return raise(c, VECTOR.SS, code);
  } else {
    if (isCode && !(attributes & AR.WRITABLE)) return raise(c, VECTOR.GP, code);
    const conforming = isCode && (attributes & AR.CONFORMING) !== 0;
    if (!conforming && (rpl > dplOf(attributes) || level > dplOf(attributes))) return raise(c, VECTOR.GP, code);
    if (!(attributes & AR.PRESENT)) return raise(c, VECTOR.NP, code);
  }
  if (!setDescriptorBit(c, d, 0x100)) return 1;
  putDescriptor(c, index, selector, d);
  c.exports.updateContext();
  return DONE;
}
