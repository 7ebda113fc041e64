import { describe, expect, it } from 'vitest';
import { assemble } from '../../../adapter/program/assembler/index.ts';
import { programs, readExpected, readerOf, summary } from './corpus.ts';
import { gasVersion } from './gas.ts';
import { gnuProgram } from './gnuProgram.ts';

const expected = readExpected();

describe('whole programs equal those of GNU as and ld: bytes, symbols, line rows', () => {
  for (const { name, main, files } of programs()) {
    it(name, async () => {
      const result = await assemble(main, {}, readerOf(files));
      expect(result.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      const { sections, symbols, lines } = summary(result);
      expect(sections).toEqual(expected[name]!.sections);
      expect(symbols).toEqual(expected[name]!.symbols);
      expect(lines).toEqual(expected[name]!.lines);
    });
  }
});

describe.skipIf(gasVersion() !== '2.40')('the recording is what GNU as 2.40 and ld say', () => {
  for (const { name, main, files } of programs()) {
    it(name, async () => {
      const { image } = await assemble(main, {}, readerOf(files));
      const addresses = Object.fromEntries(image!.sections.map((section) => [section.name, section.address]));
      expect(gnuProgram(main, files, addresses)).toEqual(expected[name]);
    });
  }
});
