import { NestingError } from './diagnostics.ts';
import type { FileTable, Origin, SourceLine } from './source.ts';
import { splitStatements } from './text.ts';

/** One statement: a part of a logical line. */
export interface Statement {
  readonly line: SourceLine;
  readonly start: number;
  readonly end: number;
}

interface Frame {
  readonly kind: 'file' | 'macro' | 'repeat';
  readonly name: string;
  lines: readonly SourceLine[];
  lineIndex: number;
  statements: readonly [number, number][];
  statementIndex: number;
  /** The next round of a repetition; undefined when there is none left. */
  readonly again: (() => readonly SourceLine[] | undefined) | undefined;
  /** The statement that opened the frame, and the chain above it. */
  readonly opener: Statement | undefined;
  readonly rowOrigin: Origin | undefined;
  readonly conditionDepth: number;
}

const DEEPEST = 200;
const MOST_ROUNDS = 3_000_000;

/** The stack of files, macros and repetitions from which statements come. */
export class Input {
  readonly #stack: Frame[] = [];
  #current: Statement | undefined;
  #rounds = 0;

  /** Whether repetitions ran so often that the input was cut. */
  get exhausted(): boolean {
    return this.#rounds > MOST_ROUNDS;
  }

  get #top(): Frame | undefined {
    return this.#stack[this.#stack.length - 1];
  }

  /** Opens a frame. Throws {@link NestingError} when frames are nested too deep. */
  push(
    kind: Frame['kind'],
    name: string,
    lines: readonly SourceLine[],
    conditionDepth: number,
    again?: () => readonly SourceLine[] | undefined,
  ): void {
    if (this.#stack.length >= DEEPEST) {
      throw new NestingError(`Macros, repetitions and includes are nested more than ${DEEPEST} deep at "${name}".`);
    }
    const rowOrigin =
      kind === 'macro' ? (this.rowOrigin ?? this.#current?.line.origin) : kind === 'file' ? undefined : this.rowOrigin;
    this.#stack.push({
      kind,
      name,
      lines,
      lineIndex: 0,
      statements: [],
      statementIndex: 0,
      again,
      opener: this.#current,
      rowOrigin,
      conditionDepth,
    });
  }

  /** Where line rows point inside a macro: the outermost invocation, as `as -g` has it. */
  get rowOrigin(): Origin | undefined {
    return this.#top?.rowOrigin;
  }

  next(): Statement | undefined {
    for (;;) {
      const frame = this.#top;
      if (frame === undefined) return undefined;
      const found = this.#nextOf(frame);
      if (found !== undefined) {
        this.#current = found;
        return found;
      }
      if (this.exhausted) return undefined;
      const more = frame.again?.();
      this.#rounds++;
      if (more === undefined) this.#stack.pop();
      else {
        frame.lines = more;
        frame.lineIndex = 0;
      }
    }
  }

  #nextOf(frame: Frame): Statement | undefined {
    while (frame.statementIndex >= frame.statements.length) {
      const line = frame.lines[frame.lineIndex];
      if (line === undefined) return undefined;
      frame.lineIndex++;
      frame.statements = splitStatements(line.text);
      frame.statementIndex = 0;
    }
    const [start, end] = frame.statements[frame.statementIndex++]!;
    return { line: frame.lines[frame.lineIndex - 1]!, start, end };
  }

  /** Leaves everything but the outermost file. */
  unwind(): void {
    this.#stack.length = 1;
  }

  /** Gives the last statement again. */
  retry(): void {
    this.#top!.statementIndex--;
  }

  /** The statements of the present frame up to one for which `ends` is true, without it; undefined when it never comes. */
  collect(ends: (statement: Statement) => boolean): SourceLine[] | undefined {
    const frame = this.#top!;
    const lines: SourceLine[] = [];
    for (;;) {
      const statement = this.#nextOf(frame);
      if (statement === undefined) return undefined;
      if (ends(statement)) return lines;
      const { line, start, end } = statement;
      const whole = start === 0 && end === line.text.length;
      lines.push(whole ? line : { ...line, text: ' '.repeat(start) + line.text.slice(start, end) });
    }
  }

  /** Leaves the innermost macro or repetition; gives the condition depth that it began with. */
  exitMacro(): number | undefined {
    for (let index = this.#stack.length - 1; index >= 0; index--) {
      const frame = this.#stack[index]!;
      if (frame.kind === 'file') return undefined;
      if (frame.kind === 'macro' || index === this.#stack.length - 1) {
        this.#stack.length = index;
        return frame.conditionDepth;
      }
    }
    return undefined;
  }

  /** The file whose line is being read, for paths relative to it. */
  get folderFile(): number {
    return this.#current?.line.origin.file ?? 0;
  }

  /** "in macro x used at f:1, included from g:2", innermost first; '' at the top. */
  chain(files: FileTable): string {
    const parts: string[] = [];
    for (let index = this.#stack.length - 1; index > 0 && parts.length < 6; index--) {
      const { kind, name, opener } = this.#stack[index]!;
      if (opener === undefined) continue;
      const where = `${files.path(opener.line.origin.file)}:${opener.line.origin.line}`;
      if (kind === 'macro') parts.push(`in macro "${name}" used at ${where}`);
      else if (kind === 'file') parts.push(`included from ${where}`);
    }
    return parts.join(', ');
  }
}
