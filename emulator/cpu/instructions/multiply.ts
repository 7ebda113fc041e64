import {
  add,
  and,
  divS,
  divU,
  eq,
  eqz,
  extendU,
  geU,
  gtU,
  type I64,
  i32,
  i64,
  ltS,
  mul,
  ne,
  neg,
  or,
  remS,
  remU,
  select,
  shl,
  shrS,
  shrU,
  sub,
  xor,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import { maskTo, signedFrom } from '../../wasm/width.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { carryWord, flagShift, shiftUp } from '../flags.ts';
import { RAX, RDX } from '../state.ts';
import { setSized } from './registers.ts';

/** SDM Vol. 2: MUL, IMUL, DIV, IDIV, MULX. The flags that are undefined get the value a result of the low half gives. */
const SIZES = [8, 16, 32, 64] as const;
const DIVIDE_ERROR = 0;

/** High 64 bits of the unsigned product, from 32-bit halves. */
export function multiplyHigh(f: FunctionBuilder, a: Local<'i64'>, b: Local<'i64'>): Local<'i64'> {
  const low = (x: I64) => and(x, i64(0xffff_ffff));
  const high = (x: I64) => shrU(x, i64(32));
  const lowLow = f.let(mul(low(a), low(b)));
  const cross = f.let(add(mul(high(a), low(b)), high(lowLow)));
  const cross2 = f.let(add(mul(low(a), high(b)), low(cross)));
  return f.let(add(add(mul(high(a), high(b)), high(cross)), high(cross2)));
}

/** High 64 bits of the signed product (Hacker's Delight §8.3). */
function multiplyHighSigned(f: FunctionBuilder, a: Local<'i64'>, b: Local<'i64'>): I64 {
  const unsigned = multiplyHigh(f, a, b);
  return sub(sub(unsigned, and(shrS(a, i64(63)), b)), and(shrS(b, i64(63)), a));
}

function setProductFlags(e: Emitter, low: I64, overflow: I64): void {
  e.flags.set(shiftUp(low, e.size), carryWord(overflow, overflow), i32(flagShift(e.size)));
}

function multiplyWide(e: Emitter, isSigned: boolean): void {
  const { f, size } = e;
  const source = e.read(0);
  if (size === 64) {
    const a = f.let(e.gpr(RAX));
    const low = f.let(mul(a, source));
    const high = f.let(isSigned ? multiplyHighSigned(f, a, source) : multiplyHigh(f, a, source));
    e.setGpr(RAX, low);
    e.setGpr(RDX, high);
    const fits = isSigned ? eq(high, shrS(low, i64(63))) : eqz(high);
    setProductFlags(e, low, extendU(eqz(fits)));
    return;
  }
  const a = isSigned ? signedFrom(e.gpr(RAX), size) : maskTo(e.gpr(RAX), size);
  const product = f.let(mul(a, isSigned ? signedFrom(source, size) : source));
  if (size === 8) setSized(e, RAX, product, 16);
  else {
    setSized(e, RAX, product, size);
    setSized(e, RDX, f.let(shrU(product, i64(size))), size);
  }
  const fits = isSigned ? eq(product, signedFrom(product, size)) : eqz(shrU(product, i64(size)));
  setProductFlags(e, product, extendU(eqz(fits)));
}

/** IMUL with two or three operands: the product is truncated, CF = OF = "it did not fit". */
function multiplyTruncated(e: Emitter, left: Local<'i64'>, right: Local<'i64'>, write: (value: I64) => void): void {
  const { f, size } = e;
  if (size === 64) {
    const low = f.let(mul(left, right));
    const high = f.let(multiplyHighSigned(f, left, right));
    write(low);
    setProductFlags(e, low, extendU(ne(high, shrS(low, i64(63)))));
    return;
  }
  const product = f.let(mul(signedFrom(left, size), signedFrom(right, size)));
  write(maskTo(product, size));
  setProductFlags(e, product, extendU(ne(product, signedFrom(product, size))));
}

/** 128 by 64 bits, bit by bit; only reached when the dividend really has more than 64 bits. */
function divideWide(
  f: FunctionBuilder,
  high: I64,
  low: I64,
  divisor: Local<'i64'>,
): { quotient: Local<'i64'>; remainder: Local<'i64'> } {
  const remainder = f.let(high);
  const quotient = f.let(low);
  f.if(
    eqz(remainder),
    () => {
      f.set(remainder, remU(quotient, divisor));
      f.set(quotient, divU(low, divisor));
    },
    () => {
      const count = f.let(i32(64));
      f.loop((again) => {
        const carry = f.let(ltS(remainder, i64(0)));
        f.set(remainder, or(shl(remainder, i64(1)), shrU(quotient, i64(63))));
        f.set(quotient, shl(quotient, i64(1)));
        f.if(or(carry, geU(remainder, divisor)), () => {
          f.set(remainder, sub(remainder, divisor));
          f.set(quotient, or(quotient, i64(1)));
        });
        f.set(count, sub(count, i32(1)));
        f.branchIf(count, again);
      });
    },
  );
  return { quotient, remainder };
}

function divide(e: Emitter, isSigned: boolean): void {
  const { f, size } = e;
  const divisor = e.read(0);
  f.if(eqz(divisor), () => e.raise(DIVIDE_ERROR));
  if (size === 64) {
    divide64(e, divisor, isSigned);
    return;
  }
  const dividend = f.let(
    size === 8 ? maskTo(e.gpr(RAX), 16) : or(shl(maskTo(e.gpr(RDX), size), i64(size)), maskTo(e.gpr(RAX), size)),
  );
  const quotient = f.local('i64');
  const remainder = f.local('i64');
  if (isSigned) {
    const wide = f.let(signedFrom(dividend, size * 2));
    const by = f.let(signedFrom(divisor, size));
    // −2^63 / −1 would trap; the quotient does not fit in any case.
    f.if(and(eq(by, i64(-1)), eq(wide, i64(-(2n ** 63n)))), () => e.raise(DIVIDE_ERROR));
    f.set(quotient, divS(wide, by));
    f.set(remainder, remS(wide, by));
    f.if(ne(quotient, signedFrom(quotient, size)), () => e.raise(DIVIDE_ERROR));
  } else {
    f.set(quotient, divU(dividend, divisor));
    f.set(remainder, remU(dividend, divisor));
    f.if(ne(shrU(quotient, i64(size)), i64(0)), () => e.raise(DIVIDE_ERROR));
  }
  if (size === 8) {
    setSized(e, RAX, or(maskTo(quotient, 8), shl(maskTo(remainder, 8), i64(8))), 16);
  } else {
    setSized(e, RAX, quotient, size);
    setSized(e, RDX, remainder, size);
  }
}

function divide64(e: Emitter, divisor: Local<'i64'>, isSigned: boolean): void {
  const { f } = e;
  const high = f.let(e.gpr(RDX));
  const low = f.let(e.gpr(RAX));
  if (!isSigned) {
    f.if(geU(high, divisor), () => e.raise(DIVIDE_ERROR));
    const { quotient, remainder } = divideWide(f, high, low, divisor);
    e.setGpr(RAX, quotient);
    e.setGpr(RDX, remainder);
    return;
  }
  const negative = f.let(ltS(high, i64(0)));
  const divisorNegative = f.let(ltS(divisor, i64(0)));
  f.if(negative, () => {
    f.set(low, neg(low));
    f.set(high, sub(xor(high, i64(-1)), extendU(ne(low, i64(0)))));
    f.set(high, add(high, i64(1)));
  });
  const magnitude = f.let(select(divisorNegative, neg(divisor), divisor));
  f.if(geU(high, magnitude), () => e.raise(DIVIDE_ERROR));
  const { quotient, remainder } = divideWide(f, high, low, magnitude);
  const quotientNegative = f.let(xor(negative, divisorNegative));
  // The magnitude may reach 2^63 only for a negative quotient.
  f.if(gtU(quotient, select(quotientNegative, i64(-(2n ** 63n)), i64(2n ** 63n - 1n))), () => e.raise(DIVIDE_ERROR));
  e.setGpr(RAX, select(quotientNegative, neg(quotient), quotient));
  e.setGpr(RDX, select(negative, neg(remainder), remainder));
}

export const multiply: readonly Definition[] = [
  { name: 'mul', sizes: SIZES, shapes: ['r', 'm'], emit: (e) => multiplyWide(e, false) },
  { name: 'imul', sizes: SIZES, shapes: ['r', 'm'], emit: (e) => multiplyWide(e, true) },
  {
    name: 'imul',
    sizes: [16, 32, 64],
    shapes: ['rr', 'rm'],
    emit: (e) => {
      const right = e.read(1);
      const destination = e.modify(0);
      multiplyTruncated(e, destination.value, right, destination.write);
    },
  },
  {
    name: 'imul',
    sizes: [16, 32, 64],
    shapes: ['rri', 'rmi'],
    emit: (e) => {
      const left = e.read(1);
      const right = e.read(2);
      const destination = e.writer(0);
      multiplyTruncated(e, left, right, destination.write);
    },
  },
  { name: 'div', sizes: SIZES, shapes: ['r', 'm'], emit: (e) => divide(e, false) },
  { name: 'idiv', sizes: SIZES, shapes: ['r', 'm'], emit: (e) => divide(e, true) },
  {
    // MULX dest-high, dest-low, source: RDX times source, no flags. With equal destinations the high half stays.
    name: 'mulx',
    sizes: [32, 64],
    shapes: ['rrr', 'rrm'],
    emit: (e) => {
      const source = e.read(2);
      if (e.size === 64) {
        const rdx = e.f.let(e.gpr(RDX));
        const low = e.f.let(mul(rdx, source));
        const high = multiplyHigh(e.f, rdx, source);
        e.writer(1).write(low);
        e.writer(0).write(high);
      } else {
        const product = e.f.let(mul(maskTo(e.gpr(RDX), 32), source));
        e.writer(1).write(product);
        e.writer(0).write(shrU(product, i64(32)));
      }
    },
  },
];
