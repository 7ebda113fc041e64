import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Decoder, DecoderOptions } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './codec.ts';
import { readOutcome, writeOutcome } from './fileFormat.ts';
import { readVectorFile, VECTOR_FILES } from './node.ts';
import { Prng } from './prng.ts';
import type { CpuImage, FpuImage } from './state.ts';
import { loadVectors, unpack, type Vector } from './vectors.ts';
import { CODE_BASE, DATA_BASE, PAGE, STACK_BASE, WINDOW_SIZE } from './windows.ts';

const packed = new Uint8Array(readFileSync(new URL('data/integer64.bin.gz', import.meta.url)));
const unpacked = new Uint8Array(gunzipSync(packed));

function insideWindow(address: number, length: number): boolean {
  return [DATA_BASE, STACK_BASE].some((base) => address >= base && address + length <= base + WINDOW_SIZE);
}

function stateBytes({ gpr, rflags, xmm, mxcsr, rip }: CpuImage): Uint8Array {
  const numbers = BigUint64Array.of(...gpr, BigInt(rflags), BigInt(mxcsr), rip);
  return Uint8Array.of(...new Uint8Array(numbers.buffer), ...xmm);
}

describe('vector files', () => {
  it('name the processor that recorded them', () => {
    for (const name of VECTOR_FILES) {
      const { recordedOn } = readVectorFile(name);
      expect(recordedOn.vendor).toMatch(/^(AuthenticAMD|GenuineIntel|HygonGenuine|CentaurHauls| {2}Shanghai {2})$/);
      expect(recordedOn.brand.length).toBeGreaterThan(3);
      for (const leaf of ['1', '7.0', '80000001'])
        expect(recordedOn.cpuid[leaf]?.join(' ')).toMatch(/^([0-9a-f]{8} ){3}[0-9a-f]{8}$/);
    }
  });

  it('stay inside the three windows, before and after', () => {
    for (const name of VECTOR_FILES) {
      const outside: string[] = [];
      for (const {
        group,
        index,
        ip,
        code,
        after,
        fault,
        memoryBefore,
        memoryChanged,
        shape,
        variant,
      } of readVectorFile(name)) {
        const pieces = [...memoryBefore, ...memoryChanged];
        const rip = Number(after.rip);
        const good =
          ip >= CODE_BASE &&
          ip + code.length < CODE_BASE + WINDOW_SIZE &&
          rip >= CODE_BASE &&
          rip < CODE_BASE + WINDOW_SIZE &&
          pieces.every(({ address, bytes }) => insideWindow(address, bytes.length)) &&
          fault !== 14;
        const crosses = pieces.some(
          ({ address, bytes }) => Math.floor(address / PAGE) !== Math.floor((address + bytes.length - 1) / PAGE),
        );
        if (!good || (shape === 'split' && variant !== 'stack' && !crosses)) outside.push(`${group} #${index}`);
      }
      expect(outside).toEqual([]);
    }
  });

  it('show faults that leave everything as it was', () => {
    let faults = 0;
    for (const name of VECTOR_FILES) {
      for (const { group, index, fault, before, after, memoryChanged } of readVectorFile(name)) {
        if (fault === undefined) continue;
        faults++;
        if (memoryChanged.length > 0 || Buffer.compare(stateBytes(before), stateBytes(after)) !== 0)
          throw new Error(`${group} #${index} faults but changes state.`);
      }
    }
    expect(faults).toBeGreaterThan(1000);
  });

  it('hold the Code that they name', () => {
    let checked = 0;
    for (const name of VECTOR_FILES) {
      let last: Uint8Array | undefined;
      for (const { code, bitness, group, fault, index } of readVectorFile(name)) {
        // A refused LOCK prefix decodes as nothing.
        if (code === last || index % 8 !== 0 || (code[0] === 0xf0 && fault === 6)) continue;
        last = code;
        const decoder = new Decoder(bitness, code, DecoderOptions.None);
        const instruction = decoder.decode();
        if (instruction.length !== code.length) throw new Error(`${group} has bytes that decode to another length.`);
        instruction.free();
        decoder.free();
        checked++;
      }
    }
    expect(checked).toBeGreaterThan(20_000);
  });

  it('are read the same through the web decompression stream', async () => {
    expect(Buffer.compare(await unpack(packed), unpacked)).toBe(0);
  });

  it('give the same plans and vectors on every reading', () => {
    const file = loadVectors(unpacked);
    const sample = () => {
      const kept: Vector[] = [];
      let count = 0;
      for (const vector of file) if (count++ % 1000 === 0) kept.push(vector);
      return { kept, count };
    };
    const first = sample();
    expect(sample()).toEqual(first);
    const planned = file.plans().reduce((sum, g) => sum + g.encodings.reduce((n, e) => n + e.vectors.length, 0), 0);
    expect(planned).toBe(first.count);
  });
});

describe('bad vector files', () => {
  it('are refused with a sentence', () => {
    expect(() => loadVectors(new Uint8Array())).toThrow(
      "Not a vector file: it does not start with 'shadowstep vectors 1'.",
    );
    expect(() => loadVectors(packed)).toThrow('Not a vector file');
    expect(() => [...loadVectors(unpacked.subarray(0, 5000))]).toThrow(/^Vector file ends at byte \d+/);
  });
});

describe('outcomes', () => {
  it('survive writing and reading, whatever changed', () => {
    const prng = new Prng(7);
    const image = (): CpuImage => ({
      gpr: BigUint64Array.from({ length: 16 }, () =>
        BigInt.asUintN(prng.pick([8, 16, 32, 64]), (BigInt(prng.next()) << 32n) | BigInt(prng.next())),
      ),
      rflags: prng.next() & 0x20_4fd7,
      xmm: Uint8Array.from({ length: 256 }, () => prng.next()),
      mxcsr: prng.next() & 0xffff,
      fsBase: 0n,
      gsBase: 0n,
      rip: BigInt(CODE_BASE + prng.below(4096)),
    });
    const fpu = (): FpuImage => ({
      control: prng.next() & 0x1f7f,
      status: prng.next() & 0xffff,
      tags: prng.next() & 0xff,
      registers: Uint8Array.from({ length: 128 }, (_, i) => (i % 16 < 10 ? prng.next() : 0)),
    });
    for (let round = 0; round < 500; round++) {
      const before = image();
      if (round % 4 === 3) before.fpu = fpu();
      const after = prng.below(3) === 0 ? { ...before, gpr: before.gpr.slice(), xmm: before.xmm.slice() } : image();
      if (round % 2) after.xmm.set(before.xmm.subarray(round % 16), round % 16);
      if (before.fpu) after.fpu = round % 8 === 3 ? fpu() : { ...before.fpu, status: prng.next() & 0xffff };
      const fault = round % 5 === 0 ? prng.below(20) : undefined;
      const changed = round % 3 ? [] : [{ address: DATA_BASE + round, bytes: Uint8Array.of(1, 2, round & 255) }];
      const out = new ByteWriter();
      writeOutcome(out, before, 3, { fault, cpu: after, changed });
      const reader = new ByteReader(out.finish());
      expect(readOutcome(reader, before, 3)).toEqual({ fault, cpu: after, changed });
      expect(reader.atEnd).toBe(true);
    }
  });
});
