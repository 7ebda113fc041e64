import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The version of the GNU assembler on this machine, or undefined when there is none. */
export function gasVersion(): string | undefined {
  try {
    return /(\d+\.\d+)/.exec(
      execFileSync('as', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )?.[1];
  } catch {
    return undefined;
  }
}

/** Runs `body` with a scratch folder. */
export function inScratch<T>(body: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'shadowstep-gas-'));
  try {
    return body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each line's bytes as GNU as encodes it, undefined where it refuses; `header` lines come first. */
export function gasBytes(header: readonly string[], lines: readonly string[]): (string | undefined)[] {
  return inScratch((folder) => {
    const source = join(folder, 'source.s');
    const result: (string | undefined)[] = lines.map(() => undefined);
    const alive = new Set(lines.keys());
    for (let round = 0; round < 5; round++) {
      const text = [...header, ...lines.map((line, index) => (alive.has(index) ? line : ''))];
      writeFileSync(source, `${text.join('\n')}\n`);
      const run = spawnSync('as', ['-aln=listing', '--listing-lhs-width=8', '-W', '-o', 'object', 'source.s'], {
        cwd: folder,
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      });
      let refused = 0;
      for (const match of run.stderr.matchAll(/^source\.s:(\d+): Error/gm)) {
        if (alive.delete(Number(match[1]) - 1 - header.length)) refused++;
      }
      if (refused > 0) continue;
      for (const row of readFileSync(join(folder, 'listing'), 'utf8').split('\n')) {
        const match =
          /^\s*(\d+) (?:[0-9a-f]{4,}|\?{4})\s+((?:[0-9A-F]+ ?)+?)\s*(\t|$)/.exec(row) ??
          /^\s*(\d+)\s{6,}((?:[0-9A-F]+ ?)+)\s*$/.exec(row);
        if (match === null) continue;
        const index = Number(match[1]) - 1 - header.length;
        if (index >= 0) result[index] = (result[index] ?? '') + match[2]!.replace(/ /g, '').toLowerCase();
      }
      return result;
    }
    return result;
  });
}
