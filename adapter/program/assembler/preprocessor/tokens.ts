/** A preprocessing token (C11 §6.4), with the names that expansion may not replace in it. */
export interface Token {
  readonly kind: 'identifier' | 'number' | 'string' | 'character' | 'punctuator';
  readonly text: string;
  /** Blanks stood before it. */
  readonly space: boolean;
  readonly hidden?: ReadonlySet<string>;
}

const TOKEN =
  /([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)|(\.?[0-9][A-Za-z0-9_.]*)|("(?:[^"\\]|\\.)*")|('(?:[^'\\]|\\.)+')|(##|<<|>>|<=|>=|==|!=|&&|\|\||\.\.\.|[^\s])/uy;
const KINDS = ['identifier', 'number', 'string', 'character', 'punctuator'] as const;

/** Splits a line into tokens. As in GCC's assembler mode `$` is no letter and a lone quote is a token of its own. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let space = false;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 32 || (code >= 9 && code <= 13)) {
      space = true;
      at++;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) {
      at++;
      continue;
    }
    const kind = KINDS[match.slice(1).findIndex((group) => group !== undefined)]!;
    tokens.push({ kind, text: match[0], space });
    space = false;
    at += match[0].length;
  }
  return tokens;
}

const isWord = (token: Token): boolean => token.kind === 'identifier' || token.kind === 'number';

/** Text of tokens; words that would run together get a blank. */
export function spell(tokens: readonly Token[]): string {
  let out = '';
  let before: Token | undefined;
  for (const token of tokens) {
    if (before !== undefined && (token.space || (isWord(before) && isWord(token)))) out += ' ';
    out += token.text;
    before = token;
  }
  return out;
}
