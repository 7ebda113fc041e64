import { ARCHITECTURES, type Architecture } from './config.ts';
import { differencesOf } from './differences.ts';
import type { Verdict } from './output.ts';

export interface Counts {
  readonly pass: number;
  readonly fail: number;
  readonly skip: number;
  /** Why the counts are not a whole run's: `time-out`, `crash` … */
  readonly note?: string;
}

/** One test of the suite's list on one architecture. */
export interface Row {
  readonly test: string;
  readonly arch: Architecture;
  readonly verdict: Verdict | 'excluded';
  readonly counts?: Counts;
  /** Why it is excluded. */
  readonly reason?: string;
  /** Each text of a SKIP line, and the CPUID bit or the reason that explains it. */
  readonly skips?: Readonly<Record<string, string>>;
  /** The first failing lines. */
  readonly evidence?: readonly string[];
  /** The same image on other emulators, by name. */
  readonly references?: Readonly<Record<string, Counts>>;
}

export interface Table {
  /** Of the suite's repository. */
  readonly commit: string;
  /** Every test of the suite's list, in its order, with the architecture it is limited to. */
  readonly list: readonly { readonly test: string; readonly arch?: Architecture }[];
  readonly rows: readonly Row[];
}

/**
 * The rows of `list` in its order and, after each other, for both architectures: a fresh row takes the place of the old
 * one and keeps its references; of rows that another emulator made (`reference` names it), the counts join the old row.
 */
export function mergeRows(
  list: Table['list'],
  old: readonly Row[],
  fresh: readonly Row[],
  reference?: string,
): readonly Row[] {
  const find = (rows: readonly Row[], test: string, arch: Architecture) =>
    rows.find((row) => row.test === test && row.arch === arch);
  return list.flatMap(({ test, arch }) =>
    ARCHITECTURES.filter((each) => arch === undefined || arch === each).flatMap((each): Row[] => {
      const [before, now] = [find(old, test, each), find(fresh, test, each)];
      if (now === undefined) return before === undefined ? [] : [before];
      if (reference === undefined) return [before?.references ? { ...now, references: before.references } : now];
      if (before === undefined || now.counts === undefined) return before === undefined ? [] : [before];
      // A failure without a FAIL line would not show.
      const shown = ['pass', 'skip'].includes(now.verdict) || now.counts.fail > 0;
      const note = shown && now.verdict !== 'timeout' && now.verdict !== 'crash' ? {} : { note: now.verdict };
      return [{ ...before, references: { ...before.references, [reference]: { ...now.counts, ...note } } }];
    }),
  );
}

export function inWords({ pass, fail, skip, note }: Counts): string {
  const numbers = skip > 0 ? `${pass} / ${fail} / ${skip}` : `${pass} / ${fail}`;
  return note === undefined ? numbers : `${numbers} (${note})`;
}

const MARKS = ['<!-- table -->', '<!-- end of table -->'] as const;

/** Puts the table between the two marks of a page. @throws Error when the page has no marks */
export function withTable(page: string, table: Table): string {
  const [begin, end] = MARKS.map((mark) => page.indexOf(mark));
  if (begin === undefined || end === undefined || begin < 0 || end < begin)
    throw new Error(`The page has no ${MARKS.join(' and ')} for the table.`);
  return `${page.slice(0, begin + MARKS[0].length)}\n\n${toMarkdown(table)}\n${page.slice(end)}`;
}

export function toMarkdown({ commit, rows }: Table): string {
  const ran = rows.filter(({ verdict }) => verdict !== 'excluded');
  const total = (key: 'pass' | 'fail' | 'skip') => ran.reduce((sum, { counts }) => sum + (counts?.[key] ?? 0), 0);
  const failing = ran.filter(({ verdict }) => verdict !== 'pass' && verdict !== 'skip');
  const references = [...new Set(rows.flatMap((row) => Object.keys(row.references ?? {})))];
  const cells = [
    ['test', 'build', 'verdict', 'pass / fail / skip', ...references, 'why'],
    ...rows.map((row) => [
      row.test,
      row.arch,
      row.verdict,
      row.counts ? inWords(row.counts) : '',
      ...references.map((name) => (row.references?.[name] ? inWords(row.references[name]) : '')),
      why(row),
    ]),
  ].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length), 3));
  const lines = cells.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`);
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return [
    `Suite at commit ${commit.slice(0, 12)}: ${ran.length} tests run, ${ran.length - failing.length} without a failure; ` +
      `${total('pass')} checks pass, ${total('fail')} fail, ${total('skip')} are skipped.`,
    '',
    ...lines,
    '',
  ].join('\n');
}

function why(row: Row): string {
  if (row.reason !== undefined) return row.reason;
  const skips = [...new Set(Object.values(row.skips ?? {}))].map((reason) => `skips: ${reason}`);
  const others = differencesOf(row).map(({ reference, reason }) => `${reference} ${reason ?? 'differs'}`);
  return [...(row.evidence?.slice(0, 1) ?? []), ...skips, ...others].join('; ');
}
