import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEPARTURES, expectedRecord } from './departures.ts';
import { assembleGuest, codeLabels, flatten, GUESTS } from './guests.ts';
import {
  compareMarks,
  compareRecords,
  type Mark,
  type MarkMachine,
  readRecording,
  takeMark,
  writeRecording,
} from './marks.ts';

const urlOf = (guest: string) => new URL(`${guest}.json`, import.meta.url);

describe.each(GUESTS)('the recording of $name', ({ name, path, kind }) => {
  const recording = readRecording(urlOf(name));

  it('is of the image that the source gives now', async () => {
    const bytes = flatten(await assembleGuest(path));
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(recording.sha256);
  });

  it('ended well, and is written as it is read', () => {
    expect(recording.exitCode).toBe(0);
    expect(writeRecording(recording)).toBe(readFileSync(urlOf(name), 'utf8'));
  });

  it('has a mark or a record for what the source names', async () => {
    const labels = new Set(codeLabels(await assembleGuest(path)).values());
    const named = kind === 'marks' ? recording.marks.map(({ label }) => label) : [...recording.records.keys()];
    expect(named.filter((label) => !labels.has(label))).toEqual([]);
    expect(named.length).toBeGreaterThanOrEqual(kind === 'marks' ? 3 : 40);
  });
});

describe('departures', () => {
  it.each(DEPARTURES.map((one) => [one.guest, one.reason, one] as const))('%s: %s', async (guest, _, departure) => {
    const { records } = readRecording(urlOf(guest));
    const image = await assembleGuest(GUESTS.find(({ name }) => name === guest)!.path);
    for (const test of departure.tests) {
      const recorded = records.get(test);
      expect(recorded, test).toBeDefined();
      expect(expectedRecord(guest, test, recorded!, image), test).not.toEqual(recorded);
    }
  });
});

/** Stands at one mark and answers with its state. */
const standingAt = (mark: Mark): MarkMachine => ({
  runTo: () => undefined,
  register: (name) => mark.registers[name] ?? 0x1234n,
  read: (_, length) => new Uint8Array(BigUint64Array.from(mark.shadowStack).buffer).slice(0, length),
  serial: () => '',
});

describe('the comparison', () => {
  const { marks } = readRecording(urlOf('user-ibt'));
  const { records } = readRecording(urlOf('events'));

  it('finds no difference between a machine and its own marks', () => {
    for (const mark of marks) expect(compareMarks(mark, takeMark(standingAt(mark), mark.label), 'here')).toEqual([]);
  });

  it('finds a wrong register, a wrong shadow-stack entry, a missing one and a wrong place', () => {
    const mark = marks.find(({ shadowStack }) => shadowStack.length > 1)!;
    const [first, ...others] = mark.shadowStack;
    const entry = `0x${(first! ^ 1n).toString(16)}, expected 0x${first!.toString(16)}`;
    const changed = (change: Partial<Mark>) => compareMarks(mark, { ...mark, ...change }, 'here');
    expect(changed({ registers: { ...mark.registers, pl0_ssp: 1n } })).toHaveLength(1);
    expect(changed({ shadowStack: [first! ^ 1n, ...others] })).toEqual([`here: [SSP+0] is ${entry}`]);
    expect(changed({ shadowStack: mark.shadowStack.slice(0, -1) })).toHaveLength(1);
    expect(changed({ label: 'elsewhere' })).toEqual([`here: at elsewhere, expected ${mark.label}`]);
  });

  it('finds a wrong field of a record, and a missing record', () => {
    for (const [name, record] of records) {
      expect(compareRecords(record, record, name)).toEqual([]);
      expect(compareRecords(record, { ...record, cr2: record.cr2 + 1n }, name)).toHaveLength(1);
    }
    expect(compareRecords({}, undefined, 'a test')).toEqual(['a test: no record']);
  });
});
