/** Operands for float operations: edges, neighbours that make ties and cancellations, and random values. */

import { type Case, OPERATIONS } from './oracle.ts';

/** A generator of 32-bit values (Marsaglia's xorshift). */
export function xorshift(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

export function floatOperand(next: () => number, bits: 32 | 64): bigint {
  const fraction = bits === 32 ? 23n : 52n;
  const maximum = bits === 32 ? 255n : 2047n;
  const bias = maximum >> 1n;
  const random = (BigInt(next()) << 32n) | BigInt(next());
  const sign = random & 1n ? 1n << BigInt(bits - 1) : 0n;
  const anyFraction = (random >> 1n) & ((1n << fraction) - 1n);
  // A few bits set: exact products, ties, integers.
  const sparse = (1n << (random % fraction)) | ((random >> 20n) & 1n ? 1n << ((random >> 24n) % fraction) : 0n);
  const fractions = [0n, 1n, (1n << fraction) - 1n, 1n << (fraction - 1n), sparse, anyFraction, anyFraction];
  const field = fractions[next() % fractions.length]!;
  const near = BigInt(next() % 70) - 5n;
  const exponents = [
    0n,
    0n,
    1n,
    maximum - 1n,
    maximum,
    bias + near,
    bias,
    bias + (near % 4n),
    bias / 2n + near,
    bias + bias / 2n - near,
    BigInt(next()) % (maximum + 1n),
  ];
  return sign | (exponents[next() % exponents.length]! << fraction) | field;
}

function integerOperand(next: () => number): bigint {
  const random = (BigInt(next()) << 32n) | BigInt(next());
  return next() & 1 ? random : random >> BigInt(next() % 64);
}

const MASKED = 0x1f80;

/** `count` cases of every operation and width; one in four has unmasked exceptions. */
export function* casesOf(count: number, seed: number): Generator<Case> {
  const next = xorshift(seed);
  for (let operation = 0; operation < OPERATIONS.length; operation++) {
    for (const wide of [false, true]) {
      for (let i = 0; i < count; i++) {
        const bits = wide ? 64 : 32;
        const fromInteger = OPERATIONS[operation]!.startsWith('from');
        const a = fromInteger ? integerOperand(next) : floatOperand(next, bits);
        // Often a neighbour, so that sums cancel and quotients are near 1.
        const b = next() % 4 === 0 ? BigInt.asUintN(bits, a + BigInt(next() % 5) - 2n) : floatOperand(next, bits);
        const masks = next() % 4 === 0 ? next() & MASKED : MASKED;
        // Sticky flags are clear where exceptions are unmasked, so that each trap is this instruction's.
        const sticky = masks === MASKED ? next() & 0x3f : 0;
        yield { operation, wide, mxcsr: masks | sticky | (next() & 0xe040), a, b };
      }
    }
  }
}
