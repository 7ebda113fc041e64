/**
 * What Bochs made of the first cases of every mode and ring, so that a machine without Bochs can compare: outcome records,
 * and a digest of the cases that they belong to.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Batch, tableImage } from './batch.ts';
import type { Setting } from './exclusions.ts';
import { RECORD } from './layout.ts';

const FILE = new URL('../data/fuzz.bin.gz', import.meta.url);
const DIGEST_BYTES = 32;

export const SEED = 1;
export const CASES = 400;
export const SETTINGS: readonly Setting[] = (['64', '32', '16', 'v86'] as const).flatMap((mode) =>
  (mode === 'v86' ? ([3] as const) : ([0, 3] as const)).map((cpl): Setting => ({ mode, cpl, against: 'bochs' })),
);

export const digestOf = (batch: Batch): Uint8Array =>
  new Uint8Array(createHash('sha256').update(tableImage(batch)).digest());

/** For each of SETTINGS: the digest of its cases, and its outcomes. */
export function readRecorded(): { digest: Uint8Array; outcomes: Uint8Array }[] {
  const bytes = gunzipSync(new Uint8Array(readFileSync(FILE)));
  return SETTINGS.map((_, i) => {
    const at = i * (DIGEST_BYTES + CASES * RECORD);
    const digest = new Uint8Array(bytes.subarray(at, at + DIGEST_BYTES));
    return { digest, outcomes: new Uint8Array(bytes.subarray(at + DIGEST_BYTES, at + DIGEST_BYTES + CASES * RECORD)) };
  });
}

export function writeRecorded(list: readonly { digest: Uint8Array; outcomes: Uint8Array }[]): void {
  const parts = list.flatMap(({ digest, outcomes }) => [digest, outcomes]);
  writeFileSync(FILE, new Uint8Array(gzipSync(new Uint8Array(Buffer.concat(parts)), { level: 9 })));
}
