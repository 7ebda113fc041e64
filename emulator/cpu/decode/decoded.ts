import type { Form } from '../engine/emitter.ts';

/**
 * A decoded instruction as plain data: what the step tier's record is written from and what the block tier compiles.
 * Decoded with RIP = page offset, so that code is independent of the linear address it runs at.
 */
export interface DecodedInstruction {
  readonly form: Form;
  /** Offset of the instruction in its page. */
  readonly offset: number;
  readonly length: number;
  /** State address of the register that each operand names, 0 for other operands. */
  readonly registers: readonly number[];
  readonly memory?: MemoryOperand;
  /** Up to two immediates; the first one as 64 bits. For branches: the target as an offset from the page's start. */
  readonly immediateLow: number;
  readonly immediateHigh: number;
  readonly immediate2: number;
  readonly prefixes: number;
  /** Segment for string sources and other implicit memory operands. */
  readonly segment: number;
  readonly addressBits: number;
  /** Control never falls through to the next instruction. */
  readonly ends: boolean;
  /** Index into the host instruction table, for forms named `host`. */
  readonly host: number;
  /** For host instructions: operands and iced's code name. */
  readonly hostOperands?: readonly HostOperand[];
  readonly code?: string;
}

/** An operand as TypeScript instructions see it. */
export type HostOperand =
  | { readonly kind: 'register'; readonly address: number; readonly bits: number }
  | { readonly kind: 'segment' | 'control' | 'debug'; readonly number: number }
  | { readonly kind: 'immediate'; readonly value: number }
  | { readonly kind: 'memory'; readonly bits: number }
  | { readonly kind: 'far'; readonly selector: number; readonly offset: number }
  | { readonly kind: 'implicit' };

export interface MemoryOperand {
  /** State addresses; ZERO_ADDRESS when absent, ENGINE.ripBase for RIP-relative operands. */
  readonly base: number;
  readonly index: number;
  /** log2 */
  readonly scale: number;
  readonly displacementLow: number;
  readonly displacementHigh: number;
  readonly segment: number;
  readonly addressBits: number;
}
