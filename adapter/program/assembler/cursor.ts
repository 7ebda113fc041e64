import { StatementError } from './diagnostics.ts';
import { stringEnd } from './text.ts';

const NAME_START = /[A-Za-z_.$\u0080-\uffff]/;
const NAME = /[A-Za-z0-9_.$\u0080-\uffff]*/y;

export const isNameStart = (character: string | undefined): boolean =>
  character !== undefined && NAME_START.test(character);

/** Reads one statement from left to right; offsets are those of its logical line. */
export class Cursor {
  readonly text: string;
  readonly end: number;
  position: number;

  constructor(text: string, position = 0, end = text.length) {
    this.text = text;
    this.position = position;
    this.end = end;
  }

  skipBlanks(): this {
    while (this.position < this.end) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 32 && code !== 9 && code !== 12 && code !== 13) break;
      this.position++;
    }
    return this;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  /** The character at the position, or '' at the end. */
  peek(ahead = 0): string {
    const at = this.position + ahead;
    return at < this.end ? this.text[at]! : '';
  }

  startsWith(text: string): boolean {
    return this.position + text.length <= this.end && this.text.startsWith(text, this.position);
  }

  /** Skips blanks, then takes `text` when it comes next. */
  take(text: string): boolean {
    this.skipBlanks();
    if (!this.startsWith(text)) return false;
    this.position += text.length;
    return true;
  }

  /** A symbol name (quoted names included), or undefined; takes nothing then. */
  name(): string | undefined {
    this.skipBlanks();
    if (this.peek() === '"') return this.string();
    if (!isNameStart(this.peek())) return undefined;
    NAME.lastIndex = this.position;
    const found = NAME.exec(this.text)![0].slice(0, this.end - this.position);
    this.position += found.length;
    return found;
  }

  /** What is left, without the blanks around it. */
  rest(): string {
    return this.text.slice(this.position, this.end).trim();
  }

  /** A quoted string with its escapes decoded, one character a byte (GAS `Strings`). */
  string(): string {
    this.skipBlanks();
    const start = this.position;
    if (this.peek() !== '"')
      throw new StatementError(`Expected a string in double quotes, not "${this.rest()}".`, start, this.end);
    const stop = stringEnd(this.text, start);
    if (stop < 0 || stop > this.end) throw new StatementError('The string has no closing quote.', start, this.end);
    this.position = stop;
    return decodeEscapes(this.text.slice(start + 1, stop - 1), start + 1);
  }

  fail(message: string, start = this.position): never {
    throw new StatementError(message, start, Math.max(this.end, start + 1));
  }
}

const SIMPLE: Readonly<Record<string, number>> = { b: 8, f: 12, n: 10, r: 13, t: 9, '\\': 92, '"': 34, "'": 39 };

/** The byte of an escape at `text[index]` (just past the backslash) and the index after it. */
export function decodeEscape(text: string, index: number): { byte: number; next: number } | undefined {
  const character = text[index];
  if (character === undefined) return undefined;
  const simple = SIMPLE[character];
  if (simple !== undefined) return { byte: simple, next: index + 1 };
  const octal = /^[0-7]{1,3}/.exec(text.slice(index, index + 3));
  if (octal !== null) return { byte: Number.parseInt(octal[0], 8) & 255, next: index + octal[0].length };
  if (character === 'x' || character === 'X') {
    const digits = /^[0-9a-fA-F]*/.exec(text.slice(index + 1))![0];
    return { byte: digits === '' ? 0 : Number.parseInt(digits.slice(-2), 16), next: index + 1 + digits.length };
  }
  return undefined;
}

function decodeEscapes(text: string, offset: number): string {
  let out = '';
  for (let index = 0; index < text.length; ) {
    const code = text.charCodeAt(index);
    if (code === 92) {
      const found = decodeEscape(text, index + 1);
      if (found === undefined)
        throw new StatementError(
          `Unknown escape "\\${text[index + 1]}" in the string.`,
          offset + index,
          offset + index + 2,
        );
      out += String.fromCharCode(found.byte);
      index = found.next;
    } else if (code < 128) {
      out += text[index++];
    } else {
      const point = text.codePointAt(index)!;
      for (const byte of new TextEncoder().encode(String.fromCodePoint(point))) out += String.fromCharCode(byte);
      index += point > 0xffff ? 2 : 1;
    }
  }
  return out;
}
