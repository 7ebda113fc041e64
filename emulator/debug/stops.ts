import type { PendingEvent } from '../api.ts';

/** Why a run ended, as the debugger's user sees it. RIP is the next instruction, nothing of which has happened. */
export type Stop =
  /** A step came to its end. `delivered` is set when it ended because the instruction raised an event. */
  | { readonly reason: 'step'; readonly delivered?: PendingEvent }
  | { readonly reason: 'pause' }
  /** `ids` of the breakpoints whose conditions hold. */
  | { readonly reason: 'breakpoint'; readonly ids: readonly number[] }
  /** The event has not been delivered yet; going on delivers it. */
  | { readonly reason: 'exception'; readonly event: PendingEvent }
  | { readonly reason: 'halted' | 'tripleFault' | 'reset' | 'unsupported'; readonly sentence: string }
  | { readonly reason: 'poweredOff'; readonly sentence: string }
  | { readonly reason: 'debugExit'; readonly code: number };

/** The stop conditions in force. The adapter owns what they mean; run control asks at the right moments. */
export interface StopPolicy {
  /** Linear addresses at which `breakpointAt` wants to be asked. */
  breakpointAddresses(): Iterable<bigint>;
  /** Called once each time an address is reached. Returns the ids of the breakpoints that stop, or nothing to go on. */
  breakpointAt(address: bigint): readonly number[];
  /** Bit v: `stopsAt` wants to be asked before vector v is delivered. */
  exceptionVectors(): number;
  stopsAt(event: PendingEvent): boolean;
}

/** Where the lines of the program are, for steps by line. */
export interface LineOracle {
  /** The line table's row that covers an address; undefined where no line is known. */
  lineAt(address: bigint): LineSpan | undefined;
  /** Where the body of the function that starts at `address` begins, `address` itself when it has no prologue. */
  bodyOf(address: bigint): bigint;
}

export interface LineSpan {
  readonly start: bigint;
  readonly end: bigint;
  /** Equal for two spans of the same line of the same file. */
  readonly line: string;
  /** False for a row in the middle of a statement, where a step does not end. */
  readonly isStatement: boolean;
  /** How many inlined calls the code is in; a step over goes past those that it is not in yet. */
  readonly depth: number;
}

/** Where a function returns to: its caller's instruction and where the top of the stack will be there; both linear. */
export interface ReturnPoint {
  readonly address: bigint;
  readonly stackPointer: bigint;
}
