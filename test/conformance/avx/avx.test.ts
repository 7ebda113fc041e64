import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BlockCache } from '../../../emulator/cpu/engine/blockCache.ts';
import { openFile } from './file.ts';
import { differences, machineWithAvx, put } from './machine.ts';
import { plan, stateBefore } from './plan.ts';

describe('AVX vectors recorded from a processor', () => {
  const groups = plan();
  it('cover the instruction set', () => {
    expect(groups.length).toBeGreaterThan(480);
    for (const { encodings, name } of groups) {
      expect(
        encodings.reduce((sum, { cases }) => sum + cases, 0),
        name,
      ).toBeGreaterThanOrEqual(64);
    }
  });

  it.each(['step', 'block'] as const)('pass in the %s tier', { timeout: 600_000 }, async (tier) => {
    const machine = await machineWithAvx();
    const blocks = new BlockCache();
    const file = openFile(new Uint8Array(readFileSync(new URL('../data/avx.bin.gz', import.meta.url))));
    const lines: string[] = [];
    const wrong = new Map<string, number>();
    let ran = 0;
    for (const group of groups) {
      for (const encoding of group.encodings) {
        for (let i = 0; i < encoding.cases; i++) {
          const before = stateBefore(group, encoding, i);
          const after = file.after(before);
          put(machine, encoding.code, before);
          const exit = tier === 'step' ? machine.run(1) : (machine.runBlock(1, blocks) ?? machine.run(1));
          const found =
            exit.kind === 'budget'
              ? differences(machine, after, group.name)
              : [`${group.name}: ${JSON.stringify(exit, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`];
          ran++;
          if (found.length > 0) {
            if (!wrong.has(group.name)) lines.push(...found);
            wrong.set(group.name, (wrong.get(group.name) ?? 0) + 1);
          }
        }
      }
    }
    expect(lines, `${wrong.size} Codes differ`).toEqual([]);
    expect(ran).toBeGreaterThan(30_000);
  });
});
