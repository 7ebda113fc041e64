import { describe, expect, it } from 'vitest';
import { summarize, tooSlow, toText } from './report.ts';

const row = (kernel: string, ratio: number) => ({
  kernel,
  nativeNanosecondsPerUnit: 100,
  guestNanosecondsPerUnit: 100 * ratio,
  ratio,
  millionStepsPerSecond: 150,
});
const roundTrip = { kernel: 'syscall round trip', guestNanosecondsPerUnit: 80, millionStepsPerSecond: 50 };

describe('the table of the bench', () => {
  it('has the geometric mean of the ratios, without the round trips', () => {
    const report = summarize([row('crc', 20), row('sort', 80), roundTrip]);
    expect(report.geometricMean).toBeCloseTo(40);
    expect(report.highestRatio).toBe(80);
    expect(toText(report).split('\n')).toEqual([
      'kernel              native ns/unit  guest ns/unit  ratio  guest MIPS',
      'crc                            100           2000   20.0       150.0',
      'sort                           100           8000   80.0       150.0',
      'syscall round trip                             80               50.0',
      'geometric mean                                      40.0',
    ]);
  });

  it('has no mean of nothing', () => {
    expect(summarize([roundTrip])).toEqual({ rows: [roundTrip] });
  });

  it('says what is too slow', () => {
    expect(tooSlow(summarize([row('crc', 60), row('sort', 90)]))).toEqual([]);
    expect(tooSlow(summarize([row('crc', 201)]))).toEqual([
      'crc is 201.0 times slower than native, expected at most 200.',
      'The geometric mean is 201.0, expected at most 90.',
    ]);
  });
});
