/** The cases of user mode on the processor at hand: processor.c, built with gcc. Linux on x86-64. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Batch, tableImage } from './batch.ts';
import { INPUT, PAGE, PRISTINE, RECORD, TEMPLATE_BYTES, TEMPLATE_COUNT, TEMPLATES } from './layout.ts';

const OWN_DIRTY = 204;
const OUT_PAGES = 192;
const DIRTY = 0x40;

let program: string | undefined;

function build(): string {
  if (program !== undefined) return program;
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-processor-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  program = join(folder, 'processor');
  const source = fileURLToPath(new URL('processor.c', import.meta.url));
  execFileSync('gcc', ['-O2', '-msse4.2', '-Wall', '-Wextra', '-fno-stack-protector', '-o', program, source]);
  return program;
}

/**
 * @param own the outcomes of this project's machine, whose dirty pages are what the processor's are summed up of
 * @throws Error when gcc is missing or the program fails
 */
export function runOnProcessor(batch: Batch, own: Uint8Array): Uint8Array {
  const bits = Number(batch.mode);
  const image = tableImage(batch);
  const table = image.slice(INPUT - PRISTINE);
  const view = new DataView(table.buffer);
  for (let i = 0; i < batch.cases.length; i++) {
    let mask = 0;
    for (let page = 0; page < 6; page++) if (own[i * RECORD + OUT_PAGES + page]! & DIRTY) mask |= 1 << page;
    view.setUint32(i * RECORD + OWN_DIRTY, mask, true);
  }
  const head = new Uint8Array(Uint32Array.of(batch.cases.length, bits).buffer);
  const templates = image.subarray(TEMPLATES - PRISTINE, TEMPLATES - PRISTINE + TEMPLATE_COUNT * TEMPLATE_BYTES);
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'fuzz-'));
  try {
    const [input, output] = [join(folder, 'input'), join(folder, 'output')];
    writeFileSync(input, new Uint8Array(Buffer.concat([head, image.subarray(0, 6 * PAGE), templates, table])));
    execFileSync(build(), [input, output], { stdio: 'inherit' });
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
