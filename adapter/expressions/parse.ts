import { ExpressionError, type Token, tokenize } from './tokens.ts';

export interface ValueType {
  readonly bits: 8 | 16 | 32 | 64;
  readonly signed: boolean;
}

export type Node =
  | { readonly kind: 'number'; readonly value: bigint }
  | { readonly kind: 'name'; readonly name: string; readonly registerOnly: boolean; readonly column: number }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node; column: number }
  | { readonly kind: 'conditional'; readonly test: Node; readonly whenTrue: Node; readonly whenFalse: Node }
  /** `type` absent: as wide as a pointer. */
  | { readonly kind: 'memory'; readonly address: Node; readonly type?: ValueType; readonly physical: boolean }
  /** `0x7c0:0x10`, `cs:ip`: the linear address of an offset in a segment, named by selector or segment register. */
  | { readonly kind: 'segmented'; readonly selector: Node; readonly offset: Node; readonly column: number }
  | { readonly kind: 'cast'; readonly type: ValueType; readonly operand: Node }
  /** `(u32*)rax`: says what `*` reads. */
  | { readonly kind: 'pointer'; readonly type: ValueType; readonly operand: Node };

export interface Parsed {
  readonly node: Node;
  /** The letter after `:` or `,` at the end, if one was written. */
  readonly format?: string;
  /** Present for `target = value`; `node` is the target. */
  readonly assigned?: Node;
}

/** Binding powers as in C; a higher number binds tighter. */
const BINARY: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '<=': 7,
  '>': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const TYPE_NAME = /^(?:(u|s|i)(8|16|32|64)|(u?)int(8|16|32|64)_t)$/;
const PHYSICAL_READ = /^p(8|16|32|64)$/;
/** The size words of Intel syntax: `dword ptr [rsp]`. */
const SIZE_WORDS: Readonly<Record<string, ValueType['bits']>> = { byte: 8, word: 16, dword: 32, qword: 64 };
export const FORMATS = 'xduobcs';
export const SEGMENT_REGISTER = /^[cdefgs]s$/i;
/** Deeper nesting is refused, so that a hostile expression cannot exhaust the stack. */
const MAX_DEPTH = 200;

export function typeNamed(name: string): ValueType | undefined {
  const match = TYPE_NAME.exec(name);
  if (match === null) return undefined;
  const bits = Number(match[2] ?? match[4]) as ValueType['bits'];
  return { bits, signed: match[1] === undefined ? match[3] === '' : match[1] !== 'u' };
}

/** Parses a whole expression. Throws an ExpressionError with one sentence. */
export function parse(text: string): Parsed {
  if (text.trim() === '') throw new ExpressionError('The expression is empty.');
  return new Parser(tokenize(text)).parseAll();
}

class Parser {
  private at = 0;
  private depth = 0;
  /** Conditionals whose `:` is still to come. */
  private alternatives = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parseAll(): Parsed {
    const node = this.expression();
    if (this.accept('=')) {
      const assigned = this.expression();
      this.expectEnd();
      return { node, assigned };
    }
    const separator = this.peek();
    if (this.accept(':') || this.accept(',')) {
      const token = this.next();
      if (token.kind !== 'name' || token.text.length !== 1 || !FORMATS.includes(token.text)) {
        throw new ExpressionError(
          `After ':' a format is expected: one of ${[...FORMATS].join(', ')}.`,
          separator.column,
        );
      }
      this.expectEnd();
      return { node, format: token.text };
    }
    this.expectEnd();
    return { node };
  }

  /** After a number or segment register: a colon and what can only be an offset, no format letter and no bracket. */
  private segmented(selector: Node): Node {
    const colon = this.peek();
    if (this.alternatives > 0 || !this.isOperator(colon, ':')) return selector;
    const after = this.tokens[this.at + 1]!;
    const offset = after.kind === 'number' || (after.kind === 'name' && (after.sigil || after.text.length > 1));
    if (!offset) return selector;
    this.at++;
    return { kind: 'segmented', selector, offset: this.nested(() => this.unary()), column: colon.column };
  }

  private expression(minimum = 0): Node {
    if (++this.depth > MAX_DEPTH) throw new ExpressionError('The expression is nested too deeply.', this.peek().column);
    let left = this.unary();
    for (;;) {
      const token = this.peek();
      if (token.kind !== 'operator') break;
      const power = BINARY[token.text];
      if (power !== undefined && power > minimum) {
        this.at++;
        left = { kind: 'binary', operator: token.text, left, right: this.expression(power), column: token.column };
      } else if (token.text === '?' && minimum === 0) {
        this.at++;
        this.alternatives++;
        const whenTrue = this.expression();
        this.alternatives--;
        this.expect(':');
        left = { kind: 'conditional', test: left, whenTrue, whenFalse: this.expression() };
      } else break;
    }
    this.depth--;
    return left;
  }

  private unary(): Node {
    const token = this.next();
    if (token.kind === 'number') return this.segmented({ kind: 'number', value: token.value });
    if (token.kind === 'name') return this.named(token);
    if (token.kind === 'end') throw new ExpressionError('The expression ends where a value is expected.', token.column);
    switch (token.text) {
      case '-':
      case '~':
      case '!':
      case '+':
        return { kind: 'unary', operator: token.text, operand: this.nested(() => this.unary()) };
      case '&':
        // A symbol already stands for its address; `&counter` says so in C's words.
        return this.nested(() => this.unary());
      case '*': {
        const operand = this.nested(() => this.unary());
        if (operand.kind === 'pointer') {
          return { kind: 'memory', address: operand.operand, type: operand.type, physical: false };
        }
        return { kind: 'memory', address: operand, physical: false };
      }
      case '[':
        return this.bracketed(undefined, undefined);
      case '(': {
        const cast = this.cast();
        if (cast !== undefined) return cast;
        const inner = this.expression();
        this.expect(')');
        return inner;
      }
      default:
        throw new ExpressionError(`A value is expected before '${token.text}'.`, token.column);
    }
  }

  private nested<T>(parse: () => T): T {
    if (++this.depth > MAX_DEPTH) throw new ExpressionError('The expression is nested too deeply.', this.peek().column);
    const result = parse();
    this.depth--;
    return result;
  }

  /** `(u32)x` and `(u32*)x`, once the `(` has been read. */
  private cast(): Node | undefined {
    const token = this.peek();
    if (token.kind !== 'name' || token.sigil) return undefined;
    const type = typeNamed(token.text);
    if (type === undefined) return undefined;
    const after = this.tokens[this.at + 1];
    if (after?.kind !== 'operator' || (after.text !== ')' && after.text !== '*')) return undefined;
    this.at++;
    const pointer = this.accept('*');
    this.expect(')');
    const operand = this.nested(() => this.unary());
    return pointer ? { kind: 'pointer', type, operand } : { kind: 'cast', type, operand };
  }

  private named(token: Token & { kind: 'name' }): Node {
    const { text, sigil, column } = token;
    if (!sigil) {
      const next = this.peek();
      const opens = next.kind === 'operator' ? next.text : '';
      const physical = PHYSICAL_READ.exec(text);
      const type = physical ? { bits: Number(physical[1]) as ValueType['bits'], signed: false } : typeNamed(text);
      if (type !== undefined && opens === '(') {
        this.at++;
        const address = this.expression();
        this.expect(')');
        return { kind: 'memory', address, type, physical: physical !== null };
      }
      const bits = SIZE_WORDS[text.toLowerCase()];
      if (bits !== undefined) {
        const ptr = this.peek();
        if (ptr.kind === 'name' && ptr.text.toLowerCase() === 'ptr') this.at++;
        const bracket = this.peek();
        if (bracket.kind === 'name') {
          this.at++;
          return this.segmentOverride(bracket, { bits, signed: false });
        }
        this.expect('[');
        return this.bracketed({ bits, signed: false }, undefined);
      }
    }
    const following = this.tokens[this.at + 1];
    if (this.isOperator(this.peek(), ':') && this.isOperator(following, '['))
      return this.segmentOverride(token, undefined);
    const name: Node = { kind: 'name', name: text, registerOnly: sigil, column };
    return SEGMENT_REGISTER.test(text) ? this.segmented(name) : name;
  }

  private isOperator(token: Token | undefined, text: string): boolean {
    return token?.kind === 'operator' && token.text === text;
  }

  /** `gs:[0x10]`. */
  private segmentOverride(token: Token & { kind: 'name' }, type: ValueType | undefined): Node {
    this.expect(':');
    this.expect('[');
    return this.bracketed(type, token);
  }

  private bracketed(type: ValueType | undefined, segment: (Token & { kind: 'name' }) | undefined): Node {
    const offset = this.expression();
    this.expect(']');
    const base: Node | undefined = segment && {
      kind: 'name',
      name: `${segment.text.toLowerCase()}.base`,
      registerOnly: true,
      column: segment.column,
    };
    const address: Node = base ? { kind: 'binary', operator: '+', left: base, right: offset, column: 0 } : offset;
    return { kind: 'memory', address, physical: false, ...(type && { type }) };
  }

  private peek(): Token {
    return this.tokens[this.at]!;
  }

  private next(): Token {
    const token = this.tokens[this.at]!;
    if (token.kind !== 'end') this.at++;
    return token;
  }

  private accept(text: string): boolean {
    if (!this.isOperator(this.peek(), text)) return false;
    this.at++;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw new ExpressionError(`'${text}' is expected here.`, this.peek().column);
  }

  private expectEnd(): void {
    const token = this.peek();
    if (token.kind === 'end') return;
    const text = token.kind === 'number' ? `${token.value}` : token.text;
    throw new ExpressionError(`'${text}' was not expected here.`, token.column);
  }
}
