import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatOperand, xorshift } from './cases.ts';
import { ANSWER, CASE, Guest, Processor } from './instructionLoop.ts';
import { oracleMissing } from './oracle.ts';

const PREFIXES = { ps: [], pd: [0x66], ss: [0xf3], sd: [0xf2] } as const;
type Suffix = keyof typeof PREFIXES;
const SUFFIXES = Object.keys(PREFIXES) as Suffix[];
/** ModRM of XMM0 or EAX and XMM1. */
const ZERO_ONE = 0xc1;

interface Tested {
  readonly name: string;
  readonly code: readonly number[];
  /** What the vectors hold. */
  readonly bits: 32 | 64 | 'integer';
}

const arithmetic: Tested[] = SUFFIXES.flatMap((suffix) => {
  const bits = suffix.endsWith('s') ? 32 : 64;
  const one = (name: string, opcode: number, ...more: number[]): Tested => ({
    name: name + suffix,
    code: [...PREFIXES[suffix], 0x0f, opcode, ZERO_ONE, ...more],
    bits,
  });
  const operations = { add: 0x58, mul: 0x59, sub: 0x5c, min: 0x5d, div: 0x5e, max: 0x5f, sqrt: 0x51 };
  return [
    ...Object.entries(operations).map(([name, opcode]) => one(name, opcode)),
    ...Array.from({ length: 8 }, (_, predicate) => one(`cmp${predicate}`, 0xc2, predicate)),
  ];
});

/** pushfq; pop %rax; and $0x8d5, %eax: all six arithmetic flags. */
const FLAGS = [0x9c, 0x58, 0x25, 0xd5, 0x08, 0x00, 0x00];
const orders: Tested[] = [0x2e, 0x2f].flatMap((opcode) => [
  { name: `order ${opcode} ss`, code: [0x0f, opcode, ZERO_ONE, ...FLAGS], bits: 32 } as const,
  { name: `order ${opcode} sd`, code: [0x66, 0x0f, opcode, ZERO_ONE, ...FLAGS], bits: 64 } as const,
]);

const conversions: Tested[] = [
  { name: 'cvtps2pd', code: [0x0f, 0x5a, ZERO_ONE], bits: 32 },
  { name: 'cvtpd2ps', code: [0x66, 0x0f, 0x5a, ZERO_ONE], bits: 64 },
  { name: 'cvtss2sd', code: [0xf3, 0x0f, 0x5a, ZERO_ONE], bits: 32 },
  { name: 'cvtsd2ss', code: [0xf2, 0x0f, 0x5a, ZERO_ONE], bits: 64 },
  { name: 'cvtdq2ps', code: [0x0f, 0x5b, ZERO_ONE], bits: 'integer' },
  { name: 'cvtps2dq', code: [0x66, 0x0f, 0x5b, ZERO_ONE], bits: 32 },
  { name: 'cvttps2dq', code: [0xf3, 0x0f, 0x5b, ZERO_ONE], bits: 32 },
  { name: 'cvtdq2pd', code: [0xf3, 0x0f, 0xe6, ZERO_ONE], bits: 'integer' },
  { name: 'cvtpd2dq', code: [0xf2, 0x0f, 0xe6, ZERO_ONE], bits: 64 },
  { name: 'cvttpd2dq', code: [0x66, 0x0f, 0xe6, ZERO_ONE], bits: 64 },
  ...(['ss', 'sd'] as const).flatMap((suffix): Tested[] => {
    const prefix = PREFIXES[suffix];
    const bits = suffix === 'ss' ? 32 : 64;
    return [
      { name: `cvt${suffix}2si eax`, code: [...prefix, 0x0f, 0x2d, ZERO_ONE], bits },
      { name: `cvt${suffix}2si rax`, code: [...prefix, 0x48, 0x0f, 0x2d, ZERO_ONE], bits },
      { name: `cvtt${suffix}2si eax`, code: [...prefix, 0x0f, 0x2c, ZERO_ONE], bits },
      { name: `cvtt${suffix}2si rax`, code: [...prefix, 0x48, 0x0f, 0x2c, ZERO_ONE], bits },
      { name: `cvtsi2${suffix} eax`, code: [...prefix, 0x0f, 0x2a, 0xc0], bits: 'integer' },
      { name: `cvtsi2${suffix} rax`, code: [...prefix, 0x48, 0x0f, 0x2a, 0xc0], bits: 'integer' },
    ];
  }),
];

/** Second opcode bytes of the 66-prefixed integer instructions with two XMM operands. */
const INTEGER_OPCODES =
  '60 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 74 75 76 d1 d2 d3 d4 d5 d8 d9 da db dc dd de df e0 e1 e2 e3 e4 e5 e8 e9 ' +
  'ea eb ec ed ee ef f1 f2 f3 f4 f5 f6 f8 f9 fa fb fc fd fe 54 55 56 57 14 15 28 6f 10';
const integers: Tested[] = INTEGER_OPCODES.split(' ').map((opcode) => ({
  name: `66 0f ${opcode}`,
  code: [0x66, 0x0f, Number.parseInt(opcode, 16), ZERO_ONE],
  bits: 'integer',
}));

const immediates: Tested[] = [0x00, 0x1b, 0x4e, 0x93, 0xe4, 0xff].flatMap((by) => [
  { name: `pshufd ${by}`, code: [0x66, 0x0f, 0x70, ZERO_ONE, by], bits: 'integer' } as const,
  { name: `pshuflw ${by}`, code: [0xf2, 0x0f, 0x70, ZERO_ONE, by], bits: 'integer' } as const,
  { name: `pshufhw ${by}`, code: [0xf3, 0x0f, 0x70, ZERO_ONE, by], bits: 'integer' } as const,
  { name: `shufps ${by}`, code: [0x0f, 0xc6, ZERO_ONE, by], bits: 'integer' } as const,
  { name: `shufpd ${by}`, code: [0x66, 0x0f, 0xc6, ZERO_ONE, by], bits: 'integer' } as const,
  { name: `pinsrw ${by}`, code: [0x66, 0x0f, 0xc4, 0xc0, by], bits: 'integer' } as const,
  { name: `pextrw ${by}`, code: [0x66, 0x0f, 0xc5, ZERO_ONE, by], bits: 'integer' } as const,
  ...[0xd0, 0xd8, 0xe0, 0xf0, 0xf8].flatMap((modrm) =>
    [0x71, 0x72, 0x73]
      // PSRLDQ and PSLLDQ only in group 14, PSRAx only in 12 and 13.
      .filter((opcode) => (modrm & 8 ? opcode === 0x73 : modrm !== 0xe0 || opcode !== 0x73))
      .map(
        (opcode): Tested => ({
          name: `shift ${opcode} ${modrm} ${by}`,
          code: [0x66, 0x0f, opcode, modrm, by & 0x1f],
          bits: 'integer',
        }),
      ),
  ),
]);

const MASKED = 0x1f80;

/** Half with the default control bits, a quarter with random ones, a quarter with exceptions unmasked. */
function casesFor(tested: Tested, count: number, seed: number): Uint8Array {
  const next = xorshift(seed);
  const cases = new DataView(new ArrayBuffer(count * CASE));
  for (let i = 0; i < count; i++) {
    const kind = next() % 4;
    const sticky = kind === 3 ? 0 : next() & 0x3f;
    const control = kind < 2 ? MASKED : (next() & 0xe040) | (kind === 2 ? MASKED : next() & MASKED);
    cases.setUint32(i * CASE, control | sticky, true);
    const lane = (at: number, bits: 32 | 64) => {
      if (bits === 32) cases.setUint32(at, Number(floatOperand(next, 32)), true);
      else cases.setBigUint64(at, floatOperand(next, 64), true);
    };
    for (let at = 8; at < CASE; at += 4) {
      const value = next();
      const edges = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, value % 70, value & 0x80ff00ff, value >>> (next() & 31)];
      cases.setUint32(i * CASE + at, next() & 1 ? value : edges[next() % edges.length]!, true);
    }
    // Small counts for the shifts by a register.
    if (tested.bits === 'integer' && next() & 1) cases.setBigUint64(i * CASE + 32, BigInt(next() % 70), true);
    if (tested.bits === 'integer') continue;
    for (let at = 16; at < CASE; at += tested.bits / 8) lane(i * CASE + at, tested.bits);
    // One in four: equal or neighbouring operands.
    if (next() % 4 === 0) {
      for (let at = 0; at < 16; at += 4) {
        const neighbour =
          (cases.getUint32(i * CASE + 16 + at, true) + (at % (tested.bits / 8) ? 0 : (next() % 3) - 1)) >>> 0;
        cases.setUint32(i * CASE + 32 + at, neighbour, true);
      }
    }
  }
  return new Uint8Array(cases.buffer);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.skipIf(oracleMissing)(`SSE against the processor${oracleMissing ? ` (${oracleMissing})` : ''}`, () => {
  let processor: Processor;
  let guest: Guest;
  beforeAll(() => {
    processor = new Processor();
    guest = new Guest();
  });
  afterAll(() => processor.dispose());

  const differences = (tested: readonly Tested[], count: number): { lines: string[]; traps: number } => {
    const lines: string[] = [];
    let traps = 0;
    for (const [n, one] of tested.entries()) {
      const cases = casesFor(one, count, 0x1234567 + n * 977);
      const code = Uint8Array.from(one.code);
      const expected = processor.run(code, cases);
      const got = guest.run(code, cases);
      for (let i = 0; i < count; i++) {
        const [want, have] = [expected, got].map((all) => hex(all.subarray(i * ANSWER, (i + 1) * ANSWER)));
        if (want!.endsWith('01000000')) traps++;
        if (want !== have) {
          lines.push(`${one.name} ${hex(cases.subarray(i * CASE, (i + 1) * CASE))}: ${want}, here ${have}`);
        }
      }
    }
    return { lines, traps };
  };

  it('computes, compares and orders with the same results, flags and traps', () => {
    const { lines, traps } = differences([...arithmetic, ...orders], 1500);
    expect(lines.slice(0, 10)).toEqual([]);
    expect(traps).toBeGreaterThan(1000);
  });

  it('converts with the same results, flags and traps', () => {
    const { lines, traps } = differences(conversions, 1500);
    expect(lines.slice(0, 10)).toEqual([]);
    expect(traps).toBeGreaterThan(300);
  });

  it('moves, shuffles, shifts and counts packed integers the same', () => {
    expect(differences([...integers, ...immediates], 300).lines.slice(0, 10)).toEqual([]);
  });
});
