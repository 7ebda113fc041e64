import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addressOf, flatten } from '../bochs/guests.ts';
import { type Batch, kernelOf, tableImage } from './batch.ts';
import { FXAREA, ORIGIN, OUTPUT, PAGE, PRISTINE, RECORD, TEMPLATE_BYTES } from './layout.ts';
import { firstEmpty, STEPS_PER_CASE, Stuck } from './ownMachine.ts';

/** A folder without a disk: there are thousands of files. */
const MEMORY_FILES = '/dev/shm';
/** No batch takes that long. */
const SECONDS = 1800;

/**
 * 64 KiB at the top of the 4 GiB: from the reset vector to flat 32-bit protected mode, then to ORIGIN. There is no
 * BIOS.
 */
function bootRom(): Uint8Array {
  const rom = new Uint8Array(0x10000).fill(0xf4);
  const code = [
    ...[0xfa], // cli
    ...[0x66, 0x2e, 0x0f, 0x01, 0x16, 0x40, 0x00], // lgdtl %cs:0x40
    ...[0x66, 0xb8, 0x11, 0x00, 0x00, 0x00], // movl $0x11, %eax
    ...[0x0f, 0x22, 0xc0], // movl %eax, %cr0
    ...[0x66, 0xb8, 0x10, 0x00, 0x00, 0x00], // movl $0x10, %eax
    ...[0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0], // movw %ax, %ds; %es; %ss
    ...[0x66, 0xea, 0x00, 0x00, 0x10, 0x00, 0x08, 0x00], // ljmpl $8, $ORIGIN
  ];
  rom.set(code, 0);
  const view = new DataView(rom.buffer);
  view.setUint16(0x40, 0x17, true);
  view.setUint32(0x42, 0xffff_0048, true);
  view.setBigUint64(0x50, 0x00cf_9b00_0000_ffffn, true);
  view.setBigUint64(0x58, 0x00cf_9300_0000_ffffn, true);
  rom.set([0xe9, 0x0d, 0x00], 0xfff0); // jmp to offset 0 (0xfff3 + 0x000d)
  return rom;
}

/**
 * Runs a batch in Bochs under its debugger.
 *
 * @param state takes the FXSAVE image of the last case that had one
 * @throws Error with Bochs's last words when the kernel does not come to its end
 */
export async function runInBochs(path: string, batch: Batch, state?: Uint8Array): Promise<Uint8Array> {
  if (!existsSync(path))
    throw new Error(`There is no Bochs at ${path}; --bochs names one that was built with its debugger.`);
  const image = await kernelOf(batch.mode);
  const folder = mkdtempSync(join(existsSync(MEMORY_FILES) ? MEMORY_FILES : tmpdir(), 'fuzz-'));
  try {
    writeFileSync(join(folder, 'rom'), bootRom());
    writeFileSync(join(folder, 'vga'), new Uint8Array(0x8000));
    const loads = [...loadPages(folder, ORIGIN, flatten(image)), ...loadPages(folder, PRISTINE, tableImage(batch))];
    const configuration = [
      'cpu: model=tigerlake, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0',
      'memory: guest=128, host=128',
      'romimage: file=rom',
      'vga: extension=none',
      'vgaromimage: file=vga',
      'display_library: nogui',
      'log: log',
      'panic: action=fatal',
      'error: action=ignore',
      'info: action=ignore',
    ];
    writeFileSync(join(folder, 'bochsrc'), `${configuration.join('\n')}\n`);
    const length = batch.cases.length * RECORD;
    const commands = [
      ...loads,
      `lb 0x${addressOf(image, 'exit').toString(16)}`,
      `s ${1_000_000 + batch.cases.length * STEPS_PER_CASE}`,
      `writemem "outcomes" 0x${OUTPUT.toString(16)} ${length}`,
      `writemem "state" 0x${FXAREA.toString(16)} ${TEMPLATE_BYTES}`,
      'r',
      'q',
    ];
    const output = execFileSync(path, ['-debugger', '-q', '-f', 'bochsrc'], {
      cwd: folder,
      input: `${commands.join('\n')}\n`,
      encoding: 'latin1',
      timeout: SECONDS * 1000,
      maxBuffer: 2 ** 28,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const file = join(folder, 'outcomes');
    if (!existsSync(file)) throw new Error(`Bochs wrote no memory:\n${output.slice(-2000)}`);
    const outcomes = new Uint8Array(readFileSync(file));
    if (!/Breakpoint 1/.test(output)) {
      const reached = firstEmpty(outcomes);
      throw new Stuck(reached, outcomes, `Bochs stopped in case ${reached}: ${output.slice(-1500)}`);
    }
    state?.set(readFileSync(join(folder, 'state')));
    return outcomes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Debugger commands that load memory. One file a page: `loadmem` puts every 4 KiB of a file at the same address. */
function loadPages(folder: string, address: number, bytes: Uint8Array): string[] {
  const commands: string[] = [];
  for (let at = 0; at < bytes.length; at += PAGE) {
    const name = `m${(address + at).toString(16)}`;
    writeFileSync(join(folder, name), bytes.subarray(at, at + PAGE));
    commands.push(`loadmem "${name}" 0x${(address + at).toString(16)}`);
  }
  return commands;
}
