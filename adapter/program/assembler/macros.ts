import type { Assembler } from './assembler.ts';
import type { Cursor } from './cursor.ts';
import { StatementError } from './diagnostics.ts';
import type { Statement } from './input.ts';
import type { SourceLine } from './source.ts';
import { stringEnd } from './text.ts';

export interface Parameter {
  readonly name: string;
  readonly fallback: string | undefined;
  readonly kind: 'optional' | 'required' | 'variable';
}

const NAME = /[A-Za-z_.$][A-Za-z0-9_.$]*/y;

/** The longest text that one expanded line may have. */
const LONGEST_LINE = 1 << 16;

/** Replaces `\name`, `\()` and `\@` in a body line. */
export function substitute(text: string, values: ReadonlyMap<string, string>, count: number): string {
  if (!text.includes('\\')) return text;
  let out = '';
  let at = 0;
  while (at < text.length) {
    const slash = text.indexOf('\\', at);
    if (slash < 0) break;
    out += text.slice(at, slash);
    const next = text[slash + 1];
    if (next === '@') {
      out += String(count);
      at = slash + 2;
      continue;
    }
    if (next === '(' && text[slash + 2] === ')') {
      at = slash + 3;
      continue;
    }
    NAME.lastIndex = slash + 1;
    const name = NAME.exec(text)?.[0];
    const found = name === undefined ? undefined : longestParameter(name, values);
    if (found !== undefined) {
      out += values.get(found)!;
      at = slash + 1 + found.length;
    } else {
      out += '\\';
      if (next === '\\') out += '\\';
      at = slash + (next === '\\' ? 2 : 1);
    }
    if (out.length > LONGEST_LINE)
      throw new StatementError(`A line grows past ${LONGEST_LINE} characters in a macro expansion.`);
  }
  return out + text.slice(at);
}

/** A parameter name may be followed by a dot that is not part of it (`\reg.w` with parameter `reg`). */
function longestParameter(name: string, values: ReadonlyMap<string, string>): string | undefined {
  if (values.has(name)) return name;
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const stem = name.slice(0, dot);
    if (values.has(stem)) return stem;
  }
  return undefined;
}

/** In `.altmacro` mode parameters stand without a backslash outside strings, and `&` joins. */
function substituteNames(text: string, values: ReadonlyMap<string, string>): string {
  const joined = text.replace(/&([A-Za-z_.$][A-Za-z0-9_.$]*)&?/g, (whole, name: string) => values.get(name) ?? whole);
  return joined.replace(/"(?:[^"\\]|\\.)*"|([A-Za-z_.$][A-Za-z0-9_.$]*)/g, (whole, name: string | undefined) =>
    name === undefined ? whole : (values.get(name) ?? whole),
  );
}

/** A body with its parameters replaced, as lines to assemble. */
export function expandBody(
  body: readonly SourceLine[],
  values: ReadonlyMap<string, string>,
  count: number,
  alternate = false,
): SourceLine[] {
  return body.map((line) => {
    const plain = substitute(line.text, values, count);
    const text = alternate ? substituteNames(plain, values) : plain;
    return text === line.text ? line : { text, origin: line.origin, exact: false };
  });
}

/** Characters beside which GAS's scrubber keeps a blank (app.c with tc-i386.c's extra_symbol_chars). */
const WORD = /[A-Za-z0-9_.$\\@"*%\-([{}\u0080-\uffff]/;
const AFTER = /[A-Za-z0-9_.$\\@"'*%\-([{}\u0080-\uffff]/;

/** Squeezes blanks as GAS's scrubber does before macros see their arguments: `a + b` is one argument. */
export function scrub(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    const character = text[at]!;
    if (character === '"') {
      const end = stringEnd(text, at);
      const stop = end < 0 ? text.length : end;
      out += text.slice(at, stop);
      at = stop;
    } else if (character === ' ' || character === '\t') {
      while (text[at] === ' ' || text[at] === '\t') at++;
      const before = out[out.length - 1];
      const after = text[at];
      if (before !== undefined && after !== undefined && WORD.test(before) && AFTER.test(after)) out += ' ';
    } else {
      out += character;
      at++;
    }
  }
  return out;
}

/** Gives the value of an expression at the start of a text, and how long it is. */
export type Evaluate = (text: string) => { value: bigint; length: number };

/** `.altmacro`'s `%expression`, which passes its value, and `<text>`, which passes anything (`!` escapes). */
function takeAlternate(text: string, at: number, evaluate: Evaluate): { value: string; next: number } | undefined {
  if (text[at] === '%') {
    const { value, length } = evaluate(text.slice(at + 1));
    return { value: String(value), next: at + 1 + length };
  }
  if (text[at] !== '<') return undefined;
  let value = '';
  let depth = 1;
  let index = at + 1;
  for (; index < text.length; index++) {
    const character = text[index]!;
    if (character === '!' && index + 1 < text.length) {
      value += text[++index]!;
      continue;
    }
    if (character === '<') depth++;
    else if (character === '>' && --depth === 0) return { value, next: index + 1 };
    value += character;
  }
  throw new StatementError('A "<" in a macro argument has no ">".');
}

/** One argument from `at`: up to a comma, or a blank outside brackets and quotes (macro.c, get_any_string). */
export function takeArgument(text: string, at: number, evaluate?: Evaluate): { value: string; next: number } {
  let value = '';
  if (evaluate !== undefined) {
    const alternate = takeAlternate(text, at, evaluate);
    if (alternate !== undefined) return alternate;
  }
  let index = at;
  if (text[index] === '"') {
    const end = stringEnd(text, index);
    const stop = end < 0 ? text.length : end;
    // An argument that is wholly one string loses its quotes.
    if (stop >= text.length || text[stop] === ',' || text[stop] === ' ') {
      return { value: text.slice(index + 1, end < 0 ? stop : stop - 1), next: stop };
    }
  }
  const open: string[] = [];
  while (index < text.length) {
    const character = text[index]!;
    if (character === ',' || ((character === ' ' || character === '\t') && open.length === 0)) break;
    if (character === '"') {
      const end = stringEnd(text, index);
      const stop = end < 0 ? text.length : end;
      value += text.slice(index, stop);
      index = stop;
      continue;
    }
    if (character === '(' || character === '[') open.push(character);
    else if (
      (character === ')' && open[open.length - 1] === '(') ||
      (character === ']' && open[open.length - 1] === '[')
    )
      open.pop();
    value += character;
    index++;
  }
  return { value, next: index };
}

/** Skips blanks and one comma between arguments. */
export function skipSeparator(text: string, at: number): { next: number; comma: boolean } {
  let next = at;
  while (text[next] === ' ' || text[next] === '\t') next++;
  const comma = text[next] === ',';
  if (comma) {
    next++;
    while (text[next] === ' ' || text[next] === '\t') next++;
  }
  return { next, comma };
}

export class Macro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly SourceLine[];

  constructor(name: string, parameters: readonly Parameter[], body: readonly SourceLine[]) {
    this.name = name;
    this.parameters = parameters;
    this.body = body;
  }

  /** Runs an invocation: the cursor stands after the name. */
  expand(assembler: Assembler, cursor: Cursor): void {
    const evaluate = assembler.evaluateArgument();
    const values = this.#bind(scrub(cursor.rest()), evaluate);
    const body = evaluate === undefined ? this.body : this.#takeLocals(values, assembler);
    const lines = expandBody(body, values, assembler.macroCount++, evaluate !== undefined);
    assembler.input.push('macro', this.name, lines, assembler.conditions.open.length);
  }

  /** `LOCAL a, b` at the head of an `.altmacro` body gives each name a label of its own in this expansion. */
  #takeLocals(values: Map<string, string>, assembler: Assembler): readonly SourceLine[] {
    let first = 0;
    for (; first < this.body.length; first++) {
      const names = /^\s*local\s+(.*)$/i.exec(this.body[first]!.text)?.[1];
      if (names === undefined) break;
      for (const name of names.split(/[\s,]+/)) {
        if (name !== '') values.set(name, `.LL${(assembler.localCount++).toString(16).padStart(4, '0')}`);
      }
    }
    return this.body.slice(first);
  }

  #bind(text: string, evaluate: Evaluate | undefined): Map<string, string> {
    const values = new Map<string, string>();
    let at = 0;
    let position = 0;
    let named = false;
    while (at < text.length) {
      const keyword = /^([A-Za-z_.$][A-Za-z0-9_.$]*)=(?!=)/.exec(text.slice(at, at + 256));
      const target = keyword === null ? undefined : this.parameters.find(({ name }) => name === keyword[1]);
      if (keyword !== null && target === undefined && this.parameters.length > 0) {
        throw new StatementError(`Macro "${this.name}" has no parameter "${keyword[1]}".`);
      }
      if (target !== undefined) {
        named = true;
        const { value, next } = takeArgument(text, at + keyword![0].length, evaluate);
        values.set(target.name, value);
        at = skipSeparator(text, next).next;
        continue;
      }
      if (named) throw new StatementError(`Macro "${this.name}": a positional argument can't follow a named one.`);
      const parameter = this.parameters[position++];
      if (parameter === undefined) {
        throw new StatementError(
          `Macro "${this.name}" takes ${this.parameters.length} argument${this.parameters.length === 1 ? '' : 's'}; "${text.slice(at)}" is too many.`,
        );
      }
      if (parameter.kind === 'variable') {
        values.set(parameter.name, text.slice(at));
        break;
      }
      const { value, next } = takeArgument(text, at, evaluate);
      values.set(parameter.name, value);
      at = skipSeparator(text, next).next;
      if (at === next && next < text.length && value === '') break;
    }
    for (const { name, fallback, kind } of this.parameters) {
      if ((values.get(name) ?? '') !== '') continue;
      if (kind === 'required')
        throw new StatementError(`Macro "${this.name}" needs a value for its parameter "${name}".`);
      values.set(name, fallback ?? '');
    }
    return values;
  }
}

/** The parameters of a `.macro` line: `a, b=5, c:req, d:vararg`. */
export function parseParameters(text: string): Parameter[] {
  const scrubbed = scrub(text);
  const parameters: Parameter[] = [];
  let at = 0;
  while (at < scrubbed.length) {
    NAME.lastIndex = at;
    const name = NAME.exec(scrubbed)?.[0];
    if (name === undefined) throw new StatementError(`Expected a parameter name, not "${scrubbed.slice(at)}".`);
    at += name.length;
    let kind: Parameter['kind'] = 'optional';
    let fallback: string | undefined;
    const qualifier = /^:\s*([A-Za-z]+)/.exec(scrubbed.slice(at));
    if (qualifier !== null) {
      const word = qualifier[1]!.toLowerCase();
      if (word !== 'req' && word !== 'vararg')
        throw new StatementError(`":${qualifier[1]}" is no parameter qualifier: write :req or :vararg.`);
      kind = word === 'req' ? 'required' : 'variable';
      at += qualifier[0].length;
    }
    if (scrubbed[at] === '=') {
      const { value, next } = takeArgument(scrubbed, at + 1);
      fallback = value;
      at = next;
    }
    if (parameters.some((parameter) => parameter.name === name))
      throw new StatementError(`The parameter "${name}" is named twice.`);
    parameters.push({ name, fallback, kind });
    at = skipSeparator(scrubbed, at).next;
    if (kind === 'variable' && at < scrubbed.length) throw new StatementError('A :vararg parameter must be the last.');
  }
  return parameters;
}

/** The first word of a statement past its labels, lower case: what decides nesting of bodies. */
export function leadingWord({ line, start, end }: Statement): string {
  const found = /^\s*(?:[A-Za-z0-9_.$]+:\s*)*(\.?[A-Za-z_]+)/.exec(line.text.slice(start, Math.min(end, start + 200)));
  return found?.[1]?.toLowerCase() ?? '';
}
