import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type AssembleOptions, type AssembleResult, assemble } from '../../../adapter/program/assembler/index.ts';
import type { GnuProgram } from './gnuProgram.ts';
import { GROUPS, type Mode, sampleLines } from './samples.ts';

export const CORPUS = fileURLToPath(new URL('./corpus/', import.meta.url));

/** A list of single statements with what GNU as makes of each. */
export interface StatementSet {
  /** File stem of the recorded bytes below `corpus/`. */
  readonly name: string;
  readonly mode: Mode;
  readonly syntax: 'att' | 'intel';
  readonly lines: readonly string[];
}

/** Lines before the statements: the mode, the syntax, and names that statements may use (weak: their value is 0). */
export const headerOf = ({ mode, syntax }: StatementSet): string[] => [
  `.code${mode}`,
  '.weak foo, table',
  syntax === 'intel' ? '.intel_syntax noprefix' : '',
];

/** Every form of iced's table, as samples: integer, system, CET and VMX in all modes, the vector sets in 64-bit mode. */
export function* formSets(): Generator<StatementSet> {
  for (const group of GROUPS) {
    for (const mode of [64, 32, 16] as const) {
      if (mode !== 64 && group.name !== 'integer') continue;
      for (const syntax of ['att', 'intel'] as const) {
        if (group.name === 'avx' && syntax === 'intel') continue;
        yield { name: `forms/${group.name}-${syntax}-${mode}`, mode, syntax, lines: sampleLines(group, mode, syntax) };
      }
    }
  }
}

/** Statements written by hand: short names, aliases, defaults, prefixes, symbols. */
export function* writtenSets(): Generator<StatementSet> {
  for (const file of readdirSync(join(CORPUS, 'statements')).sort()) {
    const match = /^(att|intel)-(16|32|64)\.s$/.exec(file);
    if (match === null) continue;
    const lines = readFileSync(join(CORPUS, 'statements', file), 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    yield {
      name: `statements/${match[1]}-${match[2]}`,
      mode: Number(match[2]) as Mode,
      syntax: match[1] as 'att' | 'intel',
      lines,
    };
  }
}

/** Recorded bytes: one line a statement, "-" where GNU as refuses it, "=" where they are those of the line above. */
export function packBytes(bytes: readonly (string | undefined)[]): string {
  return `${bytes.map((one, index) => (one === undefined ? '-' : index > 0 && bytes[index - 1] === one ? '=' : one)).join('\n')}\n`;
}

export function readBytes(name: string): (string | undefined)[] {
  const rows = readFileSync(join(CORPUS, `${name}.hex`), 'utf8')
    .trimEnd()
    .split('\n');
  const result: (string | undefined)[] = [];
  for (const row of rows) result.push(row === '-' ? undefined : row === '=' ? result[result.length - 1] : row);
  return result;
}

interface Difference {
  readonly set: string;
  readonly line: string;
  readonly why: string;
}

/** Where this assembler differs on purpose; `line` is a regular expression for the whole statement. */
export function differences(): { set: RegExp; line: RegExp; why: string }[] {
  const list = JSON.parse(readFileSync(join(CORPUS, 'differences.json'), 'utf8')) as Difference[];
  return list.map(({ set, line, why }) => ({ set: new RegExp(`^(${set})$`), line: new RegExp(`^(${line})$`), why }));
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A reader over texts in memory. */
export const readerOf = (files: Readonly<Record<string, string | Uint8Array>>) => ({
  read: (path: string): Promise<Uint8Array | undefined> => {
    const content = files[path];
    return Promise.resolve(typeof content === 'string' ? Uint8Array.from(Buffer.from(content, 'latin1')) : content);
  },
});

export const assembleText = (text: string, options: AssembleOptions = {}, name = 'main.s'): Promise<AssembleResult> =>
  assemble(name, options, readerOf({ [name]: text }));

/** Each statement's bytes as this assembler makes them; an error's message, after "!", where it refuses one. */
export async function ourBytes(set: StatementSet, wanted: readonly number[]): Promise<Map<number, string>> {
  const result = new Map<number, string>();
  const header = headerOf(set);
  let left = [...wanted];
  // Diagnostics are capped and an error withholds the image, so refused statements are taken out and the rest run again.
  for (let round = 0; left.length > 0 && round < 50; round++) {
    const text = [...header, ...left.map((index) => set.lines[index]!)].join('\n');
    const { diagnostics, listing, image } = await assembleText(`${text}\n`, { origin: 0n });
    if (image !== undefined) {
      for (const row of listing) {
        const index = left[row.line - 1 - header.length]!;
        result.set(index, (result.get(index) ?? '') + hex(row.bytes));
      }
      break;
    }
    const refused = new Set<number>();
    for (const { severity, line, message } of diagnostics) {
      const index = left[line - 1 - header.length];
      if (severity !== 'error' || index === undefined) continue;
      refused.add(index);
      result.set(index, `!${message}`);
    }
    if (refused.size === 0) throw new Error(`No statement of ${set.name} is at fault: ${diagnostics[0]?.message}`);
    left = left.filter((index) => !refused.has(index));
  }
  return result;
}

/** Fields that a linker fills are zero in GNU as's listing: a branch's or RIP-relative displacement is left out. */
export function comparable(line: string, bytes: string): string {
  if (!/\b(foo|table)\b|^(bnd )?(j[a-z]+|call[a-z]?)(,p[nt])? 0x[0-9a-f]+$/.test(line)) return bytes;
  if (
    /^((bnd|data16|data32|addr16|addr32|notrack) )?(j|call|loop|xbegin)/.test(line) &&
    !/[*[:$]|(word|fword|tbyte|far) ptr/.test(line)
  )
    return `${bytes.length} digits`;
  if (/rip|offset foo\+4/.test(line)) return `${bytes.length} digits`;
  return bytes;
}

export interface ProgramSource {
  readonly name: string;
  readonly main: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Whole programs; `#--- name` begins a further file. */
export function programs(): ProgramSource[] {
  const folder = join(CORPUS, 'programs');
  return readdirSync(folder)
    .filter((file) => /\.[sS]$/.test(file))
    .sort()
    .map((file) => {
      const files: Record<string, string> = { [file]: '' };
      let current = file;
      for (const line of readFileSync(join(folder, file), 'latin1').split('\n')) {
        const begin = /^#--- (\S+)/.exec(line);
        if (begin !== null) {
          current = begin[1]!;
          files[current] = '';
        } else files[current] += `${line}\n`;
      }
      return { name: file, main: file, files };
    });
}

export const readExpected = (): Record<string, GnuProgram> =>
  JSON.parse(readFileSync(join(CORPUS, 'programs', 'expected.json'), 'utf8')) as Record<string, GnuProgram>;

/** What an assembled program amounts to, in the terms of {@link GnuProgram}. */
export function summary(result: AssembleResult): GnuProgram {
  const image = result.image!;
  const sections: Record<string, string> = {};
  for (const [index, { name }] of image.sections.entries()) sections[name] = hex(image.segments[index]!.data);
  const symbols: Record<string, string> = {};
  for (const { name, address } of image.symbols) symbols[name] = address.toString(16);
  const lines = image.lines.map(
    ({ address, file, line, endSequence }) =>
      `${address.toString(16)} ${endSequence ? 'end' : `${basename(image.sources[file]!)}:${line}`}`,
  );
  return { sections, symbols, lines };
}
