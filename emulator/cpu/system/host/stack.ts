import { ACCESS } from '../../../memory/paging.ts';
import { ENGINE, gprAddress, RSP, SS, STATE, segment } from '../../state.ts';
import { addTo, commit, type HostContext, readable, VECTOR, writable } from './context.ts';

/** Stack accesses of instructions in TypeScript; the stack's address size follows the mode and SS.B. */
const rsp = { address: gprAddress(RSP), bits: 64 } as const;

function stackBits(c: HostContext): 16 | 32 | 64 {
  if (c.codeBits === 64) return 64;
  return c.state.get32(segment(SS).attributes) & 0x4000 ? 32 : 16;
}

function masked(c: HostContext, low: number, high: number): [number, number] {
  const bits = stackBits(c);
  return bits === 64 ? [low, high] : bits === 32 ? [low, 0] : [low & 0xffff, 0];
}

/** RSP moved by `delta` within the stack's address size. */
function moved(c: HostContext, delta: number): [number, number] {
  const [low, high] = [c.state.low(rsp), c.state.high(rsp)];
  const next = addTo(low, high, delta);
  const bits = stackBits(c);
  if (bits === 64) return next;
  return bits === 32 ? [next[0], 0] : [((low & 0xffff0000) | (next[0] & 0xffff)) >>> 0, high];
}

/** Linear address of a stack offset, in ENGINE.scratch0; false with the fault recorded. */
function toLinear(c: HostContext, offset: [number, number], size: number, access: number): boolean {
  c.state.setHalves(ENGINE.scratch0, ...masked(c, ...offset));
  return c.exports.hostSegment(SS, size, access) === 0;
}

const linear = (c: HostContext): [number, number] => [c.state.low(ENGINE.scratch0), c.state.high(ENGINE.scratch0)];

/** Pushes at once, and stores only the lowest `stored` bytes. False with the fault recorded and RSP unchanged. */
export function pushStack(c: HostContext, size: number, low: number, high: number, stored = size): boolean {
  const next = moved(c, -size);
  if (!toLinear(c, next, stored, ACCESS.WRITE)) return false;
  const host = writable(c, ...linear(c), stored, ACCESS.STACK);
  if (!host) return false;
  const { view } = c.state;
  if (stored === 2) view.setUint16(host, low, true);
  else view.setUint32(host, low, true);
  if (stored === 8) view.setUint32(host + 4, high, true);
  commit(c, host);
  c.state.setHalves(rsp, ...next);
  return true;
}

/** Whether `count` pushes stay within the limits of the stack segment; false with the fault recorded. */
export function stackHolds(c: HostContext, size: number, count: number): boolean {
  for (let i = 1; i <= count; i++) if (!toLinear(c, moved(c, -i * size), size, ACCESS.WRITE)) return false;
  return true;
}

/** Pushes in order; a stack that is too small is #SS(`code`). False with the fault recorded. */
export function pushAll(c: HostContext, size: number, values: readonly number[], code: number): boolean {
  if (values.every((value) => pushStack(c, size, value, 0))) return true;
  if (c.state.get32(STATE.eventVector) === VECTOR.SS) c.state.set32(STATE.eventError, code);
  return false;
}

/** The value at RSP + `delta`, without moving RSP. */
export function peekStack(c: HostContext, size: number, delta: number): [number, number] | undefined {
  if (!toLinear(c, moved(c, delta), size, 0)) return undefined;
  const host = readable(c, ...linear(c), size, ACCESS.STACK);
  if (!host) return undefined;
  const { view } = c.state;
  if (size === 2) return [view.getUint16(host, true), 0];
  return [view.getUint32(host, true), size === 8 ? view.getUint32(host + 4, true) : 0];
}

export function popStack(c: HostContext, size: number): [number, number] | undefined {
  const value = peekStack(c, size, 0);
  if (value) c.state.setHalves(rsp, ...moved(c, size));
  return value;
}

export function skipStack(c: HostContext, bytes: number): void {
  c.state.setHalves(rsp, ...moved(c, bytes));
}
