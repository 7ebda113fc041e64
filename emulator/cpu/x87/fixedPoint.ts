/** Elementary functions on fixed-point numbers with `FRACTION` fraction bits, right to all but a few of the last. */
export const FRACTION = 400;
const F = BigInt(FRACTION);
export const ONE = 1n << F;

const multiply = (a: bigint, b: bigint): bigint => (a * b) >> F;
const divide = (a: bigint, b: bigint): bigint => (a << F) / b;

function squareRoot(x: bigint): bigint {
  const n = x << F;
  let root = 1n << BigInt((n.toString(2).length + 2) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Sum of alternating or plain odd powers over odd numbers: atan or atanh. */
function inverseSeries(x: bigint, alternating: boolean): bigint {
  const square = multiply(x, x);
  let power = x;
  let sum = x;
  for (let n = 3n; power !== 0n && power !== -1n; n += 2n) {
    power = alternating ? -multiply(power, square) : multiply(power, square);
    sum += power / n;
  }
  return sum;
}

/** arctan x for 0 ≤ x ≤ 1, after three halvings of the angle. */
export function atan(x: bigint): bigint {
  let t = x;
  for (let i = 0; i < 3; i++) t = divide(t, ONE + squareRoot(ONE + multiply(t, t)));
  return inverseSeries(t, true) << 3n;
}

export const PI = 4n * atan(ONE);
/** 2 atanh(1/3). */
export const LN2 = 2n * inverseSeries(ONE / 3n, false);

/** ln x for x near 1. */
export const ln = (x: bigint): bigint => 2n * inverseSeries(divide(x - ONE, x + ONE), false);

/** e^x - 1 for |x| < 1. */
export function expm1(x: bigint): bigint {
  let term = x;
  let sum = x;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    term = multiply(term, x) / n;
    sum += term;
  }
  return sum;
}

/** Sine and cosine for |x| < 1. */
export function sinCos(x: bigint): { sin: bigint; cos: bigint } {
  let sin = 0n;
  let cos = 0n;
  let term = ONE;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    const quarter = (n - 1n) & 3n;
    if (quarter & 1n) sin += quarter === 1n ? term : -term;
    else cos += quarter === 0n ? term : -term;
    term = multiply(term, x) / n;
  }
  return { sin, cos };
}
