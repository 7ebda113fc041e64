import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { COUNT } from './cases.ts';
import { caseAt, FILE } from './node.ts';
import { readOutcomes } from './outcomes.ts';
import { difference, SixteenMachine } from './replay.ts';

const recorded = () => readOutcomes(new Uint8Array(gunzipSync(new Uint8Array(readFileSync(FILE)))), caseAt);

describe('16-bit code as a processor ran it', () => {
  it('does what was recorded', () => {
    const machine = new SixteenMachine();
    const differences: string[] = [];
    let count = 0;
    for (const [before, expected] of recorded()) {
      count++;
      const found = difference(before, expected, machine.run(before));
      if (found) differences.push(found);
    }
    expect(differences).toEqual([]);
    expect(count).toBe(COUNT);
  }, 120_000);

  it('sees a case that went otherwise', () => {
    const [first] = recorded();
    const [before, expected] = first!;
    const machine = new SixteenMachine();
    expect(difference(before, { ...expected, eip: expected.eip ^ 1 }, machine.run(before))).toMatch(/IP is/);
  });
});
