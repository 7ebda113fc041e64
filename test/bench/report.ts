/** The bench's table. */

export interface BenchRow {
  readonly kernel: string;
  /** Absent for round trips, which only a guest makes. */
  readonly nativeNanosecondsPerUnit?: number;
  readonly guestNanosecondsPerUnit: number;
  readonly ratio?: number;
  /** Absent when nothing was compared with Bochs. */
  readonly bochsNanosecondsPerUnit?: number;
  /** Time in the guest over that in Bochs: below 1 is faster than Bochs. */
  readonly ofBochs?: number;
  readonly millionStepsPerSecond: number;
}

export interface Circumstances {
  /** The host's load average of the last minute, before and after. */
  readonly loadAverage: readonly [before: number, after: number];
  /** Why there is no comparison with Bochs, in one sentence. */
  readonly withoutBochs?: string;
}

export interface BenchReport {
  readonly rows: readonly BenchRow[];
  /** Of the ratios; absent when nothing was compared. */
  readonly geometricMean?: number;
  readonly highestRatio?: number;
  readonly circumstances: Circumstances;
}

/** What the step tier has to hold. */
export const limits = { geometricMean: 90, ratio: 200 };

export function summarize(rows: readonly BenchRow[], circumstances: Circumstances): BenchReport {
  const ratios = rows.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  if (ratios.length === 0) return { rows, circumstances };
  const geometricMean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  return { rows, geometricMean, highestRatio: Math.max(...ratios), circumstances };
}

/** Sentences for what is slower than the limits; none when all hold. */
export function tooSlow({ rows, geometricMean }: BenchReport): string[] {
  const sentences = rows.flatMap(({ kernel, ratio }) =>
    ratio !== undefined && ratio > limits.ratio
      ? [`${kernel} is ${ratio.toFixed(1)} times slower than native, expected at most ${limits.ratio}.`]
      : [],
  );
  if (geometricMean !== undefined && geometricMean > limits.geometricMean) {
    sentences.push(`The geometric mean is ${geometricMean.toFixed(1)}, expected at most ${limits.geometricMean}.`);
  }
  return sentences;
}

export function toText({ rows, geometricMean, circumstances }: BenchReport): string {
  const { loadAverage, withoutBochs } = circumstances;
  const cells = [
    ['kernel', 'native ns/unit', 'guest ns/unit', 'ratio', 'Bochs ns/unit', 'of Bochs', 'guest MIPS'],
    ...rows.map((row) => [
      row.kernel,
      row.nativeNanosecondsPerUnit?.toFixed(0) ?? '',
      row.guestNanosecondsPerUnit.toFixed(0),
      row.ratio?.toFixed(1) ?? '',
      row.bochsNanosecondsPerUnit?.toFixed(0) ?? '',
      row.ofBochs?.toFixed(2) ?? '',
      row.millionStepsPerSecond.toFixed(1),
    ]),
    ...(geometricMean === undefined ? [] : [['geometric mean', '', '', geometricMean.toFixed(1), '', '', '']]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
  const [before, after] = loadAverage.map((load) => load.toFixed(1));
  lines.push(`The host's load average was ${before} before and ${after} after.`);
  if (withoutBochs !== undefined) lines.push(withoutBochs);
  return lines.join('\n');
}
