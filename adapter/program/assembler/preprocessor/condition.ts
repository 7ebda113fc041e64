import { decodeEscape } from '../cursor.ts';
import { StatementError } from '../diagnostics.ts';
import type { Token } from './tokens.ts';

interface Value {
  readonly value: bigint;
  readonly unsigned: boolean;
}

const signed = (value: bigint): Value => ({ value: BigInt.asIntN(64, value), unsigned: false });
const truth = (holds: boolean): Value => signed(holds ? 1n : 0n);

const RANK: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const DEEPEST = 200;

/** Evaluates the controlling expression of `#if` (C11 §6.10.1) over expanded tokens: names that are left count as 0. */
class ConditionParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  run(): boolean {
    if (this.#tokens.length === 0) throw new StatementError('#if needs an expression.');
    const { value } = this.#conditional(true);
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new StatementError(`Unexpected "${left.text}" in the condition.`);
    return value !== 0n;
  }

  #take(text: string): boolean {
    if (this.#tokens[this.#at]?.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new StatementError(`The condition lacks a "${text}".`);
  }

  #conditional(live: boolean): Value {
    const condition = this.#binary(0, live);
    if (!this.#take('?')) return condition;
    const holds = condition.value !== 0n;
    const yes = this.#conditional(live && holds);
    this.#expect(':');
    const no = this.#conditional(live && !holds);
    return holds ? yes : no;
  }

  /** `live` is false where the value does not matter, so that a division by zero there is none. */
  #binary(rank: number, live: boolean): Value {
    let left = this.#unary(live);
    for (;;) {
      const operator = this.#tokens[this.#at]?.text ?? '';
      const own = RANK[operator];
      if (own === undefined || own <= rank) return left;
      this.#at++;
      const decided = (operator === '&&' && left.value === 0n) || (operator === '||' && left.value !== 0n);
      const right = this.#binary(own, live && !decided);
      left = this.#apply(operator, left, right, live && !decided);
    }
  }

  #apply(operator: string, a: Value, b: Value, live: boolean): Value {
    if (operator === '&&') return truth(a.value !== 0n && b.value !== 0n);
    if (operator === '||') return truth(a.value !== 0n || b.value !== 0n);
    const unsigned = a.unsigned || b.unsigned;
    const make = (value: bigint): Value => (unsigned ? { value: BigInt.asUintN(64, value), unsigned } : signed(value));
    const x = make(a.value).value;
    const y = make(b.value).value;
    const shift = (): bigint => (b.value < 0n ? 0n : b.value > 64n ? 64n : b.value);
    switch (operator) {
      case '|':
        return make(x | y);
      case '^':
        return make(x ^ y);
      case '&':
        return make(x & y);
      case '==':
        return truth(x === y);
      case '!=':
        return truth(x !== y);
      case '<':
        return truth(x < y);
      case '>':
        return truth(x > y);
      case '<=':
        return truth(x <= y);
      case '>=':
        return truth(x >= y);
      case '<<':
        return a.unsigned
          ? { value: BigInt.asUintN(64, a.value << shift()), unsigned: true }
          : signed(a.value << shift());
      case '>>':
        return { value: a.value >> shift(), unsigned: a.unsigned };
      case '+':
        return make(x + y);
      case '-':
        return make(x - y);
      case '*':
        return make(x * y);
      default:
        if (y === 0n) {
          if (live) throw new StatementError('Division by zero in the condition.');
          return signed(0n);
        }
        return make(operator === '/' ? x / y : x % y);
    }
  }

  #unary(live: boolean): Value {
    if (++this.#depth > DEEPEST) throw new StatementError(`The condition is nested more than ${DEEPEST} deep.`);
    try {
      const token = this.#tokens[this.#at++];
      if (token === undefined) throw new StatementError('The condition ends where a value is expected.');
      switch (token.text) {
        case '(': {
          const inner = this.#conditional(live);
          this.#expect(')');
          return inner;
        }
        case '!':
          return truth(this.#unary(live).value === 0n);
        case '+':
          return this.#unary(live);
        case '-':
        case '~': {
          const operand = this.#unary(live);
          const value = token.text === '-' ? -operand.value : ~operand.value;
          return operand.unsigned ? { value: BigInt.asUintN(64, value), unsigned: true } : signed(value);
        }
      }
      if (token.kind === 'number') return integer(token.text);
      if (token.kind === 'character') return character(token.text);
      if (token.kind === 'identifier') return signed(0n);
      throw new StatementError(`"${token.text}" can't stand in a condition.`);
    } finally {
      this.#depth--;
    }
  }
}

function integer(text: string): Value {
  const parts = /^(0x[0-9a-f]+|0b[01]+|[0-9]+)(u?l{0,2}|l{1,2}u)$/i.exec(text);
  if (parts === null) throw new StatementError(`"${text}" is no integer.`);
  const digits = parts[1]!;
  if (/^0[0-9]+$/.test(digits) && /[89]/.test(digits)) throw new StatementError(`"${text}" is no octal number.`);
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  return { value: BigInt.asUintN(64, value), unsigned: /u/i.test(parts[2]!) || value > 0x7fff_ffff_ffff_ffffn };
}

function character(text: string): Value {
  if (text[1] !== '\\') return signed(BigInt(text.codePointAt(1)!));
  return signed(BigInt(decodeEscape(text, 2)?.byte ?? text.charCodeAt(2)));
}

/** Whether the condition holds. Throws {@link StatementError} with one sentence when it is no expression. */
export const conditionHolds = (tokens: readonly Token[]): boolean => new ConditionParser(tokens).run();
