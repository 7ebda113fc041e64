import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import { stringEnd } from '../text.ts';

/** Begins a condition; where statements are skipped it only counts. An error in it makes it false, so that .endif matches. */
const begin =
  (evaluate: (assembler: Assembler, cursor: Cursor) => boolean): Directive =>
  (assembler, cursor) => {
    const place = assembler.place();
    if (!assembler.conditions.active) {
      assembler.conditions.begin(false, place);
      return;
    }
    let holds = false;
    try {
      holds = evaluate(assembler, cursor);
    } finally {
      assembler.conditions.begin(holds, place);
    }
  };

const compare = (test: (value: bigint) => boolean): Directive =>
  begin((assembler, cursor) => {
    const value = assembler.absolute(cursor);
    assembler.expectEnd(cursor);
    return test(value);
  });

const defined = (wanted: boolean): Directive =>
  begin((assembler, cursor) => {
    const name = cursor.name();
    if (name === undefined) throw new StatementError('A symbol name is missing here.');
    assembler.expectEnd(cursor);
    const symbol = assembler.symbols.find(name);
    return (symbol?.defined === true) === wanted;
  });

/** One operand of `.ifc`: a quoted or bare text up to the comma. */
function takeText(cursor: Cursor): string {
  cursor.skipBlanks();
  const start = cursor.position;
  if (cursor.peek() === "'" || cursor.peek() === '"') {
    const quote = cursor.peek();
    let at = start + 1;
    while (at < cursor.end && cursor.text[at] !== quote) at++;
    cursor.position = Math.min(at + 1, cursor.end);
    return cursor.text.slice(start + 1, at);
  }
  while (!cursor.done && cursor.peek() !== ',') {
    const end = cursor.peek() === '"' ? stringEnd(cursor.text, cursor.position) : -1;
    cursor.position = end < 0 ? cursor.position + 1 : end;
  }
  return cursor.text.slice(start, cursor.position).trim().replace(/\s+/g, ' ');
}

const sameText = (wanted: boolean): Directive =>
  begin((_assembler, cursor) => {
    const first = takeText(cursor);
    if (!cursor.take(',')) cursor.fail('.ifc compares two texts with a comma between.');
    return (first === takeText(cursor)) === wanted;
  });

const sameString = (wanted: boolean): Directive =>
  begin((assembler, cursor) => {
    const first = cursor.string();
    if (!cursor.take(',')) cursor.fail('.ifeqs compares two strings with a comma between.');
    const second = cursor.string();
    assembler.expectEnd(cursor);
    return (first === second) === wanted;
  });

const blank = (wanted: boolean): Directive => begin((_assembler, cursor) => (cursor.rest() === '') === wanted);

const elseIf: Directive = (assembler, cursor) => {
  assembler.conditions.elseIf(() => {
    const value = assembler.absolute(cursor);
    assembler.expectEnd(cursor);
    return value !== 0n;
  });
};

export const conditionalDirectives: Readonly<Record<string, Directive>> = {
  '.if': compare((value) => value !== 0n),
  '.ifne': compare((value) => value !== 0n),
  '.ifeq': compare((value) => value === 0n),
  '.ifge': compare((value) => value >= 0n),
  '.ifgt': compare((value) => value > 0n),
  '.ifle': compare((value) => value <= 0n),
  '.iflt': compare((value) => value < 0n),
  '.ifdef': defined(true),
  '.ifndef': defined(false),
  '.ifnotdef': defined(false),
  '.ifb': blank(true),
  '.ifnb': blank(false),
  '.ifc': sameText(true),
  '.ifnc': sameText(false),
  '.ifeqs': sameString(true),
  '.ifnes': sameString(false),
  '.elseif': elseIf,
  '.else': (assembler) => assembler.conditions.otherwise(),
  '.endif': (assembler) => assembler.conditions.end(),
};
