import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assembleGuest, codeLabels, flatten, GUESTS, ORIGIN } from './guests.ts';

const has = (tool: string): boolean => {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** `as` and `ld -N`: sections one after the other, as the built-in assembler lays them out. */
function withGnu<T>(source: string, use: (elf: string, flat: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'guest-'));
  try {
    const [object, elf, flat] = ['guest.o', 'guest.elf', 'guest.bin'].map((file) => join(folder, file));
    execFileSync('as', ['-I', dirname(source), '-o', object!, source]);
    const link = ['-N', '--no-warn-rwx-segments', `-Ttext=0x${ORIGIN.toString(16)}`, '-o', elf!, object!];
    execFileSync('ld', link);
    execFileSync('objcopy', ['-O', 'binary', elf!, flat!]);
    return use(elf!, flat!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!has('as') || !has('ld') || !has('objcopy'))('GNU as and ld agree with the built-in assembler', () => {
  it.each(GUESTS)('on $name: bytes and labels', async ({ path }) => {
    const image = await assembleGuest(path);
    withGnu(path, (elf, flat) => {
      expect(Buffer.from(flatten(image)).equals(new Uint8Array(readFileSync(flat)))).toBe(true);
      const symbols = execFileSync('nm', [elf], { encoding: 'latin1' });
      const gnu = new Set(symbols.split('\n').map((line) => line.replace(/^0*(\w+) \w (.*)$/, '$1 $2')));
      const ours = [...codeLabels(image)].map(([address, name]) => `${address.toString(16)} ${name}`);
      expect(ours.filter((label) => !gnu.has(label))).toEqual([]);
    });
  });
});
