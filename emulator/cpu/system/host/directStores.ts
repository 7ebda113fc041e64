import { ACCESS } from '../../../memory/paging.ts';
import { randomWord } from '../../random.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { ENGINE, ES } from '../../state.ts';
import {
  commit,
  DONE,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  operandAddress,
  readable,
  readOperand,
  writable,
  writeOperandRegister,
} from './context.ts';

/** MOVDIR64B, RDRAND and RDSEED (SDM Vol. 2). */
const BYTES = 64;

/** 64 bytes from the memory operand to ES:register, which must be a multiple of 64. */
function moveDirect(c: HostContext): number {
  const { state } = c;
  const from = operandAddress(c);
  const [low, high] = readOperand(c, 0);
  state.setHalves(ENGINE.scratch0, low, high);
  if (c.exports.hostSegment(ES, BYTES, ACCESS.WRITE)) return FAULT;
  const to = operandAddress(c);
  if (to[0] & (BYTES - 1)) return gp0(c);
  const source = readable(c, ...from, BYTES, ACCESS.ANY_ALIGNMENT);
  if (!source) return FAULT;
  const line = new Uint8Array(state.view.buffer, source, BYTES).slice();
  const host = writable(c, ...to, BYTES, ACCESS.ANY_ALIGNMENT);
  if (!host) return FAULT;
  new Uint8Array(state.view.buffer, host, BYTES).set(line);
  commit(c, host);
  return DONE;
}

const ARITHMETIC = 0x8d5;
const CF = 1;

/** Always ready: CF is set, the other arithmetic flags are cleared. */
function random(c: HostContext): number {
  const { state } = c;
  const low = randomWord(state);
  const operand = c.operands[0];
  const high = operand?.kind === 'register' && operand.bits === 64 ? randomWord(state) : 0;
  writeOperandRegister(c, 0, low, high);
  writeRflags(state, (readRflags(state) & ~ARITHMETIC) | CF);
  return DONE;
}

export const directStores: Readonly<Record<string, HostHandler>> = {
  movdir64b: moveDirect,
  rdrand: random,
  rdseed: random,
};
