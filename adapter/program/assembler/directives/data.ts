import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import { type Expression, parseExpression } from '../expression.ts';
import { encodeFloat, type FloatFormat } from '../floats.ts';
import { leb128 } from '../leb128.ts';
import type { Fixup } from '../sections.ts';

function littleEndian(value: bigint, size: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(size * 8, value);
  for (let index = 0; index < size; index++) {
    bytes.push(Number(rest & 0xffn));
    rest >>= 8n;
  }
  return bytes;
}

/** Puts a value of `size` bytes at the current place: at once when it is known, later otherwise. */
export function emitValue(
  assembler: Assembler,
  value: Expression,
  size: Fixup['size'],
  start: number,
  end: number,
): void {
  const { chain } = assembler;
  if (value.kind === 'number') {
    const bits = BigInt(size * 8);
    if (size < 16 && (value.value >= 1n << bits || value.value < -(1n << bits))) {
      const kept = BigInt.asUintN(size * 8, value.value);
      assembler.warn(
        `0x${BigInt.asUintN(128, value.value).toString(16)} is cut to 0x${kept.toString(16)}: it does not fit ${size} byte${size === 1 ? '' : 's'}.`,
        start,
        end,
      );
    }
    chain.append(littleEndian(value.value, size));
    return;
  }
  const offset = chain.current.length;
  chain.append(new Uint8Array(size));
  chain.current.fixups.push({ offset, size, expression: value, range: 'either', place: assembler.place(start, end) });
}

/** GAS takes a missing value in a list for zero, with a warning. */
function valueOrZero(assembler: Assembler, cursor: Cursor): Expression {
  if (!cursor.done && cursor.peek() !== ',') return parseExpression(cursor, assembler.expressions);
  assembler.warn('A value is missing here; it is taken as 0.', cursor.position, cursor.position + 1);
  return { kind: 'number', value: 0n };
}

/** A list of expressions of one size; an empty list emits nothing. */
const values =
  (size: Fixup['size']): Directive =>
  (assembler, cursor) => {
    if (cursor.skipBlanks().done) return;
    do {
      const start = cursor.skipBlanks().position;
      emitValue(assembler, valueOrZero(assembler, cursor), size, start, cursor.position);
    } while (cursor.take(','));
    assembler.expectEnd(cursor);
  };

/** `unit` bytes for each character, with a zero unit after each string when `terminated`. */
const strings =
  (terminated: boolean, unit = 1): Directive =>
  (assembler, cursor) => {
    if (cursor.skipBlanks().done) return;
    do {
      let text = cursor.string();
      while (cursor.skipBlanks().peek() === '"') text += `${terminated ? '\0' : ''}${cursor.string()}`;
      if (terminated) text += '\0';
      const bytes = new Uint8Array(text.length * unit);
      for (let index = 0; index < text.length; index++) bytes[index * unit] = text.charCodeAt(index);
      assembler.chain.append(bytes);
    } while (cursor.take(','));
    assembler.expectEnd(cursor);
  };

const floats =
  (format: FloatFormat): Directive =>
  (assembler, cursor) => {
    if (cursor.skipBlanks().done) return;
    do {
      const start = cursor.skipBlanks().position;
      const text =
        /^(0[a-z](?=[-+.0-9in]))?[-+]?(\d*\.?\d*(e[-+]?\d+)?|inf(inity)?|nan)/i.exec(
          cursor.text.slice(start, cursor.end),
        )?.[0] ?? '';
      const bytes = encodeFloat(text, format);
      if (bytes === undefined) return cursor.fail(`"${cursor.rest()}" is no floating-point number.`, start);
      cursor.position += text.length;
      assembler.chain.append(bytes);
    } while (cursor.take(','));
    assembler.expectEnd(cursor);
  };

/** A run of a pattern: in place when short, else as a tail that takes no memory until the end. */
function emitRun(assembler: Assembler, count: bigint, fill: Uint8Array): void {
  const { chain } = assembler;
  if (count === 0n || fill.length === 0) return;
  const total = count * BigInt(fill.length);
  const place = assembler.place();
  if (total > 1n << 40n) throw new StatementError(`${total} bytes are more than a section can hold.`);
  if (total <= 64n) {
    for (let index = 0n; index < count; index++) chain.append(fill);
    return;
  }
  chain.finish({ kind: 'space', count: { kind: 'number', value: count }, fill, place }, Number(total));
}

/** `.space count, fill` and its other names. */
const space: Directive = (assembler, cursor, name) => {
  const start = cursor.skipBlanks().position;
  const count = parseExpression(cursor, assembler.expressions);
  const fill = cursor.take(',') ? assembler.absolute(cursor) : 0n;
  assembler.expectEnd(cursor);
  const pattern = Uint8Array.of(Number(BigInt.asUintN(8, fill)));
  if (count.kind !== 'number') {
    assembler.chain.finish({ kind: 'space', count, fill: pattern, place: assembler.place(start, cursor.position) });
    return;
  }
  if (count.value < 0n) {
    assembler.warn(`${name} with a negative count (${count.value}) does nothing.`);
    return;
  }
  emitRun(assembler, count.value, pattern);
};

/** `.fill repeat, size, value`: sizes above 8 count as 8; four bytes of the value, the rest zero. */
const fill: Directive = (assembler, cursor) => {
  const count = parseExpression(cursor, assembler.expressions);
  let size = 1n;
  let value = 0n;
  if (cursor.take(',')) {
    if (cursor.skipBlanks().peek() !== ',') size = assembler.absolute(cursor);
    if (cursor.take(',')) value = assembler.absolute(cursor);
  }
  assembler.expectEnd(cursor);
  if (size < 0n) {
    assembler.warn(`.fill with a negative size (${size}) does nothing.`);
    return;
  }
  if (size > 8n) {
    assembler.warn(`.fill has sizes up to 8; ${size} is taken as 8.`);
    size = 8n;
  }
  const pattern = new Uint8Array(Number(size));
  pattern.set(littleEndian(value, Math.min(4, Number(size))));
  if (count.kind !== 'number') {
    assembler.chain.finish({ kind: 'space', count, fill: pattern, place: assembler.place() });
    return;
  }
  if (count.value < 0n) {
    assembler.warn(`.fill with a negative count (${count.value}) does nothing.`);
    return;
  }
  emitRun(assembler, count.value, pattern);
};

const leb =
  (signed: boolean): Directive =>
  (assembler, cursor) => {
    do {
      const start = cursor.skipBlanks().position;
      const value = parseExpression(cursor, assembler.expressions);
      if (value.kind === 'number') assembler.chain.append(leb128(value.value, signed));
      else assembler.chain.finish({ kind: 'leb', value, signed, place: assembler.place(start, cursor.position) });
    } while (cursor.take(','));
    assembler.expectEnd(cursor);
  };

/** `.dcb.w count, value`, `.ds.w count`, `.dc.w values`. */
function blocks(size: Fixup['size']): { dcb: Directive; ds: Directive } {
  const run = (assembler: Assembler, cursor: Cursor, valued: boolean): void => {
    const count = assembler.absolute(cursor);
    const value = valued && cursor.take(',') ? assembler.absolute(cursor) : 0n;
    assembler.expectEnd(cursor);
    if (count < 0n) throw new StatementError(`A negative count (${count}) can't be filled.`);
    emitRun(assembler, count, Uint8Array.from(littleEndian(value, size)));
  };
  return {
    dcb: (assembler, cursor) => run(assembler, cursor, true),
    ds: (assembler, cursor) => run(assembler, cursor, false),
  };
}

export const dataDirectives: Readonly<Record<string, Directive>> = {
  '.byte': values(1),
  '.dc.b': values(1),
  '.word': values(2),
  '.short': values(2),
  '.value': values(2),
  '.hword': values(2),
  '.2byte': values(2),
  '.dc.w': values(2),
  '.dc': values(2),
  '.long': values(4),
  '.int': values(4),
  '.4byte': values(4),
  '.dc.l': values(4),
  '.dc.a': values(8),
  '.quad': values(8),
  '.8byte': values(8),
  '.octa': values(16),
  '.ascii': strings(false),
  '.asciz': strings(true),
  '.string': strings(true),
  '.string8': strings(true),
  '.string16': strings(true, 2),
  '.string32': strings(true, 4),
  '.string64': strings(true, 8),
  '.float': floats('single'),
  '.single': floats('single'),
  '.dc.s': floats('single'),
  '.double': floats('double'),
  '.dc.d': floats('double'),
  '.tfloat': floats('extended'),
  '.ldouble': floats('extended'),
  '.dc.x': floats('extended'),
  '.zero': space,
  '.skip': space,
  '.space': space,
  '.fill': fill,
  '.uleb128': leb(false),
  '.sleb128': leb(true),
  '.dcb': blocks(2).dcb,
  '.dcb.b': blocks(1).dcb,
  '.dcb.w': blocks(2).dcb,
  '.dcb.l': blocks(4).dcb,
  '.ds': blocks(2).ds,
  '.ds.b': blocks(1).ds,
  '.ds.w': blocks(2).ds,
  '.ds.l': blocks(4).ds,
  '.ds.d': blocks(8).ds,
};
