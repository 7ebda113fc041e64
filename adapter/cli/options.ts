import type { CpuidOverrides, MsrOverrides } from '../../emulator/cpu/profiles/overrides.ts';
import { START_STATES, type StartState } from '../../emulator/loaders/image.ts';
import { MOST_CPUS, readMemorySize } from '../session/launchArguments.ts';
import { readCpuidOptions, readMsrOptions, seedField } from '../session/processorOverrides.ts';

/** A mistake on the command line or with a file it names, in one sentence; the process ends with status 2. */
export class UsageError extends Error {}

export interface RunOptions {
  readonly guest: string;
  readonly append: string;
  readonly cpu: string;
  readonly memoryBytes: number;
  readonly start?: StartState;
  readonly maxSteps: number;
  /** The summary as JSON: on stderr, or in a file. */
  readonly json?: { readonly file?: string };
  readonly features: Readonly<Record<string, boolean>>;
  readonly cpuid: CpuidOverrides;
  readonly msrs: MsrOverrides;
  /** Of RDRAND and RDSEED. */
  readonly seed: number;
  readonly include: readonly string[];
  readonly defines: Readonly<Record<string, string>>;
  /** `--initrd`, then `--module`: boot modules. */
  readonly modules: readonly string[];
  readonly cpus: number;
  readonly machine: 'bare';
  /** Seconds of the host's clock. */
  readonly timeout: number;
}

/** Options that take a value, as the next argument or after `=`. */
const VALUED = [
  '--append',
  '--initrd',
  '--cpus',
  '--machine',
  '--timeout',
  '--features',
  '--cpuid',
  '--msr',
  '--seed',
  '--cpu',
  '--memory',
  '--start',
  '--max-steps',
  '--feature',
  '--include',
  '--define',
  '--module',
];
const KNOWN = [...VALUED, '--json'];

export const RUN_USAGE = `shadowstep run GUEST [options]
  GUEST               an assembly source (.s, .S, .asm), an ELF file or a Linux kernel image (bzImage)
  --append TEXT       command line of a multiboot or Linux guest; multiboot puts the program's name before it
  --initrd FILE       a multiboot guest's module, or Linux's initial RAM disk
  --cpus N            processors, 1 (default) to ${MOST_CPUS}
  --memory SIZE       guest RAM, 128M by default, at most 3584M
  --cpu PROFILE       CPU profile: tigerlake (default), sapphirerapids
  --features LIST     adds or removes CPUID features: +NAME,-NAME,…
  --feature [+-]NAME  one of them; both options may be repeated
  --cpuid PLACE=MASKS raw CPUID bits, such as 7.0.ebx=+0x100-0x8; may be repeated
  --msr NUMBER=VALUE  an MSR after reset, such as 0x3a=0x5; may be repeated
  --seed N            where RDRAND and RDSEED begin, 0 by default
  --machine NAME      bare (default): the guest has the processor for itself
  --start STATE       ${START_STATES.join(', ')}; by default chosen by the guest
  --module FILE       a further multiboot module; may be repeated
  --include DIR       where .include and #include look; may be repeated
  --define NAME[=V]   a symbol for the assembler; may be repeated
  --max-steps N       stop after N steps with status 124
  --timeout SECONDS   stop after so many seconds with status 124
  --json[=FILE]       a JSON summary as the last line of stderr, or in FILE
Serial output goes to stdout, serial input comes from stdin. The status is the guest's, (code << 1 | 1) & 255 for a
code written to port 0xf4; 0 when it switched the machine off; 3 when it halted for ever, 4 after a triple fault, 5 for
something unsupported, 6 when it reset the machine, 124 at --max-steps or --timeout, 130 after Ctrl-C, 2 for a mistake
on the command line or in the guest's source.`;

/** Reads the arguments after `run`. Throws a UsageError with one sentence. */
export function readRunOptions(args: readonly string[]): RunOptions {
  let guest: string | undefined;
  let json: RunOptions['json'];
  const values = new Map<string, string[]>();
  for (let index = 0; index < args.length; index++) {
    const argument = args[index]!;
    if (!argument.startsWith('--')) {
      if (guest !== undefined) throw new UsageError(`${argument} is a second guest; one is expected.`);
      guest = argument;
      continue;
    }
    const equals = argument.indexOf('=');
    const name = equals < 0 ? argument : argument.slice(0, equals);
    const attached = equals < 0 ? undefined : argument.slice(equals + 1);
    if (!KNOWN.includes(name))
      throw new UsageError(`${name} is not an option; one of ${KNOWN.join(', ')} is expected.`);
    if (name === '--json') {
      json = attached === undefined ? {} : { file: attached };
      continue;
    }
    const value = attached ?? args[++index];
    if (value === undefined) throw new UsageError(`${name} needs a value.`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  if (guest === undefined) throw new UsageError('The guest is missing: an assembly source or an ELF file is expected.');
  const last = (name: string) => values.get(name)?.at(-1);
  const start = readStart(last('--start'));
  return {
    guest,
    append: last('--append') ?? '',
    cpu: last('--cpu') ?? 'tigerlake',
    memoryBytes: readMemory(last('--memory') ?? '128M'),
    maxSteps: readSteps(last('--max-steps')),
    timeout: readSeconds(last('--timeout')),
    cpus: readCpus(last('--cpus') ?? '1'),
    machine: readMachine(last('--machine') ?? 'bare'),
    cpuid: inWords(() => readCpuidOptions(values.get('--cpuid') ?? [])),
    msrs: inWords(() => readMsrOptions(values.get('--msr') ?? [])),
    seed: readSeed(last('--seed')),
    features: {
      ...readFeatureLists(values.get('--features') ?? []),
      ...readFeatures(values.get('--feature') ?? []),
    },
    include: values.get('--include') ?? [],
    defines: readDefines(values.get('--define') ?? []),
    modules: [...(values.get('--initrd')?.slice(-1) ?? []), ...(values.get('--module') ?? [])],
    ...(start && { start }),
    ...(json && { json }),
  };
}

/** A RangeError's sentence as a mistake on the command line. */
function inWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function readSeed(text: string | undefined): number {
  const seed = seedField(text === undefined ? 0 : Number(text));
  if (seed === undefined || text === '')
    throw new UsageError(`--seed is ${text}; a whole number up to 4294967295 is expected.`);
  return seed;
}

function readStart(text: string | undefined): StartState | undefined {
  if (text === undefined) return undefined;
  const start = START_STATES.find((state) => state === text);
  if (start === undefined) throw new UsageError(`--start is ${text}; one of ${START_STATES.join(', ')} is expected.`);
  return start;
}

function readMemory(text: string): number {
  const bytes = readMemorySize(/^\d+$/.test(text) ? Number(text) : text);
  if (bytes === undefined)
    throw new UsageError(`--memory is ${text}; a size such as 128M, from 1M to 3584M, is expected.`);
  return bytes;
}

function readSteps(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const steps = Number(text);
  if (!Number.isSafeInteger(steps) || steps <= 0)
    throw new UsageError(`--max-steps is ${text}; a whole number above 0 is expected.`);
  return steps;
}

function readSeconds(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const seconds = Number(text);
  if (!Number.isFinite(seconds) || seconds <= 0)
    throw new UsageError(`--timeout is ${text}; a number of seconds above 0 is expected.`);
  return seconds;
}

function readCpus(text: string): number {
  const cpus = Number(text);
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > MOST_CPUS)
    throw new UsageError(`--cpus is ${text}; a whole number from 1 to ${MOST_CPUS} is expected.`);
  return cpus;
}

function readMachine(text: string): 'bare' {
  if (text !== 'bare') throw new UsageError(`--machine is ${text}; bare is expected.`);
  return text;
}

function readFeatureLists(lists: readonly string[]): Record<string, boolean> {
  const parts = lists.flatMap((list) => list.split(',')).map((part) => part.trim());
  for (const part of parts) {
    if (!/^[+-]\S+$/.test(part))
      throw new UsageError(`--features has '${part}'; +NAME or -NAME, separated by commas, is expected.`);
  }
  return readFeatures(parts);
}

function readFeatures(texts: readonly string[]): Record<string, boolean> {
  return Object.fromEntries(texts.map((text) => [text.replace(/^[+-]/, ''), !text.startsWith('-')]));
}

function readDefines(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, '1'] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
