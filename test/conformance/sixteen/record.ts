/** Remakes `data/integer16.bin.gz` on this machine: `npx tsx test/conformance/sixteen/record.ts`. Needs gcc and x86-64 Linux. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { background, COUNT, type SixteenCase } from './cases.ts';
import { caseAt, FILE } from './node.ts';
import { type SixteenOutcome, writeOutcomes } from './outcomes.ts';

const ARITHMETIC_AND_DF = 0xcd5;

function encode(cases: readonly SixteenCase[]): Uint8Array {
  const memory = background();
  const out = Buffer.alloc(4 + memory.length + cases.length * 60);
  let at = out.writeUInt32LE(cases.length, 0);
  out.set(memory, at);
  at += memory.length;
  for (const { ip, code, registers, flags } of cases) {
    at = out.writeUInt32LE(ip, at);
    at = out.writeUInt32LE(code.length, at);
    out.set(code, at);
    at += 16;
    for (const value of [...registers, flags]) at = out.writeUInt32LE(value, at);
  }
  return new Uint8Array(out);
}

function decode(bytes: Buffer, count: number): { brand: string; outcomes: SixteenOutcome[] } {
  let at = 48;
  const outcomes = Array.from({ length: count }, (): SixteenOutcome => {
    const word = () => {
      at += 4;
      return bytes.readUInt32LE(at - 4);
    };
    const [fault, errorCode] = [word(), word()];
    const registers = Array.from({ length: 8 }, word);
    const [eip, flags, runs] = [word(), word() & ARITHMETIC_AND_DF, word()];
    const changed = Array.from({ length: runs }, () => {
      const [from, length] = [word(), word()];
      at += length;
      return { at: from, bytes: Uint8Array.from(bytes.subarray(at - length, at)) };
    });
    return { fault, errorCode, registers, eip, flags, changed };
  });
  return { brand: bytes.toString('latin1', 0, 48).replaceAll('\0', '').trim(), outcomes };
}

const folder = mkdtempSync(join(tmpdir(), 'shadowstep-sixteen-'));
try {
  const program = join(folder, 'recorder16');
  const source = fileURLToPath(new URL('recorder16.c', import.meta.url));
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-fno-stack-protector', '-o', program, source]);
  const cases = Array.from({ length: COUNT }, (_, index) => caseAt(index));
  writeFileSync(join(folder, 'input'), encode(cases));
  execFileSync(program, [join(folder, 'input'), join(folder, 'output')], { stdio: 'inherit' });
  const { brand, outcomes } = decode(readFileSync(join(folder, 'output')), COUNT);
  const packed = gzipSync(writeOutcomes(brand, cases, outcomes), { level: 9 });
  writeFileSync(FILE, new Uint8Array(packed));
  const done = outcomes.filter(({ fault }) => fault === 3).length;
  console.log(`${COUNT} cases (${COUNT - done} fault), ${packed.length} bytes, on ${brand}`);
} finally {
  rmSync(folder, { recursive: true });
}
