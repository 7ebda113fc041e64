import type { FileTable, SourceLine } from './source.ts';

/** The index just past a string that opens at `start` (a double quote), or -1 when the line ends first. */
export function stringEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const character = text[index];
    if (character === '\\') index++;
    else if (character === '"') return index + 1;
  }
  return -1;
}

/** The index just past a character constant that opens at `start` (`'a`, `'a'`, `'\n'`); GAS makes the closing quote optional. */
export function characterEnd(text: string, start: number): number {
  let index = start + 1;
  if (text[index] === '\\') index++;
  index++;
  return text[index] === "'" ? index + 1 : index;
}

const LINE_MARKER = /^\s*#\s*(?:line\s+)?(\d+)\s+"((?:[^"\\]|\\.)*)"/;

/**
 * Splits a file into logical lines. Comments become blanks of the same width, so that columns stay the file's; a block
 * comment that crosses lines ends the statement before it. `# 12 "name"` markers (GAS's .linefile) redirect the origins below them.
 * `unterminated` is told the line of a block comment that never ends.
 */
export function splitLines(
  text: string,
  path: string,
  files: FileTable,
  unterminated: (line: number) => void,
): SourceLine[] {
  const raw = text.split(/\r\n|\n|\r/);
  if (raw.length > 0 && raw[raw.length - 1] === '') raw.pop();
  const lines: SourceLine[] = [];
  let file = files.index(path);
  let shift = 1;
  for (let index = 0; index < raw.length; index++) {
    let line = raw[index]!;
    const first = index;
    if (/[#'"/]/.test(line)) {
      const marker = LINE_MARKER.exec(line);
      if (marker !== null) {
        file = files.index(marker[2]!);
        shift = Number(marker[1]) - index - 1;
        continue;
      }
      let out = '';
      let at = 0;
      let blank = true;
      while (at < line.length) {
        const character = line[at]!;
        if (character === '"') {
          const end = stringEnd(line, at);
          const stop = end < 0 ? line.length : end;
          out += line.slice(at, stop);
          at = stop;
        } else if (character === "'") {
          const end = Math.min(characterEnd(line, at), line.length);
          out += line.slice(at, end);
          at = end;
        } else if (
          character === '#' ||
          (character === '/' && (line[at + 1] === '/' || (blank && line[at + 1] !== '*')))
        ) {
          break;
        } else if (character === '/' && line[at + 1] === '*') {
          let end = line.indexOf('*/', at + 2);
          if (end < 0) {
            // A comment that crosses lines ends the statement, as GAS's scrubber has it.
            lines.push({ text: out, origin: { file, line: index + shift }, exact: true });
            while (end < 0 && index + 1 < raw.length) {
              line = raw[++index]!;
              end = line.indexOf('*/');
            }
            if (end < 0) unterminated(first + shift);
            at = end < 0 ? line.length : end + 2;
            out = ' '.repeat(at);
            blank = true;
          } else {
            out += ' '.repeat(end + 2 - at);
            at = end + 2;
          }
          continue;
        } else {
          out += character;
          at++;
        }
        if (character !== ' ' && character !== '\t') blank = false;
      }
      line = out;
    }
    lines.push({ text: line, origin: { file, line: index + shift }, exact: true });
  }
  return lines;
}

/** Offsets of the statements of a logical line: `;` separates them outside strings and character constants. */
export function splitStatements(text: string): [start: number, end: number][] {
  if (!text.includes(';')) return [[0, text.length]];
  const parts: [number, number][] = [];
  let start = 0;
  for (let index = 0; index < text.length; ) {
    const character = text[index];
    if (character === '"') {
      const end = stringEnd(text, index);
      index = end < 0 ? text.length : end;
    } else if (character === "'") index = characterEnd(text, index);
    else {
      if (character === ';') {
        parts.push([start, index]);
        start = index + 1;
      }
      index++;
    }
  }
  parts.push([start, text.length]);
  return parts;
}
