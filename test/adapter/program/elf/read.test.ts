import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../../adapter/program/elf/read.ts';
import type { ProgramImage } from '../../../../adapter/program/image.ts';
import { expectAgreement, expectFrames, expectLines } from './agreement.ts';
import { fixtures, fixturesDirectory, gccBuilds, hasGcc, hasTool, make, record, specialBuilds } from './builds.ts';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../../../.cache/elf-tests');

async function read(path: string): Promise<ProgramImage> {
  const { image, diagnostics } = await readElf(path, new Uint8Array(readFileSync(path)));
  expect(diagnostics).toEqual([]);
  return image!;
}

const biasOf = (name: string) => (name.startsWith('static-pie') ? 0x10_0000n : 0n);
const text = (name: string) => readFileSync(join(fixturesDirectory, name), 'utf8');

const compiled = fixtures.filter(({ name }) => !name.startsWith('odd'));

describe('recorded programs agree with readelf and nm', () => {
  it.each(compiled.map(({ name }) => name))('%s', async (name) => {
    const image = await read(join(fixturesDirectory, `${name}.elf`));
    const said = {
      lines: text(`${name}.lines.txt`),
      frames: text(`${name}.frames.txt`),
      symbols: text(`${name}.symbols.txt`),
    };
    expectAgreement(image, said, biasOf(name));
  });
});

describe('tables written by hand agree with readelf', () => {
  it('lines', async () => {
    const path = join(fixturesDirectory, 'odd-lines.elf');
    const image = await read(path);
    expectLines(image, { lines: text('odd-lines.lines.txt') }, 0n);
    const absolute = ['/guest/odd/sub/one.c', '/guest/odd/zero.c', '/elsewhere/two.c'];
    // Without .debug_info, what is relative starts at the program's directory.
    const relative = ['sub/a.c', 'b', 'v.c'].map((name) => join(fixturesDirectory, name));
    expect([...image.sources].sort()).toEqual([...absolute, ...relative].sort());
    const marked = image.lines.filter(({ prologueEnd }) => prologueEnd).map(({ address }) => address);
    expect(marked).toEqual([0x10_0014n]);
    expect(image.lines.find(({ line }) => line === 53)?.column).toBe(129);
  });

  it('frames', async () => {
    const image = await read(join(fixturesDirectory, 'odd-frames.elf'));
    expectFrames(image, { frames: text('odd-frames.frames.txt') }, 0n);
    expect(image.frames).toHaveLength(9);
  });
});

describe.skipIf(!hasGcc)('programs built here agree with readelf and nm (needs gcc)', () => {
  it.each([...gccBuilds, ...specialBuilds].map((build) => [build.name, build] as const))('%s', async (name, build) => {
    const path = make(build, cache);
    expectAgreement(await read(path), record(path), biasOf(name));
  });
});

describe.skipIf(!hasGcc || !hasTool('objcopy'))('64-bit programs in a 32-bit file (needs gcc and objcopy)', () => {
  it.each(['gcc-O2-m64-dwarf5', 'gcc-debug-frame'])('%s says the same', async (name) => {
    const path = make([...gccBuilds, ...specialBuilds].find((build) => build.name === name)!, cache);
    execFileSync('objcopy', ['-O', 'elf32-i386', path, `${path}32`]);
    const [wide, narrow] = [await read(path), await read(`${path}32`)];
    expect([wide.bits, narrow.bits]).toEqual([64, 32]);
    for (const part of ['entry', 'lines', 'sources', 'frames', 'symbols'] as const) {
      expect(narrow[part], part).toEqual(wide[part]);
    }
  });
});

describe('what a program image says', () => {
  it.each(compiled.filter(({ name }) => name !== 'as-frames').map(({ name }) => name))(
    'sources of %s are absolute paths, each once',
    async (name) => {
      const { sources } = await read(join(fixturesDirectory, `${name}.elf`));
      expect([...sources].sort()).toEqual(['/guest/helper.c', '/guest/include/inline.h', '/guest/main.c']);
    },
  );

  it('keeps columns', async () => {
    const { lines, sources } = await read(join(fixturesDirectory, 'gcc-compressed.elf'));
    const main = sources.indexOf('/guest/main.c');
    // `for (int i = 0; i < count; i++)`: its start, its condition and its increment, as gcc counts them.
    const columns = new Set(lines.filter(({ file, line }) => file === main && line === 16).map(({ column }) => column));
    for (const column of [12, 21, 31]) expect(columns).toContain(column);
  });

  it('marks prologue ends where the producer does', async () => {
    const image = await read(join(fixturesDirectory, 'clang-O0-m32-dwarf4.elf'));
    const helper = image.symbols.find(({ name }) => name === 'helper')!;
    const marked = image.lines.filter(
      ({ prologueEnd, address }) => prologueEnd && address >= helper.address && address < helper.address + helper.size,
    );
    expect(marked).toMatchObject([{ line: 10 }]);
  });

  it('marks signal frames', async () => {
    const { frames, symbols } = await read(join(fixturesDirectory, 'as-frames.elf'));
    const handler = symbols.find(({ name }) => name === 'handler')!;
    expect(frames.filter(({ signalFrame }) => signalFrame).map(({ start }) => start)).toEqual([handler.address]);
  });

  it('applies the relocations of a static PIE and leaves the file as it was', async () => {
    const path = join(fixturesDirectory, 'static-pie.elf');
    const bytes = new Uint8Array(readFileSync(path));
    const before = bytes.slice();
    const { image } = await readElf(path, bytes);
    expect(bytes).toEqual(before);
    const names = image!.symbols.find(({ name }) => name === 'names')!;
    const pointers = [0n, 8n, 16n].map((offset) => memory(image!, names.address + offset, 8));
    const strings = pointers.map((pointer) =>
      cString(image!, Number(new DataView(pointer.buffer).getBigUint64(0, true))),
    );
    expect(strings).toEqual(['zero', 'one', 'two']);
  });

  it('places segments where the program headers say, zeros after their data counted', async () => {
    const { segments, entry, symbols, bits } = await read(join(fixturesDirectory, 'clang-O0-m32-dwarf4.elf'));
    expect(bits).toBe(32);
    expect(entry).toBe(symbols.find(({ name }) => name === '_start')!.address);
    expect(segments).toMatchObject([{ linearAddress: 0x10_0000n, physicalAddress: 0x10_0000n, executable: true }]);
    expect(segments[0]!.memorySize).toBeGreaterThan(BigInt(segments[0]!.data.length));
  });
});

function memory(image: ProgramImage, address: bigint, size: number): Uint8Array<ArrayBuffer> {
  const segment = image.segments.find(
    ({ linearAddress, memorySize }) => address >= linearAddress && address < linearAddress + memorySize,
  )!;
  const offset = Number(address - segment.linearAddress);
  return new Uint8Array(segment.data.slice(offset, offset + size));
}

function cString(image: ProgramImage, address: number): string {
  const bytes = memory(image, BigInt(address), 16);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
