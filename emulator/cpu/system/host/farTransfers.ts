import { CET_ENDBR_EN, CET_SH_STK_EN, CET_SUPPRESS, CET_TRACKER, CR4_CET } from '../../context.ts';
import { readRflags, writeRflags } from '../../registers.ts';
import { CS, DS, ES, FS, GS, gprAddress, RSP, SS, STATE, segment } from '../../state.ts';
import {
  addTo,
  cpl,
  FAULT,
  gp0,
  type HostContext,
  type HostHandler,
  isCanonicalHalves,
  LOOKUP,
  longMode,
  nextRip,
  operandAddress,
  raise,
  readable,
  VECTOR,
} from './context.ts';
import {
  AR,
  attributesOf,
  type Descriptor,
  dplOf,
  limitOf,
  putDescriptor,
  putNull,
  readDescriptor,
  setDescriptorBit,
} from './descriptors.ts';
import { peekStack, pushStack, skipStack } from './stack.ts';

/** Far JMP, CALL and RET to code segments, and IRET outside 64-bit mode (SDM Vol. 2; Vol. 3A §5.8). */
const shadowStackOn = (c: HostContext, level: number): boolean =>
  (c.state.low(STATE.cr4) & CR4_CET) !== 0 &&
  (c.state.low(level === 3 ? STATE.uCet : STATE.sCet) & CET_SH_STK_EN) !== 0;

/** TRACKER := WAIT, SUPPRESS := 0 for the class of the new CPL. */
function startTracking(c: HostContext, level: number): void {
  const field = level === 3 ? STATE.uCet : STATE.sCet;
  const value = c.state.low(field);
  if (!(c.state.low(STATE.cr4) & CR4_CET) || !(value & CET_ENDBR_EN)) return;
  c.state.setHalves(field, (value & ~CET_SUPPRESS) | CET_TRACKER, c.state.high(field));
}

/** Selector and offset of a direct or memory far operand. */
function farOperand(c: HostContext): { selector: number; low: number; high: number } | undefined {
  const operand = c.operands[0]!;
  if (operand.kind === 'far') return { selector: operand.selector, low: operand.offset >>> 0, high: 0 };
  const bytes = /_m1664/.test(c.code) ? 8 : /_m1632/.test(c.code) ? 4 : 2;
  const address = operandAddress(c);
  const offsetHost = readable(c, ...address, bytes, 0);
  if (!offsetHost) return undefined;
  const { view } = c.state;
  const low = bytes === 2 ? view.getUint16(offsetHost, true) : view.getUint32(offsetHost, true);
  const high = bytes === 8 ? view.getUint32(offsetHost + 4, true) : 0;
  const selectorHost = readable(c, ...addTo(...address, bytes), 2, 0);
  if (!selectorHost) return undefined;
  return { selector: view.getUint16(selectorHost, true), low, high };
}

/** Checks a code segment for a direct far JMP or CALL: CPL stays. */
function directTarget(c: HostContext, selector: number): Descriptor | undefined {
  const code = selector & 0xfffc;
  const refuse = (vector: number, error: number) => {
    raise(c, vector, error);
    return undefined;
  };
  if (code === 0) return refuse(VECTOR.GP, 0);
  const d = readDescriptor(c, selector);
  if (!d) return undefined;
  const attributes = attributesOf(d);
  if (!(attributes & AR.S)) {
    c.unsupported(
      'The guest makes a far transfer through a gate or task segment, which this machine does not have yet.',
    );
    return undefined;
  }
  if (!(attributes & AR.CODE)) return refuse(VECTOR.GP, code);
  const level = cpl(c);
  if (attributes & AR.CONFORMING ? dplOf(attributes) > level : (selector & 3) > level || dplOf(attributes) !== level) {
    return refuse(VECTOR.GP, code);
  }
  if (longMode(c) && attributes & AR.L && attributes & AR.D) return refuse(VECTOR.GP, code);
  if (!(attributes & AR.PRESENT)) return refuse(VECTOR.NP, code);
  return d;
}

const is64 = (c: HostContext, d: Descriptor): boolean => longMode(c) && (attributesOf(d) & AR.L) !== 0;

function targetInRange(c: HostContext, d: Descriptor, low: number, high: number): boolean {
  return is64(c, d) ? isCanonicalHalves(low, high) : high === 0 && low >>> 0 <= limitOf(d) >>> 0;
}

function enter(c: HostContext, selector: number, level: number, d: Descriptor, low: number, high: number): number {
  if (!setDescriptorBit(c, d, 0x100)) return FAULT;
  putDescriptor(c, CS, (selector & 0xfffc) | level, d);
  c.state.setHalves(STATE.rip, low, high);
  return LOOKUP;
}

function farJump(c: HostContext, call: boolean): number {
  const target = farOperand(c);
  if (!target) return FAULT;
  const level = cpl(c);
  const d = directTarget(c, target.selector);
  if (!d) return FAULT;
  if (!targetInRange(c, d, target.low, target.high)) return gp0(c);
  if (shadowStackOn(c, level)) {
    if (!is64(c, d) && c.state.high(STATE.ssp) !== 0) return gp0(c);
    if (call)
      return c.unsupported('The guest makes a far CALL with shadow stacks on, which this machine does not have yet.');
  }
  if (call) {
    const size = /1664/.test(c.code) ? 8 : /1632/.test(c.code) ? 4 : 2;
    const rsp = { address: gprAddress(RSP), bits: 64 } as const;
    const old: [number, number] = [c.state.low(rsp), c.state.high(rsp)];
    const [low, high] = nextRip(c);
    if (!pushStack(c, size, c.state.get32(segment(CS).selector), 0) || !pushStack(c, size, low, high)) {
      c.state.setHalves(rsp, ...old);
      return FAULT;
    }
  }
  const status = enter(c, target.selector, level, d, target.low, target.high);
  if (status !== LOOKUP) return status;
  startTracking(c, level);
  c.exports.updateContext();
  return LOOKUP;
}

/** CS of a far RET or IRET: RPL is the new CPL. */
function returnTarget(c: HostContext, selector: number): Descriptor | undefined {
  const code = selector & 0xfffc;
  const refuse = (vector: number, error: number) => {
    raise(c, vector, error);
    return undefined;
  };
  const rpl = selector & 3;
  if (code === 0) return refuse(VECTOR.GP, 0);
  if (rpl < cpl(c)) return refuse(VECTOR.GP, code);
  const d = readDescriptor(c, selector);
  if (!d) return undefined;
  const attributes = attributesOf(d);
  if ((attributes & (AR.S | AR.CODE)) !== (AR.S | AR.CODE)) return refuse(VECTOR.GP, code);
  if (attributes & AR.CONFORMING ? dplOf(attributes) > rpl : dplOf(attributes) !== rpl) return refuse(VECTOR.GP, code);
  if (longMode(c) && attributes & AR.L && attributes & AR.D) return refuse(VECTOR.GP, code);
  if (!(attributes & AR.PRESENT)) return refuse(VECTOR.NP, code);
  return d;
}

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

/** Data segments that the outer level may not use become null. */
function dropInnerSegments(c: HostContext, level: number): void {
  for (const index of [ES, DS, FS, GS]) {
    const attributes = c.state.get32(segment(index).attributes);
    if (attributes & 0x10000) continue;
    const conforming = (attributes & (AR.CODE | AR.CONFORMING)) === (AR.CODE | AR.CONFORMING);
    if (!conforming && dplOf(attributes) < level) putNull(c, index, 0);
  }
}

interface ReturnFrame {
  readonly size: number;
  /** Bytes to RIP, CS (and flags for IRET), then to RSP and SS. */
  readonly words: number;
  readonly release: number;
  readonly flags?: number;
}

function farReturn(c: HostContext, frame: ReturnFrame): number {
  const { size } = frame;
  const ip = peekStack(c, size, 0);
  const cs = ip && peekStack(c, size, size);
  if (!ip || !cs) return FAULT;
  const level = cpl(c);
  const selector = cs[0] & 0xffff;
  const rpl = selector & 3;
  const d = returnTarget(c, selector);
  if (!d) return FAULT;
  if (shadowStackOn(c, level) || (rpl > level && shadowStackOn(c, rpl))) {
    return c.unsupported(
      'The guest makes a far RET, or an IRET outside 64-bit mode, with shadow stacks on, which this machine does not have yet.',
    );
  }
  if (!targetInRange(c, d, ip[0], ip[1])) return gp0(c);
  if (rpl === level) {
    const status = enter(c, selector, rpl, d, ip[0], ip[1]);
    if (status !== LOOKUP) return status;
    skipStack(c, size * frame.words + frame.release);
  } else {
    const at = size * frame.words + frame.release;
    const sp = peekStack(c, size, at);
    const ss = sp && peekStack(c, size, at + size);
    if (!sp || !ss) return FAULT;
    const stack = returnStack(c, ss[0] & 0xffff, rpl, is64(c, d));
    if (stack === undefined) return FAULT;
    const status = enter(c, selector, rpl, d, ip[0], ip[1]);
    if (status !== LOOKUP) return status;
    if (stack) {
      if (!setDescriptorBit(c, stack, 0x100)) return FAULT;
      putDescriptor(c, SS, ss[0] & 0xffff, stack);
    } else putNull(c, SS, ss[0] & 0xffff, rpl);
    const rsp = { address: gprAddress(RSP), bits: 64 } as const;
    const narrow = size === 2;
    c.state.setHalves(
      rsp,
      narrow ? (c.state.low(rsp) & 0xffff0000) | sp[0] : sp[0],
      narrow ? c.state.high(rsp) : sp[1],
    );
    c.state.set32(STATE.cpl, rpl);
    dropInnerSegments(c, rpl);
    skipStack(c, frame.release);
  }
  return LOOKUP;
}

const RETURN_SIZE: Readonly<Record<string, number>> = { q: 8, d: 4, w: 2 };

function farRet(c: HostContext): number {
  const size = RETURN_SIZE[/^Retf([wdq])/.exec(c.code)?.[1] ?? 'w']!;
  const immediate = c.operands[0]?.kind === 'immediate' ? c.operands[0].value & 0xffff : 0;
  const status = farReturn(c, { size, words: 2, release: immediate });
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

/** IRET in 32-bit protected mode and compatibility mode. */
function interruptReturn(c: HostContext): number {
  const size = RETURN_SIZE[/^Iret([wdq])/.exec(c.code)?.[1] ?? 'w']!;
  const old = readRflags(c.state);
  if (old & FLAG.NT) {
    if (longMode(c)) return gp0(c);
    return c.unsupported('The guest returns to another task with IRET, which this machine does not have yet.');
  }
  const image = peekStack(c, size, size * 2);
  if (!image) return FAULT;
  if (size === 4 && image[0] & FLAG.VM && cpl(c) === 0 && !longMode(c)) {
    return c.unsupported('The guest returns to virtual-8086 mode, which this machine does not have yet.');
  }
  const level = cpl(c);
  const status = farReturn(c, { size, words: 3, release: 0 });
  if (status !== LOOKUP) return status;
  let mask = 0x8d5 | FLAG.TF | 0x400 | FLAG.NT | (size === 2 ? 0 : FLAG.RF | 0x240000);
  if (level === 0) mask |= FLAG.IOPL | (size === 2 ? 0 : FLAG.VIF | FLAG.VIP);
  if (level <= ((old >>> 12) & 3)) mask |= FLAG.IF;
  writeRflags(c.state, (old & ~mask) | (image[0] & mask));
  c.state.set32(STATE.nmiBlocked, 0);
  c.exports.updateContext();
  return LOOKUP;
}

export const farTransfers: Readonly<Record<string, HostHandler>> = {
  jmpf: (c) => farJump(c, false),
  callf: (c) => farJump(c, true),
  retf: farRet,
  iret: interruptReturn,
};
