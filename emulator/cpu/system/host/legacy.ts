import { EVENT } from '../../events.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { gprAddress, RAX, STATE } from '../../state.ts';
import {
  addTo,
  commit,
  DONE,
  FAULT,
  type HostContext,
  type HostHandler,
  operandAccess,
  operandAddress,
  protectedMode,
  raise,
  readablePart,
  readOperand,
  VECTOR,
  writable,
  writeOperandRegister,
} from './context.ts';

/** Instructions of 16- and 32-bit code only: BOUND, INTO, ARPL, SALC (SDM Vol. 2). */
const BR = 5;
const OVERFLOW = 4;
const CF = 1;
const ZF = 0x40;
const OF = 0x800;

function bound(c: HostContext): number {
  const operand = c.operands[0]!;
  const bytes = operand.kind === 'register' ? operand.bits / 8 : 4;
  const address = operandAddress(c);
  const { view } = c.state;
  const bounds: number[] = [];
  for (const delta of [0, bytes]) {
    const host = readablePart(c, address, delta, bytes);
    if (!host) return FAULT;
    bounds.push(bytes === 2 ? view.getInt16(host, true) : view.getInt32(host, true));
  }
  const [low] = readOperand(c, 0);
  const index = bytes === 2 ? (low << 16) >> 16 : low | 0;
  return index < bounds[0]! || index > bounds[1]! ? raise(c, BR) : DONE;
}

function into(c: HostContext): number {
  if (!(readRflags(c.state) & OF)) return DONE;
  raise(c, OVERFLOW);
  c.state.set32(STATE.eventKind, EVENT.SOFTWARE_EXCEPTION);
  c.state.set32(STATE.eventInstructionLength, c.length);
  return FAULT;
}

function adjustRpl(c: HostContext): number {
  if (!protectedMode(c)) return raise(c, VECTOR.UD);
  const rpl = readOperand(c, 1)[0] & 3;
  const { state } = c;
  const setZf = (on: boolean) => writeRflags(state, (readRflags(state) & ~ZF) | (on ? ZF : 0));
  if (c.operands[0]?.kind !== 'memory') {
    const [selector] = readOperand(c, 0);
    if ((selector & 3) < rpl) writeOperandRegister(c, 0, (selector & ~3) | rpl, 0);
    setZf((selector & 3) < rpl);
    return DONE;
  }
  const host = writable(c, ...addTo(...operandAddress(c), 0), 2, 0x40 | operandAccess(c));
  if (!host) return FAULT;
  const selector = state.view.getUint16(host, true);
  if ((selector & 3) < rpl) state.view.setUint16(host, (selector & ~3) | rpl, true);
  commit(c, host);
  setZf((selector & 3) < rpl);
  return DONE;
}

export const legacy: Readonly<Record<string, HostHandler>> = {
  bound,
  into,
  arpl: adjustRpl,
  salc: (c) => {
    c.state.view.setUint8(gprAddress(RAX), readRflags(c.state) & CF ? 0xff : 0);
    return DONE;
  },
};
