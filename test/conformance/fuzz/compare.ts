/** Compares outcomes of two machines, without what the SDM leaves undefined, and says what differs. */
import { Code, Decoder, DecoderOptions, Formatter, FormatterSyntax, type Instruction } from 'iced-x86';
import { UNDEFINED } from '../undefinedFlags.ts';
import type { Setting } from './exclusions.ts';
import {
  decodeOutcome,
  type FuzzCase,
  GPR_NAMES,
  MEMORY_BYTES,
  ORIGIN,
  type Outcome,
  RECORD,
  SEGMENT_NAMES,
} from './layout.ts';

export interface Difference {
  readonly index: number;
  readonly item: FuzzCase;
  readonly here: Outcome;
  readonly there: Outcome;
  /** Names of what differs. */
  readonly fields: readonly string[];
}

const RF = 0x10000;

export function differences(
  cases: readonly FuzzCase[],
  here: Uint8Array,
  there: Uint8Array,
  bits: 16 | 32 | 64,
  against: Setting['against'] = 'bochs',
): Difference[] {
  const found: Difference[] = [];
  for (const [index, item] of cases.entries()) {
    const [from, to] = [index * RECORD, (index + 1) * RECORD];
    if (Buffer.compare(here.subarray(from, to), there.subarray(from, to)) === 0) continue;
    const [a, b] = [decodeOutcome(here, index), decodeOutcome(there, index)];
    const fields = against === 'processor' ? userFields(item, a, b, bits) : differingFields(item, a, b, bits);
    if (fields.length > 0) found.push({ index, item, here: a, there: b, fields });
  }
  return found;
}

function differingFields(item: FuzzCase, a: Outcome, b: Outcome, bits: 16 | 32 | 64): string[] {
  const fields: string[] = [];
  const simple = ['vector', 'error', 'cr2', 'ip', 'dr6', 'memory', 'fx', 'status', 'fsBase', 'gsBase'] as const;
  for (const name of simple) if (a[name] !== b[name]) fields.push(name);
  for (const name of SEGMENT_NAMES) if (a.selectors[name] !== b.selectors[name]) fields.push(name);
  a.pages.forEach((page, i) => {
    if (page !== b.pages[i]) fields.push(`page${i}`);
  });
  const undefinedAfter = undefinedOf(item, bits);
  if (((a.flags ^ b.flags) & ~undefinedAfter.flags & ~RF) !== 0) fields.push('flags');
  a.gpr.forEach((value, i) => {
    if (value !== b.gpr[i] && !undefinedAfter.gprs.includes(i)) fields.push(GPR_NAMES[i]!);
  });
  if (undefinedAfter.gprs.length > 0) return fields.filter((name) => name !== 'memory');
  return fields;
}

/** Linux keeps the last page of the lower half to itself. */
const PROCESS_END = 0x7fff_ffff_f000n;

/** What a process of user mode sees. */
function userFields(item: FuzzCase, a: Outcome, b: Outcome, bits: 16 | 32 | 64): string[] {
  const hidden = ['dr6', 'fsBase', 'gsBase', ...SEGMENT_NAMES];
  const fields = differingFields(item, a, b, bits).filter(
    (name) =>
      !hidden.includes(name) &&
      !name.startsWith('page') &&
      // What the upper half of ESP holds on a 16-bit stack, the way into the case has left there.
      !(bits === 16 && name === 'rsp' && ((a.gpr[4]! ^ b.gpr[4]!) & 0xffffn) === 0n),
  );
  const kernel = a.cr2 >= PROCESS_END || (a.cr2 < BigInt(MEMORY_BYTES) && a.cr2 >= BigInt(ORIGIN));
  // The present bit tells where the kernel lies, the instruction-fetch bit whether NX is on.
  const hiddenBits = (kernel ? 1 : 0) | (bits === 64 ? 0 : 0x10);
  const sameError = a.vector === 14 && ((a.error ^ b.error) & ~hiddenBits) === 0;
  return sameError ? fields.filter((name) => name !== 'error') : fields;
}

/** Flags and registers that the instruction leaves undefined, by the same rows as the vectors'. */
function undefinedOf(item: FuzzCase, bits: 16 | 32 | 64): { flags: number; gprs: number[] } {
  return withInstruction(item, bits, (instruction) => {
    const name = Code[instruction.code] ?? '';
    const mnemonic = /^(?:VEX_)?[^_]+/.exec(name)?.[0] ?? name;
    const width = Number(/_(?:rm|r|m)(8|16|32|64)/.exec(name)?.[1] ?? 0);
    const raw = name.endsWith('_1')
      ? 1
      : name.endsWith('_CL')
        ? Number(item.gpr[1]! & 0xffn)
        : item.code[instruction.length - 1]!;
    const count = raw & (width === 64 ? 63 : 31);
    let flags = 0;
    const gprs: number[] = [];
    for (const row of UNDEFINED) {
      if (!row.mnemonics.includes(mnemonic)) continue;
      if (row.when && !row.when({ count, width, zero: true })) continue;
      flags |= row.flags;
      if (row.destination) gprs.push(...GPR_NAMES.keys());
    }
    return { flags, gprs };
  });
}

export function withInstruction<T>(item: FuzzCase, bits: 16 | 32 | 64, use: (instruction: Instruction) => T): T {
  const decoder = new Decoder(bits, item.code, DecoderOptions.None);
  decoder.ip = item.ip;
  const instruction = decoder.decode();
  try {
    return use(instruction);
  } finally {
    instruction.free();
    decoder.free();
  }
}

const hex = (value: bigint | number): string => value.toString(16);

export function describe({ item, here, there, fields }: Difference, bits: 16 | 32 | 64): string {
  const { text, length } = withInstruction(item, bits, (instruction) => {
    const formatter = new Formatter(FormatterSyntax.Gas);
    const text = formatter.format(instruction);
    formatter.free();
    return { text, length: instruction.isInvalid ? 15 : instruction.length };
  });
  const bytes = [...item.code.subarray(0, length)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const value = (outcome: Outcome, name: string): string => {
    if (name.startsWith('page')) return hex(outcome.pages[Number(name.slice(4))]!);
    const register = GPR_NAMES.indexOf(name);
    if (register >= 0) return hex(outcome.gpr[register]!);
    if (name in outcome.selectors) return hex(outcome.selectors[name as 'cs']);
    return hex(outcome[name as 'vector']);
  };
  const start = GPR_NAMES.map((name, i) => `${name}=${hex(item.gpr[i]!)}`).filter((_, i) => bits === 64 || i < 8);
  const segments = SEGMENT_NAMES.map((name) => `${name}=${hex(item.selectors[name])}`);
  return [
    `${bytes}   ${text}   at ${hex(item.codeAt)}`,
    `  before: ${start.join(' ')}`,
    `  flags=${hex(item.flags)} ${segments.join(' ')} fs.base=${hex(item.fsBase)} gs.base=${hex(item.gsBase)} state=${item.template ?? '-'}`,
    ...fields.map((name) => `  ${name}: ${value(here, name)} here, ${value(there, name)} there`),
    `  ended by vector ${here.vector} here, ${there.vector} there`,
  ].join('\n');
}

/** The fields of two FXSAVE images that differ (SDM Vol. 1 table 10-2); a line each. */
export function describeState(here: Uint8Array, there: Uint8Array): string[] {
  const fields: [name: string, at: number, bytes: number][] = [
    ...([
      ['FCW', 0, 2],
      ['FSW', 2, 2],
      ['FTW', 4, 1],
      ['MXCSR', 24, 4],
    ] as [string, number, number][]),
    ...Array.from({ length: 8 }, (_, i): [string, number, number] => [`st${i}`, 32 + 16 * i, 10]),
    ...Array.from({ length: 16 }, (_, i): [string, number, number] => [`xmm${i}`, 160 + 16 * i, 16]),
  ];
  const value = (image: Uint8Array, at: number, bytes: number): string =>
    [...image.subarray(at, at + bytes)]
      .reverse()
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
  return fields
    .map(([name, at, bytes]) => [name, value(here, at, bytes), value(there, at, bytes)] as const)
    .filter(([, a, b]) => a !== b)
    .map(([name, a, b]) => `  ${name}: ${a} here, ${b} there`);
}
