import { DEBUG_CONDITION, type DebugRegisters } from './debugRegisters.ts';
import { raiseError, raiseTrap } from './eventDelivery.ts';
import { EVENT } from './events.ts';
import { IF, RF, TF, VIF, VIP, VM } from './flags.ts';
import { ENGINE, STATE, type StateView } from './state.ts';

/** What happens between two instructions: what the finished one leaves behind, and which event comes first. */

/** `STATE.interruptShadow`. */
export const SHADOW = { STI: 1, MOV_SS: 2 } as const;
const DEBUG = 1;
const NMI = 2;
const GP = 13;

/** Interrupts that wait outside the processor's core. */
export interface InterruptSources {
  /** An NMI waits. */
  nmiPending(): boolean;
  /** The waiting NMI is being delivered. */
  takeNmi(): void;
  /** A maskable interrupt waits. */
  interruptPending(): boolean;
  /** Acknowledges the waiting interrupt and gives its vector. */
  takeInterrupt(): number;
}

const NO_SOURCES: InterruptSources = {
  nmiPending: () => false,
  takeNmi: () => undefined,
  interruptPending: () => false,
  takeInterrupt: () => 0,
};

/**
 * Raises the event that has the highest priority on this boundary (SDM Vol. 3A §7.9, Table 7-2): traps of the previous
 * instruction, NMI, maskable interrupt, instruction breakpoint. Faults of fetching and decoding come after all of these
 * and are found by the fetch itself. False when the next instruction runs.
 */
export function raiseAtBoundary(
  state: StateView,
  debug: DebugRegisters,
  sources: InterruptSources = NO_SOURCES,
): boolean {
  const shadow = state.get32(STATE.interruptShadow);
  if (state.get32(STATE.pendingDebug) !== 0 && !(shadow & SHADOW.MOV_SS)) {
    raiseBetween(state, DEBUG, EVENT.TRAP);
    return true;
  }
  if (shadow === 0) {
    if (sources.nmiPending() && state.get32(STATE.nmiBlocked) === 0) {
      sources.takeNmi();
      raiseBetween(state, NMI, EVENT.EXTERNAL);
      // Until the next IRET (SDM Vol. 3A §7.7.1).
      state.set32(STATE.nmiBlocked, 1);
      return true;
    }
    if (state.get32(STATE.rflags) & IF && sources.interruptPending()) {
      raiseBetween(state, sources.takeInterrupt(), EVENT.EXTERNAL);
      return true;
    }
  }
  // A load of SS hides an instruction breakpoint on what follows it (SDM Vol. 3A §7.8.3).
  if (state.get32(STATE.activity) !== 0) return false;
  if (!(shadow & SHADOW.MOV_SS) && debug.instructionBreakpoint()) return true;
  if (!inconsistentVirtualInterrupts(state)) return false;
  raiseError(state, GP, 0);
  return true;
}

/** Between iterations of a repeated string instruction RF is set in what is pushed (SDM Vol. 3B §18.3.1.1). */
function raiseBetween(state: StateView, vector: number, kind: number): void {
  if (state.get32(STATE.repeating)) state.set32(STATE.rflags, state.get32(STATE.rflags) | RF);
  raiseTrap(state, vector, kind);
}

const VIRTUAL_INTERRUPT = VIF | VIP;
const CR4 = { VME: 1, PVI: 2 } as const;

/** VIP and VIF set together let no instruction of ring 3 run (SDM Vol. 3A §21.3, §21.4). */
function inconsistentVirtualInterrupts(state: StateView): boolean {
  const flags = state.get32(STATE.rflags);
  if ((flags & VIRTUAL_INTERRUPT) !== VIRTUAL_INTERRUPT || state.get32(STATE.cpl) !== 3) return false;
  const cr4 = state.low(STATE.cr4);
  return (cr4 & CR4.PVI) !== 0 || ((flags & VM) !== 0 && (cr4 & CR4.VME) !== 0);
}

/** Whether the next instruction must run alone, between `beginStep` and `endStep`. */
export function mustRunAlone(state: StateView): boolean {
  return (
    (state.get32(STATE.rflags) & (TF | RF)) !== 0 ||
    (state.get32(STATE.rflags) & VIRTUAL_INTERRUPT) === VIRTUAL_INTERRUPT ||
    state.get32(STATE.interruptShadow) !== 0 ||
    state.get32(ENGINE.watch) !== 0 ||
    state.get32(STATE.pendingDebug) !== 0
  );
}

/** What `endStep` must know of the moment before. */
export interface StepStart {
  rf: number;
  shadow: number;
  pendingDebug: number;
}

/** RF is cleared at the start of each instruction, TF is looked at there (SDM Vol. 3B §18.3.1.1, §18.3.1.4). */
export function beginStep(state: StateView, start: StepStart): void {
  const flags = state.get32(STATE.rflags);
  start.rf = flags & RF;
  start.shadow = state.get32(STATE.interruptShadow);
  start.pendingDebug = state.get32(STATE.pendingDebug);
  if (start.rf) state.set32(STATE.rflags, flags & ~RF);
}

/**
 * Ends what `beginStep` began.
 *
 * @param taken steps taken: 0 when the instruction faulted or has yet to run
 * @param stepTrap whether the single-step trap follows if the instruction is done
 */
export function endStep(state: StateView, start: StepStart, taken: number, stepTrap: boolean): void {
  const faulted = state.get32(STATE.eventPending) !== 0;
  if (taken === 0) {
    const kind = state.get32(STATE.eventKind);
    const restarts = !faulted || kind === EVENT.FAULT;
    if (start.rf && restarts) state.set32(STATE.rflags, state.get32(STATE.rflags) | RF);
    // An access of an instruction that did not complete has not hit its data breakpoint.
    if (faulted) {
      const detected = state.get32(STATE.pendingDebug) & DEBUG_CONDITION.REGISTER_ACCESS;
      state.set32(STATE.pendingDebug, start.pendingDebug | detected);
    }
    return;
  }
  // RF lasts until the whole of a repeated instruction is done.
  if (start.rf && state.get32(STATE.repeating)) state.set32(STATE.rflags, state.get32(STATE.rflags) | RF);
  // The shadow covers one instruction: the one that cast it is still to be followed. The second of two loads of SS
  // casts none.
  if (start.shadow !== 0 && state.get32(STATE.interruptShadow) === start.shadow) state.set32(STATE.interruptShadow, 0);
  // After a load of SS the single-step trap is dropped; a data breakpoint waits (SDM Vol. 3A §7.8.3).
  if (stepTrap && !(state.get32(STATE.interruptShadow) & SHADOW.MOV_SS)) trapAfterStep(state);
}

/** A slice came to its end between an IRET that loaded RF and the end of the next instruction. */
export function resumeNext(state: StateView): void {
  const restarts = state.get32(STATE.eventPending) === 0 || state.get32(STATE.eventKind) === EVENT.FAULT;
  if (restarts) state.set32(STATE.rflags, state.get32(STATE.rflags) | RF);
}

export function trapAfterStep(state: StateView): void {
  state.set32(STATE.pendingDebug, state.get32(STATE.pendingDebug) | DEBUG_CONDITION.SINGLE_STEP);
}
