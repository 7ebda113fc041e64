import type { CpuidOverrides, MsrOverrides } from '../../emulator/cpu/profiles/overrides.ts';
import { START_STATES, type StartState } from '../../emulator/loaders/image.ts';
import { cpuidField, msrsField, seedField } from './processorOverrides.ts';
import { RequestError } from './requestError.ts';

/** What `launch` and `restart` ask for, checked, defaults filled in. */
export interface LaunchArguments {
  readonly program: string;
  /** Absent: chosen by the program. */
  readonly start?: StartState;
  readonly cpu: string;
  readonly features: Readonly<Record<string, boolean>>;
  /** Raw CPUID bits and MSRs after reset (`emulator/cpu/profiles/overrides.ts`). */
  readonly cpuid: CpuidOverrides;
  readonly msrs: MsrOverrides;
  /** Of RDRAND and RDSEED. */
  readonly seed: number;
  readonly memoryBytes: number;
  readonly stopOnEntry: boolean;
  /** The command line of a multiboot guest after the program's name, or of Linux. */
  readonly append: string;
  /** A file: the multiboot guest's module, or Linux's initial RAM disk. Absent for none. */
  readonly initrd?: string;
  /** Processors. */
  readonly cpus: number;
  readonly machine: 'bare';
  readonly include: readonly string[];
  readonly defines: Readonly<Record<string, string>>;
  readonly disassemblySyntax: 'att' | 'intel';
  /** VS Code's "Run Without Debugging": breakpoints and exception filters are off. */
  readonly noDebug: boolean;
}

/** vCPUs that a machine can have. */
export const MOST_CPUS = 8;
const MEBIBYTE = 2 ** 20;
const DEFAULT_MEMORY = '128M';
const MAX_MEMORY = 3584 * MEBIBYTE;
const MEMORY = /^(\d+(?:\.\d+)?)\s*([KMG])(?:i?B)?$/i;
const UNITS: Readonly<Record<string, number>> = { K: 1024, M: MEBIBYTE, G: 1024 * MEBIBYTE };

/** Reads one field: its value when right, undefined when wrong. An absent field is given as its default. */
interface Field<T> {
  readonly default: unknown;
  /** Finishes the sentence `memory is 5; … is expected.` */
  readonly expected: string;
  read(value: unknown): T | undefined;
}

const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
const truth = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const oneOf =
  <T extends string>(names: readonly T[]) =>
  (value: unknown): T | undefined =>
    names.find((name) => name === value);

function texts(value: unknown): string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** `128M`, `1.5G`, or a number of MiB, to bytes; the machine wants whole 2-MiB pages. */
export function readMemorySize(value: unknown): number | undefined {
  let bytes: number;
  if (typeof value === 'number') bytes = value * MEBIBYTE;
  else {
    const match = typeof value === 'string' ? MEMORY.exec(value.trim()) : null;
    if (match === null) return undefined;
    bytes = Number(match[1]) * UNITS[match[2]!.toUpperCase()]!;
  }
  const rounded = Math.ceil(bytes / (2 * MEBIBYTE)) * 2 * MEBIBYTE;
  return Number.isFinite(bytes) && bytes >= MEBIBYTE && rounded <= MAX_MEMORY ? rounded : undefined;
}

function truths(value: unknown): Record<string, boolean> | undefined {
  if (!isObject(value)) return undefined;
  return Object.values(value).every((item) => typeof item === 'boolean')
    ? (value as Record<string, boolean>)
    : undefined;
}

/** As `-D NAME=value` would: `true` is 1, `false` leaves the name undefined. */
function definitions(value: unknown): Record<string, string> | undefined {
  if (!isObject(value)) return undefined;
  const result: Record<string, string> = {};
  for (const [name, item] of Object.entries(value)) {
    if (item === true) result[name] = '1';
    else if (typeof item === 'string' || (typeof item === 'number' && Number.isFinite(item))) result[name] = `${item}`;
    else if (item !== false) return undefined;
  }
  return result;
}

type FieldTable = {
  readonly [Name in Exclude<keyof LaunchArguments, 'memoryBytes'>]-?: Field<LaunchArguments[Name]>;
} & {
  readonly memory: Field<number>;
};

const FIELDS: FieldTable = {
  program: {
    default: undefined,
    expected: 'the path of a .s, .S or .asm source, of an ELF file or of a Linux kernel',
    read: (value) => (typeof value === 'string' && value.trim() !== '' ? value : undefined),
  },
  start: { default: undefined, expected: `one of ${START_STATES.join(', ')}`, read: oneOf(START_STATES) },
  cpu: { default: 'tigerlake', expected: 'the name of a CPU profile: tigerlake or sapphirerapids', read: text },
  features: { default: {}, expected: 'an object from CPUID feature names to true or false', read: truths },
  cpuid: {
    default: {},
    expected: 'an object such as { "7.0.ebx": { "set": "0x100", "clear": "0x8" } }',
    read: cpuidField,
  },
  msrs: { default: {}, expected: 'an object such as { "0x3a": 5 }', read: msrsField },
  seed: { default: 0, expected: 'a whole number from 0 to 4294967295', read: seedField },
  memory: {
    default: DEFAULT_MEMORY,
    expected: `a size such as "${DEFAULT_MEMORY}" or "1G", or a number of MiB, from 1 MiB to 3584 MiB,`,
    read: readMemorySize,
  },
  stopOnEntry: { default: false, expected: 'true or false', read: truth },
  append: { default: '', expected: 'a string', read: text },
  initrd: { default: undefined, expected: 'the path of a file', read: text },
  cpus: {
    default: 1,
    expected: `a whole number from 1 to ${MOST_CPUS}`,
    read: (value) =>
      typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_CPUS ? value : undefined,
  },
  machine: { default: 'bare', expected: 'bare', read: oneOf(['bare'] as const) },
  include: { default: [], expected: 'an array of folder paths', read: texts },
  defines: { default: {}, expected: 'an object from symbol names to strings, numbers or booleans', read: definitions },
  disassemblySyntax: { default: 'att', expected: 'att or intel', read: oneOf(['att', 'intel'] as const) },
  noDebug: { default: false, expected: 'true or false', read: truth },
};

/** Fields without a default. */
const OPTIONAL: ReadonlySet<string> = new Set(['program', 'start', 'initrd']);

/** Throws a RequestError with one sentence for each wrong field: its name, its value, what was expected. */
export function readLaunchArguments(value: unknown): LaunchArguments {
  if (!isObject(value)) throw new RequestError('The launch arguments are not an object.');
  const result: Record<string, unknown> = {};
  const sentences: string[] = [];
  for (const [name, field] of Object.entries(FIELDS)) {
    const given = value[name];
    if (given === undefined && OPTIONAL.has(name)) {
      if (name === 'program') sentences.push(`program is missing; ${field.expected} is expected.`);
      continue;
    }
    const read = field.read(given === undefined ? field.default : given);
    if (read === undefined) sentences.push(`${name} is ${show(given)}; ${field.expected} is expected.`);
    else result[name === 'memory' ? 'memoryBytes' : name] = read;
  }
  if (sentences.length > 0) throw new RequestError(sentences.join('\n'));
  return result as unknown as LaunchArguments; // FIELDS is typed to cover every key of LaunchArguments.
}

function show(value: unknown): string {
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
}
