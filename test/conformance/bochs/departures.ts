import { readFileSync } from 'node:fs';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { addressOf } from './guests.ts';
import { RECORD_FIELDS, type RecordField, type TestRecord } from './marks.ts';

/** Where Bochs does not do what the SDM says, or does what the SDM leaves open. */
export interface Departure {
  readonly guest: string;
  readonly tests: readonly string[];
  readonly source: string;
  readonly reason: string;
  /**
   * What to expect instead, by field: a number, `symbol+0x10`, `|0x2` (bits added to what was recorded), or `*` (any
   * value).
   */
  readonly fields: Readonly<Partial<Record<RecordField, string>>>;
}

export const DEPARTURES = JSON.parse(
  readFileSync(new URL('departures.json', import.meta.url), 'utf8'),
) as readonly Departure[];

/** The record that a right machine leaves: Bochs's, with the departures of this test. `*` fields are absent. */
export function expectedRecord(
  guest: string,
  test: string,
  recorded: TestRecord,
  image: ProgramImage,
): Partial<TestRecord> {
  const expected: Record<string, bigint> = { ...recorded };
  for (const { fields } of DEPARTURES.filter((one) => one.guest === guest && one.tests.includes(test))) {
    for (const [field, value] of Object.entries(fields)) {
      if (!(RECORD_FIELDS as readonly string[]).includes(field)) throw new Error(`A record has no field "${field}".`);
      if (value === '*') delete expected[field];
      else if (value.startsWith('|')) expected[field] = recorded[field as RecordField] | BigInt(value.slice(1));
      else expected[field] = evaluate(value, image);
    }
  }
  return expected as Partial<TestRecord>;
}

function evaluate(value: string, image: ProgramImage): bigint {
  const parts = /^([A-Za-z_]\w*)(?:([+-])(0x[0-9a-f]+))?$/.exec(value);
  if (!parts) return BigInt(value);
  const [, symbol, sign, offset] = parts;
  const distance = BigInt(offset ?? 0);
  return addressOf(image, symbol!) + (sign === '-' ? -distance : distance);
}
