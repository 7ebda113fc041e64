import { type DiagnosticSink, StatementError } from '../diagnostics.ts';
import { candidates } from '../directives/include.ts';
import type { FileCache, FileTable, Origin, SourceLine } from '../source.ts';
import { splitLines, stringEnd } from '../text.ts';
import type { AssembleOptions } from '../types.ts';
import { conditionHolds } from './condition.ts';
import { Definitions, Incomplete } from './definitions.ts';
import { type LogicalLine, logicalLines } from './lines.ts';
import { type Token, tokenize } from './tokens.ts';

const DEEPEST_INCLUDE = 100;
const MOST_LINES = 2_000_000;

/** What GCC defines for an assembler source on x86-64 and a guest can rely on. */
const PREDEFINED = [
  '__ASSEMBLER__ 1',
  '__x86_64__ 1',
  '__x86_64 1',
  '__amd64__ 1',
  '__amd64 1',
  '__ELF__ 1',
  '__LP64__ 1',
  '_LP64 1',
];

interface Condition {
  readonly line: Origin;
  readonly outer: boolean;
  active: boolean;
  taken: boolean;
  sawElse: boolean;
}

/**
 * Runs the C preprocessor over an assembler source: what `gcc -E -x assembler-with-cpp` does, with every line still
 * knowing its file and line. Throws `FileNeeded` for a file not read yet; run it again then.
 */
export function preprocess(
  path: string,
  content: Uint8Array,
  options: AssembleOptions,
  files: FileTable,
  cache: FileCache,
  sink: DiagnosticSink,
): SourceLine[] {
  const run = new Preprocessor(options, files, cache, sink);
  run.file(path, content);
  return run.out;
}

class Preprocessor {
  readonly out: SourceLine[] = [];
  readonly #options: AssembleOptions;
  readonly #files: FileTable;
  readonly #cache: FileCache;
  readonly #sink: DiagnosticSink;
  readonly #definitions = new Definitions();
  readonly #once = new Set<string>();
  readonly #includes: Origin[] = [];
  #conditions: Condition[] = [];
  #origin: Origin = { file: 0, line: 0 };
  #width = 1;
  #counter = 0;
  #processed = 0;
  #stopped = false;

  constructor(options: AssembleOptions, files: FileTable, cache: FileCache, sink: DiagnosticSink) {
    this.#options = options;
    this.#files = files;
    this.#cache = cache;
    this.#sink = sink;
    for (const text of PREDEFINED) this.#definitions.define(text);
    for (const [name, value] of Object.entries(options.defines ?? {}))
      this.#definitions.define(`${name} ${value === '' ? '1' : value}`);
    const number = (value: number): Token => ({ kind: 'number', text: String(value), space: false });
    this.#definitions.builtins.set('__LINE__', () => number(this.#origin.line));
    this.#definitions.builtins.set('__COUNTER__', () => number(this.#counter++));
    this.#definitions.builtins.set('__INCLUDE_LEVEL__', () => number(this.#includes.length));
    this.#definitions.builtins.set('__FILE__', () => ({
      kind: 'string',
      text: JSON.stringify(this.#files.path(this.#origin.file)),
      space: false,
    }));
  }

  file(path: string, content: Uint8Array): void {
    const file = this.#files.index(path);
    const lines = logicalLines(new TextDecoder().decode(content), (line) =>
      this.#report('error', 'This block comment never ends.', { file, line }),
    );
    const outer = this.#conditions;
    this.#conditions = [];
    for (let index = 0; index < lines.length; index++) {
      const line = lines[index]!;
      if (this.#stopped) return;
      this.#origin = { file, line: line.line };
      this.#width = Math.max(1, line.text.trimEnd().length);
      try {
        const directive = /^\s*#\s*([A-Za-z_]*)(.*)$/s.exec(line.text);
        if (directive !== null) this.#directive(directive[1]!, directive[2]!);
        else if (this.#active) index = this.#text(lines, index, file);
      } catch (error) {
        if (!(error instanceof StatementError)) throw error;
        this.#report('error', error.message, { file, line: line.line });
      }
      if (++this.#processed > MOST_LINES) {
        this.#report('error', `The source runs over more than ${MOST_LINES} lines with its includes.`, this.#origin);
        this.#stopped = true;
      }
    }
    for (const { line } of this.#conditions) this.#report('error', 'This #if has no #endif.', line);
    this.#conditions = outer;
  }

  #report(severity: 'error' | 'warning', message: string, origin: Origin): void {
    const chain = [...this.#includes]
      .reverse()
      .slice(0, 6)
      .map(({ file, line }) => `included from ${this.#files.path(file)}:${line}`)
      .join(', ');
    this.#sink.add(severity, message, { origin, column: 1, endColumn: this.#width + 1, chain });
  }

  get #active(): boolean {
    return this.#conditions.every(({ active }) => active);
  }

  /** Expands a text line, with those after it when a call spans them; gives the index of the last one used. */
  #text(lines: readonly LogicalLine[], start: number, file: number): number {
    let { text, exact } = lines[start]!;
    let index = start;
    text = withoutHash(text);
    for (;;) {
      let expanded: string;
      try {
        expanded = this.#hasMacro(text) ? this.#definitions.expandText(text) : text;
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error;
        const next = lines[index + 1];
        if (next === undefined || index - start > 1000) {
          throw new StatementError(`The call of macro "${error.name}" has no closing parenthesis.`);
        }
        index++;
        text += ` ${withoutHash(next.text).trim()}`;
        exact = false;
        continue;
      }
      if (expanded !== text) exact = false;
      if (/^\s*\/|#/.test(expanded))
        expanded = splitLines(expanded, this.#files.path(file), this.#files, () => {})[0]?.text ?? '';
      this.out.push({ text: expanded, origin: this.#origin, exact });
      return index;
    }
  }

  #hasMacro(text: string): boolean {
    for (const [name] of text.matchAll(/[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/g))
      if (this.#definitions.has(name)) return true;
    return false;
  }

  #directive(name: string, rest: string): void {
    switch (name) {
      case 'if':
      case 'ifdef':
      case 'ifndef':
        this.#begin(name, rest);
        return;
      case 'elif':
      case 'elifdef':
      case 'elifndef':
        this.#elif(name, rest);
        return;
      case 'else':
        this.#else();
        return;
      case 'endif':
        if (this.#conditions.pop() === undefined) throw new StatementError('#endif has no #if before it.');
        return;
    }
    if (!this.#active) return;
    switch (name) {
      case 'define':
        this.#definitions.define(rest);
        return;
      case 'undef': {
        const word = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*$/.exec(rest);
        if (word === null) throw new StatementError('#undef needs one name.');
        this.#definitions.delete(word[1]!);
        return;
      }
      case 'include':
        this.#include(rest);
        return;
      case 'error':
        throw new StatementError(`#error ${rest.trim()}`);
      case 'warning':
        this.#report('warning', `#warning ${rest.trim()}`, this.#origin);
        return;
      case 'pragma':
        if (rest.trim() === 'once') this.#once.add(this.#files.path(this.#origin.file));
        return;
      // Anything else after "#" is a comment to the assembler.
    }
  }

  #begin(name: string, rest: string): void {
    if (this.#conditions.length >= 1000) throw new StatementError('Conditions are nested more than 1000 deep.');
    const outer = this.#active;
    const condition: Condition = { line: this.#origin, outer, active: false, taken: !outer, sawElse: false };
    this.#conditions.push(condition);
    if (!outer) return;
    const holds = this.#holds(name, rest);
    condition.active = holds;
    condition.taken = holds;
  }

  #holds(name: string, rest: string): boolean {
    if (name === 'if' || name === 'elif') return conditionHolds(this.#conditionTokens(rest));
    const word = /^\s*([A-Za-z_][A-Za-z0-9_]*)/.exec(rest);
    if (word === null) throw new StatementError(`#${name} needs a name.`);
    return this.#definitions.has(word[1]!) === (name === 'ifdef');
  }

  /** Replaces `defined X` before, and macros after. */
  #conditionTokens(rest: string): Token[] {
    const source = tokenize(rest);
    const tokens: Token[] = [];
    for (let index = 0; index < source.length; index++) {
      const token = source[index]!;
      if (token.text !== 'defined') {
        tokens.push(token);
        continue;
      }
      const open = source[index + 1]?.text === '(';
      const name = source[index + (open ? 2 : 1)];
      if (name?.kind !== 'identifier' || (open && source[index + 3]?.text !== ')'))
        throw new StatementError('"defined" needs a name.');
      tokens.push({ kind: 'number', text: this.#definitions.has(name.text) ? '1' : '0', space: true });
      index += open ? 3 : 1;
    }
    try {
      return this.#definitions.expand(tokens);
    } catch (error) {
      if (error instanceof Incomplete)
        throw new StatementError(`The call of macro "${error.name}" has no closing parenthesis.`);
      throw error;
    }
  }

  #innermost(name: string): Condition {
    const condition = this.#conditions[this.#conditions.length - 1];
    if (condition === undefined) throw new StatementError(`#${name} has no #if before it.`);
    if (condition.sawElse) throw new StatementError(`#${name} can't follow #else.`);
    return condition;
  }

  #elif(name: string, rest: string): void {
    const condition = this.#innermost(name);
    condition.active = false;
    if (condition.taken) return;
    const holds = this.#holds(name.replace('elifn', 'ifn').replace('elifd', 'ifd'), rest);
    condition.active = holds;
    condition.taken = holds;
  }

  #else(): void {
    const condition = this.#innermost('else');
    condition.active = condition.outer && !condition.taken;
    condition.taken = true;
    condition.sawElse = true;
  }

  #include(rest: string): void {
    let text = rest.trim();
    if (!/^["<]/.test(text)) text = this.#definitions.expandText(text).trim();
    const found = /^"([^"]+)"\s*$|^<([^>]+)>\s*$/.exec(text);
    if (found === null) throw new StatementError('#include needs "name" or <name>.');
    const name = found[1] ?? found[2]!.trim();
    if (this.#includes.length >= DEEPEST_INCLUDE) {
      this.#stopped = true;
      throw new StatementError(`Includes are nested more than ${DEEPEST_INCLUDE} deep at "${name}".`);
    }
    const places = candidates({ files: this.#files, options: this.#options }, name, this.#origin.file);
    const file = this.#cache.first(places);
    if (file === undefined)
      throw new StatementError(`There is no file "${name}" beside the source or in the include paths.`);
    if (this.#once.has(file.path)) return;
    const origin = this.#origin;
    this.#includes.push(origin);
    this.file(file.path, file.content);
    this.#includes.pop();
    this.#origin = origin;
  }
}

/** Cuts a line at a `#` outside strings: a comment of the assembler, not to be expanded. */
function withoutHash(text: string): string {
  if (!text.includes('#')) return text;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') {
      const end = stringEnd(text, at);
      if (end < 0) return text;
      at = end - 1;
    } else if (text[at] === "'" && text[at + 1] !== undefined) {
      at += text[at + 1] === '\\' ? 2 : 1;
    } else if (text[at] === '#') return text.slice(0, at);
  }
  return text;
}
