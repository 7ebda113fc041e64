import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../adapter/program/elf/read.ts';
import type { LineRow, ProgramImage } from '../../../adapter/program/image.ts';
import { ProgramLookup } from '../../../adapter/program/lookup.ts';
import { fixturesDirectory, gccBuilds, hasGcc, hasTool, make } from './elf/builds.ts';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../../.cache/elf-tests');

async function lookupOf(path: string): Promise<ProgramLookup> {
  return new ProgramLookup((await readElf(path, new Uint8Array(readFileSync(path)))).image!);
}

const fixture = (name: string) => lookupOf(join(fixturesDirectory, `${name}.elf`));
const source = readFileSync(join(fixturesDirectory, '../sources/main.c'), 'utf8').split('\n');
const lineOf = (text: string) => source.findIndex((line) => line.includes(text)) + 1;

describe.skipIf(!hasGcc || !hasTool('addr2line'))('lines and functions agree with addr2line (needs gcc)', () => {
  it.each(gccBuilds.filter(({ name }) => /dwarf[45]$/.test(name)).map((build) => [build.name, build] as const))(
    '%s at every address',
    async (name, build) => {
      const path = make(build, join(cache, 'lookup'));
      const lookup = await lookupOf(path);
      const text = lookup.image.sections.find(({ name }) => name === '.text')!;
      const addresses = Array.from({ length: Number(text.size) }, (_, index) => text.address + BigInt(index));
      const said = execFileSync('addr2line', ['-f', '-e', path], {
        input: addresses.map((address) => address.toString(16)).join('\n'),
        encoding: 'utf8',
      }).split('\n');
      let compared = 0;
      for (const [index, address] of addresses.entries()) {
        const place = lookup.lineAt(address);
        const expected = said[2 * index + 1]!.replace(/ \(discriminator \d+\)/, '');
        if (expected.endsWith('?')) continue;
        // addr2line 2.40 takes a function's file for the row's in DWARF 5; readelf holds the files there.
        const shown = name.endsWith('dwarf5') ? expected.replace(/^.*:/, `${place?.file}:`) : expected;
        expect(`${place?.file}:${place?.line}`, address.toString(16)).toBe(shown);
        const symbol = lookup.symbolAt(address);
        if (!symbol) continue; // Padding between functions.
        // Of optimised code it names the inlined function, or the one that a cold part was split from.
        if (name.startsWith('gcc-O0')) expect(symbol.symbol.name, address.toString(16)).toBe(said[2 * index]);
        expect(symbol.symbol.address + symbol.offset).toBe(address);
        compared += 1;
      }
      expect(compared).toBeGreaterThan(500);
    },
  );
});

describe('programs as compilers lay them out', () => {
  it('a loop has one place to stop, though its line has three pieces', async () => {
    const lookup = await fixture('gcc-O0-m32-dwarf4');
    const line = lineOf('i < count');
    const pieces = lookup.image.lines.filter(
      (row) => row.line === line && lookup.image.sources[row.file] === '/guest/main.c',
    );
    expect(new Set(pieces.map(({ address }) => address)).size).toBeGreaterThan(2);
    expect(lookup.addressesOf('/guest/main.c', line)).toEqual({ line, addresses: [pieces[0]!.address] });
  });

  it('a line without code moves to the next that has some; past the last there is none', async () => {
    const lookup = await fixture('gcc-O0-m32-dwarf4');
    const line = lineOf('int sum(int count)');
    expect(lookup.addressesOf('/guest/main.c', line - 1)?.line).toBe(line);
    expect(lookup.addressesOf('/guest/main.c', source.length + 1)).toBeUndefined();
    expect(lookup.addressesOf('/guest/none.c', 1)).toBeUndefined();
    expect(lookup.linesWithCode('/guest/none.c')).toEqual([]);
  });

  it.each(['gcc-O0-m32-dwarf4', 'clang-O0-m32-dwarf4'])('%s: every line with code can be stopped on', async (name) => {
    const lookup = await fixture(name);
    for (const file of lookup.image.sources) {
      const lines = lookup.linesWithCode(file);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines) {
        const { addresses } = lookup.addressesOf(file, line)!;
        expect(addresses.length).toBeGreaterThan(0);
        for (const address of addresses)
          expect(lookup.lineAt(address)).toMatchObject({ file, line, isStatement: true });
      }
    }
  });

  it.each(['gcc-O0-m32-dwarf4', 'clang-O0-m32-dwarf4'])(
    '%s: the body of a function is past its frame set-up',
    async (name) => {
      const lookup = await fixture(name);
      const helper = lookup.symbolNamed('helper')!;
      const body = lookup.afterPrologue(helper.address);
      expect(lookup.lineAt(helper.address)?.line).toBe(9);
      expect(lookup.lineAt(body)?.line).toBe(10);
      expect(lookup.frameAt(body)!.start).toBe(helper.address);
    },
  );

  it('a step by line runs to the end of the line', async () => {
    const lookup = await fixture('as-frames');
    const saved = lookup.symbolNamed('saved')!;
    expect(lookup.lineRangeAt(saved.address)).toEqual({ start: saved.address, end: saved.address + 1n });
    expect(lookup.lineRangeAt(0x99n)).toBeUndefined();
  });

  it('names what has no size by the label before it, in the same section only', async () => {
    const lookup = await fixture('as-frames');
    const local = lookup.symbolNamed('local')!;
    expect(lookup.symbolAt(local.address + 1n)?.symbol.name).toBe('_start');
    const table = lookup.symbolNamed('table')!;
    expect(lookup.symbolAt(table.address)).toMatchObject({ symbol: { name: 'table' }, offset: 0n });
    expect(lookup.symbolAt(0x20n)).toBeUndefined();
    expect(lookup.symbolNamed('magic')).toMatchObject({ address: 0x1234n, kind: 'absolute' });
    expect(lookup.symbolAt(0x1234n)).toBeUndefined();
  });
});

describe('rows that compilers emit around a statement', () => {
  const row = (address: number, line: number, more: Partial<LineRow> = {}): LineRow => ({
    address: BigInt(address),
    file: 0,
    line,
    column: 1,
    isStatement: true,
    endSequence: false,
    ...more,
  });
  const lookup = (...lines: LineRow[]) =>
    new ProgramLookup({
      bits: 64,
      entry: 0n,
      segments: [],
      sections: [],
      symbols: [0, 0x20, 0x40].map((start) => ({
        name: `f${start}`,
        address: BigInt(start),
        size: 0x20n,
        kind: 'function',
        global: true,
      })),
      lines: [...lines, row(0x100, 1, { endSequence: true })],
      sources: ['/a.c'],
      frames: [],
      warnings: [],
    } satisfies ProgramImage);

  it('neighbouring rows of a line are one place', () => {
    const program = lookup(row(0, 5), row(4, 5), row(8, 6), row(12, 5, { column: 9 }));
    expect(program.addressesOf('/a.c', 5)?.addresses).toEqual([0n]);
    expect(program.lineRangeAt(5n)).toEqual({ start: 0n, end: 8n });
  });

  it('an empty row between them does not part them, and stands for its own line', () => {
    const program = lookup(row(0, 5), row(4, 7), row(4, 5), row(8, 6));
    expect(program.addressesOf('/a.c', 5)?.addresses).toEqual([0n]);
    expect(program.lineRangeAt(4n)).toEqual({ start: 0n, end: 8n });
    expect(program.addressesOf('/a.c', 7)).toEqual({ line: 7, addresses: [4n] });
    expect(program.lineAt(4n)?.line).toBe(5);
  });

  it('an empty row counts where the statement starts, and as a further instance only without code elsewhere', () => {
    const first = lookup(row(0, 7), row(0, 5), row(8, 7), row(12, 6));
    expect(first.addressesOf('/a.c', 7)?.addresses).toEqual([0n, 8n]);
    const later = lookup(row(0, 7), row(4, 5), row(8, 7), row(8, 6), row(12, 7), row(16, 6));
    expect(later.addressesOf('/a.c', 7)?.addresses).toEqual([0n, 12n]);
    const copies = lookup(row(0, 7), row(4, 5), row(8, 7), row(8, 6));
    expect(copies.addressesOf('/a.c', 7)?.addresses).toEqual([0n, 8n]);
  });

  it('an inlined statement has a place in each caller, and for each time that it is inlined there', () => {
    const inlined = (address: number) => [row(address, 3, { column: 11 }), row(address + 4, 5)];
    const loop = [row(0x40, 3, { column: 8 }), row(0x44, 6), row(0x48, 3, { column: 17 })];
    const program = lookup(...inlined(0), ...inlined(0x10), ...inlined(0x20), ...loop);
    expect(program.addressesOf('/a.c', 3)?.addresses).toEqual([0n, 0x10n, 0x20n, 0x40n]);
  });

  it('code in the middle of a statement is not a place to stop', () => {
    const program = lookup(row(0, 5), row(4, 6, { isStatement: false }), row(8, 9));
    expect(program.addressesOf('/a.c', 6)).toEqual({ line: 9, addresses: [8n] });
    expect(program.lineAt(4n)).toMatchObject({ line: 6, isStatement: false });
  });

  it('rows of line 0 belong to no line', () => {
    const program = lookup(row(0, 5), row(4, 0), row(8, 6));
    expect(program.lineAt(4n)).toBeUndefined();
    expect(program.linesWithCode('/a.c')).toEqual([5, 6]);
    expect(program.lineAt(0x100n)).toBeUndefined();
  });
});
