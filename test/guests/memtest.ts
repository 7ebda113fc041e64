/** memtest86+ as Debian packages it, fetched by apt into `.cache/`; nothing of it is part of the project. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLinux } from '../../adapter/program/linux.ts';
import type { RunExit } from '../../emulator/api.ts';
import { loadGuest } from '../../emulator/loaders/load.ts';
import { Machine } from '../../emulator/machine.ts';

const cache = join(dirname(fileURLToPath(import.meta.url)), '../../.cache/memtest');
const directory = join(cache, 'package');
const images = { x64: 'boot/memtest86+x64.bin', ia32: 'boot/memtest86+ia32.bin' } as const;
export type MemtestImage = keyof typeof images;

/** Why memtest86+ cannot be had here; undefined when it is there or can be fetched. */
export function missingMemtest(): string | undefined {
  if (existsSync(join(directory, images.x64))) return undefined;
  try {
    execFileSync('apt-get', ['--version'], { stdio: 'ignore' });
    execFileSync('dpkg-deb', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'memtest86+ is fetched by apt-get and dpkg-deb, which are not installed';
  }
}

/** Answers the path of an image, the package fetched and unpacked when it is not there yet. */
export function fetchMemtest(image: MemtestImage): string {
  const path = join(directory, images[image]);
  if (existsSync(path)) return path;
  const work = join(cache, `fetch-${process.pid}`);
  mkdirSync(work, { recursive: true });
  run('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', 'memtest86+'], work);
  const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
  if (!archive) throw new Error('apt-get download memtest86+ brought no .deb file, expected one.');
  run('dpkg-deb', ['-x', archive, 'package'], work);
  if (!existsSync(directory)) renameSync(join(work, 'package'), directory);
  rmSync(work, { recursive: true, force: true });
  return path;
}

function run(command: string, parameters: readonly string[], cwd: string): void {
  try {
    execFileSync(command, parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`${command} cannot fetch memtest86+:\n${stderr?.toString() ?? String(error)}`);
  }
}

/** A terminal's control sequence, and the start of one at the end of a text. */
const sequence = new RegExp(`${'\\x1b'}\\[[0-9;?]*[A-Za-z]`, 'g');
const unfinished = new RegExp(`${'\\x1b'}(\\[[0-9;?]*)?$`);

export interface MemtestOptions {
  readonly image: MemtestImage;
  readonly start: 'linux' | 'linux64';
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** memtest86+ with its serial console, and somebody at it. */
export class Memtest {
  readonly machine: Machine;
  /** What came over the console, without the sequences that place it on the screen. */
  output = '';
  private readonly decoder = new TextDecoder('latin1');

  constructor({ image, start, memoryBytes, cpus }: MemtestOptions) {
    this.machine = Machine.create({ cpu: 'tigerlake', memoryBytes, cpus });
    let raw = '';
    this.machine.onSerialOutput((bytes) => {
      raw += this.decoder.decode(bytes);
      // A sequence may come in parts.
      const complete = raw.replace(unfinished, '');
      this.output += complete.replace(sequence, '\n');
      raw = raw.slice(complete.length);
    });
    const program = readLinux(new Uint8Array(readFileSync(fetchMemtest(image))));
    if (!program) throw new Error('memtest86+ is no Linux kernel image, expected one.');
    loadGuest(this.machine, program, start, { commandLine: 'console=ttyS0,115200 nopause nobench nosm' });
  }

  /** Runs until the console has shown `text` since the last wait. Throws when that takes more than `millionSteps`. */
  waitFor(text: string, millionSteps: number): void {
    const from = this.seen;
    for (let step = 0; step < millionSteps; step++) {
      const exit: RunExit = this.machine.run(1_000_000);
      const at = this.output.indexOf(text, from);
      if (at >= 0) {
        this.seen = at + text.length;
        return;
      }
      if (exit.kind !== 'budget') throw new Error(`memtest86+ ended: ${JSON.stringify(exit)}\n${this.tail()}`);
    }
    throw new Error(`'${text}' did not come within ${millionSteps} million steps:\n${this.tail()}`);
  }
  private seen = 0;

  tail(): string {
    return this.output.slice(-2000);
  }

  type(keys: string): void {
    this.machine.serialInput(new TextEncoder().encode(keys));
  }

  /** Through its menus while it tests: which of its tests a pass consists of. It then starts anew. */
  selectTests(change: { readonly only: number } | { readonly without: number }): void {
    this.waitFor('Testing', 1000);
    this.type('1');
    this.waitFor('<F1>  Test selection', 1000);
    this.type('1');
    this.waitFor('<F2>  Remove one test', 1000);
    this.type('only' in change ? '13' : '2');
    this.waitFor('Enter test #', 1000);
    this.type(`${'only' in change ? change.only : change.without}\r`);
    this.type('00');
  }

  /** Whether the console's last line of counts tells of a pass, and how many errors it tells of. */
  counts(): { readonly passes: number; readonly errors: number } | undefined {
    const last = [...this.output.matchAll(/Pass: +(\d+) +Errors: +(\d+)/g)].at(-1);
    return last && { passes: Number(last[1]), errors: Number(last[2]) };
  }

  /** Runs until the first pass is done. */
  finishPass(millionSteps: number): void {
    for (let step = 0; step < millionSteps; step += 10) {
      const exit = this.machine.run(10_000_000);
      if (exit.kind !== 'budget') throw new Error(`memtest86+ ended: ${JSON.stringify(exit)}\n${this.tail()}`);
      if ((this.counts()?.passes ?? 0) > 0) return;
    }
    throw new Error(`No pass was done within ${millionSteps} million steps:\n${this.tail()}`);
  }
}
