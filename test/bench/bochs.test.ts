import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { missingToolchain } from '../guests/build.ts';
import { findBochs, timeInBochs } from './bochs.ts';
import { buildRoundTrip } from './build.ts';

const missing = missingToolchain();
const folder = mkdtempSync(join(tmpdir(), 'bench-bochs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program in place of Bochs: a script of the shell, started in the folder with the bochsrc. */
function pretend(script: string): string {
  const path = join(folder, 'bochs');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const ENDLESS = 'exec sleep 60';

describe.skipIf(missing !== undefined)(`timing in Bochs${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const guest = () => buildRoundTrip('invalid-opcode');

  it('goes from mark to mark, reads the checksum and does not wait for the end', async () => {
    const path = pretend(
      `printf 'Bochs\\002'; sleep 0.2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; printf '\\003000000000000'; printf '002a\\n'; ${ENDLESS}`,
    );
    const { checksum, nanosecondsPerUnit } = await timeInBochs({ path }, guest(), 1000);
    expect(checksum).toBe('000000000000002a');
    expect(nanosecondsPerUnit).toBeGreaterThan(1000);
  });

  it('gives Bochs the units in the image', async () => {
    const path = pretend("printf '\\002\\003'; od -An -v -tu8 -w8 rom | tr -d ' ' | grep -cx 987654321");
    expect((await timeInBochs({ path }, guest(), 987654321)).checksum).toBe('1');
  });

  it.each<[string, string, string]>([
    ['that ends early', "echo 'It fell.' >log; exit 3", 'ended with 3 before the guest did. Its log ends: It fell.'],
    ['that does not end', ENDLESS, 'did not end within 1 seconds.'],
  ])('says so of a Bochs %s', async (_what, script, expected) => {
    await expect(timeInBochs({ path: pretend(script), seconds: 1 }, guest(), 1)).rejects.toThrow(expected);
  });

  // Bochs is nothing that a test may ask for: where one is, it is the one that is asked.
  const found = findBochs();
  if ('path' in found) {
    it('runs a guest to its checksum', async () => {
      expect((await timeInBochs(found, guest(), 77)).checksum).toBe('000000000000004d');
    });
  }

  it('says in one sentence that there is none', () => {
    expect(findBochs('/nowhere/bochs')).toEqual({
      missing: expect.stringMatching(/^There is no Bochs at \/nowhere\/bochs, .*\.$/),
    });
  });
});
