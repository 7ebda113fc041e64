import { NANOSECONDS_PER_STEP } from './device.ts';

const WORD = 0x1_0000_0000;

function reduced(numerator: number, denominator: number): [number, number] {
  let [a, b] = [numerator, denominator];
  while (b !== 0) [a, b] = [b, a % b];
  return [numerator / a, denominator / a];
}

/**
 * The core crystal and the TSC against machine time, in whole numbers: ticks since reset at a step, and the first step
 * at which a tick is reached. Frequencies are those of CPUID.15H. Steps lie below 2^53.
 */
export class TimeStampRate {
  /** TSC ticks a step as a reduced fraction; then crystal ticks. */
  readonly tsc: readonly [numerator: number, denominator: number];
  private readonly crystal: readonly [numerator: number, denominator: number];

  constructor({ crystalHz, numerator, denominator }: { crystalHz: number; numerator: number; denominator: number }) {
    this.crystal = reduced(crystalHz * NANOSECONDS_PER_STEP, 1e9);
    const [ticks, steps] = this.crystal;
    this.tsc = reduced(ticks * numerator, steps * denominator);
  }

  crystalTicks(step: number): number {
    const [numerator, denominator] = this.crystal;
    return Math.floor(step / denominator) * numerator + Math.floor(((step % denominator) * numerator) / denominator);
  }

  stepOfCrystalTick(tick: number): number {
    const [numerator, denominator] = this.crystal;
    return Math.floor(tick / numerator) * denominator + Math.ceil(((tick % numerator) * denominator) / numerator);
  }

  /** TSC of a vCPU that was never adjusted, as halves. */
  timeStamp(step: number): [low: number, high: number] {
    const [numerator, denominator] = this.tsc;
    const whole = Math.floor(step / denominator);
    const part = Math.floor(((step % denominator) * numerator) / denominator);
    const low = (whole % WORD) * numerator + part;
    return [(low % WORD) >>> 0, ((Math.floor(whole / WORD) * numerator + Math.floor(low / WORD)) % WORD) >>> 0];
  }

  /**
   * The first step at which the TSC plus `adjust` has reached a deadline; 0 when it is past, Infinity when it lies
   * beyond 2^53 steps. Rare enough for bigint: 64-bit comparison and division.
   */
  stepOf(low: number, high: number, adjustLow: number, adjustHigh: number): number {
    const join = (l: number, h: number) => (BigInt(h >>> 0) << 32n) | BigInt(l >>> 0);
    const ticks = join(low, high) - BigInt.asIntN(64, join(adjustLow, adjustHigh));
    if (ticks <= 0n) return 0;
    const [numerator, denominator] = this.tsc;
    const step = (ticks * BigInt(denominator) + BigInt(numerator) - 1n) / BigInt(numerator);
    return step < 2n ** 53n ? Number(step) : Number.POSITIVE_INFINITY;
  }
}
