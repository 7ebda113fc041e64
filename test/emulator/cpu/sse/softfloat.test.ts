import { describe, expect, it } from 'vitest';
import { casesOf } from './cases.ts';
import { type Answer, askProcessor, type Case, OPERATIONS, oracleMissing, softfloat } from './oracle.ts';

const hex = (value: bigint | number): string => value.toString(16);
const describeAnswer = (a: Answer): string => `${a.trap ? 'trap' : hex(a.result)} mxcsr ${hex(a.mxcsr)}`;

/** One line for each case that soft float and the processor answer differently. */
function differences(cases: readonly Case[]): string[] {
  const expected = askProcessor(cases);
  const answer = softfloat();
  return cases.flatMap((c, i) => {
    const [want, got] = [describeAnswer(expected[i]!), describeAnswer(answer(c))];
    const name = `${OPERATIONS[c.operation]}${c.wide ? 64 : 32}`;
    return want === got ? [] : [`${name} mxcsr ${hex(c.mxcsr)} ${hex(c.a)} ${hex(c.b)}: ${want}, here ${got}`];
  });
}

describe.skipIf(oracleMissing)(`soft float against the processor${oracleMissing ? ` (${oracleMissing})` : ''}`, () => {
  it('gives its results, flags and traps in every rounding mode, with and without DAZ, FTZ and masks', () => {
    const cases = [...casesOf(4000, 0x5eed)];
    const expected = askProcessor(cases);
    expect(expected.filter((answer) => answer.trap).length).toBeGreaterThan(1000);
    expect(differences(cases).slice(0, 20)).toEqual([]);
  });

  it('would show a difference', () => {
    const one: Case = { operation: 0, wide: true, mxcsr: 0x1f80, a: 0x3ff0000000000000n, b: 1n };
    const [expected] = askProcessor([one]);
    expect(expected).toEqual({ result: 0x3ff0000000000000n, mxcsr: 0x1fa2, trap: false });
    expect(softfloat()({ ...one, mxcsr: 0x5f80 })).toEqual({
      result: 0x3ff0000000000001n,
      mxcsr: 0x5fa2,
      trap: false,
    });
  });
});
