/**
 * Records what GNU as and ld make of the corpus: `npx tsx test/adapter/assembler/record.ts`. Run it again when the corpus
 * grows; it needs binutils and gcc. The tests compare this assembler with the recordings, and the recordings with the GNU
 * tools where those are installed.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assemble } from '../../../adapter/program/assembler/index.ts';
import { CORPUS, formSets, headerOf, packBytes, programs, readerOf, writtenSets } from './corpus.ts';
import { gasBytes, gasVersion } from './gas.ts';
import { type GnuProgram, gnuProgram } from './gnuProgram.ts';

if (gasVersion() === undefined) throw new Error('GNU as is not installed; the recording needs it.');
for (const folder of ['forms', 'statements', 'programs']) mkdirSync(join(CORPUS, folder), { recursive: true });

for (const set of [...formSets(), ...writtenSets()]) {
  const bytes = gasBytes(headerOf(set), set.lines);
  writeFileSync(join(CORPUS, `${set.name}.hex`), packBytes(bytes));
  const taken = bytes.filter((one) => one !== undefined).length;
  process.stdout.write(`${set.name}: ${taken} of ${set.lines.length} statements taken by GNU as\n`);
}

const expected: Record<string, GnuProgram> = {};
for (const { name, main, files } of programs()) {
  const { image, diagnostics } = await assemble(main, {}, readerOf(files));
  if (image === undefined) throw new Error(`${name}: ${diagnostics[0]?.message}`);
  const addresses = Object.fromEntries(image.sections.map((section) => [section.name, section.address]));
  const gnu = gnuProgram(main, files, addresses);
  if (typeof gnu === 'string') throw new Error(`${name}: GNU as refuses it: ${gnu}`);
  expected[name] = gnu;
}
writeFileSync(join(CORPUS, 'programs', 'expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
