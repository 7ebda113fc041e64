import { lineWritten, watchLine } from '../../monitoredLine.ts';
import { MISC_ENABLE } from '../../platformMsrs.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { ENGINE, gprField as gpr, RAX, RCX, STATE } from '../../state.ts';
import { ACTIVITY } from '../../turns.ts';
import {
  cpl,
  DONE,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalTarget,
  LEAVE,
  raise,
  readOperand,
  VECTOR,
} from './context.ts';

/**
 * MONITOR, MWAIT, and UMONITOR, UMWAIT, TPAUSE (SDM Vol. 2). A wait may end for any reason of the implementation's: the user-mode ones end at once.
 */
const CR4_TSD = 4;
const ARITHMETIC = 0x8d5;

/** By iced's name of the form. */
const ADDRESS_BITS: Readonly<Record<string, number>> = { Monitorw: 16, Monitord: 32, Monitorq: 64 };

/** Translates like a load of one byte; then watches the line. False with the fault recorded. */
function arm(c: HostContext, low: number, high: number, addressBits: number): boolean {
  const { state } = c;
  state.setHalves(ENGINE.scratch0, addressBits === 16 ? low & 0xffff : low, addressBits === 64 ? high : 0);
  if (c.exports.hostSegment(c.segment, 1, 0)) return false;
  if (c.codeBits === 64 && !isCanonicalTarget(c, state.low(ENGINE.scratch0), state.high(ENGINE.scratch0))) {
    gp0(c);
    return false;
  }
  const physical = c.exports.hostTranslate(0);
  if (state.get32(STATE.eventPending)) return false;
  const inRam = physical >= 0 || physical < -2;
  state.set32(STATE.monitorArmed, 0);
  if (inRam) watchLine(state, state.view.buffer, physical);
  return true;
}

const disabled = (c: HostContext): boolean => cpl(c) !== 0 || !(c.state.low(STATE.miscEnable) & MISC_ENABLE.MONITOR);

function monitor(c: HostContext): number {
  const { state } = c;
  if (disabled(c)) return raise(c, VECTOR.UD);
  // No extensions are defined.
  if (state.low(gpr(RCX)) !== 0) return gp0(c);
  return arm(c, state.low(gpr(RAX)), state.high(gpr(RAX)), ADDRESS_BITS[c.code] ?? 64) ? DONE : FAULT;
}

/** ECX bit 0: interrupts end the wait even with IF = 0. */
function mwait(c: HostContext): number {
  const { state } = c;
  if (disabled(c)) return raise(c, VECTOR.UD);
  if (state.low(gpr(RCX)) & ~1) return gp0(c);
  const waits = state.get32(STATE.monitorArmed) !== 0 && !lineWritten(state, state.view.buffer);
  state.set32(STATE.monitorArmed, 0);
  if (!waits) return DONE;
  state.set32(STATE.mwaitBreaks, state.low(gpr(RCX)) & 1);
  state.set32(STATE.activity, ACTIVITY.MWAIT);
  return LEAVE;
}

function userMonitor(c: HostContext): number {
  const [operand] = c.operands;
  return arm(c, ...readOperand(c, 0), operand?.kind === 'register' ? operand.bits : 64) ? DONE : FAULT;
}

/** UMWAIT and TPAUSE: CF tells a time limit by the operating system; none is set. */
const userWait: HostHandler = (c) => {
  const { state } = c;
  if (state.low(STATE.cr4) & CR4_TSD && cpl(c) !== 0) return gp0(c);
  // Bit 0 asks for the lighter sleep state.
  if (readOperand(c, 0)[0] & ~1) return gp0(c);
  writeRflags(state, readRflags(state) & ~ARITHMETIC);
  return DONE;
};

export const monitorInstructions: Readonly<Record<string, HostHandler>> = {
  monitor,
  mwait,
  umonitor: userMonitor,
  umwait: userWait,
  tpause: userWait,
};
