import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import { defaultFlags, type SectionFlags } from '../sections.ts';

interface Wanted {
  readonly name: string;
  readonly flags: SectionFlags | undefined;
  readonly subsection: number;
}

function sectionName(cursor: Cursor): string {
  cursor.skipBlanks();
  if (cursor.peek() === '"') return cursor.string();
  const found = /^[^\s,;"]+/.exec(cursor.text.slice(cursor.position, cursor.end));
  if (found === null) return cursor.fail('A section name is missing here.');
  cursor.position += found[0].length;
  return found[0];
}

/** `name[, subsection][, "flags"[, @type[, entry size or group]]]` of `.section` and `.pushsection`. */
function parseSection(assembler: Assembler, cursor: Cursor): Wanted {
  const name = sectionName(cursor);
  let flags: SectionFlags | undefined;
  let subsection = 0;
  if (cursor.take(',')) {
    cursor.skipBlanks();
    if (cursor.peek() !== '"' && cursor.peek() !== '@' && cursor.peek() !== '%') {
      subsection = subsectionNumber(assembler, cursor);
      cursor.take(',');
      cursor.skipBlanks();
    }
    if (cursor.peek() === '"') flags = flagsOf(cursor, name);
    if (cursor.take(',') || cursor.peek() === '@' || cursor.peek() === '%') {
      const type = typeOf(cursor);
      if (type !== undefined) flags = { ...(flags ?? defaultFlags(name)), empty: type === 'nobits' };
      // Entry size, group name, `comdat`, `unique`: they matter to a linker only.
      cursor.position = cursor.end;
    }
  }
  assembler.expectEnd(cursor);
  return { name, flags, subsection };
}

function flagsOf(cursor: Cursor, name: string): SectionFlags {
  const start = cursor.position;
  const text = cursor.string();
  const unknown = /[^awxMSGTeEdolRsuy?0-9]/.exec(text);
  if (unknown !== null)
    throw new StatementError(
      `"${unknown[0]}" is no section flag; the usual ones are a, w, x, M, S, G, T.`,
      start,
      cursor.position,
    );
  return {
    allocated: text.includes('a'),
    writable: text.includes('w'),
    executable: text.includes('x'),
    empty: defaultFlags(name).empty,
  };
}

function typeOf(cursor: Cursor): string | undefined {
  cursor.skipBlanks();
  const start = cursor.position;
  const found = /^([@%]|")([A-Za-z0-9_]+)"?/.exec(cursor.text.slice(start, cursor.end));
  if (found === null) return undefined;
  cursor.position += found[0].length;
  const type = found[2]!.toLowerCase();
  if (!/^(progbits|nobits|note|init_array|fini_array|preinit_array|unwind|0x[0-9a-f]+|[0-9]+)$/.test(type)) {
    throw new StatementError(
      `"@${found[2]}" is no section type; the usual ones are @progbits, @nobits, @note.`,
      start,
      cursor.position,
    );
  }
  return type;
}

function subsectionNumber(assembler: Assembler, cursor: Cursor): number {
  const start = cursor.position;
  const value = assembler.absolute(cursor);
  if (value < 0n || value > 8192n)
    throw new StatementError(`Subsections are numbered 0 to 8192, not ${value}.`, start, cursor.position);
  return Number(value);
}

function enter(assembler: Assembler, wanted: Wanted): void {
  const known = assembler.sections.all.get(wanted.name);
  const section = assembler.sections.get(wanted.name, wanted.flags);
  if (known !== undefined && wanted.flags !== undefined) {
    const { allocated, writable, executable, empty } = known.flags;
    const { flags } = wanted;
    const same =
      allocated === flags.allocated &&
      writable === flags.writable &&
      executable === flags.executable &&
      empty === flags.empty;
    const untouched = known.chains.size === 0;
    if (!same && untouched) known.flags = flags;
    else if (!same) assembler.warn(`Section ${wanted.name} keeps the flags that it was made with.`);
  }
  assembler.sections.select(section, wanted.subsection);
}

const section: Directive = (assembler, cursor) => enter(assembler, parseSection(assembler, cursor));

const push: Directive = (assembler, cursor) => {
  const wanted = parseSection(assembler, cursor);
  assembler.sections.push();
  enter(assembler, wanted);
};

/** `.text`, `.data`, `.bss` with an optional subsection. */
const named =
  (name: string): Directive =>
  (assembler, cursor) => {
    const subsection = cursor.skipBlanks().done ? 0 : subsectionNumber(assembler, cursor);
    assembler.expectEnd(cursor);
    assembler.sections.select(assembler.sections.get(name), subsection);
  };

const subsection: Directive = (assembler, cursor) => {
  const number = cursor.skipBlanks().done ? 0 : subsectionNumber(assembler, cursor);
  assembler.expectEnd(cursor);
  assembler.sections.select(assembler.chain.section, number);
};

export const sectionDirectives: Readonly<Record<string, Directive>> = {
  '.section': section,
  '.pushsection': push,
  '.popsection': (assembler, cursor) => {
    assembler.expectEnd(cursor);
    assembler.sections.pop();
  },
  '.previous': (assembler, cursor) => {
    assembler.expectEnd(cursor);
    assembler.sections.previous();
  },
  '.subsection': subsection,
  '.text': named('.text'),
  '.data': named('.data'),
  '.bss': named('.bss'),
};
