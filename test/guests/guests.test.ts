import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../adapter/program/elf/read.ts';
import { ProgramLookup } from '../../adapter/program/lookup.ts';
import { buildKernel, buildRoundTrip, kernelNames, roundTripNames } from '../bench/build.ts';
import { buildZlibGuest, buildZlibNative, missingToolchain } from './build.ts';
import { missingQemu, runUnderQemu } from './oracle/qemu.ts';
import { missingZlib } from './zlib.ts';

const noGuests = missingToolchain();
const noZlib = noGuests ?? missingZlib();
const noQemu = noGuests ?? missingQemu();
const why = (reason: string | undefined) => (reason ? ` (skipped: ${reason})` : '');

describe.skipIf(noZlib !== undefined)(`zlib as a guest${why(noZlib)}`, () => {
  it('is right natively, and links to 1 MiB with lines and frames of every source', async () => {
    expect(execFileSync(buildZlibNative(), { encoding: 'utf8' })).toMatch(/^zlib 1\..*\nright\n$/s);
    const guest = buildZlibGuest();
    const { image, diagnostics } = await readElf(guest, new Uint8Array(readFileSync(guest)));
    expect(diagnostics).toEqual([]);
    expect(image!.entry).toBe(0x10_0000n);
    const files = new Set(image!.sources.map((path) => path.split('/').at(-1)));
    for (const name of [
      'inflate.c',
      'inffast.c',
      'deflate.c',
      'trees.c',
      'crc32.c',
      'zlib-check.c',
      'libc.c',
      'crt0.S',
    ]) {
      expect(files).toContain(name);
    }
    const lookup = new ProgramLookup(image!);
    for (const name of ['inflate', 'inflate_fast', 'deflate', 'crc32', 'main']) {
      const symbol = lookup.symbolNamed(name)!;
      expect(symbol.kind, name).toBe('function');
      expect(lookup.lineAt(symbol.address), name).toBeDefined();
      expect(lookup.frameAt(symbol.address)?.start, name).toBe(symbol.address);
      // -fcf-protection=full: every function that can be called indirectly starts with ENDBR64.
      const at = Number(symbol.address - image!.segments[0]!.linearAddress);
      expect([...image!.segments[0]!.data.subarray(at, at + 4)], name).toEqual([0xf3, 0x0f, 0x1e, 0xfa]);
    }
  });
});

describe.skipIf(noQemu !== undefined)(`guests under QEMU${why(noQemu)}`, () => {
  it.skipIf(noZlib !== undefined)(`zlib prints what it prints natively${why(noZlib)}`, () => {
    const expected = execFileSync(buildZlibNative(), { encoding: 'utf8' });
    expect(runUnderQemu(buildZlibGuest(64))).toEqual({ serial: expected, status: 1 });
    expect(runUnderQemu(buildZlibGuest(32))).toEqual({ serial: expected, status: 1 });
  });

  it.each(kernelNames)('the bench kernel %s has its native checksum', (name) => {
    const { native, guest } = buildKernel(name);
    const { checksum } = JSON.parse(execFileSync(native, ['1'], { encoding: 'utf8' })) as { checksum: string };
    expect(runUnderQemu(guest)).toEqual({ serial: `${checksum}\n`, status: 1 });
  });

  // QEMU 7.2's own processor has neither PCIDs nor x2APIC.
  it.each(roundTripNames.filter((name) => !/pcid|x2apic/.test(name)))(
    '1000 %s round trips are counted right',
    (name) => {
      expect(runUnderQemu(buildRoundTrip(name))).toEqual({ serial: '', status: 1 });
    },
  );
});
