import { describe, expect, it } from 'vitest';
import {
  comparable,
  differences,
  formSets,
  headerOf,
  ourBytes,
  packBytes,
  readBytes,
  type StatementSet,
  writtenSets,
} from './corpus.ts';
import { gasBytes, gasVersion } from './gas.ts';

const known = differences();
const used = new Set<string>();

/** Statements of a set whose bytes differ from GNU as's with no reason on the list. */
async function unexplained(set: StatementSet): Promise<string[]> {
  const expected = readBytes(set.name);
  expect(expected.length, `${set.name}.hex is of another corpus; run record.ts`).toBe(set.lines.length);
  const taken = [...set.lines.keys()].filter((index) => expected[index] !== undefined);
  const ours = await ourBytes(set, taken);
  const wrong: string[] = [];
  for (const index of taken) {
    const line = set.lines[index]!;
    const own = ours.get(index) ?? 'nothing';
    if (comparable(line, own) === comparable(line, expected[index]!)) continue;
    const reason = known.find((one) => one.set.test(set.name) && one.line.test(line));
    if (reason === undefined) wrong.push(`${line}: GNU as ${expected[index]}, here ${own}`);
    else used.add(reason.why);
  }
  return wrong;
}

describe('bytes of single statements equal those of GNU as', () => {
  for (const set of [...formSets(), ...writtenSets()]) {
    it(set.name, async () => {
      expect(await unexplained(set)).toEqual([]);
    });
  }

  it('uses every reason on the list of differences', () => {
    expect(known.filter(({ why }) => !used.has(why)).map(({ line }) => line.source)).toEqual([]);
  });

  it('covers every mnemonic of the integer, system, CET and VMX set that GNU as knows', () => {
    const sets = [...formSets()].filter(({ name }) => name.startsWith('forms/integer-att-64'));
    const taken = new Set<string>();
    for (const set of sets)
      for (const [index, bytes] of readBytes(set.name).entries())
        if (bytes !== undefined) taken.add(set.lines[index]!.replace(/^(rep|lock|notrack|addr32) /, '').split(' ')[0]!);
    for (const name of [
      'add',
      'endbr64',
      'rdsspq',
      'incsspq',
      'rstorssp',
      'saveprevssp',
      'setssbsy',
      'clrssbsy',
      'wrssq',
      'wrussq',
    ])
      expect(taken).toContain(name);
    for (const name of [
      'vmxon',
      'vmxoff',
      'vmclear',
      'vmptrld',
      'vmptrst',
      'vmlaunch',
      'vmresume',
      'vmread',
      'vmwrite',
      'vmcall',
      'vmfunc',
      'invept',
      'invvpid',
    ])
      expect(taken).toContain(name);
    expect(taken.size).toBeGreaterThan(600);
  });
});

describe.skipIf(gasVersion() !== '2.40')('the recording is what GNU as 2.40 says', () => {
  for (const set of [...formSets(), ...writtenSets()]) {
    it(set.name, () => {
      expect(packBytes(gasBytes(headerOf(set), set.lines))).toBe(packBytes(readBytes(set.name)));
    });
  }
});
