import type { ProgramImage } from '../program/image.ts';
import { lastAtOrBefore } from '../program/search.ts';

/** The code of one line-table row: [start, end). */
export interface StatementRow {
  readonly start: bigint;
  readonly end: bigint;
  readonly file: number;
  readonly line: number;
  readonly column: number;
  readonly isStatement: boolean;
}

/**
 * Line rows as a person steps through them. Optimising compilers write several rows at one address, of which the last
 * covers the code; where that one is no statement but an earlier one is, the place is the statement's, as in GDB.
 */
export class StatementRows {
  private readonly rows: readonly StatementRow[];

  constructor({ lines }: ProgramImage) {
    const rows: StatementRow[] = [];
    for (let index = 0; index < lines.length; ) {
      let next = index + 1;
      while (next < lines.length && lines[next]!.address === lines[index]!.address && !lines[next]!.endSequence) next++;
      const end = lines[next]?.address;
      if (!lines[index]!.endSequence && end !== undefined && end > lines[index]!.address) {
        const group = lines.slice(index, next);
        const last = group.at(-1)!;
        const chosen = last.isStatement ? last : (group.findLast((row) => row.isStatement && row.line > 0) ?? last);
        const { file, line, column, isStatement } = chosen;
        rows.push({ start: last.address, end, file, line, column, isStatement });
      }
      index = next;
    }
    this.rows = rows.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  }

  /** Undefined outside the line table and on rows of no line. */
  at(address: bigint): StatementRow | undefined {
    const row = this.rows[lastAtOrBefore(this.rows.length, (index) => this.rows[index]!.start, address)];
    return row !== undefined && address < row.end && row.line > 0 ? row : undefined;
  }
}
