import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootFolder, GUEST_BYTES } from '../bochs/boot.ts';
import type { UnitTest } from './config.ts';
import { execute } from './execute.ts';
import { environmentOf } from './invocation.ts';

/**
 * A test under Bochs, which has no multiboot loader: a ROM holds the image, puts it in its place and makes the state that
 * multiboot promises. Without a BIOS there is no fw_cfg; the environment says what it would.
 */
const MEMORY_MIB = 128;
const ROM_BYTES = 0x1_0000;

/** The model with most; without LASS, under which the suite's supervisor code cannot reach its user pages. */
const MODEL = 'arrow_lake, exclude_features="lass"';

/** Runs with one processor and little memory all the same. */
const MODEST = ['cet'];

/** Why a test cannot be asked of Bochs, or undefined. */
export function notForBochs({ name, processors, memoryMiB }: UnitTest): string | undefined {
  if (MODEST.includes(name)) return undefined;
  if (processors > 1) return 'several processors';
  return (memoryMiB ?? 0) > MEMORY_MIB ? 'more memory' : undefined;
}

interface Image {
  readonly entry: number;
  /** Where `bytes` begin. */
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The loaded part of an ELF32 file, from its lowest physical address on. */
export function loadedPart(file: Uint8Array): Image {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const word = (at: number) => view.getUint32(at, true);
  const [table, size, count] = [word(28), view.getUint16(42, true), view.getUint16(44, true)];
  const headers = Array.from({ length: count }, (_, i) => table + i * size).filter((at) => word(at) === 1);
  const parts = headers.map((at) => ({ address: word(at + 12), from: word(at + 4), length: word(at + 16) }));
  const address = Math.min(...parts.map((part) => part.address));
  const bytes = new Uint8Array(Math.max(...parts.map((part) => part.address + part.length)) - address);
  for (const part of parts) bytes.set(file.subarray(part.from, part.from + part.length), part.address - address);
  return { entry: word(24), address, bytes };
}

interface Boot {
  readonly image: Image;
  readonly commandLine: string;
  readonly environment: string;
}

/** Assembly of the ROM's last 64 KiB: flat 32-bit protected mode, EBX to the multiboot information (Multiboot 0.6.96 §3.2, §3.3). */
export function romSource({ image, commandLine, environment }: Boot): string {
  return `
    .equ ROM, 0xffff0000
    .code16
start:
    cli
    lgdtl %cs:gdt_pointer - start
    movl $0x11, %eax
    movl %eax, %cr0
    ljmpl $8, $ROM + start32 - start
    .code32
start32:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    movl %eax, %ss
    movl $ROM - ${GUEST_BYTES}, %esi
    movl $${image.address}, %edi
    movl $${image.bytes.length}, %ecx
    cld
    rep movsb
    movl $0x2badb002, %eax
    movl $ROM + information - start, %ebx
    movl $${image.entry}, %ecx
    jmp *%ecx
    .balign 8
gdt: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer: .word 23; .long ROM + gdt - start
    .balign 8
information:
    # Memory sizes, command line, modules, memory map
    .long 0x4d, 639, ${(MEMORY_MIB - 1) * 1024}, 0
    .long ROM + command_line - start, 1, ROM + module - start, 0, 0, 0, 0
    .long map_end - map, ROM + map - start
module: .long ROM + environment - start, ROM + environment_end - start, 0, 0
map: .long 20; .quad 0, 0x9fc00; .long 1
    .long 20; .quad 0x100000, ${(MEMORY_MIB - 1) * 0x10_0000}; .long 1
map_end:
command_line: .asciz ${JSON.stringify(commandLine)}
environment: .ascii ${JSON.stringify(environment)}
environment_end: .byte 0
    .org 0xfff0
    .code16
    jmp start
    .org 0xffff
    .byte 0
`;
}

function assemble(source: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'bochs-rom-'));
  const [text, object, rom] = [join(folder, 'rom.s'), join(folder, 'rom.o'), join(folder, 'rom')];
  writeFileSync(text, source);
  execFileSync('as', ['--32', '-o', object, text]);
  execFileSync('ld', ['-m', 'elf_i386', '-e', '0', '-Ttext=0', '--oformat', 'binary', '-o', rom, object]);
  const bytes = new Uint8Array(readFileSync(rom));
  rmSync(folder, { recursive: true });
  if (bytes.length !== ROM_BYTES) throw new Error(`The ROM has ${bytes.length} bytes; ${ROM_BYTES} are expected.`);
  return bytes;
}

/** A folder with all that `bochs -q -f bochsrc` needs; serial output will be in its file `serial`. */
function bochsFolder(test: UnitTest, path: string): string {
  const image = loadedPart(new Uint8Array(readFileSync(path)));
  const environment = `NR_CPUS=1\nMEMSIZE=${MEMORY_MIB}\n${environmentOf(test) ?? ''}`;
  const boot = assemble(romSource({ image, commandLine: `${test.file} ${test.append}`.trimEnd(), environment }));
  return bootFolder({
    boot,
    guest: image.bytes,
    model: MODEL,
    mebibytes: MEMORY_MIB,
    // Each test reads MSRs that CPUID tells of and Bochs does not have.
    lines: ['cpu: ignore_bad_msrs=1', 'com1: enabled=1, mode=file, dev=serial'],
  });
}

const [PASSED, FAILED, SKIPPED, LATE, CRASHED] = [1, 3, 77, 124, 4];

/** Status as `shadowstep run` would give it. Bochs tells none: only that the test switched it off, which ends all of them. */
function statusOf(serial: string, log: string, status: number): number {
  if (status === LATE) return LATE;
  if (!log.includes('Shutdown port: shutdown requested')) return CRASHED;
  if (/^FAIL/m.test(serial)) return FAILED;
  if (/^Unhandled exception|assert failed/m.test(serial)) return CRASHED;
  return /^SKIP/m.test(serial) && !/^PASS/m.test(serial) ? SKIPPED : PASSED;
}

export async function runUnderBochs(
  path: string,
  test: UnitTest,
  image: string,
  limits: { readonly seconds: number; readonly log?: string },
): Promise<{ output: string; status: number }> {
  const folder = bochsFolder(test, image);
  const { status } = await execute({ command: path, parameters: ['-q', '-f', 'bochsrc'], folder, ...limits });
  const read = (name: string) => {
    const file = join(folder, name);
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  };
  const output = read('serial');
  const ended = statusOf(output, read('log'), status);
  if (limits.log !== undefined) writeFileSync(limits.log, output);
  rmSync(folder, { recursive: true });
  return { output, status: ended };
}
