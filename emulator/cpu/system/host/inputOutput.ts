import { gprField, RAX, RDX } from '../../state.ts';
import {
  DONE,
  FAULT,
  type HostContext,
  type HostHandler,
  LEAVE,
  readOperand,
  writeOperandRegister,
} from './context.ts';
import { permitted } from './ioPermission.ts';
import { stringTransfer } from './stringInputOutput.ts';

/** IN and OUT (SDM Vol. 2; permission: Vol. 1 §19.5). */
const size = (c: HostContext, operand: number): number => {
  const o = c.operands[operand]!;
  return o.kind === 'register' ? o.bits / 8 : 1;
};

function port(c: HostContext, operand: number): number {
  return c.operands[operand]!.kind === 'immediate'
    ? readOperand(c, operand)[0] & 0xff
    : c.state.low(gprField(RDX)) & 0xffff;
}

function input(c: HostContext): number {
  const bytes = size(c, 0);
  const from = port(c, 1);
  if (!permitted(c, from, bytes)) return FAULT;
  writeOperandRegister(c, 0, c.portIn(from, bytes) >>> 0, 0);
  return DONE;
}

function output(c: HostContext): number {
  const bytes = size(c, 1);
  const to = port(c, 0);
  if (!permitted(c, to, bytes)) return FAULT;
  const value = c.state.low(gprField(RAX));
  c.portOut(to, bytes, bytes === 4 ? value : value & ((1 << (bytes * 8)) - 1));
  return LEAVE;
}

export const inputOutput: Readonly<Record<string, HostHandler>> = {
  in: input,
  out: output,
  insb: (c) => stringTransfer(c, 1, true),
  insw: (c) => stringTransfer(c, 2, true),
  insd: (c) => stringTransfer(c, 4, true),
  outsb: (c) => stringTransfer(c, 1, false),
  outsw: (c) => stringTransfer(c, 2, false),
  outsd: (c) => stringTransfer(c, 4, false),
};
