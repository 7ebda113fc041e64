import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What boot.s copies to 1 MiB. */
export const GUEST_BYTES = 0x7_0000;

/** The boot ROM needs 16-bit code at its own addresses: GNU as and ld make it. */
export function assembleBoot(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'bochs-boot-'));
  const [object, rom] = [join(folder, 'boot.o'), join(folder, 'boot.rom')];
  execFileSync('as', ['-o', object, fileURLToPath(new URL('boot.s', import.meta.url))]);
  execFileSync('ld', ['-e', '0', '-Ttext=0', '--oformat', 'binary', '-o', rom, object]);
  const bytes = new Uint8Array(readFileSync(rom));
  rmSync(folder, { recursive: true });
  return bytes;
}

export interface BootFolder {
  /** The last 64 KiB of the ROM. */
  readonly boot: Uint8Array;
  /** What boot.s copies to 1 MiB. */
  readonly guest: Uint8Array;
  readonly model: string;
  readonly mebibytes: number;
  /** Further lines of the bochsrc. */
  readonly lines: readonly string[];
}

/** A new folder with all that a Bochs started in it by `-q -f bochsrc` needs; its log will be there too. */
export function bootFolder({ boot, guest, model, mebibytes, lines }: BootFolder): string {
  if (guest.length > GUEST_BYTES) throw new Error(`The guest has ${guest.length} bytes; ${GUEST_BYTES} fit.`);
  const folder = mkdtempSync(join(tmpdir(), 'bochs-'));
  const rom = new Uint8Array(GUEST_BYTES + boot.length);
  rom.set(guest);
  rom.set(boot, GUEST_BYTES);
  writeFileSync(join(folder, 'rom'), rom);
  writeFileSync(join(folder, 'vga'), new Uint8Array(0x8000));
  const configuration = [
    `cpu: model=${model}, count=1, ips=50000000, reset_on_triple_fault=0, ignore_bad_msrs=0`,
    `memory: guest=${mebibytes}, host=${mebibytes}`,
    'romimage: file=rom',
    'vga: extension=none',
    'vgaromimage: file=vga',
    'display_library: nogui',
    'log: log',
    'panic: action=fatal',
    ...lines,
  ];
  writeFileSync(join(folder, 'bochsrc'), `${configuration.join('\n')}\n`);
  return folder;
}
