import { describe, expect, it } from 'vitest';
import { describe as describeDifference, differences, withInstruction } from './compare.ts';
import { departureOf } from './departures.ts';
import { Generator } from './generate.ts';
import { settingOf } from './modes.ts';
import { runHere } from './ownMachine.ts';
import { CASES, digestOf, readRecorded, SEED, SETTINGS } from './recorded.ts';

/** Cuts the run in other places: few instructions at a time leave no block to compile, whole batches do. */
const SLICES = [7, 1_000_003, 61, 50_000_000];

describe('random instructions from random states', () => {
  const recorded = readRecorded();
  for (const [index, setting] of SETTINGS.entries())
    it(`mode ${setting.mode}, ring ${setting.cpl}: end as in Bochs, however the run is cut`, async () => {
      const batch = new Generator(setting, SEED).batch(0, CASES);
      const { digest, outcomes: there } = recorded[index]!;
      expect(digestOf(batch), 'the generator has changed: run record.ts').toEqual(digest);
      const { outcomes } = await runHere(batch);
      const { bits } = settingOf(setting);
      const list = differences(batch.cases, outcomes, there, bits).filter(
        (each) =>
          withInstruction(each.item, bits, (instruction) => departureOf(each, instruction, 'bochs')) === undefined,
      );
      expect(list.map((each) => describeDifference(each, bits))).toEqual([]);
      expect(Buffer.compare((await runHere(batch, SLICES)).outcomes, outcomes)).toBe(0);
    });
});
