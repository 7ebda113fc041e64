import { STATE } from '../../state.ts';
import {
  BIAS,
  classify,
  decompose,
  infinity,
  invalid,
  nanResult,
  negative,
  type Result,
  round,
  roundingOf,
  SIGN,
  zero,
} from '../../x87/number.ts';
import {
  EXCEPTION,
  INDEFINITE,
  isEmpty,
  type Pair,
  pop,
  push,
  readSt,
  STACK_OVERFLOW,
  STACK_UNDERFLOW,
  setConditionBits,
  writeSt,
} from '../../x87/stack.ts';
import { STATUS_WORD } from '../../x87/state.ts';
import { DONE, FAULT, type HostContext, type HostHandler } from './context.ts';
import { readWide, writeWide } from './wideMemory.ts';
import { finish, record, waiting } from './x87.ts';

/** FPREM, FPREM1, FSCALE, FXTRACT, FBLD, FBSTP: exact, on whole numbers of any length. */
const { C0, C1, C2, C3 } = STATUS_WORD;

/** Runs `compute` after what every waiting instruction does. */
export const waitingHandler =
  (compute: (c: HostContext) => void): HostHandler =>
  (c) => {
    const pending = waiting(c);
    if (pending !== undefined) return pending;
    record(c, false);
    compute(c);
    return DONE;
  };

const denormalFlag = (...operands: Pair[]): number =>
  operands.some((x) => classify(x) === 'denormal') ? EXCEPTION.DENORMAL : 0;

/** (SDM Vol. 2A, FPREM and FPREM1.) Reduces by 63 exponents at most; a partial remainder leaves C2 set. */
const remainder = (nearest: boolean): HostHandler =>
  waitingHandler((c) => {
    const { state } = c;
    setConditionBits(state, C2, 0);
    if (isEmpty(state, 0) || isEmpty(state, 1)) {
      if (finish(c, STACK_UNDERFLOW)) writeSt(state, 0, INDEFINITE);
      return;
    }
    const a = readSt(state, 0);
    const b = readSt(state, 1);
    const [kindA, kindB] = [classify(a), classify(b)];
    const nan = nanResult(a, b) ?? (kindA === 'infinity' || kindB === 'zero' ? invalid : undefined);
    if (nan) {
      if (finish(c, nan.flags)) writeSt(state, 0, nan.value);
      return;
    }
    let result: Result = { value: a, flags: 0 };
    let quotient = 0n;
    let partial = false;
    const control = state.get32(STATE.fpuControl);
    if (kindA !== 'zero' && kindB === 'infinity' && kindA === 'denormal') {
      const { mantissa, exponent } = decompose(a);
      result = round(negative(a), mantissa, exponent, false, roundingOf(control, 64));
    } else if (kindA !== 'zero' && kindB !== 'infinity') {
      const x = decompose(a);
      const y = decompose(b);
      const difference = x.exponent - y.exponent;
      let sign = negative(a);
      let rest = x.mantissa;
      let exponent = x.exponent;
      if (difference >= 64) {
        partial = true;
        // What is left of the exponent difference is a multiple of 32.
        const taken = (difference & 31) | 32;
        exponent = y.exponent + difference - taken;
        rest = (x.mantissa << BigInt(taken)) % y.mantissa;
      } else if (difference >= -1) {
        const common = Math.min(x.exponent, y.exponent);
        const numerator = x.mantissa << BigInt(x.exponent - common);
        const divisor = y.mantissa << BigInt(y.exponent - common);
        quotient = numerator / divisor;
        rest = numerator % divisor;
        exponent = common;
        if (nearest && (rest * 2n > divisor || (rest * 2n === divisor && quotient & 1n))) {
          quotient++;
          rest = divisor - rest;
          sign = !sign;
        }
      }
      result =
        rest === 0n
          ? { value: zero(negative(a)), flags: 0 }
          : round(sign, rest, exponent, false, roundingOf(control, 64));
    }
    if (!finish(c, result.flags | denormalFlag(a, b))) return;
    writeSt(state, 0, result.value);
    const bits = partial ? C2 : (quotient & 4n ? C0 : 0) | (quotient & 2n ? C3 : 0) | (quotient & 1n ? C1 : 0);
    setConditionBits(state, C0 | C1 | C2 | C3, bits);
  });

/** ST(1) truncated to an integer, limited to what any exponent can need. */
function scaleOf(b: Pair): number {
  const { mantissa, exponent } = decompose(b);
  const size = exponent > 0 ? 0x10000n : mantissa >> BigInt(-exponent);
  const limited = Number(size > 0x10000n ? 0x10000n : size);
  return negative(b) ? -limited : limited;
}

function scaled(a: Pair, b: Pair, control: number): Result {
  const nan = nanResult(a, b);
  if (nan) return nan;
  const [kindA, kindB] = [classify(a), classify(b)];
  if (kindB === 'infinity') {
    const up = !negative(b);
    if (kindA === (up ? 'zero' : 'infinity')) return invalid;
    const flags = denormalFlag(a);
    if (kindA === (up ? 'infinity' : 'zero')) return { value: a, flags };
    return { value: up ? infinity(negative(a)) : zero(negative(a)), flags };
  }
  const flags = denormalFlag(a, b);
  if (kindA === 'zero' || kindA === 'infinity') return { value: a, flags };
  const { mantissa, exponent } = decompose(a);
  const by = kindB === 'zero' ? 0 : scaleOf(b);
  const { value, flags: more } = round(negative(a), mantissa, exponent + by, false, roundingOf(control, 64));
  return { value, flags: flags | more };
}

const scale = waitingHandler((c) => {
  const { state } = c;
  const empty = isEmpty(state, 0) || isEmpty(state, 1);
  const result: Result = empty
    ? { value: INDEFINITE, flags: STACK_UNDERFLOW }
    : scaled(readSt(state, 0), readSt(state, 1), state.get32(STATE.fpuControl));
  if (finish(c, result.flags)) writeSt(state, 0, result.value);
});

const extract = waitingHandler((c) => {
  const { state } = c;
  const both = (exponent: Pair, significand: Pair, flags: number) => {
    if (!finish(c, flags)) return;
    writeSt(state, 0, exponent);
    push(state, significand);
  };
  if (isEmpty(state, 0)) return both(INDEFINITE, INDEFINITE, STACK_UNDERFLOW);
  if (!isEmpty(state, -1)) return both(INDEFINITE, INDEFINITE, STACK_OVERFLOW);
  const a = readSt(state, 0);
  const nan = nanResult(a);
  if (nan) return both(nan.value, nan.value, nan.flags);
  const kind = classify(a);
  if (kind === 'infinity') return both(infinity(false), a, 0);
  if (kind === 'zero') return both(infinity(true), a, EXCEPTION.ZERO_DIVIDE);
  const { mantissa, exponent } = decompose(a);
  const whole = exponent + 63;
  const value =
    whole === 0 ? zero(false) : round(whole < 0, BigInt(Math.abs(whole)), 0, false, roundingOf(0x37f)).value;
  both(value, { significand: mantissa, word: BIAS | (a.word & SIGN) }, denormalFlag(a));
});

const loadBcd: HostHandler = (c) => {
  const { state } = c;
  const pending = waiting(c);
  if (pending !== undefined) return pending;
  const bytes = readWide(c, 10, 8);
  if (!bytes) return FAULT;
  record(c, true);
  let value = 0n;
  for (let i = 8; i >= 0; i--) value = value * 100n + BigInt((bytes[i]! >>> 4) * 10 + (bytes[i]! & 15));
  const sign = (bytes[9]! & 0x80) !== 0;
  const overflow = !isEmpty(state, -1);
  const x = value === 0n ? zero(sign) : round(sign, value, 0, false, roundingOf(0x37f)).value;
  if (finish(c, overflow ? STACK_OVERFLOW : 0)) push(state, overflow ? INDEFINITE : x);
  return DONE;
};

/** The packed BCD indefinite (SDM Vol. 1 §4.7). */
const BCD_INDEFINITE = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff);

function toBcd(x: Pair, mode: number): { bytes: Uint8Array; flags: number } {
  const refused = { bytes: BCD_INDEFINITE, flags: EXCEPTION.INVALID };
  const kind = classify(x);
  const bytes = new Uint8Array(10);
  if (negative(x)) bytes[9] = 0x80;
  if (kind === 'zero') return { bytes, flags: 0 };
  if (kind !== 'normal' && kind !== 'denormal') return refused;
  const { mantissa, exponent } = decompose(x);
  if (exponent > 0) return refused;
  const by = BigInt(Math.min(-exponent, 200));
  let whole = mantissa >> by;
  const rest = mantissa - (whole << by);
  const half = by > 0n ? 1n << (by - 1n) : 1n;
  const away =
    mode === 0 ? rest > half || (rest === half && (whole & 1n) === 1n) : rest !== 0n && mode === (negative(x) ? 1 : 2);
  if (away) whole++;
  if (whole >= 10n ** 18n) return refused;
  for (let i = 0; i < 9; i++) {
    const pair = Number(whole % 100n);
    bytes[i] = (Math.floor(pair / 10) << 4) | (pair % 10);
    whole /= 100n;
  }
  return { bytes, flags: rest === 0n ? 0 : EXCEPTION.PRECISION | (away ? C1 : 0) };
}

const storeBcd: HostHandler = (c) => {
  const { state } = c;
  const pending = waiting(c);
  if (pending !== undefined) return pending;
  const mode = (state.get32(STATE.fpuControl) >>> 10) & 3;
  const { bytes, flags } = isEmpty(state, 0)
    ? { bytes: BCD_INDEFINITE, flags: STACK_UNDERFLOW }
    : toBcd(readSt(state, 0), mode);
  // Nothing is stored with an unmasked exception, but the operand must be writable then too.
  const stored = (flags & ~state.get32(STATE.fpuControl) & 0x1f) === 0;
  if (!writeWide(c, stored ? bytes : new Uint8Array(0), 10, 8)) return FAULT;
  record(c, true);
  if (finish(c, flags, true)) pop(state);
  return DONE;
};

export const x87Arithmetic: Readonly<Record<string, HostHandler>> = {
  fprem: remainder(false),
  fprem1: remainder(true),
  fscale: scale,
  fxtract: extract,
  fbld: loadBcd,
  fbstp: storeBcd,
};
