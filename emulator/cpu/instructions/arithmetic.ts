import { add, and, extendU, type I64, i32, i64, not, or, shl, shrU, sub, xor } from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import {
  additionCarries,
  carryWord,
  condition,
  flagShift,
  setCF,
  shiftDown,
  shiftUp,
  subtractionBorrows,
} from '../flags.ts';

/** SDM Vol. 2: binary arithmetic. Values are kept shifted to the top, so that flags need no width. */
const SIZES = [8, 16, 32, 64] as const;
const BINARY_SHAPES = ['rr', 'rm', 'mr', 'ri', 'mi'];

const carryIn = (e: Emitter): I64 => shrU(e.flags.carry(), i64(63));

function addition(e: Emitter, withCarry: boolean): void {
  const destination = e.modify(0);
  const a = e.f.let(shiftUp(destination.value, e.size));
  const b = e.f.let(shiftUp(e.read(1), e.size));
  const sum = add(a, b);
  const result = e.f.let(withCarry ? add(sum, shiftUp(carryIn(e), e.size)) : sum);
  destination.write(shiftDown(result, e.size));
  e.flags.set(result, additionCarries(a, b, result), i32(flagShift(e.size)));
}

/** SUB, SBB and CMP: `write` undefined compares only. */
function subtraction(e: Emitter, withBorrow: boolean, left: I64, write?: (value: I64) => void): void {
  const a = e.f.let(shiftUp(left, e.size));
  const b = e.f.let(shiftUp(e.read(1), e.size));
  const difference = sub(a, b);
  const result = e.f.let(withBorrow ? sub(difference, shiftUp(carryIn(e), e.size)) : difference);
  write?.(shiftDown(result, e.size));
  e.flags.set(result, subtractionBorrows(a, b, result), i32(flagShift(e.size)));
}

/** AND, OR, XOR, TEST: CF = OF = 0, AF is cleared. */
export function logicFlags(e: Emitter, result: I64): void {
  e.flags.set(shiftUp(result, e.size), i64(0), i32(flagShift(e.size)));
}

const binary = (name: string, emit: (e: Emitter) => void): Definition => ({
  name,
  sizes: SIZES,
  shapes: BINARY_SHAPES,
  emit,
});

const logic = (name: string, operate: (a: I64, b: I64) => I64): Definition =>
  binary(name, (e) => {
    const destination = e.modify(0);
    const result = e.f.let(operate(destination.value, e.read(1)));
    destination.write(result);
    logicFlags(e, result);
  });

/** INC and DEC keep CF: bit 63 becomes the old CF, bit 62 follows so that OF stays what it is. */
function step(e: Emitter, direction: 1 | -1): void {
  const operand = e.modify(0);
  const a = e.f.let(shiftUp(operand.value, e.size));
  const one = e.f.let(shiftUp(i64(1), e.size));
  const result = e.f.let(direction === 1 ? add(a, one) : sub(a, one));
  operand.write(shiftDown(result, e.size));
  const carries = e.f.let(direction === 1 ? additionCarries(a, one, result) : subtractionBorrows(a, one, result));
  const oldCF = carryIn(e);
  const newCF = shrU(carries, i64(63));
  const change = e.f.let(xor(oldCF, newCF));
  e.flags.set(result, xor(carries, or(shl(change, i64(63)), shl(change, i64(62)))), i32(flagShift(e.size)));
}

export const arithmetic: readonly Definition[] = [
  binary('add', (e) => addition(e, false)),
  binary('adc', (e) => addition(e, true)),
  binary('sub', (e) => {
    const destination = e.modify(0);
    subtraction(e, false, destination.value, destination.write);
  }),
  binary('sbb', (e) => {
    const destination = e.modify(0);
    subtraction(e, true, destination.value, destination.write);
  }),
  binary('cmp', (e) => subtraction(e, false, e.read(0))),
  logic('and', (a, b) => and(a, b)),
  logic('or', (a, b) => or(a, b)),
  logic('xor', (a, b) => xor(a, b)),
  {
    name: 'test',
    sizes: SIZES,
    shapes: ['rr', 'mr', 'ri', 'mi'],
    emit: (e) => {
      const a = e.read(0);
      logicFlags(e, e.f.let(and(a, e.read(1))));
    },
  },
  { name: 'inc', sizes: SIZES, shapes: ['r', 'm'], emit: (e) => step(e, 1) },
  { name: 'dec', sizes: SIZES, shapes: ['r', 'm'], emit: (e) => step(e, -1) },
  {
    name: 'neg',
    sizes: SIZES,
    shapes: ['r', 'm'],
    emit: (e) => {
      const operand = e.modify(0);
      const b = e.f.let(shiftUp(operand.value, e.size));
      const result = e.f.let(sub(i64(0), b));
      operand.write(shiftDown(result, e.size));
      e.flags.set(result, subtractionBorrows(i64(0), b, result), i32(flagShift(e.size)));
    },
  },
  {
    name: 'not',
    sizes: SIZES,
    shapes: ['r', 'm'],
    emit: (e) => {
      const operand = e.modify(0);
      operand.write(not(operand.value));
    },
  },
  {
    name: 'xadd',
    sizes: SIZES,
    shapes: ['rr', 'mr'],
    emit: (e) => {
      const destination = e.modify(0);
      const source = e.modify(1);
      const a = e.f.let(shiftUp(destination.value, e.size));
      const b = e.f.let(shiftUp(source.value, e.size));
      const result = e.f.let(add(a, b));
      // The source first: XADD of a register with itself leaves the sum (SDM Vol. 2, XADD).
      source.write(destination.value);
      destination.write(shiftDown(result, e.size));
      e.flags.set(result, additionCarries(a, b, result), i32(flagShift(e.size)));
    },
  },
  {
    name: 'adcx',
    sizes: [32, 64],
    shapes: ['rr', 'rm'],
    emit: (e) => extendedAdd(e, 'cf'),
  },
  {
    name: 'adox',
    sizes: [32, 64],
    shapes: ['rr', 'rm'],
    emit: (e) => extendedAdd(e, 'of'),
  },
];

/** ADCX and ADOX: an addition whose carry goes in and out through one flag, all others untouched. */
function extendedAdd(e: Emitter, flag: 'cf' | 'of'): void {
  const destination = e.modify(0);
  const source = e.read(1);
  const cf = e.f.let(shrU(e.flags.carry(), i64(63)));
  const of = e.f.let(extendU(condition(e.flags, 0)));
  const a = e.f.let(shiftUp(destination.value, e.size));
  const b = e.f.let(shiftUp(source, e.size));
  const result = e.f.let(add(add(a, b), shiftUp(flag === 'cf' ? cf : of, e.size)));
  destination.write(shiftDown(result, e.size));
  const out = e.f.let(shrU(additionCarries(a, b, result), i64(63)));
  if (flag === 'cf') setCF(e.flags, out);
  else {
    // Bits 63 and 62 anew; the lower carries (AF) stay.
    e.flags.setCarry(or(and(e.flags.carry(), i64(2n ** 62n - 1n)), carryWord(cf, out)));
  }
}
