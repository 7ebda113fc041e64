/** A piece of a line: 0-based columns, end exclusive, and what to evaluate for it. */
export interface ExpressionSpan {
  readonly start: number;
  readonly end: number;
  readonly expression: string;
}

const word = /[%$\\]?[A-Za-z_.][\w.$]*/g;
const strings = /"(?:[^"\\]|\\.)*"?/g;

/**
 * The register or symbol under a column of a line of guest assembly: `%rax` and `rax` give the register, `$main` and
 * `main` the symbol. Nothing inside comments and strings, for macro arguments, directives, or the mnemonic itself.
 */
export function expressionAt(line: string, column: number): ExpressionSpan | undefined {
  const code = withoutComment(line);
  for (const match of code.matchAll(word)) {
    const start = match.index;
    const end = start + match[0].length;
    if (column < start || column > end) continue;
    if (/^[\\.]/.test(match[0]) && !/^\.L/.test(match[0])) return undefined;
    // A number such as 0x10 holds letters too.
    if (start > 0 && /\w/.test(code[start - 1]!)) return undefined;
    if (/^[%$]?[A-Za-z_.]/.test(match[0]) && isMnemonic(code, start, end)) return undefined;
    return { start, end, expression: match[0].replace(/^[%$]/, '') };
  }
  return undefined;
}

/** The first word of a statement is a mnemonic or a macro, unless a colon makes it a label. */
function isMnemonic(code: string, start: number, end: number): boolean {
  if (/^\s*:/.test(code.slice(end))) return false;
  const before = code.slice(0, start);
  const statement = before.slice(Math.max(before.lastIndexOf(';'), before.lastIndexOf(':')) + 1);
  return /^\s*(?:(?:lock|rep|repe|repz|repne|repnz|notrack)\s+)*$/i.test(statement);
}

/** Strings and comments blanked out, columns kept. */
function withoutComment(line: string): string {
  const blank = (text: string) => ' '.repeat(text.length);
  const code = line.replace(strings, blank).replace(/\/\*.*?(?:\*\/|$)/g, blank);
  const comment = code.search(/#|\/\//);
  return comment < 0 ? code : code.slice(0, comment);
}
