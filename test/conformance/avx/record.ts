/** Remakes data/avx.bin.gz and data/faults.bin.gz on this machine: `npx tsx test/conformance/avx/record.ts`. Needs gcc, AVX2. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultPlan } from './faultPlan.ts';
import { encodeFile } from './file.ts';
import { plan, STATE_BYTES, stateBefore } from './plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'avx-'));
const program = join(folder, 'recorder');
execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', program, fileURLToPath(new URL('recorder.c', import.meta.url))]);
const SIZE = 4 + 16 + STATE_BYTES;

function record(name: string, cases: readonly { readonly code: Uint8Array; readonly before: Uint8Array }[]): void {
  const input = Buffer.alloc(4 + cases.length * SIZE);
  input.writeUInt32LE(cases.length, 0);
  for (const [i, { code, before }] of cases.entries()) {
    const at = 4 + i * SIZE;
    input.writeUInt32LE(code.length, at);
    input.set(code, at + 4);
    input.set(before, at + 20);
  }
  writeFileSync(join(folder, 'input'), new Uint8Array(input));
  execFileSync(program, [join(folder, 'input'), join(folder, 'output')], { stdio: 'inherit' });
  const output = new Uint8Array(readFileSync(join(folder, 'output')));
  const packed = encodeFile(
    cpus()[0]!.model,
    cases.map(({ before }, i) => ({ before, after: output.subarray(i * STATE_BYTES, (i + 1) * STATE_BYTES) })),
  );
  writeFileSync(new URL(`../data/${name}.bin.gz`, import.meta.url), packed);
  console.log(`${name}: ${cases.length} vectors, ${packed.length} bytes`);
}

record(
  'avx',
  plan().flatMap((group) =>
    group.encodings.flatMap((encoding) =>
      Array.from({ length: encoding.cases }, (_, i) => ({
        code: encoding.code,
        before: stateBefore(group, encoding, i),
      })),
    ),
  ),
);
record('faults', faultPlan());
rmSync(folder, { recursive: true });
