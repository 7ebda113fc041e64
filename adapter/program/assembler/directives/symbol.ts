import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import { parseExpression } from '../expression.ts';
import type { AsmSymbol } from '../symbols.ts';

function symbolName(cursor: Cursor): string {
  const name = cursor.name();
  return name === undefined || name === '' ? cursor.fail('A symbol name is missing here.') : name;
}

/** Does something to each symbol of a list. */
const each =
  (apply: (symbol: AsmSymbol) => void): Directive =>
  (assembler, cursor) => {
    do {
      if (cursor.skipBlanks().done) break;
      apply(assembler.symbols.get(symbolName(cursor)));
    } while (cursor.take(',') || !cursor.skipBlanks().done);
    assembler.expectEnd(cursor);
  };

const assign =
  (once: boolean): Directive =>
  (assembler, cursor) => {
    const start = cursor.skipBlanks().position;
    const name =
      cursor.peek() === '.' && /^\.\s*,/.test(cursor.text.slice(start, cursor.end))
        ? takeDot(cursor)
        : symbolName(cursor);
    if (!cursor.take(',')) cursor.fail(`Expected "," between the name and its value.`);
    assembler.assign(name, parseExpression(cursor, assembler.expressions), start, cursor, once);
  };

function takeDot(cursor: Cursor): string {
  cursor.position++;
  return '.';
}

const type: Directive = (assembler, cursor) => {
  const symbol = assembler.symbols.get(symbolName(cursor));
  cursor.take(',');
  const start = cursor.skipBlanks().position;
  const found = /^[@%#"]?([A-Za-z_]+)"?/.exec(cursor.text.slice(start, cursor.end));
  if (found === null) return cursor.fail('A symbol type is missing: @function or @object.');
  cursor.position += found[0].length;
  assembler.expectEnd(cursor);
  const name = found[1]!.toLowerCase().replace(/^stt_/, '');
  if (name === 'function' || name === 'func' || name === 'gnu_indirect_function' || name === 'gnu_ifunc')
    symbol.type = 'function';
  else if (
    name === 'object' ||
    name === 'tls_object' ||
    name === 'tls' ||
    name === 'gnu_unique_object' ||
    name === 'common'
  )
    symbol.type = 'object';
  else if (name === 'notype') symbol.type = 'none';
  else
    throw new StatementError(
      `"${found[0]}" is no symbol type; the usual ones are @function and @object.`,
      start,
      cursor.position,
    );
};

const size: Directive = (assembler, cursor) => {
  const symbol = assembler.symbols.get(symbolName(cursor));
  if (!cursor.take(',')) cursor.fail('Expected "," between the symbol and its size.');
  symbol.size = parseExpression(cursor, assembler.expressions);
  assembler.expectEnd(cursor);
};

function commonArguments(
  assembler: Assembler,
  cursor: Cursor,
): { symbol: AsmSymbol; size: bigint; alignment: bigint | undefined; start: number } {
  const start = cursor.skipBlanks().position;
  const symbol = assembler.symbols.get(symbolName(cursor));
  if (!cursor.take(',')) cursor.fail('Expected "," between the symbol and its size.');
  const bytes = assembler.absolute(cursor);
  if (bytes < 0n || bytes > 1n << 40n)
    throw new StatementError(`A size of ${bytes} bytes is out of range.`, start, cursor.position);
  const alignment = cursor.take(',') ? assembler.absolute(cursor) : undefined;
  assembler.expectEnd(cursor);
  if (alignment !== undefined && (alignment < 1n || alignment > 1n << 20n || (alignment & (alignment - 1n)) !== 0n)) {
    throw new StatementError(`The alignment ${alignment} is no power of two.`, start, cursor.position);
  }
  return { symbol, size: bytes, alignment, start };
}

/** The alignment that GAS gives a common block of a size: the largest power of two in it, 16 at most. */
function naturalAlignment(bytes: bigint): bigint {
  let alignment = 1n;
  while (alignment < 16n && alignment * 2n <= bytes) alignment *= 2n;
  return alignment;
}

const common: Directive = (assembler, cursor) => {
  const { symbol, size: bytes, alignment, start } = commonArguments(assembler, cursor);
  if (symbol.label !== undefined || symbol.value !== undefined) {
    throw new StatementError(`"${symbol.name}" is defined already.`, start, cursor.position);
  }
  const before = symbol.common;
  symbol.common = {
    size: before !== undefined && before.size > bytes ? before.size : bytes,
    alignment: alignment ?? before?.alignment ?? naturalAlignment(bytes),
  };
  if (symbol.binding === 'none') symbol.binding = 'global';
};

/** `.lcomm name, size[, alignment]`: a local block in .bss. */
const localCommon: Directive = (assembler, cursor) => {
  const { symbol, size: bytes, alignment, start } = commonArguments(assembler, cursor);
  if (symbol.defined) throw new StatementError(`"${symbol.name}" is defined already.`, start, cursor.position);
  symbol.common = { size: bytes, alignment: alignment ?? localAlignment(bytes) };
  assembler.allocateCommon(symbol, assembler.sections.get('.bss').chain(0));
};

function localAlignment(bytes: bigint): bigint {
  return bytes >= 8n ? 8n : bytes >= 4n ? 4n : bytes >= 2n ? 2n : 1n;
}

const weakReference: Directive = (assembler, cursor) => {
  const start = cursor.skipBlanks().position;
  const name = symbolName(cursor);
  if (!cursor.take(',')) cursor.fail('Expected "," between the alias and its target.');
  assembler.assign(name, parseExpression(cursor, assembler.expressions), start, cursor, false);
};

export const symbolDirectives: Readonly<Record<string, Directive>> = {
  '.globl': each((symbol) => {
    if (symbol.binding !== 'weak') symbol.binding = 'global';
  }),
  '.global': each((symbol) => {
    if (symbol.binding !== 'weak') symbol.binding = 'global';
  }),
  '.local': each((symbol) => {
    symbol.binding = 'local';
  }),
  '.weak': each((symbol) => {
    symbol.binding = 'weak';
  }),
  '.hidden': each(() => {}),
  '.internal': each(() => {}),
  '.protected': each(() => {}),
  '.extern': each(() => {}),
  '.set': assign(false),
  '.equ': assign(false),
  '.equiv': assign(true),
  '.eqv': assign(true),
  '.type': type,
  '.size': size,
  '.comm': common,
  '.common': common,
  '.lcomm': localCommon,
  '.weakref': weakReference,
};
