import { readRflags, writeRflags } from '../../registers.ts';
import { CS, SS, STATE, segment } from '../../state.ts';
import { checkpoint } from './codeTargets.ts';
import { FAULT, gp0, type HostContext, LOOKUP, nextRip, virtual8086 } from './context.ts';
import { putSegment } from './descriptors.ts';
import { peekStack, pushStack, skipStack, stackHolds } from './stack.ts';

/** Segments and far transfers of real-address and virtual-8086 mode (SDM Vol. 3A ch. 21; Vol. 2, CALL, JMP, RET, IRET). */
const UNUSABLE = 0x1_0000;
const TYPE_AND_DPL = 0x7f;
/** Read/write data, accessed, present. */
const REAL_SEGMENT = 0x93;
const V86_SEGMENT = 0xf3;

/**
 * A segment register gets its base from the selector. Virtual-8086 mode fixes limit and rights; real mode keeps the
 * limit and size that protected mode has left.
 */
export function putRealSegment(c: HostContext, index: number, selector: number): void {
  const { state } = c;
  const s = segment(index);
  const base: [number, number] = [selector << 4, 0];
  if (virtual8086(c)) putSegment(c, index, selector, base, 0xffff, V86_SEGMENT);
  else {
    const kept = state.get32(s.attributes) & ~(UNUSABLE | TYPE_AND_DPL);
    putSegment(c, index, selector, base, state.get32(s.limit), kept | REAL_SEGMENT);
  }
}

/** MOV, POP and LDS … of a segment register. */
export function loadRealSegment(c: HostContext, index: number, selector: number): void {
  putRealSegment(c, index, selector);
  // The stack's address size comes from SS.
  if (index === SS) c.exports.updateContext();
}

const beyondLimit = (c: HostContext, offset: number): boolean => offset >>> 0 > c.state.get32(segment(CS).limit) >>> 0;

function enter(c: HostContext, selector: number, offset: number): number {
  putRealSegment(c, CS, selector);
  c.state.setHalves(STATE.rip, offset, 0);
  c.exports.updateContext();
  return LOOKUP;
}

export function realJump(c: HostContext, selector: number, offset: number): number {
  return beyondLimit(c, offset) ? gp0(c) : enter(c, selector, offset);
}

export function realCall(c: HostContext, selector: number, offset: number, size: number): number {
  if (!stackHolds(c, size, 2)) return FAULT;
  if (beyondLimit(c, offset)) return gp0(c);
  const undo = checkpoint(c);
  if (!pushStack(c, size, c.state.get32(segment(CS).selector), 0) || !pushStack(c, size, nextRip(c)[0], 0)) {
    undo();
    return FAULT;
  }
  return enter(c, selector, offset);
}

/** Far RET; `release` bytes of parameters go too. */
export function realReturn(c: HostContext, size: number, release: number): number {
  const ip = peekStack(c, size, 0);
  const cs = ip && peekStack(c, size, size);
  if (!ip || !cs) return FAULT;
  if (beyondLimit(c, ip[0])) return gp0(c);
  skipStack(c, size * 2 + release);
  return enter(c, cs[0] & 0xffff, ip[0]);
}

const IF = 0x200;
const TF = 0x100;
const IOPL = 0x3000;
const VIF = 0x8_0000;
const VIP = 0x10_0000;
const CR4_VME = 1;
/** What IRET of 32 bits loads in real mode: all but VM, VIF and VIP. */
const LOADED_32 = 0x257fd5;
const LOADED_16 = 0x7fd5;

/** IRET in real-address mode and from virtual-8086 mode. */
export function realInterruptReturn(c: HostContext, size: number): number {
  const { state } = c;
  const old = readRflags(state);
  const v86 = virtual8086(c);
  const restricted = v86 && (old & IOPL) !== IOPL;
  if (restricted && !(state.low(STATE.cr4) & CR4_VME && size === 2)) return gp0(c);
  const ip = peekStack(c, size, 0);
  const cs = ip && peekStack(c, size, size);
  const image = cs && peekStack(c, size, size * 2);
  if (!ip || !cs || !image) return FAULT;
  let mask = size === 4 ? LOADED_32 : LOADED_16;
  let flags = image[0];
  if (v86) mask &= ~IOPL;
  if (restricted) {
    // IF of the image is VIF.
    if (flags & TF || (flags & IF && old & VIP)) return gp0(c);
    mask = (mask & ~IF) | VIF;
    flags = flags & IF ? flags | VIF : flags & ~VIF;
  }
  if (beyondLimit(c, ip[0])) return gp0(c);
  skipStack(c, size * 3);
  writeRflags(state, (old & ~mask) | (flags & mask));
  return enter(c, cs[0] & 0xffff, ip[0]);
}
