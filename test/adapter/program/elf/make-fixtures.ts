/** Remakes `fixtures/`: `npx tsx test/adapter/program/elf/make-fixtures.ts` (needs gcc, clang and binutils). */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures, fixturesDirectory, make, record } from './builds.ts';

rmSync(fixturesDirectory, { recursive: true, force: true });
for (const build of fixtures) {
  const path = make(build, fixturesDirectory);
  const { lines, frames, symbols } = record(path);
  writeFileSync(join(fixturesDirectory, `${build.name}.lines.txt`), lines);
  writeFileSync(join(fixturesDirectory, `${build.name}.frames.txt`), frames);
  writeFileSync(join(fixturesDirectory, `${build.name}.symbols.txt`), symbols);
}
