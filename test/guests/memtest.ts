import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLinux } from '../../adapter/program/linux.ts';
import { loadGuest } from '../../emulator/loaders/load.ts';
import { Machine } from '../../emulator/machine.ts';
import { fetchPackage, missingPackages } from './debianPackage.ts';
import { SerialConsole } from './serialConsole.ts';

const images = { x64: 'boot/memtest86+x64.bin', ia32: 'boot/memtest86+ia32.bin' } as const;
export type MemtestImage = keyof typeof images;

/** Why memtest86+ cannot be had here; undefined when it is there or can be fetched. */
export const missingMemtest = (): string | undefined => missingPackages('memtest86+');

export interface MemtestOptions {
  readonly image: MemtestImage;
  readonly start: 'linux' | 'linux64';
  readonly memoryBytes: number;
  readonly cpus: number;
}

/** memtest86+ with its serial console, and somebody at it. */
export class Memtest {
  readonly machine: Machine;
  readonly console: SerialConsole;

  constructor({ image, start, memoryBytes, cpus }: MemtestOptions) {
    this.machine = Machine.create({ cpu: 'tigerlake', memoryBytes, cpus });
    this.console = new SerialConsole(this.machine);
    const program = readLinux(new Uint8Array(readFileSync(join(fetchPackage('memtest86+'), images[image]))));
    if (!program) throw new Error('memtest86+ is no Linux kernel image, expected one.');
    loadGuest(this.machine, program, start, { commandLine: 'console=ttyS0,115200 nopause nobench nosm' });
  }

  /** Through its menus while it tests: which of its tests a pass consists of. It then starts anew. */
  selectTests(change: { readonly only: number } | { readonly without: number }): void {
    this.console.waitFor('Testing', 1000);
    this.console.type('1');
    this.console.waitFor('<F1>  Test selection', 1000);
    this.console.type('1');
    this.console.waitFor('<F2>  Remove one test', 1000);
    this.console.type('only' in change ? '13' : '2');
    this.console.waitFor('Enter test #', 1000);
    this.console.type(`${'only' in change ? change.only : change.without}\r`);
    this.console.type('00');
  }

  /** Whether the console's last line of counts tells of a pass, and how many errors it tells of. */
  counts(): { readonly passes: number; readonly errors: number } | undefined {
    const last = [...this.console.output.matchAll(/Pass: +(\d+) +Errors: +(\d+)/g)].at(-1);
    return last && { passes: Number(last[1]), errors: Number(last[2]) };
  }

  /** Runs until the first pass is done. */
  finishPass(millionSteps: number): void {
    for (let step = 0; step < millionSteps; step += 10) {
      const exit = this.machine.run(10_000_000);
      if (exit.kind !== 'budget') throw new Error(`memtest86+ ended: ${JSON.stringify(exit)}\n${this.console.tail()}`);
      if ((this.counts()?.passes ?? 0) > 0) return;
    }
    throw new Error(`No pass was done within ${millionSteps} million steps:\n${this.console.tail()}`);
  }
}
