/** The bench's table. */

export interface BenchRow {
  readonly kernel: string;
  /** Absent for round trips, which only a guest makes. */
  readonly nativeNanosecondsPerUnit?: number;
  readonly guestNanosecondsPerUnit: number;
  readonly ratio?: number;
  readonly millionStepsPerSecond: number;
}

export interface BenchReport {
  readonly rows: readonly BenchRow[];
  /** Of the ratios; absent when nothing was compared. */
  readonly geometricMean?: number;
  readonly highestRatio?: number;
}

/** What the step tier has to hold. */
export const limits = { geometricMean: 90, ratio: 200 };

export function summarize(rows: readonly BenchRow[]): BenchReport {
  const ratios = rows.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  if (ratios.length === 0) return { rows };
  const geometricMean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  return { rows, geometricMean, highestRatio: Math.max(...ratios) };
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

export function toText({ rows, geometricMean }: BenchReport): string {
  const cells = [
    ['kernel', 'native ns/unit', 'guest ns/unit', 'ratio', 'guest MIPS'],
    ...rows.map((row) => [
      row.kernel,
      row.nativeNanosecondsPerUnit?.toFixed(0) ?? '',
      row.guestNanosecondsPerUnit.toFixed(0),
      row.ratio?.toFixed(1) ?? '',
      row.millionStepsPerSecond.toFixed(1),
    ]),
    ...(geometricMean === undefined ? [] : [['geometric mean', '', '', geometricMean.toFixed(1), '']]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
