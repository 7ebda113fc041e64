/**
 * What a vector file stores about inputs: a plan. A vector's full state is derived from its plan by
 * `deriveInput` (state.ts); the recorder, the reader and the verifier all use that one function.
 */

import type { ValueKind } from './values.ts';
import type { MemoryBytes } from './windows.ts';

/** What kind of operand the group's instruction has. `split` is memory that lies across the page boundary of its window. */
export type Shape = 'register' | 'memory' | 'split';
export const SHAPES: readonly Shape[] = ['register', 'memory', 'split'];

/** How MXCSR is drawn: masked and rounding to nearest with random sticky flags, or rounding, FTZ and DAZ random too. */
export const MxcsrMode = { nearest: 0, all: 1 } as const;
export type MxcsrMode = (typeof MxcsrMode)[keyof typeof MxcsrMode];

/** Override targets beyond the general registers 0-15. */
export const Target = { fsBase: 16, gsBase: 17, mxcsr: 18, rflags: 19 } as const;

/** Replaces a register's drawn value: size 1 and 2 the low bytes, 4 zero-extended, 8 whole. */
export interface Override {
  /** General register number, or one of `Target`. */
  readonly target: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: bigint;
}

/** A piece of memory whose contents are drawn by the group's memory kind. */
export interface DrawnPiece {
  readonly address: number;
  readonly length: number;
}

export interface VectorPlan {
  readonly overrides: readonly Override[];
  /** Memory with given contents, applied after the drawn pieces. */
  readonly pieces: readonly MemoryBytes[];
}

export interface EncodingPlan {
  /** Linear address of the instruction, in the code window. */
  readonly ip: number;
  readonly code: Uint8Array;
  /** Number of the general register that operand 0 names, or 255. */
  readonly operand0: number;
  readonly overrides: readonly Override[];
  readonly drawn: readonly DrawnPiece[];
  readonly vectors: readonly VectorPlan[];
}

export interface GroupPlan {
  /** Name in iced-x86's Code enumeration. */
  readonly codeName: string;
  readonly bitness: 32 | 64;
  readonly shape: Shape;
  /** What sets this group apart from others of its Code and shape: '' or words such as 'lock', 'rep', 'addr32', 'rounding'. */
  readonly variant: string;
  readonly registerKind: ValueKind;
  readonly memoryKind: ValueKind;
  readonly xmmKind: ValueKind;
  readonly mxcsrMode: MxcsrMode;
  readonly seed: number;
  readonly encodings: readonly EncodingPlan[];
}
