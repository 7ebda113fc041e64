import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../../adapter/program/elf/read.ts';
import { ProgramLookup } from '../../../adapter/program/lookup.ts';
import { fixturesDirectory, gccBuilds, hasGcc, hasTool, make, specialBuilds } from './elf/builds.ts';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../../.cache/elf-tests/inlined');

async function lookupOf(path: string): Promise<ProgramLookup> {
  const { image, diagnostics } = await readElf(path, new Uint8Array(readFileSync(path)));
  expect(diagnostics).toEqual([]);
  return new ProgramLookup(image!);
}

/** `square 3 | sum 17 | …`, innermost first, with the line that each is at. */
function chainAt(lookup: ProgramLookup, address: bigint): string | undefined {
  const symbol = lookup.symbolAt(address)?.symbol.name;
  if (symbol === undefined) return undefined;
  const calls = lookup.inlinedAt(address);
  const lines = [lookup.lineAt(address)?.line ?? 0, ...calls.map(({ callLine }) => callLine)];
  // Debug information does not know the names of parts that gcc split off.
  const names = [...calls.map(({ name }) => name), symbol.replace(/\.(cold|part|isra|constprop)[.\d]*/g, '')];
  return names.map((name, index) => `${name} ${lines[index]}`).join(' | ');
}

const builds = [...gccBuilds, ...specialBuilds].filter(({ name }) => /O2.*dwarf[2-5]$|sections|static-pie/.test(name));

describe.skipIf(!hasGcc || !hasTool('addr2line'))('inlined calls agree with addr2line (needs gcc)', () => {
  it.each(builds.map((build) => [build.name, build] as const))('%s at every address', async (name, build) => {
    const path = make(build, cache);
    const lookup = await lookupOf(path);
    const bias = name.startsWith('static-pie') ? 0x10_0000n : 0n;
    const text = lookup.image.sections.find((section) => section.name === '.text')!;
    const addresses = Array.from({ length: Number(text.size) }, (_, index) => text.address + BigInt(index));
    const said = execFileSync('addr2line', ['-a', '-i', '-f', '-e', path], {
      input: addresses.map((address) => `0x${(address - bias).toString(16)}`).join('\n'),
      encoding: 'utf8',
    });
    const chains = said.split(/^0x/m).slice(1);
    let inlined = 0;
    for (const [index, address] of addresses.entries()) {
      const [, ...lines] = chains[index]!.trimEnd().split('\n');
      const pairs = lines.flatMap((line, at) => (at % 2 === 0 ? [[line, lines[at + 1]!] as const] : []));
      const expected = pairs.map(([function_, place]) => `${function_} ${/:(\d+|\?)/.exec(place)![1]}`).join(' | ');
      const chain = chainAt(lookup, address);
      if (chain === undefined || expected.includes('?')) continue; // Padding between functions.
      expect(chain, address.toString(16)).toBe(expected);
      if (pairs.length > 1) inlined += 1;
    }
    expect(inlined).toBeGreaterThan(5);
  });
});

describe('inlined calls of recorded programs', () => {
  it('clang, DWARF 5: indexed names, addresses and ranges', async () => {
    const lookup = await lookupOf(join(fixturesDirectory, 'clang-O2-dwarf5.elf'));
    const { image } = lookup;
    // As readelf --debug-dump=info shows them; the first two lines of main.c's _start share one call.
    expect(
      image.inlined!.map(({ name, depth, callLine, callColumn }) => ({ name, depth, callLine, callColumn })),
    ).toEqual([
      { name: 'square', depth: 0, callLine: 23, callColumn: 52 },
      { name: 'choose', depth: 0, callLine: 55, callColumn: 31 },
      { name: 'choose', depth: 0, callLine: 55, callColumn: 31 },
    ]);
    const [square] = image.inlined!;
    expect(square).toMatchObject({ start: 0x10_0021n, end: 0x10_0024n });
    expect(image.sources[square!.callFile]).toBe('/guest/main.c');
    expect(lookup.lineAt(square!.start)?.file).toBe('/guest/include/inline.h');
    expect(lookup.inlinedAt(square!.start)).toEqual([square]);
    expect(lookup.inlinedAt(square!.end)).toEqual([]);
  });

  it('gcc, compressed', async () => {
    const lookup = await lookupOf(join(fixturesDirectory, 'gcc-compressed.elf'));
    const names = new Set(lookup.image.inlined!.map(({ name }) => name));
    expect(names).toContain('square');
    expect(names).toContain('choose');
  });
});
