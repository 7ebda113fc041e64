/** The programs that the ELF and DWARF tests read, and how the real tools build them from `sources/`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const fixturesDirectory = join(here, 'fixtures');
/** What the sources' directory is called in debug information, on every machine. */
export const sourceRoot = '/guest';

export interface Build {
  readonly name: string;
  readonly compiler: 'gcc' | 'clang';
  readonly options: readonly string[];
  readonly sources: readonly string[];
}

const c = ['main.c', 'helper.c'];
const common = ['-ffreestanding', '-fno-stack-protector', '-nostdlib', '-Wl,--build-id=none'];
const placed = ['-static', '-no-pie', '-fno-pie', '-Wl,-Ttext=0x100000', '-Wl,-N'];

function build(compiler: Build['compiler'], name: string, options: string, sources = c): Build {
  return { compiler, name, sources, options: [...common, ...options.split(' ').filter(Boolean)] };
}

/** Built fresh where gcc is: every DWARF version, both widths, with and without optimisation. */
export const gccBuilds: readonly Build[] = [2, 3, 4, 5].flatMap((version) =>
  ['-O0', '-O2'].flatMap((level) =>
    ['-m64', '-m32'].map((width) => {
      const name = `gcc${level}${width}-dwarf${version}`;
      return build('gcc', name, `${placed.join(' ')} ${level} ${width} -g -gdwarf-${version}`);
    }),
  ),
);

export const specialBuilds: readonly Build[] = [
  build('gcc', 'gcc-compressed', `${placed.join(' ')} -O2 -g -gdwarf-5 -gz=zlib`),
  build('gcc', 'gcc-compressed-m32', `${placed.join(' ')} -O2 -m32 -g -gdwarf-4 -gz=zlib`),
  build('gcc', 'gcc-dwarf64', `${placed.join(' ')} -O2 -g -gdwarf-5 -gdwarf64`),
  build('gcc', 'gcc-sections', `${placed.join(' ')} -O1 -g -gdwarf-5 -ffunction-sections -Wl,--gc-sections`),
  build('gcc', 'gcc-no-views', `${placed.join(' ')} -O2 -g -gno-as-loc-support -gno-column-info`),
  build('gcc', 'gcc-debug-frame', `${placed.join(' ')} -O2 -g -fno-asynchronous-unwind-tables`),
  build('gcc', 'static-pie', '-static-pie -fpie -O2 -g'),
  build('gcc', 'static-pie-m32', '-static-pie -fpie -m32 -O2 -g'),
  build('gcc', 'as-frames', `${placed.join(' ')} -g`, ['frames.s']),
];

/** Written by hand: one has only a line table, the other only unwind tables. */
export const oddBuilds: readonly Build[] = [
  build('gcc', 'odd-lines', placed.join(' '), ['odd-lines.s']),
  build('gcc', 'odd-frames', placed.join(' '), ['odd-frames.s']),
];

export const clangBuilds: readonly Build[] = [
  build('clang', 'clang-O2-dwarf5', `${placed.join(' ')} -O2 -g -gdwarf-5`),
  build('clang', 'clang-O0-m32-dwarf4', `${placed.join(' ')} -O0 -m32 -g -gdwarf-4`),
];

/** Committed with what GNU tools say of them, so that a machine without a compiler tests the readers too. */
export const fixtures: readonly Build[] = [
  ...clangBuilds,
  ...oddBuilds,
  ...[...gccBuilds, ...specialBuilds].filter(({ name }) =>
    ['gcc-O0-m32-dwarf4', 'gcc-compressed', 'static-pie', 'as-frames'].includes(name),
  ),
];

/** Runs the compiler; answers the path of the program. */
export function make(build: Build, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const output = join(directory, `${build.name}.elf`);
  const sources = join(here, 'sources');
  const renamed =
    build.sources[0]?.endsWith('.s') && build.compiler === 'gcc'
      ? [`-Wa,--debug-prefix-map,${sources}=${sourceRoot}`]
      : [`-ffile-prefix-map=${sources}=${sourceRoot}`];
  execFileSync(build.compiler, [...build.options, ...renamed, '-o', output, ...build.sources], {
    cwd: sources,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return output;
}

export function hasTool(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Whether the compiler builds 32-bit freestanding code here. */
export const hasGcc = hasTool('gcc') && hasTool('readelf') && hasTool('nm');

/** What GNU tools say of a program: `readelf` line table and unwind rows, `nm` symbols. */
export function record(path: string): { lines: string; frames: string; symbols: string } {
  const run = (tool: string, ...parameters: string[]) =>
    execFileSync(tool, [...parameters, path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 28,
      env: { ...process.env, LC_ALL: 'C' },
    });
  return {
    lines: run('readelf', '-W', '--debug-dump=decodedline'),
    frames: run('readelf', '-W', '--debug-dump=frames-interp'),
    symbols: run('nm', '-S', '--numeric-sort'),
  };
}
