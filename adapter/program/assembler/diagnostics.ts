import type { Diagnostic } from '../image.ts';
import type { FileTable, Origin } from './source.ts';

/** An error in one statement; `start` and `end` are 0-based offsets in the logical line. */
export class StatementError extends Error {
  readonly start: number | undefined;
  readonly end: number | undefined;
  constructor(message: string, start?: number, end?: number) {
    super(message);
    this.start = start;
    this.end = end;
  }
}

/** Frames are nested too deep: the innermost are left, so that an endless recursion ends at once. */
export class NestingError extends StatementError {}

/** Where a message points: an origin, columns when known, and the chain of macros and includes that led there. */
export interface Place {
  readonly origin: Origin;
  readonly column: number;
  readonly endColumn?: number;
  readonly chain: string;
}

const MOST = 1000;

/** Collects diagnostics; a thousand are kept, so that a broken generator cannot drown the editor. */
export class DiagnosticSink {
  readonly list: Diagnostic[] = [];
  readonly #files: FileTable;
  readonly #seen = new Set<string>();
  errors = 0;

  constructor(files: FileTable) {
    this.#files = files;
  }

  add(severity: Diagnostic['severity'], message: string, place: Place): void {
    if (severity === 'error') this.errors++;
    const file = this.#files.path(place.origin.file);
    const text = place.chain === '' ? message : `${message} (${place.chain})`;
    const key = `${file}:${place.origin.line}:${place.column}:${text}`;
    if (this.#seen.has(key) || this.list.length > MOST) return;
    this.#seen.add(key);
    if (this.list.length === MOST) {
      this.list.push({
        severity: 'error',
        file,
        line: 0,
        column: 1,
        message: `More than ${MOST} diagnostics; the rest are left out.`,
      });
      return;
    }
    const end = place.endColumn === undefined ? {} : { endColumn: place.endColumn };
    this.list.push({ severity, file, line: place.origin.line, column: place.column, ...end, message: text });
  }

  /** In the order of files and lines. */
  sorted(): Diagnostic[] {
    const file = new Map(this.#files.paths.map((path, index) => [path, index]));
    return [...this.list].sort(
      (a, b) => (file.get(a.file) ?? 0) - (file.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
    );
  }
}
