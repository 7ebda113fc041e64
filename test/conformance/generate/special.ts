/** What an instruction needs beyond random operands: the form of the hooks, and the table of who has which. */

import type { Instruction } from 'iced-x86';
import type { DrawnPiece, MxcsrMode, Override, VectorPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';
import type { ValueKind } from '../values.ts';
import { bitSpecial } from './bits.ts';
import { branchSpecial } from './branches.ts';
import { compareExchangeSpecial, divideSpecial } from './divide.ts';
import { miscellaneousSpecial } from './miscellaneous.ts';
import type { Requirement } from './scope.ts';
import { shiftSpecial } from './shifts.ts';
import { stackSpecial } from './stack.ts';

/** Where a memory operand lies. */
export interface Placement {
  /** Linear address of the first byte accessed. */
  readonly address: number;
  readonly size: number;
  /** The address that the addressing form gives; it differs for BT with a register offset. */
  readonly reach: number;
}

/** An instruction being built: what its operands turned out to be. */
export interface Context {
  readonly requirement: Requirement;
  readonly instruction: Instruction;
  /** General register number of each operand, or -1. */
  readonly registers: readonly number[];
  /** The memory operand, if it has one that is accessed. */
  readonly memory: Placement | undefined;
  readonly ip: number;
}

/** Hooks; each is optional and may assume that those before it ran. */
export interface Special {
  /** Registers that vectors set or that the instruction uses implicitly: kept out of addresses. */
  readonly avoid?: readonly number[];
  /** Registers kept out of explicit operands too. */
  readonly avoidOperands?: readonly number[];
  readonly kinds?: {
    readonly register?: ValueKind;
    readonly memory?: ValueKind;
    readonly xmm?: ValueKind;
    readonly mxcsr?: MxcsrMode;
  };
  /** How many encodings, each with how many vectors. */
  readonly counts?: { readonly encodings: number; readonly vectors: number };
  /** An immediate operand's value. */
  readonly immediate?: (prng: Prng, operand: number) => bigint | undefined;
  readonly place?: (prng: Prng) => Placement;
  /** Registers fixed for all vectors of the encoding, and memory drawn for each. */
  readonly encoding?: (prng: Prng, context: Context) => { overrides: Override[]; drawn: DrawnPiece[] };
  /** What one vector sets. */
  readonly vector?: (prng: Prng, context: Context) => VectorPlan;
}

const FAMILIES = [
  shiftSpecial,
  divideSpecial,
  compareExchangeSpecial,
  bitSpecial,
  stackSpecial,
  branchSpecial,
  miscellaneousSpecial,
];

/** The hooks of a group; empty for instructions that random operands exercise well. */
export function specialOf(requirement: Requirement): Special {
  for (const family of FAMILIES) {
    const special = family(requirement);
    if (special !== undefined) return special;
  }
  return {};
}
