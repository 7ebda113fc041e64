import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { Disassembler } from '../../../adapter/session/disassembler.ts';
import { ProgramView } from '../../../adapter/session/programView.ts';
import { memoryMachine } from '../../emulator/memoryMachine.ts';

const START = 0x1000n;
/** push %rbp; mov %rsp,%rbp; movabs $…,%rax; call +0; pop %rbp; ret; then a data byte that starts no instruction. */
const CODE = Uint8Array.of(
  ...[0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8],
  ...[0xe8, 0x00, 0x00, 0x00, 0x00, 0x5d, 0xc3, 0x06],
);
const BOUNDARIES = [0x1000n, 0x1001n, 0x1004n, 0x100en, 0x1013n, 0x1014n, 0x1015n];

const image = (symbols: ProgramImage['symbols']): ProgramImage => ({
  ...{ bits: 64, entry: START, segments: [], lines: [], sources: [], frames: [], warnings: [], symbols },
  sections: [{ name: '.text', address: START, size: BigInt(CODE.length), executable: true, writable: false }],
});
const main = { name: 'main', address: START, size: 0n, kind: 'label', global: true } as const;

function disassembler(symbols: ProgramImage['symbols'] = [main], memoryBytes = 0x2000) {
  const { machine, memory } = memoryMachine(memoryBytes);
  memory.set(CODE, Number(START));
  return new Disassembler(machine, new ProgramView(image(symbols)), 'att');
}

const addresses = (rows: readonly { address: bigint }[]) => rows.map(({ address }) => address);

describe('Disassembler', () => {
  it('decodes forwards, naming branch targets', () => {
    const rows = disassembler().rows(START, 0, 7);
    expect(addresses(rows)).toEqual(BOUNDARIES);
    expect(rows.map(({ text }) => text)).toEqual([
      'push %rbp',
      'mov %rsp,%rbp',
      'movabs $0xe8e8e8e8e8e8e8e8,%rax',
      'call 0x1013 <main+0x13>',
      'pop %rbp',
      'ret',
      '(bad)',
    ]);
  });

  it('decodes backwards from a symbol, though another start would fall into step later', () => {
    expect(addresses(disassembler().rows(0x1014n, -5, 5))).toEqual(BOUNDARIES.slice(0, 5));
  });

  it('takes its bearings from executed instructions', () => {
    const without = disassembler([]);
    without.learn([0x1004n]);
    expect(addresses(without.rows(0x1014n, -3, 3))).toEqual([0x1004n, 0x100en, 0x1013n]);
  });

  it('always has the base as a row, even in the middle of an instruction', () => {
    const rows = disassembler().rows(0x1006n, -4, 10);
    expect(addresses(rows)).toContain(0x1006n);
  });

  it('pads what cannot be read', () => {
    const rows = disassembler([main], 0x1000 + CODE.length).rows(0x1015n, 0, 4);
    expect(rows.map(({ valid }) => valid)).toEqual([false, false, false, false]);
    expect(rows.at(-1)?.text).toBe('(unreadable)');
  });

  it('returns exactly the rows asked for, contiguous, with the base among them, over any bytes', () => {
    const bytes = fc.uint8Array({ minLength: 64, maxLength: 256 });
    fc.assert(
      fc.property(
        bytes,
        fc.integer({ min: -60, max: 20 }),
        fc.integer({ min: 1, max: 80 }),
        fc.nat(300),
        (data, offset, count, at) => {
          const { machine, memory } = memoryMachine(0x2000);
          memory.set(data, 0x1000);
          const rows = new Disassembler(machine, new ProgramView(image([main])), 'intel').rows(
            START + BigInt(at),
            offset,
            count,
          );
          expect(rows).toHaveLength(count);
          for (const [index, row] of rows.entries()) {
            const next = rows[index + 1];
            if (next !== undefined) expect(next.address).toBe(row.address + BigInt(row.length));
          }
          if (offset <= 0 && -offset < count) expect(rows[-offset]!.address).toBe(START + BigInt(at));
        },
      ),
      { numRuns: 200 },
    );
  });
});
