/**
 * The generator that every vector's inputs come from: splitmix32 (a 32-bit counter and a
 * finalizer), chosen because it is a few lines in any language and needs only 32-bit arithmetic.
 */
export class Prng {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** The next 32 bits, unsigned. */
  next(): number {
    this.state = (this.state + 0x9e37_79b9) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /** An integer from 0 to bound - 1; bound is at least 1. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** One of the items of a non-empty list. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/** Mixes up to three integers into a seed, so that neighbouring vectors share no sequence. */
export function mixSeed(a: number, b: number, c: number): number {
  const prng = new Prng(a);
  let seed = prng.next() ^ Math.imul(b + 1, 0x85eb_ca6b);
  seed = new Prng(seed).next() ^ Math.imul(c + 1, 0xc2b2_ae35);
  return new Prng(seed).next();
}
