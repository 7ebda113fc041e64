import { ACCESS } from '../../../memory/paging.ts';
import { ENGINE, STATE, segment } from '../../state.ts';
import {
  addTo,
  commit,
  type HostContext,
  operandAccess,
  operandAddress,
  raise,
  readable,
  VECTOR,
  writable,
} from './context.ts';

/**
 * Memory operands of more than 64 bytes or of odd sizes (FXSAVE, FNSAVE, FNSTENV), whose first bytes the handler has
 * brought to a linear address. Parts are as long as one probe can be.
 */
const PART = 64;
const CR0_AM = 1 << 18;
const RFLAGS_AC = 1 << 18;

interface Part {
  readonly address: [number, number];
  readonly offset: number;
  readonly size: number;
}

/** Linear addresses of the operand's parts, checked against the segment; undefined with the fault recorded. */
function partsOf(c: HostContext, start: [number, number], bytes: number, access: number): Part[] | undefined {
  if (c.codeBits !== 64) {
    // Past the first bytes, which the handler checked: the whole operand within the limit.
    const base = c.state.low(segment(c.segment).base);
    c.state.setHalves(ENGINE.scratch0, ((start[0] - base) >>> 0) & (c.addressBits === 16 ? 0xffff : 0xffffffff), 0);
    if (c.exports.hostSegment(c.segment, bytes, access)) return undefined;
  }
  const parts: Part[] = [];
  for (let offset = 0; offset < bytes; offset += PART) {
    const [low, high] = addTo(...start, offset);
    parts.push({ address: [low, c.codeBits === 64 ? high : 0], offset, size: Math.min(PART, bytes - offset) });
  }
  return parts;
}

/** An operand that #AC would be raised for, its parts having been probed. */
function misaligned(c: HostContext, start: [number, number], alignment: number): boolean {
  const { state } = c;
  if (!(start[0] & (alignment - 1)) || state.get32(STATE.cpl) !== 3) return false;
  if (!(state.low(STATE.cr0) & CR0_AM) || !(state.get32(STATE.rflags) & RFLAGS_AC)) return false;
  raise(c, VECTOR.AC, 0);
  return true;
}

/** The operand's bytes, or undefined with the fault recorded; `alignment` is what #AC asks for. */
export function readWide(c: HostContext, bytes: number, alignment: number): Uint8Array | undefined {
  const start = operandAddress(c);
  const parts = partsOf(c, start, bytes, 0);
  if (!parts) return undefined;
  const image = new Uint8Array(bytes);
  for (const { address, offset, size } of parts) {
    const host = readable(c, ...address, size, ACCESS.ANY_ALIGNMENT | operandAccess(c));
    if (!host) return undefined;
    image.set(new Uint8Array(c.state.view.buffer, host, size), offset);
  }
  return misaligned(c, start, alignment) ? undefined : image;
}

/**
 * Stores the image, the first bytes of an operand of `bytes` bytes; every part is probed before the first is written.
 * False with the fault recorded.
 */
export function writeWide(c: HostContext, image: Uint8Array, bytes: number, alignment: number): boolean {
  const start = operandAddress(c);
  const parts = partsOf(c, start, bytes, ACCESS.WRITE);
  if (!parts) return false;
  const probe = ({ address, size }: Part) =>
    writable(c, ...address, size, ACCESS.ANY_ALIGNMENT | ACCESS.MODIFY | operandAccess(c));
  if (parts.some((part) => !probe(part)) || misaligned(c, start, alignment)) return false;
  for (const part of parts.filter(({ offset }) => offset < image.length)) {
    const host = probe(part);
    new Uint8Array(c.state.view.buffer, host, part.size).set(image.subarray(part.offset, part.offset + part.size));
    commit(c, host);
  }
  return true;
}
