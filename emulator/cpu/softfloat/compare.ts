import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  ltS,
  neg,
  or,
  select,
  shl,
  shrU,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { acquire, type Format, isNan, isSignalling, isZero, noteDenormal, signOf } from './format.ts';
import { INVALID, note } from './mxcsr.ts';

/** How two values relate: one bit each. */
export const RELATION = { LESS: 1, EQUAL: 2, GREATER: 4, UNORDERED: 8 } as const;

/** The relations for which VCMPPS's predicates 0 to 15 are true, four bits each (SDM Vol. 2A Table 3-1). */
const PREDICATES = 0xf4650b9a7ced8312n;
export const relationsOf = (predicate: I32): I32 =>
  and(wrap(shrU(i64(PREDICATES), extendU(shl(and(predicate, i32(15)), i32(2))))), i32(15));
/** LT, LE, NLT and NLE signal quiet NaNs too; predicates from 16 on do the opposite of those below. */
const signalsQuiet = (predicate: I32): I32 =>
  xor(gtU(and(add(predicate, i32(1)), i32(3)), i32(1)), and(shrU(predicate, i32(4)), i32(1)));

/** The value as a signed integer that orders like it; zeros are equal. Not for NaNs. */
function orderKey(F: Format, x: Local<'i64'>): I64 {
  const magnitude = and(x, i64(F.sign - 1n));
  return select(eqz(signOf(F, x)), magnitude, neg(magnitude));
}

/** Relation of two values that went through `acquire` and are no NaNs. */
function relation(f: FunctionBuilder, F: Format, a: Local<'i64'>, b: Local<'i64'>): I32 {
  const x = f.let(orderKey(F, a));
  const y = f.let(orderKey(F, b));
  return select(eq(x, y), i32(RELATION.EQUAL), select(ltS(x, y), i32(RELATION.LESS), i32(RELATION.GREATER)));
}

/** (a, b, quiet NaNs signal) → RELATION. */
export function defineOrder(core: Core, F: Format, reference: FunctionReference<'i32'>): void {
  core.module.define(reference, (f) => {
    const a = acquire(f, F, f.parameter<'i64'>(0));
    const b = acquire(f, F, f.parameter<'i64'>(1));
    f.if(or(isNan(F, a), isNan(F, b)), () => {
      f.if(or(f.parameter<'i32'>(2), or(isSignalling(F, a), isSignalling(F, b))), () => note(f, INVALID));
      f.return(i32(RELATION.UNORDERED));
    });
    noteDenormal(f, F, a, b);
    f.return(relation(f, F, a, b));
  });
}

/** (a, b, predicate) → all ones of the format's width, or 0. */
export function defineCompare(
  core: Core,
  F: Format,
  reference: FunctionReference<'i64'>,
  order: FunctionReference<'i32'>,
): void {
  core.module.define(reference, (f) => {
    const predicate = f.parameter<'i32'>(2);
    const found = f.call(order, f.parameter<'i64'>(0), f.parameter<'i64'>(1), signalsQuiet(predicate));
    const holds = eqz(eqz(and(found, relationsOf(predicate))));
    f.return(and(neg(extendU(holds)), i64(F.sign * 2n - 1n)));
  });
}

/** (a, b, 1 for the greater) → MIN or MAX: the second operand when either is a NaN or both are zeros. */
export function defineExtreme(core: Core, F: Format, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const a = acquire(f, F, f.parameter<'i64'>(0));
    const b = acquire(f, F, f.parameter<'i64'>(1));
    f.if(or(isNan(F, a), isNan(F, b)), () => {
      note(f, INVALID);
      f.return(b);
    });
    noteDenormal(f, F, a, b);
    f.if(and(isZero(F, a), isZero(F, b)), () => f.return(b));
    const wanted = select(f.parameter<'i32'>(2), i32(RELATION.GREATER), i32(RELATION.LESS));
    f.return(select(eqz(xor(relation(f, F, a, b), wanted)), a, b));
  });
}
