import { ACCESS } from '../memory/paging.ts';
import type { DecodedInstruction } from './decode/decoded.ts';
import { raiseTrap } from './eventDelivery.ts';
import { EVENT } from './events.ts';
import { RF, TF } from './flags.ts';
import { CS, ENGINE, STATE, type StateView, segment } from './state.ts';

/** Conditions in `STATE.pendingDebug`, where DR6 has them (SDM Vol. 3B §18.2.3). */
export const DEBUG_CONDITION = {
  BREAKPOINTS: 0xf,
  BUS_LOCK: 1 << 11,
  REGISTER_ACCESS: 1 << 13,
  SINGLE_STEP: 1 << 14,
  TASK_SWITCH: 1 << 15,
} as const;
/** IA32_DEBUGCTL (SDM Vol. 3B §18.4.1). */
export const DEBUGCTL = { LBR: 1, BTF: 2, BUS_LOCK_DETECT: 4 } as const;
const DR7_GD = 0x2000;
const DEBUG = 1;
const CR4_DE = 8;
const ADDRESSES = [STATE.dr0, STATE.dr1, STATE.dr2, STATE.dr3] as const;
const LENGTHS = [1, 2, 8, 4] as const;

/** DR6 after MOV: bit 12 reads as zero, the other reserved bits as one; bit 11 is there with bus-lock detection. */
export function dr6Written(value: number, busLockDetect: boolean): number {
  const writable = 0xe00f | (busLockDetect ? DEBUG_CONDITION.BUS_LOCK : 0);
  return ((value & writable) | (0xffff0ff0 & ~writable)) >>> 0;
}

/** DR7 after MOV: bit 10 reads as one; 11 (no RTM), 12, 14 and 15 as zero. */
export const dr7Written = (value: number): number => ((value & 0xffff23ff) | 0x400) >>> 0;

/**
 * The conditions found go to DR6 as its #DB is delivered: breakpoints replace those of before, the rest adds up, and
 * bit 11 is cleared for a bus lock. DR7.GD, and LBR and BTF in IA32_DEBUGCTL, are cleared (SDM Vol. 3B §18.2.3, §18.4).
 */
export function commitDr6(state: StateView): void {
  const found = state.get32(STATE.pendingDebug);
  const kept = state.low(STATE.dr6) & ~DEBUG_CONDITION.BREAKPOINTS & ~(found & DEBUG_CONDITION.BUS_LOCK);
  state.setHalves(STATE.dr6, (kept | (found & ~DEBUG_CONDITION.BUS_LOCK)) >>> 0, 0);
  state.setHalves(STATE.dr7, state.low(STATE.dr7) & ~DR7_GD, 0);
  state.setHalves(STATE.debugCtl, state.low(STATE.debugCtl) & ~(DEBUGCTL.LBR | DEBUGCTL.BTF), 0);
  state.set32(STATE.pendingDebug, 0);
}

const ALWAYS_BRANCHES = /^(jmp|call|ret|iret|sys)/i;

/** Whether `instruction`, which took RIP from one place to the other, was a branch that was taken. */
export function branched(instruction: DecodedInstruction, from: bigint, to: bigint): boolean {
  if (to === from && /^(rep|host)/.test(instruction.form.name)) return false;
  const name = instruction.form.name === 'host' ? instruction.code! : instruction.form.name;
  return ALWAYS_BRANCHES.test(name) || to !== BigInt.asUintN(64, from + BigInt(instruction.length));
}

/** Hardware breakpoints of DR0–DR3 and DR7 (SDM Vol. 3B §17.2). While one is armed every access takes the slow path. */
export class DebugRegisters {
  private readonly state: StateView;
  private readonly flushFast: () => void;

  constructor(state: StateView, flushFast: () => void) {
    this.state = state;
    this.flushFast = flushFast;
  }

  private enabled(index: number): boolean {
    return ((this.state.low(STATE.dr7) >>> (index * 2)) & 3) !== 0;
  }

  /** 0 execution, 1 writes, 2 I/O, 3 reads and writes. */
  private kind(index: number): number {
    return (this.state.low(STATE.dr7) >>> (16 + index * 4)) & 3;
  }

  /** Whether TF stops at branches only. */
  stepsOnBranches(): boolean {
    return (this.state.low(STATE.debugCtl) & DEBUGCTL.BTF) !== 0 && (this.state.get32(STATE.rflags) & TF) !== 0;
  }

  update(): void {
    const armed = (this.state.low(STATE.dr7) & 0xff) !== 0 ? 1 : 0;
    if (this.state.get32(ENGINE.watch) === armed) return;
    this.state.set32(ENGINE.watch, armed);
    this.flushFast();
  }

  /** Raises #DB before the instruction at RIP if a breakpoint is on it. */
  instructionBreakpoint(): boolean {
    const { state } = this;
    if (state.get32(ENGINE.watch) === 0 || state.get32(STATE.rflags) & RF) return false;
    const bits = (state.get32(STATE.context) & 3) === 2 ? 64 : 32;
    const address = BigInt.asUintN(bits, state.get64(STATE.rip) + state.get64(segment(CS).base));
    let found = 0;
    ADDRESSES.forEach((field, i) => {
      if (this.kind(i) === 0 && state.get64(field) === address) found |= 1 << i;
    });
    if (!ADDRESSES.some((_, i) => (found >>> i) & 1 && this.enabled(i))) return false;
    state.set32(STATE.pendingDebug, state.get32(STATE.pendingDebug) | found);
    raiseTrap(state, DEBUG, EVENT.INSTRUCTION_BREAKPOINT);
    return true;
  }

  /** A data access at the linear address in ENGINE.scratch1. */
  access(size: number, access: number): void {
    const write = (access & ACCESS.WRITE) !== 0;
    this.find(this.state.get64(ENGINE.scratch1), size, (kind) => kind === 3 || (kind === 1 && write));
  }

  /** IN or OUT; kind 2 is I/O only with CR4.DE. */
  port(port: number, size: number): void {
    if (this.state.get32(ENGINE.watch) === 0 || !(this.state.low(STATE.cr4) & CR4_DE)) return;
    this.find(BigInt(port), size, (kind) => kind === 2);
  }

  /** Notes the breakpoints of the kinds that `watches` that the bytes touch, if one of them is enabled. */
  private find(first: bigint, size: number, watches: (kind: number) => boolean): void {
    const { state } = this;
    const last = first + BigInt(size) - 1n;
    let found = 0;
    ADDRESSES.forEach((field, i) => {
      if (!watches(this.kind(i))) return;
      const length = LENGTHS[(state.low(STATE.dr7) >>> (18 + i * 4)) & 3]!;
      const start = state.get64(field) & ~BigInt(length - 1);
      if (first < start + BigInt(length) && last >= start) found |= 1 << i;
    });
    if (ADDRESSES.some((_, i) => (found >>> i) & 1 && this.enabled(i))) {
      state.set32(STATE.pendingDebug, state.get32(STATE.pendingDebug) | found);
    }
  }
}
