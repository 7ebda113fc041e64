/**
 * Builds freestanding C guests with the machine's gcc into `.cache/guests/`. All of them:
 * `npx tsx test/guests/build.ts`.
 *
 * A guest starts at its entry in the `long64` (or `protected32`) state, is linked at 1 MiB, writes text to the serial
 * port 0x3f8 and ends by a write of its result to port 0xf4.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchZlib, zlibSources } from './zlib.ts';

const here = dirname(fileURLToPath(import.meta.url));
export const guestCache = join(here, '../../.cache/guests');
const runtime = join(here, 'freestanding');

/** As distributions build, with every CET instruction in place. */
const guestOptions = ['-O2', '-g', '-fcf-protection=full'];
const freestanding = (bits: 32 | 64) => [
  ...['-ffreestanding', '-fno-stack-protector', '-fno-pic', '-fasynchronous-unwind-tables'],
  ...(bits === 64 ? ['-mcmodel=small', '-mno-red-zone'] : ['-m32', '-march=i686']),
  // Our headers and the compiler's own; none of the system's.
  ...['-nostdinc', '-isystem', join(runtime, 'include'), '-isystem', compilerHeaders()],
];

export interface GuestBuild {
  readonly name: string;
  /** C and assembly sources, and objects; absolute paths. */
  readonly sources: readonly string[];
  /** Compiler options beside those of every guest; later ones win. */
  readonly options?: readonly string[];
  /** Without the start-up code and the small C library: the sources define `_start` and all else. */
  readonly bare?: boolean;
  /** 32 makes an ELF32 for `protected32`; 64 unless told. */
  readonly bits?: 32 | 64;
}

let headers: string | undefined;
function compilerHeaders(): string {
  headers ??= execFileSync('gcc', ['-print-file-name=include'], { encoding: 'utf8' }).trim();
  return headers;
}

/** Why guests cannot be built here; undefined when they can. */
export function missingToolchain(): string | undefined {
  if (process.arch !== 'x64' || process.platform !== 'linux') return 'guests are built by gcc on x86-64 Linux';
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'gcc is not installed';
  }
}

/** Compiles and links one guest; answers the ELF's path. */
export function buildGuest({ name, sources, options = [], bare = false, bits = 64 }: GuestBuild): string {
  const own = bare ? [] : [join(runtime, 'crt0.S'), library(bits)];
  const link = ['-nostdlib', '-static', '-no-pie', '-Wl,--build-id=none', '-Wl,-T', join(runtime, 'guest.ld')];
  return compile(`${name}.elf`, [...guestOptions, ...freestanding(bits), ...options, ...link, ...own, ...sources]);
}

/** Compiles one source to an object that both a guest and a native program can be linked from. */
export function buildObject(name: string, source: string, options: readonly string[] = ['-O2', '-g']): string {
  return compile(`${name}.o`, ['-c', '-fno-pic', '-fno-stack-protector', ...options, source]);
}

/** Builds an ordinary program of this machine, for the answers that guests must give. */
export function buildNative(name: string, sources: readonly string[], options: readonly string[] = []): string {
  return compile(name, ['-O2', '-g', '-no-pie', '-fno-pic', ...options, ...sources]);
}

const zlibCheck = join(here, 'programs/zlib-check.c');

/** zlib by others from Debian's source package, and a main of ours that checks it. */
export function buildZlibGuest(bits: 32 | 64 = 64): string {
  const directory = fetchZlib();
  const name = bits === 64 ? 'zlib' : 'zlib32';
  return buildGuest({ name, bits, sources: [zlibCheck, ...zlibSources(directory)], options: ['-I', directory] });
}

export function buildZlibNative(): string {
  const directory = fetchZlib();
  return buildNative('zlib-native', [zlibCheck, ...zlibSources(directory)], ['-I', directory]);
}

/** x87 arithmetic: one object for the guest and for a program of this machine, which of 32 bits has no C library. */
export function buildFloating(bits: 32 | 64): { readonly guest: string; readonly native: string } {
  const width = bits === 64 ? [] : ['-m32', '-march=i686'];
  const semantics = [
    '-mfpmath=387',
    '-std=gnu11',
    '-fexcess-precision=standard',
    '-fno-math-errno',
    '-fno-strict-aliasing',
  ];
  const isolated = ['-ffreestanding', '-nostdinc', '-isystem', join(runtime, 'include'), '-isystem', compilerHeaders()];
  const object = buildObject(`floating${bits}`, join(here, 'programs/floating.c'), [
    ...['-O2', '-g', '-Wall', '-Wextra', '-mno-red-zone'],
    ...[...width, ...semantics, ...isolated],
  ]);
  const alone = [...width, '-ffreestanding', '-nostdlib', '-static', join(here, 'programs/linux32.c')];
  return {
    guest: buildGuest({ name: `floating${bits}`, bits, sources: [object] }),
    native: buildNative(`floating${bits}-native`, [object], bits === 64 ? [] : alone),
  };
}

/** gcc's own loops must not be turned back into calls of the functions that they implement. */
function library(bits: 32 | 64): string {
  const options = [...guestOptions, ...freestanding(bits), '-fno-tree-loop-distribute-patterns'];
  return compile(`libc${bits}.o`, ['-c', ...options, join(runtime, 'libc.c')]);
}

/** Runs gcc unless the output of the same inputs is there; other processes may be building the same. */
function compile(output: string, parameters: readonly string[]): string {
  mkdirSync(guestCache, { recursive: true });
  const path = join(guestCache, output);
  const stamp = `${path}.stamp`;
  const inputs = digest(parameters);
  if (existsSync(path) && existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) return path;
  const temporary = `${path}.${process.pid}${output.endsWith('.o') ? '.o' : ''}`;
  try {
    execFileSync('gcc', [...parameters, '-o', temporary], { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    throw new Error(`gcc cannot build ${output}:\n${stderr?.toString() ?? String(error)}`);
  }
  renameSync(temporary, path);
  writeFileSync(stamp, inputs);
  return path;
}

function digest(parameters: readonly string[]): string {
  const hash = createHash('sha256');
  const headers = readdirSync(join(runtime, 'include')).map((name) => join(runtime, 'include', name));
  const files = [...parameters, ...headers, join(runtime, 'ports.h')].filter((each) => /\.[cShlod]+$/.test(each));
  for (const each of parameters) hash.update(`${each}\n`);
  for (const file of files) if (existsSync(file)) hash.update(new Uint8Array(readFileSync(file)));
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of [buildZlibGuest(64), buildZlibGuest(32), buildZlibNative()]) process.stdout.write(`${path}\n`);
}
