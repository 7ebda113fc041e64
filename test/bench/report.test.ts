import { describe, expect, it } from 'vitest';
import { summarize, tooSlow, toText } from './report.ts';

const row = (kernel: string, ratio: number) => ({
  kernel,
  nativeNanosecondsPerUnit: 100,
  guestNanosecondsPerUnit: 100 * ratio,
  ratio,
  millionStepsPerSecond: 150,
});
const roundTrip = { kernel: 'syscall', guestNanosecondsPerUnit: 80, millionStepsPerSecond: 50 };
const besideBochs = { ...roundTrip, bochsNanosecondsPerUnit: 160, ofBochs: 0.5 };
const circumstances = { loadAverage: [1, 2.25] } as const;

describe('the table of the bench', () => {
  it('has the geometric mean of the ratios, without the round trips', () => {
    const report = summarize([row('crc', 20), row('sort', 80), besideBochs], circumstances);
    expect(report.geometricMean).toBeCloseTo(40);
    expect(report.highestRatio).toBe(80);
    expect(toText(report).split('\n')).toEqual([
      'kernel          native ns/unit  guest ns/unit  ratio  Bochs ns/unit  of Bochs  guest MIPS',
      'crc                        100           2000   20.0                                150.0',
      'sort                       100           8000   80.0                                150.0',
      'syscall                                    80                   160      0.50        50.0',
      'geometric mean                                  40.0',
      "The host's load average was 1.0 before and 2.3 after.",
    ]);
  });

  it('says why there is nothing from Bochs', () => {
    const text = toText(summarize([roundTrip], { ...circumstances, withoutBochs: 'There is none.' }));
    expect(text.split('\n').at(-1)).toBe('There is none.');
  });

  it('has no mean of nothing', () => {
    expect(summarize([roundTrip], circumstances)).toEqual({ rows: [roundTrip], circumstances });
  });

  it('says what is too slow', () => {
    expect(tooSlow(summarize([row('crc', 60), row('sort', 90)], circumstances))).toEqual([]);
    expect(tooSlow(summarize([row('crc', 201)], circumstances))).toEqual([
      'crc is 201.0 times slower than native, expected at most 200.',
      'The geometric mean is 201.0, expected at most 90.',
    ]);
  });
});
