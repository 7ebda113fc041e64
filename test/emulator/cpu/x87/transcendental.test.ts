/**
 * FSIN, FCOS, FSINCOS, FPTAN, FPATAN, F2XM1, FYL2X and FYL2XP1 stay below one unit in the last place (SDM Vol. 1
 * §8.3.10), measured against `reference.ts`; angles are reduced with the π of 66 bits (§8.3.8). What this machine promises
 * beyond it is held too: the result is the one nearest in the rounding mode, C1 tells the direction, PE whether there was
 * any.
 */
import { describe, expect, it } from 'vitest';
import { random } from '../../guest.ts';
import { type Case, type Extended, extended, normalized, runCases, show } from './loop.ts';
import * as reference from './reference.ts';
import { error, type Real, real } from './reference.ts';

const BIAS = 16383;
const UNIT = 1n << 32n;
const [PE, C1, C2] = [0x20, 0x200, 0x400];
const MODES = [0x37f, 0x77f, 0xb7f, 0xf7f] as const;

class Arguments {
  private readonly below: (limit: number) => number;

  constructor(seed: number) {
    this.below = random(seed);
  }

  bits(count: number): bigint {
    let value = 0n;
    for (let i = 0; i < count; i += 16) value = (value << 16n) | BigInt(this.below(0x10000));
    return BigInt.asUintN(count, value);
  }

  /** A value with an exponent from `low` to `high`; its significand random, or with long runs of bits. */
  value(low: number, high: number, signed = true): Extended {
    const exponent = low + this.below(high - low + 1);
    const wide = this.bits(64);
    const runs = (1n << BigInt(this.below(64))) - (1n << BigInt(this.below(64)));
    const significand = (this.below(3) ? wide : BigInt.asUintN(64, runs)) | (1n << 63n);
    return { significand, word: (exponent + BIAS) | (signed && this.below(2) ? 0x8000 : 0) };
  }

  denormal(): Extended {
    return { significand: (this.bits(63) >> BigInt(this.below(63))) | 1n, word: this.below(2) ? 0x8000 : 0 };
  }

  many(count: number, make: () => Extended): Extended[] {
    return Array.from({ length: count }, make);
  }
}

/** The next values below and above, and the value. */
function neighbours({ significand, word }: Extended): Extended[] {
  return [-1n, 0n, 1n].flatMap((delta) => {
    const moved = significand + delta;
    return moved >> 63n === 1n ? [{ significand: moved, word }] : [];
  });
}

/** The double extended value at or below a positive real. */
function below(x: Real): Extended {
  const extra = BigInt(x.mantissa.toString(2).length - 64);
  return extra > 0n
    ? normalized(x.mantissa >> extra, x.exponent + Number(extra), false)
    : normalized(x.mantissa, x.exponent, false);
}

function angles(seed: number): Extended[] {
  const source = new Arguments(seed);
  const multiples = Array.from({ length: 120 }, (_, i) => {
    const count = i < 24 ? BigInt(i + 1) : source.bits(1 + (i % 61)) | 1n;
    const pi = i & 1 ? reference.TURNS.exact : reference.TURNS.reduction;
    // Multiples of a quarter of π: where a quadrant's middle and its borders lie.
    return below({ mantissa: pi * count, exponent: -562 });
  }).filter(({ word }) => word < BIAS + 63);
  return [
    ...source.many(160, () => source.value(-70, 62)),
    ...source.many(40, () => source.value(-4, 3)),
    ...source.many(30, () => source.value(-16382, -71)),
    ...source.many(12, () => source.denormal()),
    ...multiples.flatMap(neighbours),
    { significand: (1n << 64n) - 1n, word: BIAS + 62 },
    ...[Math.PI, Math.PI / 2, 1, -0.75, 3 * Math.PI].map(extended),
  ];
}

const withModes = (values: readonly { st0: Extended; st1?: Extended }[]): Required<Pick<Case, 'st0' | 'control'>>[] =>
  values.map((value, i) => ({ ...value, control: MODES[i % 5 < 2 ? 0 : (i % 5) - 1]! }));

interface Judged {
  readonly name: string;
  readonly result: Extended;
  readonly value: Real;
  readonly status: number;
  readonly control: number;
  /** C1 is not about this result. */
  readonly other?: boolean;
}

/** Everything that is wrong with a result, as sentences; empty when all is right. */
function judge({ name, result, value, status, control, other }: Judged): string[] {
  const units = error(result, value);
  const size = units < 0n ? -units : units;
  const mode = (control >> 10) & 3;
  const negative = value.mantissa < 0n;
  // An error that is nothing in 2^32 may be none at all.
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`${name} = ${show(result)}: ${what} (${Number(units) / 2 ** 32} ulp)`);
  if (size >= UNIT) say('an error of one unit or more');
  if (mode === 0 && size > UNIT / 2n + 1n) say('not the nearest');
  const inward = mode === 3 || mode === (negative ? 2 : 1);
  if (mode !== 0 && size > 1n && units > 0n === inward) say('rounded in the wrong direction');
  if (!(status & PE) && size > 1n) say('PE is clear');
  if (!other && size > 1n && ((status & C1) !== 0) !== units > 0n) say('C1 tells the wrong direction');
  return wrong;
}

const first = (lines: readonly string[]): string => [`${lines.length} wrong`, ...lines.slice(0, 8)].join('\n');

describe('transcendental instructions', () => {
  it.each([
    ['fsin', reference.sine],
    ['fcos', reference.cosine],
    ['fptan', reference.tangent],
  ] as const)('%s', async (name, compute) => {
    const cases = withModes(angles(name.length * 77 + name.charCodeAt(1)).map((st0) => ({ st0 })));
    const outcomes = await runCases(name, cases);
    const wrong = outcomes.flatMap(({ status, st }, i) => {
      const { st0, control } = cases[i]!;
      const label = `${name} ${show(st0)}`;
      if (status & C2) return [`${label}: C2 is set`];
      if (name === 'fptan' && show(st[0]!) !== show(extended(1))) return [`${label}: 1.0 was not pushed`];
      const result = st[name === 'fptan' ? 1 : 0]!;
      return judge({ name: label, result, value: compute(real(st0)), status, control });
    });
    expect(first(wrong)).toBe('0 wrong');
    expect(cases.length).toBeGreaterThan(500);
  });

  it('fsincos', async () => {
    const cases = withModes(angles(4711).map((st0) => ({ st0 })));
    const outcomes = await runCases('fsincos', cases);
    const wrong = outcomes.flatMap(({ status, st }, i) => {
      const { st0, control } = cases[i]!;
      const x = real(st0);
      return ([1, 0] as const).flatMap((at) => {
        const value = at ? reference.sine(x) : reference.cosine(x);
        const name = `${at ? 'sine' : 'cosine'} of ${show(st0)}`;
        return judge({ name, result: st[at]!, value, status, control, other: true });
      });
    });
    expect(first(wrong)).toBe('0 wrong');
  });

  it('an angle of 2^63 or more is left, with C2', async () => {
    const cases = [0, 1, 100, 16383].map((more) => ({
      st0: { significand: (1n << 63n) + 5n, word: Math.min(BIAS + 63 + more, 0x7ffe) },
    }));
    for (const name of ['fsin', 'fcos', 'fptan', 'fsincos']) {
      for (const [i, { status, st }] of (await runCases(name, cases)).entries()) {
        expect([name, show(st[0]!), status & 0x47ff & ~0x4100]).toEqual([name, show(cases[i]!.st0), C2]);
      }
    }
  });

  it('f2xm1', async () => {
    const source = new Arguments(21);
    const values = [
      ...source.many(300, () => source.value(-70, -1)),
      ...source.many(100, () => source.value(-4, -1)),
      ...source.many(30, () => source.value(-16382, -71)),
      ...source.many(12, () => source.denormal()),
      ...[1, -1, 0.5, -0.5, 2 ** -63, -(2 ** -64)].map(extended),
      ...[0, 0x8000].map((sign) => ({ significand: (1n << 64n) - 1n, word: (BIAS - 1) | sign })),
    ];
    const cases = withModes(values.map((st0) => ({ st0 })));
    const wrong = (await runCases('f2xm1', cases)).flatMap(({ status, st }, i) => {
      const { st0, control } = cases[i]!;
      const value = reference.powerMinusOne(real(st0));
      return judge({ name: `f2xm1 ${show(st0)}`, result: st[0]!, value, status, control });
    });
    expect(first(wrong)).toBe('0 wrong');
  });

  const binary = async (
    name: string,
    pairs: readonly { st1: Extended; st0: Extended }[],
    compute: (st1: Real, st0: Real) => Real,
  ) => {
    const cases = withModes(pairs);
    const outcomes = await runCases(name, cases);
    const wrong = outcomes.flatMap(({ status, st }, i) => {
      const { st0, control } = cases[i]!;
      const { st1 } = pairs[i]!;
      const label = `${name} ST(1) ${show(st1)} ST(0) ${show(st0)}`;
      if ((status >> 11) % 8 !== 7) return [`${label}: nothing was popped`];
      return judge({ name: label, result: st[0]!, value: compute(real(st1), real(st0)), status, control });
    });
    expect(first(wrong)).toBe('0 wrong');
  };

  it('fyl2x', async () => {
    const source = new Arguments(31);
    const near = [1n, 2n, 3n, 1n << 20n, 1n << 40n, 1n << 62n].flatMap((distance) => [
      normalized((1n << 63n) + distance, -63, false),
      normalized((1n << 64n) - distance, -64, false),
    ]);
    const xs = [
      ...source.many(200, () => source.value(-16382, 16383, false)),
      ...source.many(160, () => source.value(-3, 2, false)),
      ...near.flatMap((x) => [x, x, x]),
      ...[2, 4, 0.5, 2 ** 100, 2 ** -1000].map(extended),
      ...source.many(8, () => ({ ...source.denormal(), word: 0 })),
    ];
    await binary(
      'fyl2x',
      xs.map((st0, i) => ({ st0, st1: i % 7 ? source.value(-16200, 16300) : extended(1) })),
      (y, x) => reference.product(y, reference.logarithm2(x)),
    );
  });

  it('fyl2xp1', async () => {
    const source = new Arguments(41);
    const limit = Math.SQRT2 - 1;
    const xs = [
      ...source.many(250, () => source.value(-70, -3)),
      ...source.many(60, () => source.value(-16382, -71)),
      ...source.many(10, () => source.denormal()),
      ...[limit, -(1 - Math.SQRT1_2), 0.25, -0.25, 2 ** -64].map(extended),
    ];
    await binary(
      'fyl2xp1',
      // Products with an operand near the least normal value underflow, which is as right.
      xs.map((st0, i) => ({ st0, st1: i % 5 ? source.value(-200, 16300) : extended(-1) })),
      (y, x) => reference.product(y, reference.logarithmOnePlus(x)),
    );
  });

  it('fpatan', async () => {
    const source = new Arguments(51);
    const anywhere = () => source.value(-16382, 16383);
    const pairs = [
      ...Array.from({ length: 250 }, () => {
        const st0 = source.value(-60, 60);
        const exponent = (st0.word & 0x7fff) - BIAS;
        return { st0, st1: source.value(exponent - 70, exponent + 70) };
      }),
      ...Array.from({ length: 150 }, () => ({ st0: source.value(-2, 2), st1: source.value(-2, 2) })),
      ...Array.from({ length: 60 }, () => ({ st0: anywhere(), st1: anywhere() })),
      ...Array.from({ length: 10 }, () => ({ st0: source.denormal(), st1: source.denormal() })),
      ...Array.from({ length: 10 }, () => ({ st0: source.value(0, 40, false), st1: source.denormal() })),
      ...[1, -1].flatMap((y) => [1, -1].map((x) => ({ st0: extended(x), st1: extended(y) }))),
    ];
    await binary('fpatan', pairs, reference.angle);
  });

  it('reduces angles with the π that the SDM gives', async () => {
    // The double extended value nearest to π is 2^-64 above that π.
    const pi = { significand: 0xc90fdaa22168c235n, word: BIAS + 1 };
    const [outcome] = await runCases('fsin', [{ st0: pi }]);
    expect(show(outcome!.st[0]!)).toBe(show(extended(-(2 ** -64))));
  });
});
