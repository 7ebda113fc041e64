import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { runMarks, runRecords } from './compare.ts';
import { DEPARTURES, expectedRecord } from './departures.ts';
import { addressOf, assembleGuest, codeLabels, flatten, GUESTS } from './guests.ts';
import {
  compareMarks,
  compareRecords,
  type Mark,
  type MarkMachine,
  type MarkRegister,
  RECORD_FIELDS,
  type Recording,
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

it.each(GUESTS.filter(({ kind }) => kind === 'marks'))(
  'the README of $name quotes what it prints',
  ({ name, path }) => {
    const readme = readFileSync(new URL('README.md', pathToFileURL(path)), 'utf8');
    const quoted = [...readme.matchAll(/^ {4}(.*)$/gm)].map(([, line]) => line!);
    expect(quoted.length).toBeGreaterThan(0);
    expect(quoted.filter((line) => !readRecording(urlOf(name)).serial.includes(`${line}\n`))).toEqual([]);
  },
);

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

/** Visits the marks of a recording, each of them twice: as a label that begins a loop is. */
class Replay implements MarkMachine {
  private visit = -1;
  constructor(
    private readonly image: ProgramImage,
    private readonly recording: Recording,
  ) {}
  private get mark(): Mark {
    return this.recording.marks[this.visit >> 1]!;
  }
  runTo(addresses: readonly bigint[]): bigint | undefined {
    if (addresses.length === 0) return undefined;
    this.visit++;
    return this.mark && addressOf(this.image, this.mark.label);
  }
  register(name: MarkRegister): bigint {
    return this.mark.registers[name] ?? 0x1234n;
  }
  read(_: bigint, length: number): Uint8Array {
    return standingAt(this.mark).read(0n, length);
  }
  serial(): string {
    return this.recording.serial;
  }
}

describe('a run beside its recording', async () => {
  const sample = GUESTS.find(({ name }) => name === 'user-ibt')!;
  const image = await assembleGuest(sample.path);
  const recording = readRecording(urlOf(sample.name));

  it('has no differences when the machine is right', () => {
    expect(runMarks(new Replay(image, recording), image, recording)).toEqual([]);
  });

  it('tells a wrong value, wrong output, a mark left out and one too few', () => {
    const [first, second, ...rest] = recording.marks;
    const spoilt = { ...second!, registers: { ...second!.registers, ssp: 8n } };
    const run = (other: Partial<Recording>) =>
      runMarks(new Replay(image, { ...recording, ...other }), image, recording);
    expect(run({ marks: [first!, spoilt, ...rest] })).toContain('mark 1 (map_memory): ssp is 0x8, expected 0x0');
    expect(run({ serial: 'x' })).toEqual([`Serial output is "x", expected ${JSON.stringify(recording.serial)}.`]);
    expect(run({ marks: [first!, ...rest] })).toEqual(['mark 1 (map_memory): at map_page, expected map_memory']);
    expect(run({ marks: [first!] })).toEqual(['The guest ended before mark 1.']);
  });

  it('compares each record of a table, departures included', async () => {
    const guest = GUESTS.find(({ name }) => name === 'events')!;
    const records = await assembleGuest(guest.path);
    const recorded = readRecording(urlOf(guest.name));
    const rows = [...recorded.records].map(([name, row]) => {
      const right = { ...row, ...expectedRecord(guest.name, name, row, records) };
      return [addressOf(records, name), ...RECORD_FIELDS.map((field) => right[field])];
    });
    const table = (values: readonly bigint[][]): MarkMachine => ({
      runTo: () => addressOf(records, 'exit'),
      register: () => 0n,
      read: (address) =>
        new Uint8Array(
          BigUint64Array.from(address === addressOf(records, 'count') ? [BigInt(values.length)] : values.flat()).buffer,
        ),
      serial: () => '',
    });
    expect(runRecords(table(rows), records, recorded)).toEqual(new Map());
    const wrong = rows.map((row, index) => (index === 3 ? row.with(8, row[8]! + 8n) : row));
    expect(runRecords(table(wrong), records, recorded).size).toBe(1);
    expect(runRecords(table(rows.slice(1)), records, recorded).size).toBe(1);
  });
});
