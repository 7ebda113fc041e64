/** Damaged programs: every one gets sentences, none a crash, a hang or absurd memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../../adapter/program/elf/read.ts';
import { ProgramLookup } from '../../../../adapter/program/lookup.ts';
import { unwindFrame } from '../../../../adapter/program/unwind.ts';
import { fixtures, fixturesDirectory } from './builds.ts';

const programs = fixtures.map(({ name }) => new Uint8Array(readFileSync(join(fixturesDirectory, `${name}.elf`))));
const named = (name: string) => programs[fixtures.findIndex((each) => each.name === name)]!;

/** The same damage each time, unless asked for other and more: `FUZZ_SEED=7 FUZZ_EFFORT=20 npx vitest run …`. */
const seed = Number(process.env.FUZZ_SEED ?? 1);
const effort = Number(process.env.FUZZ_EFFORT ?? 1);

/** One sentence: ends with a full stop, on one line, and says a reason. */
const sentence = /^[A-Z0-9][^\n]{15,400}\.$/;

async function expectSentences(bytes: Uint8Array): Promise<void> {
  const { image, diagnostics } = await readElf('/guest/damaged.elf', bytes);
  for (const { message } of diagnostics) expect(message).toMatch(sentence);
  expect(diagnostics.length).toBeLessThan(30);
  expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(image === undefined);
  if (!image) return;
  // What was read can be used.
  const lookup = new ProgramLookup(image);
  const places = [
    image.entry,
    ...image.frames.map(({ start }) => start),
    ...image.symbols.map(({ address }) => address),
  ];
  for (const address of places.slice(0, 40)) {
    const place = lookup.lineAt(address);
    if (place) lookup.addressesOf(place.file, place.line);
    lookup.symbolAt(address);
    lookup.inlinedAt(address);
    lookup.afterPrologue(address);
    const frame = lookup.frameAt(address);
    const registers = new Map(Array.from({ length: 17 }, (_, number) => [number, 0x1000n]));
    if (frame) unwindFrame(frame, address, registers, (at, size) => at & ((1n << BigInt(size * 8)) - 1n));
  }
}

async function sentencesOf(bytes: Uint8Array): Promise<string[]> {
  return (await readElf('/guest/damaged.elf', bytes)).diagnostics.map(
    ({ severity, message }) => `${severity}: ${message}`,
  );
}

function changed(bytes: Uint8Array, ...edits: readonly (readonly [offset: number, ...values: number[]])[]): Uint8Array {
  const copy = bytes.slice();
  for (const [offset, ...values] of edits) copy.set(values, offset);
  return copy;
}

describe('damaged programs', () => {
  it('cut anywhere', async () => {
    for (const bytes of programs) {
      for (let length = 0; length < bytes.length; length += length < 200 ? 1 : 97) {
        await expectSentences(bytes.subarray(0, length));
      }
    }
  });

  it('with bytes changed anywhere', async () => {
    const edit = fc.record({ at: fc.nat(), value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)) });
    const damage = fc.record({
      program: fc.nat(programs.length - 1),
      edits: fc.array(edit, { minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ program, edits }) => {
        const bytes = programs[program]!.slice();
        for (const { at, value } of edits) bytes[at % bytes.length] = value;
        await expectSentences(bytes);
      }),
      { numRuns: 3000 * effort, seed },
    );
  });

  it('with a table of debug information changed', async () => {
    const tables = [
      '.debug_line',
      '.debug_info',
      '.debug_abbrev',
      '.debug_frame',
      '.eh_frame',
      '.symtab',
      '.rela.dyn',
      '.debug_rnglists',
      '.debug_addr',
      '.debug_str_offsets',
    ];
    const plain = ['clang-O2-dwarf5', 'gcc-O0-m32-dwarf4', 'as-frames', 'static-pie'].map(named);
    const spots = plain.flatMap((bytes) =>
      tables.flatMap((table) => {
        const place = sectionPlace(bytes, table);
        return place ? [{ bytes, ...place }] : [];
      }),
    );
    expect(spots.length).toBeGreaterThan(15);
    const edit = fc.record({ at: fc.nat(), value: fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255)) });
    const damage = fc.record({ spot: fc.nat(spots.length - 1), edits: fc.array(edit, { minLength: 1, maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(damage, async ({ spot, edits }) => {
        const { bytes, offset, size } = spots[spot]!;
        const copy = bytes.slice();
        for (const { at, value } of edits) copy[offset + (at % size)] = value;
        await expectSentences(copy);
      }),
      { numRuns: 4000 * effort, seed },
    );
  });
});

describe('sentences for what is wrong', () => {
  const program = named('clang-O2-dwarf5');
  const pie = named('static-pie');

  it.each([
    ['an empty file', new Uint8Array(0), 'starts with nothing, expected the ELF magic number'],
    ['another file', new TextEncoder().encode('#!/bin/sh\n'), 'starts with 23 21 2f 62'],
    ['another class', changed(program, [4, 3]), 'EI_CLASS is 0x3, expected 1 (32-bit) or 2 (64-bit)'],
    ['big-endian data', changed(program, [5, 2]), 'EI_DATA is 0x2, expected 1 (little-endian)'],
    ['another machine', changed(program, [18, 0xb7, 0]), 'e_machine is 0xb7 (AArch64), expected 0x3e (x86-64)'],
    ['an object', changed(program, [16, 1, 0]), 'e_type is 1 (a relocatable object), expected 2 (an executable)'],
    ['a core dump', changed(program, [16, 4, 0]), 'e_type is 0x4, expected 2'],
    ['no program headers', changed(program, [56, 0, 0]), 'e_phnum is 0, expected at least one segment'],
    ['program headers outside', changed(program, [32, 0xff, 0xff, 0xff, 0x7f]), 'e_phnum is'],
    ['a dynamic program', changed(pie, [64, 3]), 'needs a dynamic loader; expected a program linked with -static'],
    ['data past the file', changed(program, [64 + 32, 0, 0, 0, 0x70]), 'p_filesz 0x70000000 end at'],
    ['more data than memory', changed(program, [64 + 40, 1, 0, 0, 0]), 'expected at most p_memsz, 0x1'],
  ])('%s', async (_what, bytes, expected) => {
    const { image, diagnostics } = await readElf('/guest/damaged.elf', bytes);
    expect(image).toBeUndefined();
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({ severity: 'error', file: '/guest/damaged.elf', line: 0 });
    expect(diagnostics[0]!.message).toContain(expected);
    expect(diagnostics[0]!.message).toMatch(sentence);
  });

  it('a section table outside the file leaves a program that loads', async () => {
    const { image, diagnostics } = await readElf('/guest/a.elf', changed(program, [40, 0xff, 0xff, 0xff, 0]));
    expect(image).toMatchObject({ symbols: [], lines: [], frames: [] });
    expect(image!.segments[0]!.data.length).toBeGreaterThan(100);
    expect(diagnostics).toMatchObject([{ severity: 'warning' }]);
    expect(diagnostics[0]!.message).toContain('The section header table at offset 0xffffff: e_shnum is');
  });

  it('an entry outside, and segments that overlap', async () => {
    expect(await sentencesOf(changed(program, [24, 0, 0, 0x40]))).toEqual([
      "warning: The entry point (e_entry) is 0x400000, expected an address in one of the program's segments.",
    ]);
    const second = 64 + 56;
    const [doubt] = await sentencesOf(changed(pie, [second + 24, 0x10, 0, 0]));
    expect(doubt).toMatch(
      /^warning: The segment at physical address 0x100010 overlaps the one at 0x100000, expected it at/,
    );
  });

  it('a line table of an unknown version', async () => {
    const { offset } = sectionPlace(program, '.debug_line')!;
    expect(await sentencesOf(changed(program, [offset + 4, 9, 0]))).toEqual([
      'warning: The line table at 0x0 is incomplete: .debug_line at offset 0x4: version is 0x9, expected 2 to 5.',
    ]);
  });

  it('a line range of zero', async () => {
    const { offset } = sectionPlace(program, '.debug_line')!;
    const [sentenceOf] = await sentencesOf(changed(program, [offset + 16, 0]));
    expect(sentenceOf).toContain('line_range is 0x0, expected at least 1.');
  });

  it('a compressed section that claims too much, and one that is corrupted', async () => {
    const compressed = named('gcc-compressed');
    const { offset } = sectionPlace(compressed, '.debug_line')!;
    const claims = await sentencesOf(changed(compressed, [offset + 8, 0xff, 0xff, 0xff, 0xff, 0xff]));
    expect(claims.join()).toContain('ch_size is 0xffffffffff, expected at most');
    const corrupted = await sentencesOf(changed(compressed, [offset + 30, 0xff, 0xff, 0xff, 0xff, 0xff]));
    expect(corrupted.join()).toMatch(/\.debug_line: its (compressed data is corrupted|data inflates)/);
    const other = await sentencesOf(changed(compressed, [offset, 2]));
    expect(other.join()).toContain('ch_type is 2 (Zstandard), expected 1 (zlib)');
  });

  it('a relocation that is not relative', async () => {
    const { offset } = sectionPlace(pie, '.rela.dyn')!;
    const { diagnostics } = await readElf('/guest/a.elf', changed(pie, [offset + 8, 6]));
    expect(diagnostics[0]).toMatchObject({ severity: 'error' });
    expect(diagnostics[0]!.message).toContain('the relocation type is 0x6, expected 8 (relative)');
  });
});

/** Place of a section in the file, found without the reader under test. */
function sectionPlace(bytes: Uint8Array, name: string): { offset: number; size: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[4] === 2;
  const word = (at: number) => (wide ? Number(view.getBigUint64(at, true)) : view.getUint32(at, true));
  const table = word(wide ? 40 : 32);
  const entry = view.getUint16(wide ? 58 : 46, true);
  const count = view.getUint16(wide ? 60 : 48, true);
  const field = (index: number, at64: number, at32: number) => word(table + entry * index + (wide ? at64 : at32));
  const names = field(view.getUint16(wide ? 62 : 50, true), 24, 16);
  for (let index = 1; index < count; index += 1) {
    const at = names + view.getUint32(table + entry * index, true);
    const text = new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
    if (text === name) return { offset: field(index, 24, 16), size: field(index, 32, 20) };
  }
  return undefined;
}
