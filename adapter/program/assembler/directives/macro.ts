import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import {
  type Evaluate,
  expandBody,
  leadingWord,
  Macro,
  parseParameters,
  scrub,
  skipSeparator,
  takeArgument,
} from '../macros.ts';
import type { SourceLine } from '../source.ts';

const MOST_REPEATS = 1_000_000n;

/** Collects a body up to the matching end, counting nested openers. */
function collectBody(assembler: Assembler, opener: string, opens: RegExp, closes: RegExp): SourceLine[] {
  let depth = 0;
  const body = assembler.input.collect((statement) => {
    const word = leadingWord(statement);
    if (opens.test(word)) depth++;
    else if (closes.test(word)) {
      if (depth === 0) return true;
      depth--;
    }
    return false;
  });
  if (body === undefined) throw new StatementError(`This ${opener} has no ${opener === '.macro' ? '.endm' : '.endr'}.`);
  return body;
}

const REPEAT_OPENS = /^\.(rept|irpc?|rep)$/;
const REPEAT_CLOSES = /^\.(endr)$/;

const macro: Directive = (assembler, cursor) => {
  const start = cursor.skipBlanks().position;
  const found = /^[A-Za-z_.$][A-Za-z0-9_.$]*/.exec(cursor.text.slice(start, cursor.end));
  let failure: StatementError | undefined;
  let parameters: ReturnType<typeof parseParameters> = [];
  const name = found?.[0] ?? '';
  cursor.position += name.length;
  const nameEnd = cursor.position;
  try {
    if (found === null) cursor.fail('A macro needs a name.');
    cursor.take(',');
    const list = cursor.rest();
    parameters = parseParameters(list.startsWith('(') && list.endsWith(')') ? list.slice(1, -1) : list);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    failure = error;
  }
  const body = collectBody(assembler, '.macro', /^\.macro$/, /^\.endm(acro)?$/);
  if (failure !== undefined) throw failure;
  const key = name.toLowerCase();
  if (assembler.macros.has(key))
    throw new StatementError(`Macro "${name}" is defined already; .purgem removes it.`, start, nameEnd);
  assembler.macros.set(key, new Macro(name, parameters, body));
};

const purge: Directive = (assembler, cursor) => {
  do {
    const start = cursor.skipBlanks().position;
    const name = cursor.name() ?? '';
    if (!assembler.macros.delete(name.toLowerCase()))
      throw new StatementError(`There is no macro "${name}" to purge.`, start, cursor.position);
  } while (cursor.take(','));
  assembler.expectEnd(cursor);
};

const exit: Directive = (assembler) => {
  const depth = assembler.input.exitMacro();
  if (depth === undefined) throw new StatementError('.exitm stands outside a macro.');
  assembler.conditions.unwind(depth);
};

const stray: Directive = (_assembler, _cursor, name) => {
  throw new StatementError(`${name} closes nothing here.`);
};

function counted(assembler: Assembler, cursor: Cursor): bigint {
  const count = assembler.absolute(cursor);
  assembler.expectEnd(cursor);
  if (count < 0n) {
    assembler.warn(`A negative count (${count}) repeats nothing.`);
    return 0n;
  }
  if (count > MOST_REPEATS) throw new StatementError(`.rept ${count} is too many; the limit is ${MOST_REPEATS}.`);
  return count;
}

const repeat: Directive = (assembler, cursor, name) => {
  let count = 0n;
  let failure: unknown;
  try {
    count = counted(assembler, cursor);
  } catch (error) {
    failure = error;
  }
  const body = collectBody(assembler, name, REPEAT_OPENS, REPEAT_CLOSES);
  if (failure !== undefined) throw failure;
  if (body.every(({ text }) => text.trim() === '')) return;
  let left = count;
  const again = (): readonly SourceLine[] | undefined => (left-- > 0n ? body : undefined);
  const first = again();
  if (first !== undefined) assembler.input.push('repeat', name, first, assembler.conditions.open.length, again);
};

/** `.irp name, a, b` and `.irpc name, text`: the body once for each value. */
const iterate: Directive = (assembler, cursor, name) => {
  const start = cursor.skipBlanks().position;
  const parameter = /^\\?([A-Za-z_.$][A-Za-z0-9_.$]*)/.exec(cursor.text.slice(start, cursor.end));
  if (parameter !== null) cursor.position += parameter[0].length;
  cursor.take(',');
  const evaluate = assembler.evaluateArgument();
  const values = name === '.irp' ? listed(scrub(cursor.rest()), evaluate) : spelled(cursor.rest());
  const body = collectBody(assembler, name, REPEAT_OPENS, REPEAT_CLOSES);
  if (parameter === null) throw new StatementError(`${name} needs a parameter name first.`, start, cursor.end);
  let index = 0;
  const count = assembler.macroCount;
  const again = (): readonly SourceLine[] | undefined => {
    const value = values[index++];
    return value === undefined
      ? undefined
      : expandBody(body, new Map([[parameter[1]!, value]]), count, evaluate !== undefined);
  };
  assembler.input.push('repeat', name, again()!, assembler.conditions.open.length, again);
};

function listed(text: string, evaluate: Evaluate | undefined): string[] {
  const values: string[] = [];
  let at = 0;
  do {
    const { value, next } = takeArgument(text, at, evaluate);
    values.push(value);
    const separator = skipSeparator(text, next);
    if (separator.next === at) break;
    at = separator.next;
    if (at >= text.length && separator.comma) values.push('');
  } while (at < text.length);
  return values;
}

function spelled(text: string): string[] {
  const plain = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
  return plain === '' ? [''] : [...plain];
}

const alternate =
  (on: boolean): Directive =>
  (assembler, cursor) => {
    assembler.expectEnd(cursor);
    assembler.alternateMacros = on;
  };

export const macroDirectives: Readonly<Record<string, Directive>> = {
  '.altmacro': alternate(true),
  '.noaltmacro': alternate(false),
  '.macro': macro,
  '.purgem': purge,
  '.exitm': exit,
  '.endm': stray,
  '.endmacro': stray,
  '.endr': stray,
  '.rept': repeat,
  '.rep': repeat,
  '.irp': iterate,
  '.irpc': iterate,
};
