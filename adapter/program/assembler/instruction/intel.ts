import type { Cursor } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import {
  type BinaryOperator,
  type Expression,
  type ExpressionContext,
  foldBinary,
  foldUnary,
  number,
  parseExpression,
} from '../expression.ts';
import type { Operand } from './operand.ts';
import { findRegister, type RegisterInfo } from './registers.ts';

/** What part of an Intel operand amounts to so far. */
interface Part {
  /** The sum of everything that is no register. */
  readonly value: Expression;
  readonly registers: readonly { readonly register: RegisterInfo; readonly scale: number; readonly scaled: boolean }[];
  readonly brackets: boolean;
  /** A symbol that no `offset` took the address of: stands for memory. */
  readonly symbol: boolean;
  readonly offset: boolean;
  readonly segment: RegisterInfo | undefined;
  readonly size: number | undefined;
  readonly distance: 'far' | 'near' | 'short' | undefined;
  readonly pointer: boolean;
}

const PLAIN: Omit<Part, 'value'> = {
  registers: [],
  brackets: false,
  symbol: false,
  offset: false,
  segment: undefined,
  size: undefined,
  distance: undefined,
  pointer: false,
};

/** Bytes of the type names before `ptr`. */
const SIZES: Readonly<Record<string, number>> = {
  byte: 1,
  word: 2,
  dword: 4,
  fword: 6,
  qword: 8,
  mmword: 8,
  tbyte: 10,
  oword: 16,
  xmmword: 16,
  ymmword: 32,
  zmmword: 64,
};

const WORD_OPERATORS: Readonly<Record<string, { operator: BinaryOperator; rank: number }>> = {
  shl: { operator: '<<', rank: 8 },
  shr: { operator: '>>', rank: 8 },
  mod: { operator: '%', rank: 8 },
  and: { operator: '&', rank: 4 },
  or: { operator: '|', rank: 2 },
  xor: { operator: '^', rank: 2 },
  eq: { operator: '==', rank: 5 },
  ne: { operator: '!=', rank: 5 },
  lt: { operator: '<', rank: 5 },
  le: { operator: '<=', rank: 5 },
  gt: { operator: '>', rank: 5 },
  ge: { operator: '>=', rank: 5 },
};
const SIGN_OPERATORS: readonly (readonly [string, BinaryOperator, number])[] = [
  ['<<', '<<', 8],
  ['>>', '>>', 8],
  ['==', '==', 5],
  ['!=', '!=', 5],
  ['<=', '<=', 5],
  ['>=', '>=', 5],
  ['<', '<', 5],
  ['>', '>', 5],
  ['*', '*', 8],
  ['/', '/', 8],
  ['%', '%', 8],
  ['+', '+', 6],
  ['-', '-', 6],
  ['&', '&', 4],
  ['|', '|', 2],
  ['^', '^', 2],
];

/** Reads one operand of `.intel_syntax noprefix` (a `%` before a register is taken too). */
class IntelOperandParser {
  readonly #cursor: Cursor;
  readonly #context: ExpressionContext;
  #depth = 0;

  constructor(cursor: Cursor, context: ExpressionContext) {
    this.#cursor = cursor;
    this.#context = context;
  }

  #fail(message: string, at = this.#cursor.position): never {
    return this.#cursor.fail(message, at);
  }

  #word(): string {
    this.#cursor.skipBlanks();
    return (
      /^[A-Za-z]+(?![A-Za-z0-9_.$])/.exec(this.#cursor.text.slice(this.#cursor.position, this.#cursor.end))?.[0] ?? ''
    ).toLowerCase();
  }

  /** Takes the operand; several brackets and values side by side add up (`table[rbx][rsi*4+8]`). */
  parse(): Part {
    const { left } = { left: this.#binary(0) };
    return left;
  }

  #operator(): { operator: BinaryOperator; rank: number; length: number } | undefined {
    this.#cursor.skipBlanks();
    for (const [sign, operator, rank] of SIGN_OPERATORS) {
      if (this.#cursor.startsWith(sign)) return { operator, rank, length: sign.length };
    }
    const word = this.#word();
    const found = WORD_OPERATORS[word];
    return found === undefined ? undefined : { ...found, length: word.length };
  }

  #binary(rank: number): Part {
    if (++this.#depth > 200) this.#fail('The operand is nested more than 200 deep.');
    let left = this.#postfix();
    for (;;) {
      const found = this.#operator();
      if (found === undefined || found.rank <= rank) break;
      const at = this.#cursor.position;
      this.#cursor.position += found.length;
      left = this.#combine(found.operator, left, this.#binary(found.rank), at);
    }
    this.#depth--;
    return left;
  }

  /** A primary with the brackets that follow it. */
  #postfix(): Part {
    let left = this.#primary();
    while (this.#cursor.skipBlanks().peek() === '[')
      left = this.#combine('+', left, this.#primary(), this.#cursor.position);
    return left;
  }

  #combine(operator: BinaryOperator, a: Part, b: Part, at: number): Part {
    const merged = {
      brackets: a.brackets || b.brackets,
      symbol: a.symbol || b.symbol,
      offset: a.offset || b.offset,
      segment: b.segment ?? a.segment,
      size: a.size ?? b.size,
      distance: a.distance ?? b.distance,
      pointer: a.pointer || b.pointer,
    };
    const fail = (message: string): never => this.#fail(message, at);
    if (a.registers.length === 0 && b.registers.length === 0) {
      return { ...merged, registers: [], value: foldBinary(operator, a.value, b.value, fail) };
    }
    if (operator === '+') {
      return { ...merged, registers: [...a.registers, ...b.registers], value: foldBinary('+', a.value, b.value, fail) };
    }
    if (operator === '-' && b.registers.length === 0) {
      return { ...merged, registers: a.registers, value: foldBinary('-', a.value, b.value, fail) };
    }
    if (operator === '*') {
      const [scaled, factor] = a.registers.length > 0 ? [a, b] : [b, a];
      const only = scaled.registers[0];
      const zero = scaled.value.kind === 'number' && scaled.value.value === 0n;
      if (
        scaled.registers.length === 1 &&
        zero &&
        only !== undefined &&
        factor.registers.length === 0 &&
        factor.value.kind === 'number'
      ) {
        return {
          ...merged,
          registers: [{ register: only.register, scale: only.scale * Number(factor.value.value), scaled: true }],
          value: number(0n),
        };
      }
    }
    return fail(`A register can't stand beside "${operator}" here: an address is base + index*scale + displacement.`);
  }

  #primary(): Part {
    const cursor = this.#cursor;
    cursor.skipBlanks();
    const start = cursor.position;
    const character = cursor.peek();
    if (this.#depth > 200) this.#fail('The operand is nested more than 200 deep.');
    if (character === '[' || character === '(') {
      cursor.position++;
      const inner = this.#binary(0);
      if (!cursor.take(character === '[' ? ']' : ')'))
        this.#fail(`A closing "${character === '[' ? ']' : ')'}" is missing.`, start);
      return character === '[' ? { ...inner, brackets: true } : inner;
    }
    if (character === '-' || character === '~' || character === '+' || character === '!') {
      cursor.position++;
      this.#depth++;
      const operand = this.#primary();
      this.#depth--;
      if (character === '+') return operand;
      if (operand.registers.length > 0) this.#fail(`A register can't be negated in an address.`, start);
      return { ...operand, value: foldUnary(character, operand.value) };
    }
    const word = this.#word();
    if (word !== '' || /[%A-Za-z]/.test(character)) return this.#named(word, start);
    return this.#leaf();
  }

  #named(word: string, start: number): Part {
    const cursor = this.#cursor;
    if (word === 'not') {
      cursor.position += 3;
      const operand = this.#primary();
      return { ...operand, value: foldUnary('~', operand.value) };
    }
    if (word === 'offset') {
      cursor.position += 6;
      const flat = /^\s*flat\s*:/i.exec(cursor.text.slice(cursor.position, cursor.end));
      if (flat !== null) cursor.position += flat[0].length;
      const operand = this.#postfix();
      return { ...operand, symbol: false, offset: true };
    }
    if (word === 'short' || word === 'near' || word === 'far') {
      const after = cursor.text.slice(cursor.position + word.length, cursor.end);
      if (/^\s*[^\s,+\-*/)\]]/.test(after)) {
        cursor.position += word.length;
        const pointer = this.#word() === 'ptr';
        if (pointer) cursor.position += 3;
        const operand = this.#binary(6);
        return { ...operand, distance: word, pointer: pointer || operand.pointer };
      }
    }
    const size = SIZES[word];
    if (size !== undefined) {
      const after = /^\s*(ptr\b)?\s*/i.exec(cursor.text.slice(cursor.position + word.length, cursor.end))!;
      const next = cursor.text[cursor.position + word.length + after[0].length];
      if (after[1] !== undefined || next === '[') {
        cursor.position += word.length + after[0].length;
        const operand = this.#binary(6);
        return { ...operand, size, pointer: true, distance: size === 6 ? 'far' : operand.distance };
      }
    }
    const register = this.#register();
    if (register !== undefined) {
      if (register.class === 'seg' && cursor.take(':')) {
        const operand = this.#binary(6);
        return { ...operand, segment: register };
      }
      return { ...PLAIN, value: number(0n), registers: [{ register, scale: 1, scaled: false }] };
    }
    if (cursor.text[start] === '%') this.#fail(`"${cursor.rest()}" is no register.`, start);
    return this.#leaf();
  }

  #register(): RegisterInfo | undefined {
    const text = this.#cursor.text.slice(this.#cursor.position, this.#cursor.end);
    const found = /^%?(st\s*\(\s*[0-7]\s*\)|[A-Za-z][A-Za-z0-9]*)(?![A-Za-z0-9_.$@])/i.exec(text);
    if (found === null) return undefined;
    const register = findRegister(found[1]!.toLowerCase().replace(/\s/g, ''));
    if (register !== undefined) this.#cursor.position += found[0].length;
    return register;
  }

  /** A number, a character or a symbol: what the common expression grammar calls an operand. */
  #leaf(): Part {
    const cursor = this.#cursor;
    const start = cursor.position;
    const dollar = cursor.take('$');
    // Rank 100 lets the common parser take one operand and no operator.
    const value = parseExpression(cursor, this.#context, 100);
    if (cursor.position === start) this.#fail('An operand is missing here.');
    return { ...PLAIN, value, symbol: value.kind !== 'number' && !dollar };
  }
}

/** One operand in Intel syntax, up to the comma or the statement's end. */
export function parseIntelOperand(cursor: Cursor, context: ExpressionContext): Operand {
  cursor.skipBlanks();
  const start = cursor.position;
  const part = new IntelOperandParser(cursor, context).parse();
  if (cursor.take(':')) {
    const offset = new IntelOperandParser(cursor, context).parse();
    return { kind: 'far', selector: part.value, offset: offset.value, start, end: cursor.position };
  }
  const end = cursor.position;
  const [first, second] = part.registers;
  const isMemory =
    part.brackets ||
    (part.symbol && part.value.kind === 'symbol') ||
    part.segment !== undefined ||
    (part.pointer && part.distance === undefined);
  if (
    first !== undefined &&
    second === undefined &&
    !part.brackets &&
    part.value.kind === 'number' &&
    part.value.value === 0n &&
    !first.scaled &&
    part.segment === undefined
  ) {
    return { kind: 'register', register: first.register, indirect: true, start, end };
  }
  if (part.registers.length === 0 && !isMemory) {
    if (part.distance !== undefined && part.value.kind === 'number')
      return memory(part, undefined, undefined, 1, start, end);
    return { kind: 'immediate', value: part.value, start, end };
  }
  if (part.registers.length > 2)
    throw new StatementError('An address takes one base and one index register.', start, end);
  const [base, index] = arrange(part.registers);
  if (index !== undefined && ![1, 2, 4, 8].includes(index.scale)) {
    throw new StatementError(`The scale must be 1, 2, 4 or 8, not ${index.scale}.`, start, end);
  }
  return memory(part, base?.register, index?.register, (index?.scale ?? 1) as 1 | 2 | 4 | 8, start, end);
}

type Term = Part['registers'][number];

/** Base first, unless only the first is scaled or the second can't be an index (ESP, RSP, RIP). */
function arrange(terms: readonly Term[]): [base: Term | undefined, index: Term | undefined] {
  const [a, b] = terms;
  if (a === undefined) return [undefined, undefined];
  if (b === undefined) {
    if (a.scaled || a.register.class === 'xmm' || a.register.class === 'ymm' || a.register.class === 'zmm')
      return [undefined, a];
    return [a, undefined];
  }
  const stack = (term: Term): boolean =>
    (term.register.class === 'r32' || term.register.class === 'r64') && term.register.number === 4;
  const indexOnly16 = (term: Term): boolean =>
    term.register.class === 'r16' && (term.register.number === 6 || term.register.number === 7);
  if (a.scaled || a.register.class === 'xmm' || a.register.class === 'ymm' || (stack(b) && !b.scaled)) return [b, a];
  if (indexOnly16(a) && !indexOnly16(b)) return [b, a];
  return [a, b];
}

function memory(
  part: Part,
  base: RegisterInfo | undefined,
  index: RegisterInfo | undefined,
  scale: 1 | 2 | 4 | 8,
  start: number,
  end: number,
): Operand {
  const nothing =
    part.value.kind === 'number' && part.value.value === 0n && (base !== undefined || index !== undefined);
  return {
    kind: 'memory',
    segment: part.segment,
    base,
    index,
    scale,
    displacement: nothing ? undefined : part.value,
    size: part.size,
    indirect:
      part.brackets ||
      (part.pointer && part.distance === undefined) ||
      part.size !== undefined ||
      base !== undefined ||
      index !== undefined,
    distance: part.distance,
    start,
    end,
  };
}
