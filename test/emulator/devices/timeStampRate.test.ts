import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../../emulator/cpu/profiles/profiles.ts';
import { NANOSECONDS_PER_STEP } from '../../../emulator/devices/device.ts';
import { TimeStampRate } from '../../../emulator/devices/timeStampRate.ts';
import { random } from '../guest.ts';

describe.each(PROFILES)('time of $name', ({ tsc }) => {
  const rate = new TimeStampRate(tsc);
  const below = random(5);
  const steps = [
    0,
    1,
    2,
    624,
    625,
    626,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 40 + 7,
    2 ** 52 + 12345,
    ...Array.from({ length: 50 }, () => below(2 ** 31) * 4093 + below(4093)),
  ];
  const hertz = BigInt(tsc.crystalHz);
  const exact = (step: number, numerator: bigint, denominator: bigint) =>
    (BigInt(step) * BigInt(NANOSECONDS_PER_STEP) * hertz * numerator) / (1_000_000_000n * denominator);

  it('is CPUID.15H times the machine time, rounded down, far beyond 2^53 ticks', () => {
    for (const step of steps) {
      const [low, high] = rate.timeStamp(step);
      const wanted = exact(step, BigInt(tsc.numerator), BigInt(tsc.denominator));
      expect((BigInt(high) << 32n) | BigInt(low), `step ${step}`).toBe(BigInt.asUintN(64, wanted));
      expect(BigInt(rate.crystalTicks(step)), `step ${step}`).toBe(exact(step, 1n, 1n));
    }
  });

  it('finds the first step of a TSC value and of a crystal tick', () => {
    for (const step of steps.filter((s) => s > 0)) {
      const [low, high] = rate.timeStamp(step);
      const found = rate.stepOf(low, high, 0, 0);
      expect(rate.timeStamp(found)).toEqual([low, high]);
      expect(found).toBeLessThanOrEqual(step);
      if (found > 0) expect(rate.timeStamp(found - 1)).not.toEqual([low, high]);
      const tick = rate.crystalTicks(step);
      const first = rate.stepOfCrystalTick(tick);
      expect(rate.crystalTicks(first)).toBe(tick);
      if (first > 0) expect(rate.crystalTicks(first - 1)).toBe(tick - 1);
    }
  });

  it('takes IA32_TSC_ADJUST into account: past deadlines are due at once, unreachable ones never', () => {
    expect(rate.stepOf(100, 0, 100, 0)).toBe(0);
    expect(rate.stepOf(100, 0, 500, 0)).toBe(0);
    expect(rate.stepOf(0, 0x8000_0000, 0, 0)).toBe(Number.POSITIVE_INFINITY);
    // An adjustment of −1000: the TSC reaches 0 when the machine's reaches 1000.
    const [low, high] = [(-1000 >>> 0) as number, 0xffff_ffff];
    expect(rate.stepOf(1, 0, low, high)).toBe(rate.stepOf(1001, 0, 0, 0));
  });
});
