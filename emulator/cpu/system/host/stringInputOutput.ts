import { ACCESS } from '../../../memory/paging.ts';
import { PREFIX } from '../../engine/emitter.ts';
import { DF } from '../../flags.ts';
import { readRflags } from '../../registers.ts';
import { ENGINE, ES, gprAddress, RCX, RDI, RDX, RSI, STATE } from '../../state.ts';
import { addTo, commit, DONE, FAULT, type HostContext, LEAVE, LOOKUP, readable, writable } from './context.ts';
import { permitted } from './ioPermission.ts';

/**
 * INS and OUTS (SDM Vol. 2), one element a call: a repeated one stays at its address until RCX is used up, so that
 * each iteration is a step. INS probes its destination before it reads the port.
 */
export function stringTransfer(c: HostContext, bytes: 1 | 2 | 4, input: boolean): number {
  const { state } = c;
  const repeated = (c.prefixes & PREFIX.REP) !== 0;
  const port = state.low(register(RDX)) & 0xffff;
  if (!permitted(c, port, bytes)) return FAULT;
  const count = masked(c, RCX);
  if (repeated && count[0] === 0 && count[1] === 0) return DONE;
  const index = input ? RDI : RSI;
  state.setHalves(ENGINE.scratch0, ...masked(c, index));
  if (c.exports.hostSegment(input ? ES : c.segment, bytes, input ? ACCESS.WRITE : 0) !== 0) return FAULT;
  const linear: [number, number] = [state.low(ENGINE.scratch0), state.high(ENGINE.scratch0)];
  const host = input ? writable(c, ...linear, bytes, 0) : readable(c, ...linear, bytes, 0);
  if (!host) return FAULT;
  if (input) {
    const value = c.portIn(port, bytes);
    if (bytes === 1) state.view.setUint8(host, value);
    else if (bytes === 2) state.view.setUint16(host, value, true);
    else state.view.setUint32(host, value, true);
    commit(c, host);
  } else {
    const { view } = state;
    const value =
      bytes === 1 ? view.getUint8(host) : bytes === 2 ? view.getUint16(host, true) : view.getUint32(host, true);
    c.portOut(port, bytes, value);
  }
  advance(c, index, readRflags(state) & DF ? -bytes : bytes);
  if (!repeated) return LEAVE;
  advance(c, RCX, -1);
  const left = masked(c, RCX);
  const more = left[0] !== 0 || left[1] !== 0;
  state.set32(STATE.repeating, more ? 1 : 0);
  // RIP still is at this instruction: the next iteration is the next step.
  return more ? LOOKUP : LEAVE;
}

const register = (index: number) => ({ address: gprAddress(index), bits: 64 }) as const;

/** A register at the address size. */
function masked(c: HostContext, index: number): [number, number] {
  const low = c.state.low(register(index));
  if (c.addressBits === 64) return [low, c.state.high(register(index))];
  return [c.addressBits === 32 ? low : low & 0xffff, 0];
}

/** Adds at the address size: 32 bits clear the upper half, 16 leave the rest. */
function advance(c: HostContext, index: number, delta: number): void {
  const field = register(index);
  const [low, high] = addTo(c.state.low(field), c.state.high(field), delta);
  if (c.addressBits === 64) c.state.setHalves(field, low, high);
  else if (c.addressBits === 32) c.state.setHalves(field, low, 0);
  else c.state.setHalves(field, ((c.state.low(field) & 0xffff0000) | (low & 0xffff)) >>> 0, c.state.high(field));
}
