import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** What the reader and the runner are made of; the emulator's worker may load them. */
const CORE = [
  'vectors',
  'runVectors',
  'differences',
  'codec',
  'fileFormat',
  'plan',
  'prng',
  'state',
  'undefinedFlags',
  'undefinedFpu',
  'values',
  'windows',
  'replayMachine',
];

describe('reader and runner of vectors', () => {
  it('import nothing but each other', () => {
    for (const name of CORE) {
      const source = readFileSync(new URL(`${name}.ts`, import.meta.url), 'utf8');
      const imported = [...source.matchAll(/from '([^']+)'/g)].map((match) => match[1]!);
      for (const path of imported)
        expect(
          CORE.map((core) => `./${core}.ts`),
          `${name}.ts imports ${path}`,
        ).toContain(path);
    }
  });
});
