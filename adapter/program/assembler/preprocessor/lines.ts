/** A line of a file with continuations joined and comments blanked. */
export interface LogicalLine {
  readonly text: string;
  /** 1-based line where it begins. */
  readonly line: number;
  /** Columns are the file's: nothing was joined. */
  readonly exact: boolean;
}

/** C's first translation phases (C11 §5.1.1.2): backslash-newline joins lines, comments become blanks. */
export function logicalLines(text: string, unterminated: (line: number) => void): LogicalLine[] {
  const raw = text.split(/\r\n|\n|\r/);
  if (raw[raw.length - 1] === '') raw.pop();
  const lines: LogicalLine[] = [];
  for (let index = 0; index < raw.length; index++) {
    const first = index;
    let joined = raw[index]!;
    while (/\\[ \t]*$/.test(joined) && index + 1 < raw.length) joined = joined.replace(/\\[ \t]*$/, '') + raw[++index]!;
    if (!joined.includes('/')) {
      lines.push({ text: joined, line: first + 1, exact: index === first });
      continue;
    }
    let out = '';
    let at = 0;
    let exact = index === first;
    let line = first + 1;
    while (at < joined.length) {
      const character = joined[at]!;
      if (character === '"' || character === "'") {
        const match = character === '"' ? /"(?:[^"\\]|\\.)*"?/y : /'(?:\\.|[^'\\])'?|'/y;
        match.lastIndex = at;
        const found = match.exec(joined)![0];
        out += found;
        at += found.length;
      } else if (character === '/' && joined[at + 1] === '/') {
        break;
      } else if (character === '/' && joined[at + 1] === '*') {
        let end = joined.indexOf('*/', at + 2);
        let crossed = false;
        while (end < 0 && index + 1 < raw.length) {
          joined = raw[++index]!;
          crossed = true;
          end = joined.indexOf('*/');
        }
        if (end < 0) {
          unterminated(first + 1);
          at = joined.length;
        } else if (crossed && out.trim() === '') {
          // What follows the comment belongs to the line where it stands.
          line = index + 1;
          out = ' '.repeat(end + 2);
          at = end + 2;
        } else {
          out += crossed ? ' ' : ' '.repeat(end + 2 - at);
          at = end + 2;
          if (crossed) exact = false;
        }
      } else {
        out += character;
        at++;
      }
    }
    lines.push({ text: out, line, exact });
  }
  return lines;
}
