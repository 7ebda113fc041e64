import { START_STATES, type StartState } from '../../emulator/loaders/image.ts';
import { readMemorySize } from '../session/launchArguments.ts';

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
  readonly include: readonly string[];
  readonly defines: Readonly<Record<string, string>>;
  readonly modules: readonly string[];
}

/** Options that take a value, as the next argument or after `=`. */
const VALUED = [
  '--append',
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
  GUEST               an assembly source (.s, .S, .asm) or an ELF file
  --append TEXT       multiboot command line after the program's name
  --cpu NAME          CPU profile: tigerlake (default), sapphirerapids
  --feature [+-]NAME  adds or removes a CPUID feature; may be repeated
  --memory SIZE       guest RAM, 128M by default, at most 3584M
  --start STATE       ${START_STATES.join(', ')}; by default chosen by the guest
  --module FILE       a multiboot module; may be repeated
  --include DIR       where .include and #include look; may be repeated
  --define NAME[=V]   a symbol for the assembler; may be repeated
  --max-steps N       stop after N steps with status 124
  --json[=FILE]       a JSON summary as the last line of stderr, or in FILE
Serial output goes to stdout. The status is the guest's, (code << 1 | 1) & 255 for a code written to port 0xf4;
3 when the guest halted for ever, 4 after a triple fault, 5 for something unsupported, 124 at --max-steps,
130 after Ctrl-C, 2 for a mistake on the command line or in the guest's source.`;

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
    features: readFeatures(values.get('--feature') ?? []),
    include: values.get('--include') ?? [],
    defines: readDefines(values.get('--define') ?? []),
    modules: values.get('--module') ?? [],
    ...(start && { start }),
    ...(json && { json }),
  };
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
