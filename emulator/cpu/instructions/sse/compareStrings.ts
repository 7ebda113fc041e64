import {
  add,
  and,
  clz,
  ctz,
  eq,
  eqz,
  extendU,
  type I32,
  type I64,
  i32,
  i64,
  leS,
  load8S,
  load8U,
  load16U,
  ltS,
  ltU,
  ne,
  or,
  select,
  shl,
  shrS,
  shrU,
  sub,
  wrap,
  xor,
} from '../../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../../wasm/functionBuilder.ts';
import type { Core } from '../../engine/core.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { loadArithmeticFlags } from '../../flags.ts';
import { ENGINE, RAX, RCX, RDX, xmmAddress } from '../../state.ts';
import { bytesMask, elementMask } from './blends.ts';
import { zeroExtended } from './lanes.ts';

/** SDM Vol. 2 §4.1: PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (SSE4.2). */
const AGGREGATION = { EQUAL_ANY: 0, RANGES: 1, EQUAL_EACH: 2, EQUAL_ORDERED: 3 } as const;
const [WORDS, SIGNED, NEGATIVE, MASKED, MOST_SIGNIFICANT] = [1, 2, 16, 32, 64];

/** Where the operands lie while they are compared: element by element, so in memory. */
const FIRST = ENGINE.vector0.address;
const SECOND = ENGINE.vector1.address;

/** Element `index` of the operand at `base`, extended as the control asks. */
function elementAt(f: FunctionBuilder, base: number, index: I32, control: I32): Local<'i32'> {
  const value = f.let(i32(0));
  const isSigned = and(control, i32(SIGNED));
  f.if(
    and(control, i32(WORDS)),
    () => {
      f.set(value, load16U(shl(index, i32(1)), base));
      f.if(isSigned, () => f.set(value, shrS(shl(value, i32(16)), i32(16))));
    },
    () => f.set(value, select(isSigned, load8S(index, base), load8U(index, base))),
  );
  return value;
}

/** Runs `body` for `counter` from 0 (by `step`) while it is below `end`. */
function forEach(f: FunctionBuilder, end: I32, step: number, body: (counter: Local<'i32'>) => void): void {
  const counter = f.let(i32(0));
  f.block((done) =>
    f.loop((again) => {
      f.branchIf(eqz(ltS(counter, end)), done);
      body(counter);
      f.set(counter, add(counter, i32(step)));
      f.branch(again);
    }),
  );
}

/** (a, b, length of a, length of b, control) → IntRes2. Lengths are at most the number of elements. */
export function defineCompareStrings(core: Core): void {
  core.module.define(core.compareStrings, (f) => {
    f.store128(i32(0), f.parameter<'v128'>(0), FIRST);
    f.store128(i32(0), f.parameter<'v128'>(1), SECOND);
    const [first, second, control] = [f.parameter<'i32'>(2), f.parameter<'i32'>(3), f.parameter<'i32'>(4)];
    const count = f.let(select(and(control, i32(WORDS)), i32(8), i32(16)));
    const mode = f.let(and(shrU(control, i32(2)), i32(3)));
    const result = f.let(i32(0));
    const a = (index: I32) => elementAt(f, FIRST, index, control);
    const b = (index: I32) => elementAt(f, SECOND, index, control);
    const setBit = (index: I32) => f.set(result, or(result, shl(i32(1), index)));

    f.if(eq(mode, i32(AGGREGATION.EQUAL_ANY)), () =>
      forEach(f, second, 1, (j) => {
        const sought = b(j);
        forEach(f, first, 1, (i) => f.if(eq(a(i), sought), () => setBit(j)));
      }),
    );
    f.if(eq(mode, i32(AGGREGATION.RANGES)), () =>
      forEach(f, second, 1, (j) => {
        const sought = b(j);
        // A pair whose upper limit lies beyond the end does not count.
        forEach(f, sub(first, i32(1)), 2, (i) => {
          const [low, high] = [a(i), a(add(i, i32(1)))];
          f.if(and(leS(low, sought), leS(sought, high)), () => setBit(j));
        });
      }),
    );
    f.if(eq(mode, i32(AGGREGATION.EQUAL_EACH)), () =>
      forEach(f, count, 1, (i) => {
        const [inFirst, inSecond] = [f.let(ltS(i, first)), f.let(ltS(i, second))];
        const equal = eq(a(i), b(i));
        f.if(or(and(and(inFirst, inSecond), equal), eqz(or(inFirst, inSecond))), () => setBit(i));
      }),
    );
    f.if(eq(mode, i32(AGGREGATION.EQUAL_ORDERED)), () =>
      forEach(f, count, 1, (j) => {
        f.block((differs) => {
          // As far as both go: `a` may reach over the end of the register, not over that of `b`.
          forEach(f, first, 1, (i) => {
            const at = f.let(add(i, j));
            f.if(ltS(at, count), () => {
              f.branchIf(eqz(ltS(at, second)), differs);
              f.branchIf(ne(a(i), b(at)), differs);
            });
          });
          setBit(j);
        });
      }),
    );

    const all = f.let(sub(shl(i32(1), count), i32(1)));
    const valid = f.let(sub(shl(i32(1), second), i32(1)));
    f.if(and(control, i32(NEGATIVE)), () => f.set(result, xor(result, select(and(control, i32(MASKED)), valid, all))));
    f.return(result);
  });
}

/** The number of elements before the first zero. */
function implicitLength(f: FunctionBuilder, base: number, count: I32, control: I32): Local<'i32'> {
  const length = f.let(i32(0));
  f.block((done) =>
    f.loop((again) => {
      f.branchIf(eq(length, count), done);
      f.branchIf(eqz(elementAt(f, base, length, control)), done);
      f.set(length, add(length, i32(1)));
      f.branch(again);
    }),
  );
  return length;
}

/** |register|, at most `count`. */
function explicitLength(f: FunctionBuilder, register: I64, bits: number, count: I32): Local<'i32'> {
  const value = f.let(register);
  if (bits === 32) f.set(value, shrS(shl(value, i64(32)), i64(32)));
  f.if(ltS(value, i64(0)), () => f.set(value, sub(i64(0), value)));
  return f.let(select(ltU(value, extendU(count)), wrap(value), count));
}

function emitCompare(e: Emitter, explicit: boolean, index: boolean): void {
  const { f, core } = e;
  const second = e.readVector(1, false);
  const first = e.readVector(0, false);
  const control = f.let(wrap(e.immediate()));
  const count = f.let(select(and(control, i32(WORDS)), i32(8), i32(16)));
  let lengths: readonly [Local<'i32'>, Local<'i32'>];
  if (explicit) {
    lengths = [explicitLength(f, e.gpr(RAX), e.size, count), explicitLength(f, e.gpr(RDX), e.size, count)];
  } else {
    f.store128(i32(0), first, FIRST);
    f.store128(i32(0), second, SECOND);
    lengths = [implicitLength(f, FIRST, count, control), implicitLength(f, SECOND, count, control)];
  }
  const result = f.let(f.call(core.compareStrings, first, second, ...lengths, control));
  const at = (condition: I32, bit: number): I32 => shl(condition, i32(bit));
  const flags = f.let(
    or(
      or(eqz(eqz(result)), at(ltU(lengths[1], count), 6)),
      or(at(ltU(lengths[0], count), 7), at(and(result, i32(1)), 11)),
    ),
  );
  const most = and(control, i32(MOST_SIGNIFICANT));
  if (index) {
    const found = select(most, sub(i32(31), clz(result)), ctz(result));
    e.setGpr(RCX, extendU(select(result, found, count)));
  } else {
    const mask = select(
      most,
      select(and(control, i32(WORDS)), elementMask(2, result), bytesMask(result)),
      zeroExtended(64, extendU(result)),
    );
    f.store128(i32(0), mask, xmmAddress(0));
  }
  loadArithmeticFlags(e.flags, flags);
}

const compare = (name: string, explicit: boolean, index: boolean): Definition => ({
  name,
  sizes: explicit ? [32, 64] : [128],
  shapes: ['vvi', 'vmi'],
  rare: true,
  emit: (e) => emitCompare(e, explicit, index),
});

export const compareStrings: readonly Definition[] = [
  compare('pcmpestri', true, true),
  compare('pcmpestrm', true, false),
  compare('pcmpistri', false, true),
  compare('pcmpistrm', false, false),
];
