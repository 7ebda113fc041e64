/** Line tables by address and by source line. */
import type { LineRow, ProgramImage } from './image.ts';
import { lastAtOrBefore } from './search.ts';

/** A run of rows of one line without a gap: [start, end). */
interface LineRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly file: number;
  readonly line: number;
  /** The first statement in the run, and the columns that statements of it start at. */
  readonly statement: bigint | undefined;
  readonly column: number;
  readonly columns: ReadonlyMap<number, bigint>;
}

export class LineIndex {
  /** Rows that cover code, ascending and apart: starts, ends, and indexes into the image's rows. */
  private readonly starts: BigUint64Array;
  private readonly ends: BigUint64Array;
  private readonly indexes: Uint32Array;
  private readonly ranges: readonly LineRange[];
  private readonly fileNumbers: ReadonlyMap<string, number>;
  private readonly files = new Map<number, ReadonlyMap<number, readonly LineRange[]>>();
  private readonly sortedLines = new Map<number, readonly number[]>();

  constructor(private readonly image: ProgramImage) {
    const { lines } = image;
    const covering: number[] = [];
    for (let index = 0; index + 1 < lines.length; index += 1) {
      if (!lines[index]!.endSequence && lines[index + 1]!.address > lines[index]!.address) covering.push(index);
    }
    this.indexes = Uint32Array.from(covering);
    this.starts = BigUint64Array.from(covering, (index) => lines[index]!.address);
    this.ends = BigUint64Array.from(covering, (index) => lines[index + 1]!.address);
    this.ranges = joinRows(lines);
    this.fileNumbers = new Map(image.sources.map((path, number) => [path, number]));
  }

  rowAt(address: bigint): LineRow | undefined {
    const at = lastAtOrBefore(this.starts.length, (index) => this.starts[index]!, address);
    return at >= 0 && address < this.ends[at]! ? this.image.lines[this.indexes[at]!] : undefined;
  }

  rangeAt(address: bigint): { start: bigint; end: bigint } | undefined {
    const row = this.rowAt(address);
    if (!row) return undefined;
    const { ranges } = this;
    const at = lastAtOrBefore(ranges.length, (index) => ranges[index]!.start, address);
    for (let index = at; index >= 0 && index > at - 8; index -= 1) {
      const { start, end } = ranges[index]!;
      if (address < end) return { start, end };
    }
    return undefined;
  }

  addressesOf(
    path: string,
    line: number,
    instanceOf: (address: bigint) => string,
  ): { line: number; addresses: bigint[] } | undefined {
    const file = this.fileNumbers.get(path);
    if (file === undefined) return undefined;
    const found = this.linesWithCode(path).find((each) => each >= line);
    if (found === undefined) return undefined;
    const ranges = this.rangesOf(file).get(found)!;
    return { line: found, addresses: statementInstances(ranges, instanceOf) };
  }

  linesWithCode(path: string): readonly number[] {
    const file = this.fileNumbers.get(path);
    if (file === undefined) return [];
    let lines = this.sortedLines.get(file);
    if (!lines) {
      lines = [...this.rangesOf(file).keys()].sort((a, b) => a - b);
      this.sortedLines.set(file, lines);
    }
    return lines;
  }

  afterPrologue(address: bigint, end: bigint | undefined): bigint {
    const at = lastAtOrBefore(this.starts.length, (index) => this.starts[index]!, address);
    const first = at >= 0 && address < this.ends[at]! ? this.image.lines[this.indexes[at]!] : undefined;
    if (!first) return address;
    const inFunction: LineRow[] = [];
    for (let index = this.indexes[at]! + 1; index < this.image.lines.length; index += 1) {
      const row = this.image.lines[index]!;
      if (row.endSequence || (end !== undefined && row.address >= end)) break;
      if (row.isStatement && row.line !== 0) inFunction.push(row);
      if (row.prologueEnd) return row.address;
      if (end === undefined && inFunction.length > 1) break;
    }
    if (first.prologueEnd || end === undefined) return first.address;
    return inFunction.find((row) => row.address > address)?.address ?? address;
  }

  private rangesOf(file: number): ReadonlyMap<number, readonly LineRange[]> {
    if (this.files.size === 0) this.groupByFile();
    return this.files.get(file) ?? new Map();
  }

  private groupByFile(): void {
    const files = new Map<number, Map<number, LineRange[]>>();
    for (const range of this.ranges) {
      if (range.statement === undefined || range.line === 0) continue;
      const lines = files.get(range.file) ?? new Map<number, LineRange[]>();
      files.set(range.file, lines);
      const known = lines.get(range.line);
      if (!known) lines.set(range.line, [range]);
      else known.push(range);
    }
    for (const [file, lines] of files) this.files.set(file, lines);
  }
}

/**
 * Where a line's statement starts, in each function and inlined copy that has it. The first place counts even where the
 * row has no code of its own, since optimised code may compute the rest of the statement elsewhere. A `for` has pieces
 * in several places (start, condition, increment) that differ in column: only pieces that start in the first one's
 * column are further instances, as unrolling makes them; those without code only when no other has any.
 */
function statementInstances(ranges: readonly LineRange[], instanceOf: (address: bigint) => string): bigint[] {
  const functions = new Map<string, LineRange[]>();
  for (const range of ranges) {
    const key = instanceOf(range.start);
    const known = functions.get(key);
    if (known) known.push(range);
    else functions.set(key, [range]);
  }
  const addresses = new Set<bigint>();
  for (const [first, ...others] of functions.values()) {
    addresses.add(first!.statement!);
    const same = others.filter(({ columns }) => columns.has(first!.column));
    const solid = same.filter(({ start, end }) => end > start);
    for (const { columns } of solid.length > 0 ? solid : same) addresses.add(columns.get(first!.column)!);
  }
  return [...addresses].sort((a, b) => (a < b ? -1 : 1));
}

type OpenRange = { -readonly [Key in keyof LineRange]: LineRange[Key] } & { columns: Map<number, bigint> };

/**
 * Joins neighbouring rows of one file and line within each sequence. Rows without code between two rows of a line do
 * not part them; they become empty ranges of their own.
 */
function joinRows(rows: readonly LineRow[]): LineRange[] {
  const ranges: OpenRange[] = [];
  let open: OpenRange | undefined;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    if (row.endSequence) {
      open = undefined;
      continue;
    }
    const end = rows[index + 1]?.address ?? row.address;
    let target = open;
    if (!target || target.file !== row.file || target.line !== row.line) {
      target = {
        start: row.address,
        end,
        file: row.file,
        line: row.line,
        statement: undefined,
        column: 0,
        columns: new Map(),
      };
      ranges.push(target);
      if (end > row.address || sameLine(row, rows[solidAfter(rows, index)])) open = target;
    }
    target.end = end;
    if (row.isStatement) {
      if (target.statement === undefined) target.column = row.column;
      target.statement ??= row.address;
      if (!target.columns.has(row.column)) target.columns.set(row.column, row.address);
    }
  }
  return ranges;
}

const sameLine = (a: LineRow, b: LineRow | undefined) => a.file === b?.file && a.line === b.line;

/** The last row at the address of row `index`: the one that has the code there. */
function solidAfter(rows: readonly LineRow[], index: number): number {
  let at = index;
  while (rows[at + 1]?.address === rows[at]!.address && !rows[at + 1]!.endSequence) at += 1;
  return at;
}
