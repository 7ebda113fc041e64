/** A sentence about an expression, with the column (1-based) where it went wrong, or 0. */
export class ExpressionError extends Error {
  constructor(
    message: string,
    readonly column = 0,
  ) {
    super(message);
  }
}

export type Token =
  | { readonly kind: 'number'; readonly value: bigint; readonly column: number }
  /** `sigil` tells `$rax` and `%rax`, which can only be registers, from `rax`, which may be a symbol. */
  | { readonly kind: 'name'; readonly text: string; readonly sigil: boolean; readonly column: number }
  | { readonly kind: 'operator'; readonly text: string; readonly column: number }
  | { readonly kind: 'end'; readonly column: number };

/** Longest first, so that `<<` is not read as two `<`. */
const OPERATORS = ['<<', '>>', '<=', '>=', '==', '!=', '&&', '||', ...'()[]+-*/%&|^~!<>?:,='];

const SPACE = /\s+/y;
const NUMBER = /0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|\d[\d_]*/y;
const NUMBER_SUFFIX = /[uUlL]{0,3}/y;
const CHARACTER = /'(\\.|[^'\\])'/y;
const NAME = /[A-Za-z_.][\w.$@]*/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '0': '\0', '\\': '\\', "'": "'" };

/** Splits an expression. Throws an ExpressionError naming the first character that cannot be part of one. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  while (at < text.length) {
    if (match(SPACE) !== undefined) continue;
    const column = at + 1;
    // `%rax` after an operand is the remainder operator, elsewhere a register as AT&T writes it.
    const character = text[at]!;
    if (character === '$' || (character === '%' && !endsOperand(tokens.at(-1)))) {
      at++;
      const name = match(NAME);
      if (name === undefined) throw new ExpressionError(`${character} must be followed by a register name.`, column);
      tokens.push({ kind: 'name', text: name, sigil: true, column });
      continue;
    }
    const digits = match(NUMBER);
    if (digits !== undefined) {
      match(NUMBER_SUFFIX);
      NAME.lastIndex = at;
      const rest = NAME.exec(text)?.[0];
      if (rest !== undefined) throw new ExpressionError(`${digits}${rest} is not a number.`, column);
      tokens.push({ kind: 'number', value: BigInt(digits.replaceAll('_', '')), column });
      continue;
    }
    const quoted = match(CHARACTER);
    if (quoted !== undefined) {
      const body = quoted.slice(1, -1);
      const decoded = body.startsWith('\\') ? ESCAPES[body[1]!] : body;
      if (decoded === undefined) throw new ExpressionError(`${quoted} is not a character that is known here.`, column);
      tokens.push({ kind: 'number', value: BigInt(decoded.codePointAt(0)!), column });
      continue;
    }
    const name = match(NAME);
    if (name !== undefined) {
      tokens.push({ kind: 'name', text: name, sigil: false, column });
      continue;
    }
    const operator = OPERATORS.find((candidate) => text.startsWith(candidate, at));
    if (operator === undefined) throw new ExpressionError(`'${character}' cannot stand in an expression.`, column);
    at += operator.length;
    tokens.push({ kind: 'operator', text: operator, column });
  }
  tokens.push({ kind: 'end', column: text.length + 1 });
  return tokens;
}

function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === 'operator') return token.text === ')' || token.text === ']';
  return token.kind === 'number' || token.kind === 'name';
}
