import { currentSsp, pushOnCurrent, shadowStackOn, startTracking } from '../../../cet/hostShadowStack.ts';
import { CS, STATE, segment } from '../../state.ts';
import { callGate } from './callGates.ts';
import { checkpoint, is64, linearReturn, targetInRange } from './codeTargets.ts';
import {
  cpl,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  LOOKUP,
  longMode,
  nextRip,
  operandAddress,
  protectedMode,
  raise,
  readablePart,
  VECTOR,
} from './context.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  putDescriptor,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';
import { farReturn, interruptReturn } from './farReturns.ts';
import { realCall, realJump } from './realMode.ts';
import { pushStack } from './stack.ts';

/** Far JMP and CALL to code segments (SDM Vol. 2; Vol. 3A §5.8). */

/** Selector and offset of a direct or memory far operand. */
function farOperand(c: HostContext): { selector: number; low: number; high: number } | undefined {
  const operand = c.operands[0]!;
  if (operand.kind === 'far') return { selector: operand.selector, low: operand.offset >>> 0, high: 0 };
  const bytes = pointerBytes(c);
  const address = operandAddress(c);
  const offsetHost = readablePart(c, address, 0, bytes);
  if (!offsetHost) return undefined;
  const { view } = c.state;
  const low = bytes === 2 ? view.getUint16(offsetHost, true) : view.getUint32(offsetHost, true);
  const high = bytes === 8 ? view.getUint32(offsetHost + 4, true) : 0;
  const selectorHost = readablePart(c, address, bytes, 2);
  if (!selectorHost) return undefined;
  return { selector: view.getUint16(selectorHost, true), low, high };
}

/** Operand size in bytes, from iced's code name (Call_m1664, Jmp_ptr1632 …). */
const pointerBytes = (c: HostContext): number => (/1664/.test(c.code) ? 8 : /1632/.test(c.code) ? 4 : 2);

/** Checks a code segment for a direct far JMP or CALL: CPL stays. False with the fault recorded. */
function directTarget(c: HostContext, selector: number, d: Descriptor): boolean {
  const code = selector & 0xfffc;
  const attributes = attributesOf(d);
  const level = cpl(c);
  const reachable =
    attributes & AR.CONFORMING ? dplOf(attributes) <= level : (selector & 3) <= level && dplOf(attributes) === level;
  const invalid = longMode(c) && attributes & AR.L && attributes & AR.D;
  if (!(attributes & AR.CODE) || !reachable || invalid) raise(c, VECTOR.GP, code);
  else if (!(attributes & AR.PRESENT)) raise(c, VECTOR.NP, code);
  else return true;
  return false;
}

function farTransfer(c: HostContext, call: boolean): number {
  const target = farOperand(c);
  if (!target) return FAULT;
  const { selector, low, high } = target;
  if (!protectedMode(c)) {
    return call ? realCall(c, selector, low, pointerBytes(c)) : realJump(c, selector, low);
  }
  if ((selector & 0xfffc) === 0) return gp0(c);
  const d = readDescriptor(c, selector);
  if (!d) return FAULT;
  if (!(attributesOf(d) & AR.S)) return callGate(c, selector, d, call);
  if (!directTarget(c, selector, d)) return FAULT;
  if (!targetInRange(c, d, low, high)) return gp0(c);
  const level = cpl(c);
  const shadow = shadowStackOn(c, level);
  const undo = checkpoint(c);
  const fault = (): number => {
    undo();
    return FAULT;
  };
  const oldCs = c.state.get32(segment(CS).selector);
  if (call) {
    const size = pointerBytes(c);
    if (!pushStack(c, size, oldCs, 0) || !pushStack(c, size, ...nextRip(c))) return fault();
  }
  if (shadow && !is64(c, d) && currentSsp(c)[1] !== 0) {
    gp0(c);
    return fault();
  }
  if (shadow && call && !pushOnCurrent(c, level, oldCs, linearReturn(c))) return fault();
  if (!setDescriptorBit(c, d, 0x100)) return fault();
  putDescriptor(c, CS, (selector & 0xfffc) | level, d);
  c.state.setHalves(STATE.rip, low, high);
  startTracking(c, level);
  c.exports.updateContext();
  return LOOKUP;
}

export const farTransfers: Readonly<Record<string, HostHandler>> = {
  jmpf: (c) => farTransfer(c, false),
  callf: (c) => farTransfer(c, true),
  retf: farReturn,
  iret: interruptReturn,
};
