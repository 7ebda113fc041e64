import {
  and,
  extendU,
  type I64,
  i32,
  i64,
  ne,
  or,
  remU,
  rotl,
  rotr,
  shl,
  shrS,
  shrU,
  sub,
  xor,
} from '../../wasm/expressions.ts';
import type { Local } from '../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { carryWord, condition, flagShift, shiftUp } from '../flags.ts';

/**
 * SDM Vol. 2: shifts and rotates. The count is masked to 5 bits (6 for 64-bit operands); a count of 0 changes no flag.
 * OF after counts above 1 is undefined; it gets the value that the one-bit rule gives for the whole shift.
 */
const SIZES = [8, 16, 32, 64] as const;

const top = (value: I64, bits: number): I64 => and(shrU(value, i64(bits - 1)), i64(1));
const bitAt = (value: I64, position: I64): I64 => and(shrU(value, position), i64(1));

function countOf(e: Emitter, operand: number): Local<'i64'> {
  return e.f.let(and(e.read(operand, 8), i64(e.size === 64 ? 63 : 31)));
}

function setShiftFlags(e: Emitter, result: I64, cf: I64, of: I64): void {
  e.flags.set(shiftUp(result, e.size), carryWord(cf, of), i32(flagShift(e.size)));
}

function shift(
  name: string,
  body: (e: Emitter, value: Local<'i64'>, count: Local<'i64'>) => { result: I64; cf: I64; of: I64 },
): Definition {
  return {
    name,
    sizes: SIZES,
    shapes: ['ri', 'mi', 'rr', 'mr'],
    emit: (e) => {
      const operand = e.modify(0);
      const count = countOf(e, 1);
      const out = body(e, operand.value, count);
      const result = e.f.let(out.result);
      operand.write(result);
      e.f.if(ne(count, i64(0)), () => setShiftFlags(e, result, e.f.let(out.cf), e.f.let(out.of)));
    },
  };
}

/** Rotates leave SF ZF AF PF alone: only CF and OF are replaced. */
function setRotateFlags(e: Emitter, cf: I64, of: I64): void {
  e.flags.setCarry(or(and(e.flags.carry(), i64(2n ** 62n - 1n)), carryWord(cf, of)));
}

/** Rotates a value of `bits` left by `count` (taken modulo the width). */
function rotateLeft(value: I64, count: I64, bits: number): I64 {
  if (bits === 64) return rotl(value, count);
  if (bits === 32) return rotate32(value, count, rotl);
  const c = and(count, i64(bits - 1));
  return and(or(shl(value, c), shrU(value, sub(i64(bits), c))), i64(2 ** bits - 1));
}

/** A 32-bit rotate on the doubled value: its low half after a 64-bit rotate. */
function rotate32(value: I64, count: I64, rotate: (a: I64, b: I64) => I64): I64 {
  return and(rotate(or(value, shl(value, i64(32))), and(count, i64(31))), i64(0xffff_ffff));
}

function rotate(name: string, left: boolean): Definition {
  return {
    name,
    sizes: SIZES,
    shapes: ['ri', 'mi', 'rr', 'mr'],
    emit: (e) => {
      const { size } = e;
      const operand = e.modify(0);
      const count = countOf(e, 1);
      const effective = left ? count : e.f.let(and(sub(i64(size), count), i64(size - 1)));
      const result = e.f.let(
        left || size < 32
          ? rotateLeft(operand.value, effective, size)
          : size === 64
            ? rotr(operand.value, count)
            : rotate32(operand.value, count, rotr),
      );
      operand.write(result);
      e.f.if(ne(count, i64(0)), () => {
        if (left) {
          const cf = e.f.let(and(result, i64(1)));
          setRotateFlags(e, cf, xor(cf, top(result, size)));
        } else {
          const cf = e.f.let(top(result, size));
          setRotateFlags(e, cf, xor(cf, bitAt(result, i64(size - 2))));
        }
      });
    },
  };
}

/** RCL and RCR: a rotate of size + 1 bits through CF. Counts above the width wrap for 8 and 16 bits. */
function rotateThroughCarry(name: string, left: boolean): Definition {
  return {
    name,
    sizes: SIZES,
    shapes: ['ri', 'mi', 'rr', 'mr'],
    emit: (e) => {
      const { f, size } = e;
      const operand = e.modify(0);
      const masked = countOf(e, 1);
      const count = size < 32 ? f.let(remU(masked, i64(size + 1))) : masked;
      const cf = f.let(extendU(condition(e.flags, 2)));
      const value = operand.value;
      const wide = (x: I64) => (size === 64 ? x : and(x, i64(2 ** size - 1)));
      const result = f.let(value);
      const out = f.let(cf);
      f.if(ne(count, i64(0)), () => {
        // Shifts by the full width must give zero, which wasm's modulo counts do not: split off one step.
        const less = f.let(sub(count, i64(1)));
        const rest = f.let(sub(i64(size), count));
        if (left) {
          f.set(out, bitAt(value, rest));
          f.set(result, wide(or(or(shl(shl(value, less), i64(1)), shl(cf, less)), shrU(shrU(value, rest), i64(1)))));
        } else {
          f.set(out, bitAt(value, less));
          f.set(result, wide(or(or(shrU(shrU(value, less), i64(1)), shl(cf, rest)), shl(shl(value, rest), i64(1)))));
        }
      });
      operand.write(result);
      f.if(ne(count, i64(0)), () => {
        const of = left ? xor(out, top(result, size)) : xor(top(result, size), bitAt(result, i64(size - 2)));
        setRotateFlags(e, out, f.let(of));
      });
    },
  };
}

/** SHLD and SHRD. 16-bit counts above 16 are undefined; the concatenation destination:source:destination is shifted. */
function doubleShift(name: string, left: boolean): Definition {
  return {
    name,
    sizes: [16, 32, 64],
    shapes: ['rri', 'mri', 'rrr', 'mrr'],
    emit: (e) => {
      const { f, size } = e;
      const operand = e.modify(0);
      const source = e.read(1);
      const count = countOf(e, 2);
      const value = operand.value;
      const result = f.let(value);
      f.if(
        ne(count, i64(0)),
        () => {
          const less = f.let(sub(count, i64(1)));
          const cf = f.local('i64');
          if (size === 16) {
            // 48 bits: the source stands between two copies of the destination.
            const outer = shl(value, i64(32));
            const chain = f.let(or(or(outer, shl(source, i64(16))), value));
            if (left) {
              f.set(result, and(shrU(shl(chain, count), i64(32)), i64(0xffff)));
              f.set(cf, bitAt(chain, sub(i64(48), count)));
            } else {
              f.set(result, and(shrU(chain, count), i64(0xffff)));
              f.set(cf, bitAt(chain, less));
            }
          } else {
            const rest = f.let(sub(i64(size), count));
            if (left) {
              f.set(cf, bitAt(value, rest));
              f.set(result, or(shl(value, count), shrU(source, rest)));
            } else {
              f.set(cf, bitAt(value, less));
              f.set(result, or(shrU(value, count), shl(source, rest)));
            }
            if (size === 32) f.set(result, and(result, i64(0xffff_ffff)));
          }
          operand.write(result);
          setShiftFlags(e, result, cf, f.let(xor(top(result, size), top(value, size))));
        },
        () => operand.write(value),
      );
    },
  };
}

/** Bits of a shifted-out position; counts up to 31 may exceed 8- and 16-bit operands. */
export const shifts: readonly Definition[] = [
  shift('shl', (e, value, count) => {
    const less = sub(count, i64(1));
    // The bit that leaves last, at position size − count of the operand; 0 once the count exceeds the width.
    const cf = bitAt(shl(value, less), i64(e.size - 1));
    const result = e.size === 64 ? shl(value, count) : and(shl(value, count), i64(2 ** e.size - 1));
    return { result, cf, of: xor(cf, top(shl(value, count), e.size)) };
  }),
  shift('shr', (e, value, count) => ({
    result: shrU(value, count),
    cf: bitAt(value, sub(count, i64(1))),
    of: top(value, e.size),
  })),
  shift('sar', (e, value, count) => {
    const wide = shrS(shiftUp(value, e.size), i64(64 - e.size));
    return {
      result: e.size === 64 ? shrS(value, count) : and(shrS(wide, count), i64(2 ** e.size - 1)),
      cf: and(shrS(wide, sub(count, i64(1))), i64(1)),
      of: i64(0),
    };
  }),
  rotate('rol', true),
  rotate('ror', false),
  rotateThroughCarry('rcl', true),
  rotateThroughCarry('rcr', false),
  doubleShift('shld', true),
  doubleShift('shrd', false),
];
