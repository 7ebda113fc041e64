import { describe, expect, it } from 'vitest';
import { BlockTier, StepTier } from './machineUnderTest.ts';
import { readVectorFile } from './node.ts';
import { Prng } from './prng.ts';
import type { Windows } from './runVectors.ts';
import { fillWindowsBefore, type Vector } from './vectors.ts';
import { CODE_BASE, CODE_FILL, WINDOW_SIZE } from './windows.ts';

/** Straight lines of several instructions: registers, flags and steps carried in locals from one to the next. */
const SEQUENCES = 600;
const BRANCHES = /^(J|Call|Ret|Loop|Enter|Leave|Push|Pop|Xlat|Int|Ud|Div|Idiv|Cmpxchg16b)/;

function usable(vector: Vector): boolean {
  return vector.shape === 'register' && vector.fault === undefined && !BRANCHES.test(vector.codeName);
}

function candidates(): Vector[] {
  const perCode = new Map<string, Vector>();
  for (const vector of readVectorFile('integer64')) {
    if (usable(vector)) perCode.set(`${vector.codeName}${vector.index & 3}`, { ...vector, code: vector.code.slice() });
  }
  return [...perCode.values()];
}

describe('blocks of several instructions', () => {
  it('do what the step tier does, instruction by instruction', { timeout: 300_000 }, () => {
    const pool = candidates();
    expect(pool.length).toBeGreaterThan(300);
    const prng = new Prng(0x5eed);
    const [step, block] = [new StepTier(), new BlockTier()];
    step.reset(64);
    block.reset(64);
    for (let n = 0; n < SEQUENCES; n++) {
      const length = 2 + (prng.next() % 11);
      const picked = Array.from({ length }, () => pool[prng.next() % pool.length]!);
      const code = Uint8Array.from(picked.flatMap((v) => [...v.code]));
      const first = { ...picked[0]!, code, ip: CODE_BASE + 0x100 };
      const windows: Windows = {
        code: new Uint8Array(WINDOW_SIZE).fill(CODE_FILL),
        data: new Uint8Array(WINDOW_SIZE),
        stack: new Uint8Array(WINDOW_SIZE),
      };
      windows.code.set(code, 0x100);
      fillWindowsBefore(first, windows.data, windows.stack);
      for (const tier of [step, block]) tier.load(first, windows);
      const end = BigInt(first.ip + code.length);
      const stepped = step.stepTo(end);
      const ran = block.blockTo(end);
      const listing = picked.map((v) => v.codeName).join('; ');
      expect(ran, listing).toEqual(stepped);
      expect(block.read(), listing).toEqual(step.read());
    }
  });
});
