import { i32, type ValueType } from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { defineX87Functions } from '../x87/functions.ts';
import { defineAdd, defineDivide, defineMultiply, defineSquareRoot } from './arithmetic.ts';
import { defineCompare, defineExtreme, defineOrder } from './compare.ts';
import { defineBetween, defineFromInteger, defineToInteger } from './convert.ts';
import { DOUBLE, formatOf, SINGLE } from './format.ts';
import { defineConclude } from './mxcsr.ts';
import { definePacked } from './packed.ts';
import { defineRound } from './round.ts';
import { defineRoundIntegral } from './roundIntegral.ts';

/**
 * Exact SSE arithmetic as shared functions: what the native operators cannot answer (rounding modes, DAZ, FTZ, sticky
 * flags, NaNs, denormals). Each notes its exceptions; `conclude` ends the instruction. Values are bit patterns.
 */
const scalar = ['i64', 'i64', 'i32'] as const;
const pair = ['i64', 'i32'] as const;
const pairs = [...pair, ...pair, 'i32'] as const;
const packed = ['v128', 'v128', 'i32'] as const;

/** Parameters and result of each function, so that a module can define them or import them from another. */
export const SOFTFLOAT_FUNCTIONS = {
  conclude: [[], 'i32'],
  /** Stands for `conclude` while more elements of the instruction are to come: notes stay. */
  defer: [[], 'i32'],
  round32: [['i64', 'i32', 'i64'], 'i64'],
  round64: [['i64', 'i32', 'i64'], 'i64'],
  /** (a, b, 1 to subtract). */
  add32: [scalar, 'i64'],
  add64: [scalar, 'i64'],
  multiply32: [scalar, 'i64'],
  multiply64: [scalar, 'i64'],
  divide32: [scalar, 'i64'],
  divide64: [scalar, 'i64'],
  /** (a, unused, unused). */
  squareRoot32: [scalar, 'i64'],
  squareRoot64: [scalar, 'i64'],
  /** (a, b, 1 for the greater). */
  extreme32: [scalar, 'i64'],
  extreme64: [scalar, 'i64'],
  /** (a, b, predicate). */
  compare32: [scalar, 'i64'],
  compare64: [scalar, 'i64'],
  /** (a, b, quiet NaNs signal) → RELATION. */
  order32: [scalar, 'i32'],
  order64: [scalar, 'i32'],
  /** (a, bits of the integer, ROUND). */
  toInteger32: [['i64', 'i32', 'i32'], 'i64'],
  toInteger64: [['i64', 'i32', 'i32'], 'i64'],
  fromInteger32: [['i64'], 'i64'],
  fromInteger64: [['i64'], 'i64'],
  /** (a, ROUND, 1 to leave the precision exception out). */
  roundIntegral32: [['i64', 'i32', 'i32'], 'i64'],
  roundIntegral64: [['i64', 'i32', 'i32'], 'i64'],
  widen: [['i64'], 'i64'],
  narrow: [['i64'], 'i64'],
  packedAdd32: [packed, 'v128'],
  packedAdd64: [packed, 'v128'],
  packedMultiply32: [packed, 'v128'],
  packedMultiply64: [packed, 'v128'],
  packedDivide32: [packed, 'v128'],
  packedDivide64: [packed, 'v128'],
  packedSquareRoot32: [packed, 'v128'],
  packedSquareRoot64: [packed, 'v128'],
  packedExtreme32: [packed, 'v128'],
  packedExtreme64: [packed, 'v128'],
  /** (a, b, unused): even elements subtracted, odd ones added. */
  packedAddSubtract32: [packed, 'v128'],
  packedAddSubtract64: [packed, 'v128'],
  packedCompare32: [packed, 'v128'],
  packedCompare64: [packed, 'v128'],
  /** (a, ROUND): four or two elements to 32-bit integers; the rest is zero. */
  packedToInteger32: [['v128', 'i32'], 'v128'],
  packedToInteger64: [['v128', 'i32'], 'v128'],
  packedFromInteger32: [['v128'], 'v128'],
  /** The two low elements. */
  packedWiden: [['v128'], 'v128'],
  /** Two elements to the two low ones; the rest is zero. */
  packedNarrow: [['v128'], 'v128'],
  // x87 (`cpu/x87`): pairs of significand and word, the word of a result in ENGINE.extendedWord.
  /** (sign, exponent, high, low). */
  roundX: [['i32', 'i32', 'i64', 'i64'], 'i64'],
  /** (a, b, 1 to subtract). */
  addX: [pairs, 'i64'],
  multiplyX: [pairs, 'i64'],
  divideX: [pairs, 'i64'],
  squareRootX: [pair, 'i64'],
  /** (a, b, quiet NaNs signal) → RELATION. */
  compareX: [pairs, 'i32'],
  roundIntegerX: [pair, 'i64'],
  settleX: [pair, 'i64'],
  from32X: [['i64'], 'i64'],
  from64X: [['i64'], 'i64'],
  fromIntegerX: [['i64'], 'i64'],
  to32X: [pair, 'i64'],
  to64X: [pair, 'i64'],
  /** (a, bits of the integer, ROUND). */
  toIntegerX: [[...pair, 'i32', 'i32'], 'i64'],
  /** (exceptions that suppress the result, opcode) → whether to store it. */
  concludeX87: [['i32', 'i32'], 'i32'],
  /** (OPERATE word, memory operand, opcode). */
  operateX87: [['i32', 'i64', 'i32', 'i32'], 'i32'],
  /** (a, opcode). */
  pushX87: [[...pair, 'i32'], 'i32'],
} as const satisfies Record<string, readonly [readonly ValueType[], ValueType]>;

type Table = typeof SOFTFLOAT_FUNCTIONS;
export type SoftfloatName = keyof Table;
export type Softfloat = { readonly [K in SoftfloatName]: FunctionReference<Table[K][1]> };

/** Declares every function through `declare`: in this module, or as an import of the one that defines them. */
export function declareSoftfloat(
  declare: (name: string, parameters: readonly ValueType[], results: readonly ValueType[]) => FunctionReference,
): Softfloat {
  const entries = Object.entries(SOFTFLOAT_FUNCTIONS).map(([name, [parameters, result]]) => [
    name,
    declare(`softfloat.${name}`, parameters, [result]),
  ]);
  // The table's entries give each reference its type.
  return Object.fromEntries(entries) as Softfloat;
}

export function defineSoftfloat(core: Core): void {
  const s = core.softfloat;
  defineConclude(core, s.conclude);
  core.module.define(s.defer, (f) => f.return(i32(0)));
  for (const bits of [32, 64] as const) {
    const F = formatOf(bits);
    const round = s[`round${bits}`];
    defineRound(core, F, round);
    defineAdd(core, F, s[`add${bits}`], round);
    defineMultiply(core, F, s[`multiply${bits}`], round);
    defineDivide(core, F, s[`divide${bits}`], round);
    defineSquareRoot(core, F, s[`squareRoot${bits}`], round);
    defineExtreme(core, F, s[`extreme${bits}`]);
    defineOrder(core, F, s[`order${bits}`]);
    defineCompare(core, F, s[`compare${bits}`], s[`order${bits}`]);
    defineToInteger(core, F, s[`toInteger${bits}`]);
    defineRoundIntegral(core, F, s[`roundIntegral${bits}`]);
    defineFromInteger(core, s[`fromInteger${bits}`], F, round);
  }
  defineBetween(core, SINGLE, DOUBLE, s.widen, s.round64);
  defineBetween(core, DOUBLE, SINGLE, s.narrow, s.round32);
  definePacked(core);
  defineX87Functions(core);
}
