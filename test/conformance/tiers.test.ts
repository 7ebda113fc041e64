import { describe, expect, it } from 'vitest';
import { BlockTier, StepTier } from './machineUnderTest.ts';
import { readVectorFile, VECTOR_FILES } from './node.ts';
import { runVectors, summarize } from './runVectors.ts';

/** Every recorded vector, in both tiers. */
describe.each(VECTOR_FILES)('recorded vectors: %s', (file) => {
  it('pass in the step tier', { timeout: 600_000 }, () => {
    const result = runVectors(readVectorFile(file), new StepTier());
    expect(result.ran).toBeGreaterThan(10_000);
    expect(result.failed, summarize(result)).toBe(0);
  });

  it('pass in the block tier', { timeout: 600_000 }, () => {
    const tier = new BlockTier();
    const result = runVectors(tier.batches(readVectorFile(file)), tier);
    expect(result.ran).toBeGreaterThan(10_000);
    expect(result.failed, summarize(result)).toBe(0);
    // BOUND, INTO, ARPL and SALC are TypeScript and stay in the step tier: a small part of the 32-bit file. So are the
    // x87's transcendental instructions, remainders and BCD.
    expect(tier.notCompiled / result.ran).toBeLessThan(file === 'x87' ? 0.11 : 0.02);
  });
});
