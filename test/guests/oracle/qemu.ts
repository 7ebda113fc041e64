/** Runs a freestanding guest under QEMU from `long64` or `protected32`: what it must do, without the emulator. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guestCache } from '../build.ts';

const here = dirname(fileURLToPath(import.meta.url));

export interface QemuResult {
  /** What the guest wrote to its serial port. */
  readonly serial: string;
  /** `code * 2 + 1` of its write to the debug-exit port. */
  readonly status: number;
}

export function missingQemu(): string | undefined {
  try {
    execFileSync('qemu-system-x86_64', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'qemu-system-x86_64 is not installed';
  }
}

/** The guest must be an ELF with its entry at 1 MiB. Throws when it has not ended after `seconds`. */
export function runUnderQemu(guest: string, mebibytes = 256, seconds = 60): QemuResult {
  const kernel = startup(readFileSync(guest)[4] === 2 ? 64 : 32);
  const result = spawnSync(
    'qemu-system-x86_64',
    [
      ...[
        '-accel',
        'tcg',
        '-cpu',
        'max',
        '-m',
        String(mebibytes),
        '-display',
        'none',
        '-monitor',
        'none',
        '-no-reboot',
      ],
      ...['-serial', 'stdio', '-net', 'none', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'],
      ...['-kernel', kernel, '-device', `loader,file=${guest}`],
    ],
    { encoding: 'utf8', timeout: seconds * 1000 },
  );
  for (const path of [kernel, `${kernel}.o`]) rmSync(path);
  if (result.error) throw new Error(`QEMU did not end with ${guest}: ${result.error.message}`);
  if (result.status === null || result.status % 2 === 0) {
    throw new Error(`QEMU ended with status ${result.status} on ${guest}: ${result.stderr}`);
  }
  return { serial: result.stdout.replaceAll('\r', ''), status: result.status };
}

/** The multiboot program that makes the guest's entry state. */
function startup(bits: 32 | 64): string {
  mkdirSync(guestCache, { recursive: true });
  const path = join(guestCache, `entry${bits}-${process.pid}.elf`);
  const object = `${path}.o`;
  const options = bits === 32 ? ['-DPROTECTED32'] : [];
  execFileSync('gcc', ['-m32', '-c', ...options, '-o', object, join(here, 'entry.S')]);
  const link = ['-m', 'elf_i386', '-N', '-e', 'start', '-Ttext=0x90000', '--no-warn-rwx-segments'];
  execFileSync('ld', [...link, '-o', path, object]);
  return path;
}
