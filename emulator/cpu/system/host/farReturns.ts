import { returnShadowStack } from '../../../cet/hostShadowStack.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { CS, DS, ES, FS, GS, SS, STATE, segment } from '../../state.ts';
import { is64, linearTarget, rspField, targetInRange } from './codeTargets.ts';
import { addTo, cpl, FAULT, gp0, type HostContext, LOOKUP, longMode, protectedMode, raise, VECTOR } from './context.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  putDescriptor,
  putNull,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';
import { realInterruptReturn, realReturn } from './realMode.ts';
import { peekStack, skipStack } from './stack.ts';
import { taskReturn } from './taskGates.ts';
import { returnToVirtual8086 } from './virtual8086.ts';

/** Far RET, and IRET outside 64-bit mode (SDM Vol. 2; Vol. 3A §5.8.6). */

/** CS of a far RET or IRET: RPL is the new CPL. */
function returnTarget(c: HostContext, selector: number): Descriptor | undefined {
  const code = selector & 0xfffc;
  const refuse = (vector: number, error: number) => {
    raise(c, vector, error);
    return undefined;
  };
  const rpl = selector & 3;
  if (code === 0) return refuse(VECTOR.GP, 0);
  const d = readDescriptor(c, selector);
  if (!d) return undefined;
  if (rpl < cpl(c)) return refuse(VECTOR.GP, code);
  const attributes = attributesOf(d);
  if ((attributes & (AR.S | AR.CODE)) !== (AR.S | AR.CODE)) return refuse(VECTOR.GP, code);
  if (attributes & AR.CONFORMING ? dplOf(attributes) > rpl : dplOf(attributes) !== rpl) return refuse(VECTOR.GP, code);
  if (longMode(c) && attributes & AR.L && attributes & AR.D) return refuse(VECTOR.GP, code);
  if (!(attributes & AR.PRESENT)) return refuse(VECTOR.NP, code);
  return d;
}

/** SS of a return to an outer level; null is for 64-bit code below ring 3. Undefined with the fault recorded. */
function returnStack(c: HostContext, selector: number, rpl: number, to64: boolean): Descriptor | null | undefined {
  const code = selector & 0xfffc;
  if (code === 0) {
    if (to64 && rpl !== 3 && (selector & 3) === rpl) return null;
    gp0(c);
    return undefined;
  }
  const d = readDescriptor(c, selector);
  if (!d) return undefined;
  const attributes = attributesOf(d);
  const writableData = (attributes & (AR.S | AR.CODE | AR.WRITABLE)) === (AR.S | AR.WRITABLE);
  if ((selector & 3) !== rpl || !writableData || dplOf(attributes) !== rpl) {
    raise(c, VECTOR.GP, code);
    return undefined;
  }
  if (!(attributes & AR.PRESENT)) {
    raise(c, VECTOR.SS, code);
    return undefined;
  }
  return d;
}

/** Data segments that the outer level may not use become null; their bases, which 64-bit code of FS and GS has, stay. */
function dropInnerSegments(c: HostContext, level: number): void {
  for (const index of [ES, DS, FS, GS]) {
    const attributes = c.state.get32(segment(index).attributes);
    if (attributes & 0x10000) continue;
    const conforming = (attributes & (AR.CODE | AR.CONFORMING)) === (AR.CODE | AR.CONFORMING);
    if (conforming || dplOf(attributes) >= level) continue;
    c.state.set32(segment(index).selector, 0);
    c.state.set32(segment(index).attributes, 0x10000);
  }
}

interface ReturnFrame {
  readonly size: number;
  /** Words of RIP, CS (and flags for IRET); RSP and SS follow. */
  readonly words: number;
  /** Bytes of parameters between the two halves of the frame, and on the outer stack. */
  readonly release: number;
  /** IRET in 64-bit mode pops RSP and SS even for the same level. */
  readonly alwaysStack: boolean;
}

interface NewStack {
  readonly pointer: [number, number];
  readonly selector: number;
  readonly descriptor: Descriptor | null;
}

function readStack(c: HostContext, frame: ReturnFrame, rpl: number, to64: boolean): NewStack | undefined {
  const at = frame.size * frame.words + frame.release;
  const pointer = peekStack(c, frame.size, at);
  const ss = pointer && peekStack(c, frame.size, at + frame.size);
  if (!pointer || !ss) return undefined;
  const selector = ss[0] & 0xffff;
  const descriptor = returnStack(c, selector, rpl, to64);
  return descriptor === undefined ? undefined : { pointer, selector, descriptor };
}

function loadStack(c: HostContext, stack: NewStack, frame: ReturnFrame, rpl: number, to64: boolean): void {
  const { state } = c;
  if (stack.descriptor) putDescriptor(c, SS, stack.selector, stack.descriptor);
  else putNull(c, SS, stack.selector, rpl);
  const narrow = !(to64 || state.get32(segment(SS).attributes) & 0x4000);
  const [low, high] = addTo(...stack.pointer, frame.release);
  if (narrow)
    state.setHalves(rspField, ((state.low(rspField) & 0xffff0000) | (low & 0xffff)) >>> 0, state.high(rspField));
  else state.setHalves(rspField, low, to64 ? high : 0);
}

/** Returns as the frame on the stack says. LOOKUP, or FAULT with the fault recorded and nothing changed. */
function returnTo(c: HostContext, frame: ReturnFrame, interrupt: boolean): number {
  const { size } = frame;
  // Far RET looks at CS first: of two faults, processors and Bochs report that of the higher address.
  const first = interrupt ? peekStack(c, size, 0) : peekStack(c, size, size);
  const second = first && (interrupt ? peekStack(c, size, size) : peekStack(c, size, 0));
  if (!first || !second) return FAULT;
  const [ip, cs] = interrupt ? [first, second] : [second, first];
  const level = cpl(c);
  const selector = cs[0] & 0xffff;
  const rpl = selector & 3;
  const d = returnTarget(c, selector);
  if (!d) return FAULT;
  const to64 = is64(c, d);
  const switches = rpl > level || frame.alwaysStack;
  const stack = switches ? readStack(c, frame, rpl, to64) : undefined;
  if (switches && !stack) return FAULT;
  if (!targetInRange(c, d, ...ip)) return gp0(c);
  if (!setDescriptorBit(c, d, 0x100)) return FAULT;
  if (stack?.descriptor && !setDescriptorBit(c, stack.descriptor, 0x100)) return FAULT;
  const returned = returnShadowStack(c, {
    from: level,
    to: rpl,
    cs: selector,
    lip: linearTarget(c, d, ...ip),
    to64,
    leavesInterruptStack: interrupt && longMode(c),
  });
  if (!returned) return FAULT;
  // Past all faults.
  if (stack) loadStack(c, stack, frame, rpl, to64);
  else skipStack(c, size * frame.words + frame.release);
  putDescriptor(c, CS, selector, d);
  c.state.setHalves(STATE.rip, ...ip);
  c.state.set32(STATE.cpl, rpl);
  if (rpl > level) dropInnerSegments(c, rpl);
  return LOOKUP;
}

const RETURN_SIZE: Readonly<Record<string, number>> = { q: 8, d: 4, w: 2 };

export function farReturn(c: HostContext): number {
  const size = RETURN_SIZE[/^Retf([wdq])/.exec(c.code)?.[1] ?? 'w']!;
  const release = c.operands[0]?.kind === 'immediate' ? c.operands[0].value & 0xffff : 0;
  if (!protectedMode(c)) return realReturn(c, size, release);
  const status = returnTo(c, { size, words: 2, release, alwaysStack: false }, false);
  if (status === LOOKUP) c.exports.updateContext();
  return status;
}

const FLAG = {
  TF: 0x100,
  IF: 0x200,
  IOPL: 0x3000,
  NT: 0x4000,
  RF: 0x10000,
  VM: 0x20000,
  VIF: 0x80000,
  VIP: 0x100000,
} as const;

/** IRET in 32-bit protected mode and compatibility mode, and of 16 bits in 64-bit mode. */
export function interruptReturn(c: HostContext): number {
  const size = RETURN_SIZE[/^Iret([wdq])/.exec(c.code)?.[1] ?? 'w']!;
  // Even when it faults (SDM Vol. 3A §7.7.1).
  c.state.set32(STATE.nmiBlocked, 0);
  if (!protectedMode(c)) return realInterruptReturn(c, size);
  const old = readRflags(c.state);
  if (old & FLAG.NT) {
    if (longMode(c)) return gp0(c);
    return taskReturn(c);
  }
  const image = peekStack(c, size, size * 2);
  if (!image) return FAULT;
  if (size === 4 && image[0] & FLAG.VM && cpl(c) === 0 && !longMode(c)) {
    return returnToVirtual8086(c, () =>
      returnShadowStack(c, { from: 0, to: 3, cs: 0, lip: [0, 0], to64: false, leavesInterruptStack: false }),
    );
  }
  const level = cpl(c);
  const status = returnTo(c, { size, words: 3, release: 0, alwaysStack: c.codeBits === 64 }, true);
  if (status !== LOOKUP) return status;
  let mask = 0x8d5 | FLAG.TF | 0x400 | FLAG.NT | (size === 2 ? 0 : FLAG.RF | 0x240000);
  if (level === 0) mask |= FLAG.IOPL | (size === 2 ? 0 : FLAG.VIF | FLAG.VIP);
  if (level <= ((old >>> 12) & 3)) mask |= FLAG.IF;
  writeRflags(c.state, (old & ~mask) | (image[0] & mask));
  c.exports.updateContext();
  return LOOKUP;
}
