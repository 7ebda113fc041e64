import { describe, expect, it } from 'vitest';
import { describe as describeDifference, differences } from './compare.ts';
import { batchOfFound, outcomeOf, readFound } from './found.ts';
import { settingOf } from './modes.ts';
import { runHere } from './ownMachine.ts';

describe('what the fuzzer found', () => {
  for (const found of readFound())
    it(`mode ${found.mode}, ring ${found.cpl}: ${found.why}`, async () => {
      const batch = batchOfFound(found);
      const { bits } = settingOf({ mode: found.mode, cpl: found.cpl, against: 'bochs' });
      const { outcomes } = await runHere(batch);
      const list = differences(batch.cases, outcomes, outcomeOf(found), bits);
      expect(list.map((difference) => describeDifference(difference, bits))).toEqual([]);
    });
});
