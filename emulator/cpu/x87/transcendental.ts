import { atan, expm1, FRACTION, LN2, ln, ONE, PI, sinCos } from './fixedPoint.ts';
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
  zero,
} from './number.ts';
import { EXCEPTION, type Pair } from './stack.ts';

/**
 * F2XM1, FSIN, FCOS, FPTAN, FPATAN, FYL2X, FYL2XP1 (SDM Vol. 2, result tables of each), correctly rounded to 64 bits
 * whatever the precision control says. Angles are reduced with the processor's π of 66 bits (SDM Vol. 1 §8.3.8).
 */
const F = BigInt(FRACTION);
/** π/2 of the argument reduction: 66 bits of π, exact here. */
const HALF_PI_66 = 0xc90fdaa22168c234cn << (F - 67n);
/** Below this exponent a first-order term and a sticky bit are exact enough for any rounding. */
const TINY = -140;

const exact = (value: Pair, flags = 0): Result => ({ value, flags });
const denormal = (...xs: Pair[]): number => (xs.some((x) => classify(x) === 'denormal') ? EXCEPTION.DENORMAL : 0);
const full = (control: number) => roundingOf(control, 64);
const also = ({ value, flags }: Result, more: number): Result => ({ value, flags: flags | more });

/** Exponent of a finite value's leading bit. */
const leading = (x: Pair): number => decompose(x).exponent + 63;

/** |x| as fixed point, for exponents from TINY up. */
function fixed(x: Pair): bigint {
  const { mantissa, exponent } = decompose(x);
  const shift = exponent + FRACTION;
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
}

const rounded = (sign: boolean, value: bigint, exponent: number, control: number): Result =>
  round(sign, value < 0n ? -value : value, exponent, true, full(control));

/** x × (1 ± a little), for functions that begin with x. */
function nearby(x: Pair, away: boolean, control: number, sign = negative(x)): Result {
  const { mantissa, exponent } = decompose(x);
  const wide = mantissa << 200n;
  return round(sign, away ? wide : wide - 1n, exponent - 200, true, full(control));
}

/** Whether the operand's magnitude is 2^63 or more, but finite. */
export const outOfRange = (x: Pair): boolean => {
  const field = x.word & 0x7fff;
  return classify(x) === 'normal' && field >= BIAS + 63;
};

export function circular(name: 'sin' | 'cos' | 'tan', x: Pair, control: number): Result {
  const nan = nanResult(x) ?? (classify(x) === 'infinity' ? invalid : undefined);
  if (nan) return nan;
  const one: Pair = { significand: 1n << 63n, word: BIAS };
  if (classify(x) === 'zero') return exact(name === 'cos' ? one : x);
  const flags = denormal(x);
  if (leading(x) < TINY) {
    if (name === 'cos') return also(round(false, ONE - 1n, -FRACTION, true, full(control)), flags);
    return also(nearby(x, name === 'tan', control), flags);
  }
  const angle = fixed(x);
  const quadrant = (angle + (HALF_PI_66 >> 1n)) / HALF_PI_66;
  const { sin, cos } = sinCos(angle - quadrant * HALF_PI_66);
  const turn = Number(quadrant & 3n);
  const sines = [sin, cos, -sin, -cos] as const;
  const sine = sines[turn]! * (negative(x) ? -1n : 1n);
  const cosine = sines[(turn + 1) & 3]!;
  const value = name === 'sin' ? sine : name === 'cos' ? cosine : (sine << F) / cosine;
  return also(rounded(value < 0n, value, -FRACTION, control), flags);
}

/** 2^x - 1; the instruction's range is |x| ≤ 1, beyond which the operand is left as it is. */
export function exponential(x: Pair, control: number): Result {
  const nan = nanResult(x);
  if (nan) return nan;
  const kind = classify(x);
  if (kind === 'zero') return exact(x);
  if (kind === 'infinity') return exact(negative(x) ? { significand: 1n << 63n, word: BIAS | 0x8000 } : x);
  const flags = denormal(x);
  const size = leading(x);
  const { mantissa, exponent } = decompose(x);
  if (size > 0 || (size === 0 && mantissa !== 1n << 63n)) return exact(x, flags);
  if (size === 0) {
    return exact({ significand: 1n << 63n, word: negative(x) ? (BIAS - 1) | 0x8000 : BIAS });
  }
  if (size < TINY) return also(rounded(negative(x), mantissa * LN2, exponent - FRACTION, control), flags);
  const power = (fixed(x) * LN2) >> F;
  const value = expm1(negative(x) ? -power : power);
  return also(rounded(negative(x), value, -FRACTION, control), flags);
}

/** y × a positive number log, given as a fixed-point value with its sign. */
function timesY(y: Pair, log: bigint, scale: number, isExact: boolean, control: number): Result {
  const sign = negative(y) !== log < 0n;
  const { mantissa, exponent } = decompose(y);
  return round(sign, (log < 0n ? -log : log) * mantissa, exponent - scale, !isExact, full(control));
}

/** What y and the sign of the logarithm of x give when one of them is no ordinary number. */
function logarithmSpecial(
  y: Pair,
  log: 'zero' | 'negative' | 'positive' | '-infinity' | '+infinity',
  logSign: boolean,
): Result | undefined {
  const kind = classify(y);
  if (log === '-infinity' || log === '+infinity') {
    if (kind === 'zero') return invalid;
    const sign = negative(y) !== (log === '-infinity');
    // −∞ from a finite y is a division by zero.
    return exact(infinity(sign), log === '-infinity' && kind !== 'infinity' ? EXCEPTION.ZERO_DIVIDE : 0);
  }
  if (kind === 'infinity') return log === 'zero' ? invalid : exact(infinity(negative(y) !== (log === 'negative')));
  if (log === 'zero') return exact(zero(negative(y) !== logSign));
  if (kind === 'zero') return exact(zero(negative(y) !== (log === 'negative')));
  return undefined;
}

/** y × log2 x. */
export function logarithm(y: Pair, x: Pair, control: number): Result {
  const nan = nanResult(y, x);
  if (nan) return nan;
  const kind = classify(x);
  if (kind !== 'zero' && negative(x)) return invalid;
  if (kind === 'zero') return logarithmSpecial(y, '-infinity', false)!;
  const flags = denormal(x, y);
  if (kind === 'infinity') return also(logarithmSpecial(y, '+infinity', false)!, flags);
  const { mantissa } = decompose(x);
  let whole = leading(x);
  let part = mantissa << (F - 63n);
  // Between √½ and √2, so that the logarithm of the part is small.
  if (part > (ONE * 181n) / 128n) {
    part >>= 1n;
    whole++;
  }
  const isPower = mantissa === 1n << 63n;
  const log = (BigInt(whole) << F) + (isPower ? 0n : (ln(part) << F) / LN2);
  const special = logarithmSpecial(y, log === 0n ? 'zero' : log < 0n ? 'negative' : 'positive', false);
  if (special) return also(special, flags);
  return also(timesY(y, log, FRACTION, isPower, control), flags);
}

/** y × log2 (x + 1). */
export function logarithmPlusOne(y: Pair, x: Pair, control: number): Result {
  const nan = nanResult(y, x);
  if (nan) return nan;
  const kind = classify(x);
  const flags = denormal(x, y);
  if (kind === 'zero') return also(logarithmSpecial(y, 'zero', negative(x))!, flags);
  if (kind === 'infinity') {
    return negative(x) ? invalid : also(logarithmSpecial(y, '+infinity', false)!, flags);
  }
  const size = leading(x);
  const { mantissa, exponent } = decompose(x);
  if (negative(x) && size >= 0) {
    if (size > 0 || mantissa !== 1n << 63n) return invalid;
    return logarithmSpecial(y, '-infinity', false)!;
  }
  const special = logarithmSpecial(y, negative(x) ? 'negative' : 'positive', negative(x));
  if (special) return also(special, flags);
  if (size < TINY) {
    const log = (mantissa << (2n * F)) / LN2;
    return also(timesY(y, negative(x) ? -log : log, FRACTION - exponent, false, control), flags);
  }
  if (size > 200) return also(logarithm(y, x, control), flags);
  const sum = negative(x) ? ONE - fixed(x) : ONE + fixed(x);
  let whole = sum.toString(2).length - 1 - FRACTION;
  let part = whole >= 0 ? sum >> BigInt(whole) : sum << BigInt(-whole);
  if (part > (ONE * 181n) / 128n) {
    part >>= 1n;
    whole++;
  }
  const log = (BigInt(whole) << F) + (ln(part) << F) / LN2;
  return also(timesY(y, log, FRACTION, false, control), flags);
}

/** The angle of the point (x, y). */
export function arctangent(y: Pair, x: Pair, control: number): Result {
  const nan = nanResult(y, x);
  if (nan) return nan;
  const [kindY, kindX] = [classify(y), classify(x)];
  const sign = negative(y);
  const flags = denormal(x, y);
  const angle = (value: bigint): Result => also(rounded(sign, value, -FRACTION, control), flags);
  if (kindY === 'infinity') {
    return angle(kindX === 'infinity' ? (negative(x) ? (3n * PI) / 4n : PI / 4n) : PI / 2n);
  }
  if (kindY === 'zero' || kindX === 'infinity') return negative(x) ? angle(PI) : exact(zero(sign), flags);
  if (kindX === 'zero') return angle(PI / 2n);
  const a = decompose(y);
  const b = decompose(x);
  const difference = leading(y) - leading(x);
  if (difference < TINY && !negative(x)) {
    const quotient = (a.mantissa << F) / b.mantissa;
    // A little below the quotient, which may be exact.
    const isExact = quotient * b.mantissa === a.mantissa << F;
    const value = (quotient << 200n) - (isExact ? 1n : 0n);
    return also(round(sign, value, a.exponent - b.exponent - FRACTION - 200, true, full(control)), flags);
  }
  if (difference < TINY) return angle(PI - 1n);
  if (difference > -TINY) return angle(PI / 2n + (negative(x) ? 1n : -1n));
  const shift = a.exponent - b.exponent;
  const [top, bottom] =
    shift >= 0 ? [a.mantissa << BigInt(shift), b.mantissa] : [a.mantissa, b.mantissa << BigInt(-shift)];
  const steep = top > bottom;
  const small = steep ? (bottom << F) / top : (top << F) / bottom;
  const first = steep ? PI / 2n - atan(small) : atan(small);
  return angle(negative(x) ? PI - first : first);
}
