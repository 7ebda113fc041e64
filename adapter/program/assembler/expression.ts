import { type Cursor, decodeEscape } from './cursor.ts';
import { StatementError } from './diagnostics.ts';
import type { AsmSymbol, LabelPlace } from './symbols.ts';
import { characterEnd } from './text.ts';

export type BinaryOperator =
  | '*'
  | '/'
  | '%'
  | '<<'
  | '>>'
  | '|'
  | '&'
  | '^'
  | '!'
  | '+'
  | '-'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||';
export type UnaryOperator = '-' | '~' | '!';

/** A parsed expression, folded as far as values are known at that point of the source (as GAS folds). */
export type Expression =
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'symbol'; readonly symbol: AsmSymbol; readonly addend: bigint; readonly modifier?: string }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    };

/** What the expression parser asks of the assembler. */
export interface ExpressionContext {
  /** The symbol of a name; counts as a use. */
  reference(name: string, start: number, end: number): AsmSymbol;
  /** `1b`, `1f`. */
  numbered(digits: string, direction: 'backward' | 'forward'): AsmSymbol;
  /** `.`: a label at the current place. */
  here(): AsmSymbol;
}

export const number = (value: bigint): Expression => ({ kind: 'number', value });

/** Ranks of expr.c: a higher one binds tighter. Comparisons rank below addition. */
const RANK: Readonly<Record<BinaryOperator, number>> = {
  '*': 8,
  '/': 8,
  '%': 8,
  '<<': 8,
  '>>': 8,
  '|': 7,
  '!': 7,
  '^': 7,
  '&': 7,
  '+': 5,
  '-': 5,
  '==': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>=': 4,
  '>': 4,
  '&&': 3,
  '||': 2,
};

const DEEPEST = 200;

/** Parses an expression in GAS's grammar; fails with a sentence at the place that is wrong. */
export function parseExpression(cursor: Cursor, context: ExpressionContext, rank = 0, depth = 0): Expression {
  if (depth > DEEPEST) cursor.fail(`The expression is nested more than ${DEEPEST} deep.`);
  let left = parseOperand(cursor, context, depth);
  for (;;) {
    const operator = peekOperator(cursor);
    if (operator === undefined || RANK[operator.operator] <= rank) return left;
    const at = cursor.position;
    cursor.position += operator.length;
    const right = parseExpression(cursor, context, RANK[operator.operator], depth + 1);
    left = foldBinary(operator.operator, left, right, (message) => cursor.fail(message, at));
  }
}

function peekOperator(cursor: Cursor): { operator: BinaryOperator; length: number } | undefined {
  cursor.skipBlanks();
  const first = cursor.peek();
  const second = cursor.peek(1);
  switch (first) {
    case '*':
    case '/':
    case '%':
    case '+':
    case '-':
    case '^':
      return { operator: first, length: 1 };
    case '<':
      if (second === '<') return { operator: '<<', length: 2 };
      if (second === '=') return { operator: '<=', length: 2 };
      if (second === '>') return { operator: '!=', length: 2 };
      return { operator: '<', length: 1 };
    case '>':
      if (second === '>') return { operator: '>>', length: 2 };
      if (second === '=') return { operator: '>=', length: 2 };
      return { operator: '>', length: 1 };
    case '=':
      return second === '=' ? { operator: '==', length: 2 } : undefined;
    case '!':
      return second === '=' ? { operator: '!=', length: 2 } : { operator: '!', length: 1 };
    case '&':
      return second === '&' ? { operator: '&&', length: 2 } : { operator: '&', length: 1 };
    case '|':
      return second === '|' ? { operator: '||', length: 2 } : { operator: '|', length: 1 };
    default:
      return undefined;
  }
}

function parseOperand(cursor: Cursor, context: ExpressionContext, depth: number): Expression {
  cursor.skipBlanks();
  if (depth > DEEPEST) cursor.fail(`The expression is nested more than ${DEEPEST} deep.`);
  const character = cursor.peek();
  const start = cursor.position;
  if (character >= '0' && character <= '9') return parseNumber(cursor, context);
  switch (character) {
    case '':
      return cursor.fail('An expression is missing here.');
    case '(': {
      cursor.position++;
      const inner = parseExpression(cursor, context, 0, depth + 1);
      if (!cursor.take(')')) cursor.fail('A closing parenthesis is missing.', start);
      return inner;
    }
    case '-':
    case '~':
    case '!':
      cursor.position++;
      return foldUnary(character, parseOperand(cursor, context, depth + 1));
    case '+':
      cursor.position++;
      return parseOperand(cursor, context, depth + 1);
    case "'":
      return parseCharacter(cursor);
  }
  if (character === '.' && !/[A-Za-z0-9_.$]/.test(cursor.peek(1))) {
    cursor.position++;
    return { kind: 'symbol', symbol: context.here(), addend: 0n };
  }
  const name = cursor.name();
  if (name === undefined) return cursor.fail(`Expected a number, a symbol or "(", not "${cursor.rest()}".`, start);
  return reference(context.reference(name, start, cursor.position), parseModifier(cursor));
}

/** The `@PLT` of `foo@PLT`. */
function parseModifier(cursor: Cursor): string | undefined {
  if (cursor.peek() !== '@') return undefined;
  const found = /^@[A-Za-z0-9_]*/.exec(cursor.text.slice(cursor.position, cursor.end))![0];
  cursor.position += found.length;
  return found.slice(1).toUpperCase();
}

/** A symbol used in an expression: its value when it has one that is no mere other name. */
export function reference(symbol: AsmSymbol, modifier?: string): Expression {
  if (symbol.value !== undefined && symbol.value.kind !== 'symbol') return symbol.value;
  return modifier === undefined
    ? { kind: 'symbol', symbol, addend: 0n }
    : { kind: 'symbol', symbol, addend: 0n, modifier };
}

const NUMBER = /0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+/y;

function parseNumber(cursor: Cursor, context: ExpressionContext): Expression {
  const start = cursor.position;
  NUMBER.lastIndex = start;
  const digits = NUMBER.exec(cursor.text)![0].slice(0, cursor.end - start);
  cursor.position += digits.length;
  const next = cursor.peek().toLowerCase();
  if (/^[0-9]+$/.test(digits) && (next === 'f' || next === 'b') && !/[A-Za-z0-9_.$]/.test(cursor.peek(1))) {
    cursor.position++;
    return { kind: 'symbol', symbol: context.numbered(digits, next === 'f' ? 'forward' : 'backward'), addend: 0n };
  }
  if (/[A-Za-z0-9_$]/.test(next)) {
    const junk = /^[A-Za-z0-9_$.]*/.exec(cursor.text.slice(start, cursor.end))![0];
    throw new StatementError(
      `"${junk}" is no number: write 0x for hexadecimal, 0b for binary, 0 for octal.`,
      start,
      start + junk.length,
    );
  }
  if (digits.length > 1 && digits[0] === '0' && /^[0-9]+$/.test(digits)) {
    if (/[89]/.test(digits))
      throw new StatementError(`"${digits}" is no octal number (a leading 0 means octal).`, start, cursor.position);
    return number(BigInt(`0o${digits}`));
  }
  return number(BigInt(digits));
}

function parseCharacter(cursor: Cursor): Expression {
  const start = cursor.position;
  const end = Math.min(characterEnd(cursor.text, start), cursor.end);
  if (end <= start + 1) cursor.fail("A character is missing after '.", start);
  cursor.position = end;
  if (cursor.text[start + 1] === '\\') {
    const found = decodeEscape(cursor.text, start + 2);
    if (found !== undefined) {
      cursor.position = cursor.text[found.next] === "'" && found.next < cursor.end ? found.next + 1 : found.next;
      return number(BigInt(found.byte));
    }
    return number(BigInt(cursor.text.charCodeAt(start + 2) & 255));
  }
  return number(BigInt(cursor.text.codePointAt(start + 1)!));
}

export function foldUnary(operator: UnaryOperator, operand: Expression): Expression {
  if (operand.kind !== 'number') return { kind: 'unary', operator, operand };
  if (operator === '-') return number(-operand.value);
  if (operator === '~') return number(~operand.value);
  return number(operand.value === 0n ? 1n : 0n);
}

/** The distance between two labels when nothing of variable size lies between them, else undefined. */
export function fixedDistance(from: LabelPlace, to: LabelPlace): bigint | undefined {
  if (from.chain !== to.chain || from.fragment.group !== to.fragment.group) return undefined;
  return BigInt(to.fragment.groupOffset + to.offset - from.fragment.groupOffset - from.offset);
}

/** Combines two expressions, folding what is known; `fail` reports a division by zero. */
export function foldBinary(
  operator: BinaryOperator,
  left: Expression,
  right: Expression,
  fail: (message: string) => never,
): Expression {
  if (left.kind === 'number' && right.kind === 'number')
    return number(compute(operator, left.value, right.value, fail));
  if (left.kind === 'symbol' && right.kind === 'number' && (operator === '+' || operator === '-')) {
    return { ...left, addend: operator === '+' ? left.addend + right.value : left.addend - right.value };
  }
  if (left.kind === 'number' && right.kind === 'symbol' && operator === '+') {
    return { ...right, addend: right.addend + left.value };
  }
  if (left.kind === 'symbol' && right.kind === 'symbol' && (operator === '-' || operator in COMPARE)) {
    const distance =
      left.symbol === right.symbol
        ? 0n
        : left.symbol.label !== undefined && right.symbol.label !== undefined
          ? fixedDistance(right.symbol.label, left.symbol.label)
          : undefined;
    if (distance !== undefined) return number(compute(operator, distance + left.addend - right.addend, 0n, fail));
  }
  return { kind: 'binary', operator, left, right };
}

const COMPARE: Readonly<Record<string, (a: bigint, b: bigint) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

/** 64-bit arithmetic as GAS does it: comparisons give -1 for true, logical operators 1. */
export function compute(operator: BinaryOperator, a: bigint, b: bigint, fail: (message: string) => never): bigint {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return signed(a * b);
    case '/':
      if (b === 0n) fail('Division by zero.');
      return signed(a) / signed(b);
    case '%':
      if (b === 0n) fail('Division by zero.');
      return signed(a) % signed(b);
    case '<<':
      return b < 0n || b > 63n ? 0n : signed(a << b);
    case '>>':
      return b < 0n || b > 63n ? 0n : signed(BigInt.asUintN(64, a) >> b);
    case '|':
      return a | b;
    case '&':
      return a & b;
    case '^':
      return a ^ b;
    case '!':
      return a | ~b;
    case '&&':
      return a !== 0n && b !== 0n ? 1n : 0n;
    case '||':
      return a !== 0n || b !== 0n ? 1n : 0n;
    default:
      return COMPARE[operator]!(signed(a), signed(b)) ? -1n : 0n;
  }
}
