import { FLUSH } from '../../../memory/architecturalTlb.ts';
import { ENGINE, STATE } from '../../state.ts';
import {
  cpl,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalForRegister,
  operandAddress,
  readable,
  readOperand,
} from './context.ts';
import { relookup } from './controlRegisters.ts';

/** INVPCID (SDM Vol. 2): the type in a register, PCID and linear address in a descriptor of 16 bytes. */
const CR4_PCIDE = 1 << 17;
const ADDRESS = 0;
const CONTEXT = 1;
const ALL_WITH_GLOBAL = 2;
const ALL = 3;

function invalidatePcid(c: HostContext): number {
  if (cpl(c) !== 0) return gp0(c);
  const [type, typeHigh] = readOperand(c, 0);
  const host = readable(c, ...operandAddress(c), 16, 0);
  if (!host) return FAULT;
  const { state } = c;
  const word = (index: number) => state.view.getUint32(host + index * 4, true);
  const pcid = word(0);
  const address = [word(2), word(3)] as const;
  if (typeHigh !== 0 || type > ALL || pcid > 0xfff || word(1) !== 0) return gp0(c);
  if (type <= CONTEXT && pcid !== 0 && !(state.low(STATE.cr4) & CR4_PCIDE)) return gp0(c);
  switch (type) {
    case ADDRESS:
      if (!isCanonicalForRegister(c.processor, ...address)) return gp0(c);
      state.setHalves(ENGINE.scratch0, ...address);
      c.exports.hostInvalidatePcid(pcid);
      break;
    case CONTEXT:
      c.exports.tlbFlushPcid(pcid);
      break;
    case ALL_WITH_GLOBAL:
      c.exports.tlbFlush(FLUSH.ALL);
      break;
    default:
      c.exports.tlbFlush(FLUSH.NON_GLOBAL);
  }
  return relookup(c);
}

export const invpcidInstruction: Readonly<Record<string, HostHandler>> = { invpcid: invalidatePcid };
