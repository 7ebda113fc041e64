import { ACCESS } from '../../../memory/paging.ts';
import { ENGINE, segment } from '../../state.ts';
import { addTo, commit, type HostContext, operandAccess, operandAddress, readable, writable } from './context.ts';

/** Parts of a large memory operand that begins at a multiple of 64 bytes: offsets, the end not included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const LINE = 64;

/** The ranges cut where 64-byte lines begin, so that no part lies on two pages. */
function linesOf(ranges: readonly Range[]): Range[] {
  return ranges.flatMap(({ from, to }) => {
    const lines: Range[] = [];
    for (let at = from; at < to; at = lines.at(-1)!.to) {
      lines.push({ from: at, to: Math.min(to, at - (at % LINE) + LINE) });
    }
    return lines;
  });
}

/** Outside 64-bit mode, the whole operand must lie within its segment. False with the fault recorded. */
function insideSegment(c: HostContext, start: [number, number], ranges: readonly Range[], access: number): boolean {
  if (c.codeBits === 64) return true;
  const bytes = Math.max(1, ...ranges.map(({ to }) => to));
  const base = c.state.low(segment(c.segment).base);
  c.state.setHalves(ENGINE.scratch0, ((start[0] - base) >>> 0) & (c.addressBits === 16 ? 0xffff : 0xffffffff), 0);
  const refused = c.exports.hostSegment(c.segment, bytes, access) !== 0;
  c.state.setHalves(ENGINE.scratch0, ...start);
  return !refused;
}

function lineAddress(c: HostContext, start: [number, number], offset: number): [number, number] {
  const [low, high] = addTo(...start, offset);
  return [low, c.codeBits === 64 ? high : 0];
}

/** The given parts of the operand, the rest zero; undefined with the fault recorded. */
export function readRanges(c: HostContext, ranges: readonly Range[]): DataView | undefined {
  const start = operandAddress(c);
  if (!insideSegment(c, start, ranges, 0)) return undefined;
  const image = new Uint8Array(Math.max(0, ...ranges.map(({ to }) => to)));
  for (const { from, to } of linesOf(ranges)) {
    const host = readable(c, ...lineAddress(c, start, from), to - from, ACCESS.ANY_ALIGNMENT | operandAccess(c));
    if (!host) return undefined;
    image.set(new Uint8Array(c.state.view.buffer, host, to - from), from);
  }
  c.state.setHalves(ENGINE.scratch0, ...start);
  return new DataView(image.buffer);
}

const probeLine = (c: HostContext, start: [number, number], { from, to }: Range): number =>
  writable(c, ...lineAddress(c, start, from), to - from, ACCESS.ANY_ALIGNMENT | ACCESS.MODIFY | operandAccess(c));

/** Probes the given parts with write intent. False with the fault recorded. */
export function probeRanges(c: HostContext, ranges: readonly Range[]): boolean {
  const start = operandAddress(c);
  if (!insideSegment(c, start, ranges, ACCESS.WRITE)) return false;
  const fine = linesOf(ranges).every((line) => probeLine(c, start, line));
  c.state.setHalves(ENGINE.scratch0, ...start);
  return fine;
}

/** Stores the given parts of the image, which `probeRanges` found writable. */
export function writeRanges(c: HostContext, image: DataView, ranges: readonly Range[]): void {
  const start = operandAddress(c);
  for (const line of linesOf(ranges)) {
    const host = probeLine(c, start, line);
    const bytes = new Uint8Array(image.buffer, line.from, line.to - line.from);
    new Uint8Array(c.state.view.buffer, host, bytes.length).set(bytes);
    commit(c, host);
  }
}
