import type { Vector } from './vectors.ts';

/** x87 results that the SDM leaves open, or in which AMD's processors differ from Intel's. */
export interface UndefinedFpu {
  /** Bits of the status word. */
  readonly status: number;
  /** By how many units in the last place registers may differ. */
  readonly units: bigint;
  /** No x87 state is compared. */
  readonly all?: boolean;
  /** Bits of RFLAGS. */
  readonly rflags: number;
}

const [PE, ES, C0, C1, C2, C3, SF] = [0x20, 0x80, 0x100, 0x200, 0x400, 0x4000, 0x40];
const DE = 2;

interface Row {
  readonly codes: RegExp;
  /** In words; `when` decides. */
  readonly condition?: string;
  readonly when?: (vector: Vector) => boolean;
  readonly status: number;
  readonly units?: bigint;
  readonly rflags?: number;
  readonly all?: true;
  readonly source: string;
}

/** Exponent of ST(0), unbiased. */
const exponent = ({ before }: Vector): number =>
  (new DataView(before.fpu!.registers.buffer, before.fpu!.registers.byteOffset).getUint16(8, true) & 0x7fff) - 0x3fff;
const pending = ({ after }: Vector, exceptions = 0x3f): boolean =>
  (after.fpu!.status & ES) !== 0 && (after.fpu!.status & ~after.fpu!.control & exceptions) !== 0;

export const UNDEFINED_FPU: readonly Row[] = [
  {
    codes: /^F(2xm1|yl2xp1)$/,
    condition: 'ST(0) outside the range: magnitude from 1 (F2XM1), from 1/4 (FYL2XP1, cautiously)',
    when: (vector) => exponent(vector) >= (vector.codeName === 'F2xm1' ? 0 : -2),
    status: 0,
    all: true,
    source: 'Vol. 2A, F2XM1 and FYL2XP1: the result is undefined',
  },
  {
    codes: /^(F2xm1|Fyl2x|Fyl2xp1|Fptan|Fpatan|Fsin|Fcos|Fsincos)$/,
    status: C0 | C1 | C3 | PE,
    units: 1n,
    source: 'Vol. 1 §8.3.10: errors below one unit in the last place; so C1 (rounded up) differs',
  },
  {
    codes: /^F(u?comi?p?p?|icomp?|tst)(_|$)/,
    condition: 'with an unmasked exception',
    when: (vector) => pending(vector),
    status: C0 | C2 | C3,
    rflags: 0x8d5,
    source: 'Vol. 2A, FCOM and FCOMI, Operation: the codes are set only when #IA is masked; AMD sets them anyway',
  },
  {
    codes: /^F(u?comip?|cmov\w+)_st0/,
    status: C1,
    source: 'Vol. 2A, FCOMI: C1 is cleared, AMD keeps it; FCMOVcc: C1 is undefined without a stack fault',
  },
  {
    codes: /^Cvtpi2ps_/,
    condition: 'with a memory operand',
    when: ({ shape }) => shape !== 'register',
    status: 0,
    all: true,
    source: 'Vol. 2A, CVTPI2PS: a transition to MMX; AMD makes none when the operand is memory',
  },
  { codes: /^Ffreep?_/, status: C0 | C1 | C2 | C3, source: 'Vol. 2A, FFREE: C0 to C3 are undefined' },
  {
    codes: /^Fld_m(32|64)fp$/,
    condition: 'a denormal with #D unmasked',
    when: (vector) => pending(vector, DE),
    status: 0,
    all: true,
    source: 'Vol. 1 §8.5.2: TOP and the registers remain unchanged; AMD pushes',
  },
  {
    codes: /^Fld_sti$/,
    condition: 'from an empty register onto a full one',
    when: ({ after }) => (after.fpu!.status & SF) !== 0,
    status: C0 | C1 | C2 | C3,
    source: 'Vol. 1 §8.5.1.1: C1 tells overflow from underflow, but not which comes first when both are met',
  },
  {
    codes:
      /^F(add|mul|sub|div|i(add|mul|sub|div|ld|st)|ld|st(p|$|_)|chs|abs|sqrt|rndint|scale|xtract|xch|b|nop|decstp|incstp)|^Wait/,
    status: C0 | C2 | C3,
    source: 'Vol. 2A, FPU Flags Affected of each: C0, C2 and C3 are undefined',
  },
];

export function undefinedFpu(vector: Vector): UndefinedFpu {
  let found: UndefinedFpu = { status: 0, units: 0n, rflags: 0 };
  if (vector.fault !== undefined) return found;
  for (const row of UNDEFINED_FPU) {
    if (!row.codes.test(vector.codeName) || (row.when && !row.when(vector))) continue;
    const units = row.units ?? 0n;
    found = {
      status: found.status | row.status,
      rflags: found.rflags | (row.rflags ?? 0),
      units: units > found.units ? units : found.units,
      ...(row.all || found.all ? { all: true } : {}),
    };
  }
  return found;
}
