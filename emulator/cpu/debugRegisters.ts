import { ACCESS } from '../memory/paging.ts';
import { raiseTrap } from './eventDelivery.ts';
import { EVENT } from './events.ts';
import { RF } from './flags.ts';
import { CS, ENGINE, STATE, type StateView, segment } from './state.ts';

const DEBUG = 1;
const CR4_DE = 8;
const ADDRESSES = [STATE.dr0, STATE.dr1, STATE.dr2, STATE.dr3] as const;
const LENGTHS = [1, 2, 8, 4] as const;

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
    const address = BigInt.asUintN(64, state.get64(STATE.rip) + state.get64(segment(CS).base));
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
