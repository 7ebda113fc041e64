import { ACCESS } from '../../../memory/paging.ts';
import { readRflags } from '../../registers.ts';
import { gprAddress, RAX, RDX, segment, TR } from '../../state.ts';
import {
  addTo,
  cpl,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  LEAVE,
  readable,
  readOperand,
  writeOperandRegister,
} from './context.ts';

/** IN and OUT (SDM Vol. 2; permission: Vol. 1 §19.5). */
const size = (c: HostContext, operand: number): number => {
  const o = c.operands[operand]!;
  return o.kind === 'register' ? o.bits / 8 : 1;
};

/** CPL ≤ IOPL, or clear bits in the TSS's I/O permission bitmap. */
function permitted(c: HostContext, port: number, bytes: number): boolean {
  const { state } = c;
  if (cpl(c) <= ((readRflags(state) >>> 12) & 3)) return true;
  const refuse = () => {
    gp0(c);
    return false;
  };
  const tr = segment(TR);
  const type = state.get32(tr.attributes) & 15;
  if (state.get32(tr.attributes) & 0x10000 || (type !== 9 && type !== 11)) return refuse();
  const limit = state.get32(tr.limit) >>> 0;
  const base: [number, number] = [state.low(tr.base), state.high(tr.base)];
  if (limit < 0x67) return refuse();
  const mapHost = readable(c, ...addTo(...base, 0x66), 2, ACCESS.IMPLICIT);
  if (!mapHost) return false;
  const at = state.view.getUint16(mapHost, true) + (port >>> 3);
  if (at + 1 > limit) return refuse();
  const host = readable(c, ...addTo(...base, at), 2, ACCESS.IMPLICIT);
  if (!host) return false;
  const bits = (state.view.getUint16(host, true) >>> (port & 7)) & ((1 << bytes) - 1);
  return bits === 0 || refuse();
}

function port(c: HostContext, operand: number): number {
  return c.operands[operand]!.kind === 'immediate'
    ? readOperand(c, operand)[0] & 0xff
    : c.state.low({ address: gprAddress(RDX), bits: 64 }) & 0xffff;
}

function input(c: HostContext): number {
  const bytes = size(c, 0);
  const from = port(c, 1);
  if (!permitted(c, from, bytes)) return FAULT;
  writeOperandRegister(c, 0, c.portIn(from, bytes) >>> 0, 0);
  return LEAVE;
}

function output(c: HostContext): number {
  const bytes = size(c, 1);
  const to = port(c, 0);
  if (!permitted(c, to, bytes)) return FAULT;
  const value = c.state.low({ address: gprAddress(RAX), bits: 64 });
  c.portOut(to, bytes, bytes === 4 ? value : value & ((1 << (bytes * 8)) - 1));
  return LEAVE;
}

const stringIo: HostHandler = (c) => c.unsupported('The guest uses INS or OUTS, which this machine does not have yet.');

export const inputOutput: Readonly<Record<string, HostHandler>> = {
  in: input,
  out: output,
  insb: stringIo,
  insw: stringIo,
  insd: stringIo,
  outsb: stringIo,
  outsw: stringIo,
  outsd: stringIo,
};
