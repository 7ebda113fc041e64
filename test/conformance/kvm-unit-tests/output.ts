/** What a test printed and how it ended, in numbers. */

export type Verdict = 'pass' | 'fail' | 'skip' | 'timeout' | 'crash';

export interface Outcome {
  readonly verdict: Verdict;
  /** Lines that begin with `PASS:`, `FAIL:` … */
  readonly pass: number;
  readonly fail: number;
  readonly skip: number;
  /** Failures that the suite expects (`XFAIL:`, `KFAIL:`). */
  readonly expectedFailures: number;
  readonly status: number;
  /** Texts of the SKIP lines, each once. */
  readonly skips: readonly string[];
  /** The first failing lines, or the last ones of a run that did not end well. */
  readonly evidence: readonly string[];
}

/** `(code << 1 | 1)` for the codes 0 and 38 that the suite's `report_summary` ends with. */
const STATUS_PASS = 1;
const STATUS_SKIP = 77;
/** `shadowstep run` at its step limit, and `timeout` by the clock. */
const STATUS_LIMIT = 124;
const EVIDENCE_LINES = 6;

export function readOutcome(output: string, status: number): Outcome {
  const lines = output.split(/\r?\n/).map((line) => line.replaceAll('\0', ''));
  const begins = (...words: string[]) => lines.filter((line) => words.some((word) => line.startsWith(`${word}:`)));
  const failures = begins('FAIL', 'XPASS');
  const skips = begins('SKIP');
  // A few images count for themselves.
  const counted = /^(\d+) tests?, (\d+) failures?$/m.exec(output);
  const [tests, failed] = counted ? [Number(counted[1]), Number(counted[2])] : [0, 0];
  const fail = failures.length || failed;
  const pass = begins('PASS').length || tests - failed;
  return {
    verdict: verdictOf(status, fail, pass),
    pass,
    fail,
    skip: skips.length,
    expectedFailures: begins('XFAIL', 'KFAIL').length,
    status,
    skips: [...new Set(skips.map((line) => line.replace(/^SKIP:\s*/, '')))],
    evidence: failures.length > 0 ? failures.slice(0, EVIDENCE_LINES) : lastWords(lines, status),
  };
}

function verdictOf(status: number, fail: number, pass: number): Verdict {
  if (status === STATUS_LIMIT) return 'timeout';
  if (fail > 0) return 'fail';
  if (status === STATUS_PASS) return 'pass';
  if (status === STATUS_SKIP && pass === 0) return 'skip';
  return status === 3 ? 'fail' : 'crash';
}

/** Of a run without failing lines that ended badly: the exception it reports, or its end. */
function lastWords(lines: readonly string[], status: number): string[] {
  if (status === STATUS_PASS || status === STATUS_SKIP) return [];
  const exception = lines.findIndex((line) => line.startsWith('Unhandled exception'));
  if (exception >= 0) return lines.slice(exception, exception + 2);
  return lines.filter((line) => line.trim() !== '').slice(-EVIDENCE_LINES / 2);
}
