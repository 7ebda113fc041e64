/**
 * Elementary functions to some 300 bits, by formulas of their own: a reference for the transcendental instructions. Angles
 * by doubling, exponentials by squaring, logarithms and arctangents by Newton's method on those.
 */
import type { Extended } from './loop.ts';

/** mantissa × 2^exponent; zero has mantissa 0. */
export interface Real {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const W = 560;
const BITS = BigInt(W);
const ONE = 1n << BITS;
const times = (a: bigint, b: bigint): bigint => (a * b) >> BITS;
const over = (a: bigint, b: bigint): bigint => (a << BITS) / b;
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const lengthOf = (x: bigint): number => magnitude(x).toString(2).length;

/** Below 2^SMALL the first term of a series is exact enough. */
const SMALL = -160;

export const real = ({ significand, word }: Extended): Real => ({
  mantissa: word & 0x8000 ? -significand : significand,
  exponent: (word & 0x7fff || 1) - 16383 - 63,
});
/** Exponent of the leading bit. */
export const leading = ({ mantissa, exponent }: Real): number => exponent + lengthOf(mantissa) - 1;
const fixed = ({ mantissa, exponent }: Real): bigint => {
  const shift = exponent + W;
  return shift >= 0 ? mantissa << BigInt(shift) : mantissa >> BigInt(-shift);
};
const unfixed = (x: bigint): Real => ({ mantissa: x, exponent: -W });
export const product = (a: Real, b: Real): Real => ({
  mantissa: a.mantissa * b.mantissa,
  exponent: a.exponent + b.exponent,
});
const quotient = (a: Real, b: Real): Real => ({
  mantissa: (a.mantissa << (2n * BITS)) / b.mantissa,
  exponent: a.exponent - b.exponent - 2 * W,
});

/** atan(1/n) or atanh(1/n). */
function inverse(n: bigint, alternates: boolean): bigint {
  let sum = 0n;
  let power = ONE / n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += alternates && k & 2n ? -power / k : power / k;
    power /= n * n;
  }
  return sum;
}
/** Machin's formula. */
const PI = 16n * inverse(5n, true) - 4n * inverse(239n, true);
const LN2 = 18n * inverse(26n, false) - 2n * inverse(4801n, false) + 8n * inverse(8749n, false);
/** What the FPU has for π when it reduces an angle: 66 bits (SDM Vol. 1 §8.3.8). */
const PI_66 = 0xc90fdaa22168c234cn << (BITS - 66n);
export const TURNS = { exact: PI, reduction: PI_66 } as const;

function sineCosine(angle: bigint): { sin: bigint; cos: bigint } {
  const halvings = 24n;
  const small = angle >> halvings;
  const square = times(small, small);
  let [sin, versine] = [0n, 0n];
  let term = small;
  for (let n = 1n; term !== 0n && n < 60n; n += 2n) {
    sin += term;
    versine += times(term, small) / (n + 1n);
    term = -times(term, square) / ((n + 1n) * (n + 2n));
  }
  // 1 - cos, so that nothing is lost: both double by sin 2a = 2 sin a cos a, vers 2a = 2 sin² a.
  for (let i = 0n; i < halvings; i++) {
    const cos = ONE - versine;
    versine = 2n * times(sin, sin);
    sin = 2n * times(sin, cos);
  }
  return { sin, cos: ONE - versine };
}

/** x, and a very little nearer to zero. */
const shortOf = ({ mantissa, exponent }: Real, by = 1n): Real => ({
  mantissa: (mantissa << BITS) - (mantissa < 0n ? -by : by),
  exponent: exponent - W,
});

/** The nearest multiple of half of π (as reduction has it) taken away; exact but for the last bits. */
function reduced(x: Real): { rest: bigint; quadrant: number } {
  const half = PI_66 >> 1n;
  const angle = fixed(x);
  const count = (angle + (angle < 0n ? -half / 2n : half / 2n)) / half;
  return { rest: angle - count * half, quadrant: Number(((count % 4n) + 4n) % 4n) };
}

function circular(x: Real): { sin: Real; cos: Real } {
  if (leading(x) < SMALL) return { sin: shortOf(x), cos: shortOf({ mantissa: 1n, exponent: 0 }) };
  const { rest, quadrant } = reduced(x);
  const { sin, cos } = sineCosine(rest);
  const around = [sin, cos, -sin, -cos];
  return { sin: unfixed(around[quadrant]!), cos: unfixed(around[(quadrant + 1) & 3]!) };
}

export const sine = (x: Real): Real => circular(x).sin;
export const cosine = (x: Real): Real => circular(x).cos;
export function tangent(x: Real): Real {
  if (leading(x) < SMALL) return shortOf(x, -1n);
  const { sin, cos } = circular(x);
  return quotient(sin, cos);
}

/** e^x for |x| below 64. */
function exponential(x: bigint): bigint {
  const small = x >> 40n;
  let [sum, term] = [ONE, ONE];
  for (let n = 1n; term !== 0n && n < 60n; n++) {
    term = times(term, small) / n;
    sum += term;
  }
  for (let i = 0; i < 40; i++) sum = times(sum, sum);
  return sum;
}

/** 2^x - 1. */
export function powerMinusOne(x: Real): Real {
  if (leading(x) < SMALL) return product(x, unfixed(LN2));
  return unfixed(exponential(times(fixed(x), LN2)) - ONE);
}

/** ln x for x from 1/2 to 2. */
function logarithm(x: bigint): bigint {
  let y = BigInt(Math.round(Math.log(Number(x >> (BITS - 60n)) / 2 ** 60) * 2 ** 60)) << (BITS - 60n);
  for (let i = 0; i < 4; i++) {
    const e = exponential(y);
    y += over(2n * (x - e), x + e);
  }
  return y;
}

/** log2 (1 + x), x above -1. */
export function logarithmOnePlus(x: Real): Real {
  if (leading(x) < SMALL) return quotient(x, unfixed(LN2));
  return base2(ONE + fixed(x));
}
function base2(x: bigint): Real {
  const power = lengthOf(x) - 1 - W;
  const part = power >= 0 ? x >> BigInt(power) : x << BigInt(-power);
  // Whether the part lies nearer to 2 than to 1 matters to relative precision near 1 only.
  const near = part > (ONE * 3n) / 2n;
  const log = over(logarithm(near ? part >> 1n : part), LN2);
  return unfixed((BigInt(power + (near ? 1 : 0)) << BITS) + log);
}

/** log2 x, x above 0. */
export function logarithm2({ mantissa, exponent }: Real): Real {
  const power = lengthOf(mantissa) - 1;
  const { mantissa: log } = base2(mantissa << (BITS - BigInt(power)));
  return unfixed(log + (BigInt(exponent + power) << BITS));
}

/** The angle of the point (x, y), neither of them zero. */
export function angle(y: Real, x: Real): Real {
  const difference = leading(y) - leading(x);
  if (difference < SMALL && x.mantissa > 0n) return shortOf(quotient(y, x));
  const half = y.mantissa < 0n ? -PI / 2n : PI / 2n;
  if (difference < SMALL) return unfixed(2n * half);
  if (difference > -SMALL) return unfixed(half);
  const scale = Math.max(leading(x), leading(y));
  const down = (v: Real): bigint => fixed({ mantissa: v.mantissa, exponent: v.exponent - scale });
  const [px, py] = [down(x), down(y)];
  const number = (v: bigint): number => Number(v >> (BITS - 80n)) / 2 ** 80;
  let theta = BigInt(Math.round(Math.atan2(number(py), number(px)) * 2 ** 60)) << (BITS - 60n);
  for (let i = 0; i < 5; i++) {
    const { sin, cos } = sineCosine(theta);
    theta += over(times(py, cos) - times(px, sin), times(px, cos) + times(py, sin));
  }
  return unfixed(theta);
}

/**
 * How far `result` is from `value`, in units of the last place of `result`: the numerator of a fraction over 2^32, cut off.
 * Positive: the result lies farther from zero.
 */
export function error(result: Extended, value: Real): bigint {
  const found = real(result);
  const low = Math.min(found.exponent - 32, value.exponent);
  const at = (v: Real): bigint => v.mantissa << BigInt(v.exponent - low);
  const distance = magnitude(at(found)) - magnitude(at(value));
  const same = found.mantissa < 0n === value.mantissa < 0n || found.mantissa === 0n;
  const shift = BigInt(found.exponent - 32 - low);
  const exact = same ? distance : magnitude(at(found)) + magnitude(at(value));
  return exact < 0n ? -(-exact >> shift) : exact >> shift;
}
