/** The result tables of SDM Vol. 2 for special operands of the transcendental instructions, FSCALE, FXTRACT and FPREM. */
import { describe, expect, it } from 'vitest';
import { type Case, type Extended, extended, runCases, show } from './loop.ts';

const [IE, DE, ZE, SF, ES, C1, C2] = [1, 2, 4, 0x40, 0x80, 0x200, 0x400];
const INDEFINITE: Extended = { significand: 3n << 62n, word: 0xffff };
const QUIET: Extended = { significand: 0xc000_0000_0000_1234n, word: 0x7fff };
const SIGNALLING: Extended = { significand: 0x8000_0000_0000_5678n, word: 0xffff };
const SIGNALLING_QUIETED: Extended = { ...SIGNALLING, significand: 0xc000_0000_0000_5678n };
/** An unnormal and a pseudo-infinity. */
const UNSUPPORTED: readonly Extended[] = [
  { significand: 0x4000_0000_0000_0001n, word: 0x3fff },
  { significand: 0n, word: 0x7fff },
];
const DENORMAL: Extended = { significand: 0x0000_0100_0000_0000n, word: 0 };

/** What a cell of a table asks of a result. `*` is an invalid operation, `#Z` a division by zero before it. */
type Cell = string;
const PI = Math.PI;
const CONSTANTS: Readonly<Record<string, number>> = {
  '0': 0,
  '1': 1,
  π: PI,
  'π/2': PI / 2,
  'π/4': PI / 4,
  '3π/4': (3 * PI) / 4,
  '∞': Number.POSITIVE_INFINITY,
};

const asNumber = ({ significand, word }: Extended): number => {
  const exponent = word & 0x7fff;
  const size = exponent === 0x7fff ? Number.POSITIVE_INFINITY : Number(significand) * 2 ** (exponent - 16383 - 63);
  return word & 0x8000 ? -size : size;
};

/** Whether a value is what a cell without its exception says: a sign, and a constant, or F for any finite one. */
function matches(cell: Cell, x: Extended): boolean {
  const sign = cell.startsWith('-');
  const what = cell.replace(/^[-+]/, '');
  if (sign !== ((x.word & 0x8000) !== 0)) return false;
  if (what === 'F') return (x.word & 0x7fff) !== 0x7fff && x.significand !== 0n;
  const wanted = CONSTANTS[what];
  if (wanted === undefined) throw new Error(`a cell says ${cell}`);
  const found = Math.abs(asNumber(x));
  return found === wanted || Math.abs(found - wanted) < 1e-15;
}

/** What is wrong with an outcome, or nothing. */
function verdict(cell: Cell, result: Extended, status: number): string {
  const saw = `${show(result)}, status ${status.toString(16)}`;
  if (cell === '*') return show(result) === show(INDEFINITE) && status & IE && !(status & SF) ? '' : saw;
  const zero = cell.startsWith('#Z');
  const value = zero ? cell.slice(2) : cell;
  const flags = status & (IE | ZE | SF);
  return matches(value, result) && flags === (zero ? ZE : 0) ? '' : saw;
}

const VALUES: Readonly<Record<string, number>> = {
  '-∞': Number.NEGATIVE_INFINITY,
  '-F': -1.75,
  '-f': -0.25,
  '-0': -0,
  '+0': 0,
  '+f': 0.25,
  '+1': 1,
  '-1': -1,
  '+F': 2.5,
  '+∞': Number.POSITIVE_INFINITY,
};
const value = (name: string): Extended => extended(VALUES[name]!);

interface Table {
  readonly name: string;
  /** Names of ST(0). */
  readonly columns: string;
  /** ST(1), then a cell for each column; one row without ST(1) for the others. */
  readonly rows: readonly string[];
  /** Where the result is after the instruction. */
  readonly at?: number;
}

const TABLES: readonly Table[] = [
  { name: 'fsin', columns: '-∞ -F -0 +0 +F +∞', rows: ['* -F -0 +0 +F *'] },
  { name: 'fcos', columns: '-∞ -f -0 +0 +f +∞', rows: ['* +F +1 +1 +F *'] },
  { name: 'fptan', columns: '-∞ -f -0 +0 +f +∞', rows: ['* -F -0 +0 +F *'], at: 1 },
  { name: 'fsincos', columns: '-∞ -f -0 +0 +f +∞', rows: ['* +F +1 +1 +F *'] },
  { name: 'fsincos', columns: '-∞ -f -0 +0 +f +∞', rows: ['* -F -0 +0 +F *'], at: 1 },
  { name: 'f2xm1', columns: '-1 -f -0 +0 +f +1', rows: ['-F -F -0 +0 +F +1'] },
  {
    name: 'fpatan',
    columns: '-∞ -F -0 +0 +F +∞',
    rows: [
      '-∞ -3π/4 -π/2 -π/2 -π/2 -π/2 -π/4',
      '-F -π -F -π/2 -π/2 -F -0',
      '-0 -π -π -π -0 -0 -0',
      '+0 +π +π +π +0 +0 +0',
      '+F +π +F +π/2 +π/2 +F +0',
      '+∞ +3π/4 +π/2 +π/2 +π/2 +π/2 +π/4',
    ],
  },
  {
    name: 'fyl2x',
    columns: '-∞ -F -0 +0 +f +1 +F +∞',
    rows: [
      '-∞ * * +∞ +∞ +∞ * -∞ -∞',
      '-F * * #Z+∞ #Z+∞ +F -0 -F -∞',
      '-0 * * * * +0 -0 -0 *',
      '+0 * * * * -0 +0 +0 *',
      '+F * * #Z-∞ #Z-∞ -F +0 +F +∞',
      '+∞ * * -∞ -∞ -∞ * +∞ +∞',
    ],
  },
  {
    name: 'fyl2xp1',
    columns: '-f -0 +0 +f',
    rows: ['-∞ +∞ * * -∞', '-F +F +0 -0 -F', '-0 +0 +0 -0 -0', '+0 -0 -0 +0 +0', '+F -F -0 +0 +F', '+∞ -∞ * * +∞'],
  },
  {
    name: 'fscale',
    // The SDM has ST(0) in the rows; here as everywhere ST(1) is.
    columns: '-∞ -F -0 +0 +F +∞',
    rows: [
      '-∞ * -0 -0 +0 +0 *',
      '-F -∞ -F -0 +0 +F +∞',
      '-0 -∞ -F -0 +0 +F +∞',
      '+0 -∞ -F -0 +0 +F +∞',
      '+F -∞ -F -0 +0 +F +∞',
      '+∞ -∞ -∞ * * +∞ +∞',
    ],
  },
  // The significand, then the exponent under it.
  { name: 'fxtract', columns: '-∞ -F -0 +0 +F +∞', rows: ['-∞ -F #Z-0 #Z+0 +F +∞'] },
  { name: 'fxtract', columns: '-∞ -F -0 +0 +F +∞', rows: ['+∞ +0 #Z-∞ #Z-∞ +1 +∞'], at: 1 },
  ...['fprem', 'fprem1'].map((name) => ({
    name,
    columns: '-∞ -F -0 +0 +F +∞',
    rows: ['-∞ * -F -0 +0 +F *', '-0 * * * * * *', '+0 * * * * * *', '+∞ * -F -0 +0 +F *'],
  })),
];

const BINARY = new Set(['fpatan', 'fyl2x', 'fyl2xp1', 'fscale', 'fprem', 'fprem1']);
const POPS = new Set(['fpatan', 'fyl2x', 'fyl2xp1']);
const PUSHES = new Set(['fptan', 'fsincos', 'fxtract']);
const NAMES = [...new Set(TABLES.map(({ name }) => name))];

/** The table's cells in order, with their operands. */
function cellsOf({ name, columns, rows }: Table): { cell: Cell; label: string; operands: Case }[] {
  return rows.flatMap((row) => {
    const words = row.split(' ');
    const [head, cells] = BINARY.has(name) ? [words[0]!, words.slice(1)] : [undefined, words];
    return columns.split(' ').map((column, i) => ({
      cell: cells[i]!,
      label: `${name} ST(1) ${head ?? '-'} ST(0) ${column}`,
      operands: { st0: value(column), ...(head ? { st1: value(head) } : {}) },
    }));
  });
}

describe('result tables', () => {
  it.each(TABLES.map((table) => [`${table.name} ${table.at ? 'ST(1)' : 'ST(0)'}`, table] as const))(
    '%s',
    async (_, table) => {
      const cells = cellsOf(table);
      const outcomes = await runCases(
        table.name,
        cells.map(({ operands }) => operands),
      );
      const wrong = outcomes.flatMap(({ st, status }, i) => {
        const { cell, label } = cells[i]!;
        const saw = verdict(cell, st[table.at ?? 0]!, status);
        return saw ? [`${label}: ${saw}, expected ${cell}`] : [];
      });
      expect(wrong).toEqual([]);
    },
  );

  it('an unmasked exception leaves the operands, and the stack, as they were', async () => {
    for (const table of TABLES.filter(({ at }) => !at)) {
      const cells = cellsOf(table).filter(({ cell }) => /^(\*|#Z)/.test(cell));
      if (cells.length === 0) continue;
      const cases = cells.map(({ operands }) => ({ ...operands, control: 0x37a }));
      const outcomes = await runCases(table.name, cases);
      for (const [i, { st, status, tags }] of outcomes.entries()) {
        const { st0, st1 } = cases[i]!;
        const expected = cells[i]!.cell === '*' ? IE : ZE;
        expect([cells[i]!.label, status & 0xff, show(st[0]!)]).toEqual([cells[i]!.label, ES | expected, show(st0!)]);
        if (st1) expect(show(st[1]!)).toBe(show(st1));
        expect(tags).toBe((await runCases('nop', [cases[i]!]))[0]!.tags);
      }
    }
  });
});

describe.each(NAMES)('%s', (name) => {
  const with0 = (st0: Extended): Case => (BINARY.has(name) ? { st0, st1: extended(1.5) } : { st0 });
  const run = async (operands: Case) => (await runCases(name, [operands]))[0]!;

  it('answers NaNs, and unsupported encodings as invalid', async () => {
    for (const [x, result, flags] of [
      [QUIET, QUIET, 0],
      [SIGNALLING, SIGNALLING_QUIETED, IE],
      ...UNSUPPORTED.map((u) => [u, INDEFINITE, IE] as const),
    ] as const) {
      const { st, status } = await run(with0(x));
      expect([show(st[0]!), status & 0x7f]).toEqual([show(result), flags]);
      if (PUSHES.has(name)) expect(show(st[1]!)).toBe(show(result));
      if (!BINARY.has(name)) continue;
      const other = await run({ st0: extended(0.5), st1: x });
      expect([show(other.st[0]!), other.status & 0x7f]).toEqual([show(result), flags]);
    }
  });

  it('of two NaNs gives the greater one, quiet before signalling', async () => {
    if (!BINARY.has(name)) return;
    const greater = { significand: 0xc000_0000_0000_9999n, word: 0x7fff };
    for (const [st1, st0, result, flags] of [
      [QUIET, greater, greater, 0],
      [greater, QUIET, greater, 0],
      [QUIET, SIGNALLING, QUIET, IE],
      [SIGNALLING, QUIET, QUIET, IE],
    ] as const) {
      const { st, status } = await run({ st0, st1 });
      expect([show(st[0]!), status & 0x7f]).toEqual([show(result), flags]);
    }
  });

  it('reports denormals', async () => {
    const { status } = await run(with0(DENORMAL));
    expect(status & (IE | DE | SF)).toBe(DE);
    const unmasked = await runCases(name, [{ ...with0(DENORMAL), control: 0x37d }]);
    expect([unmasked[0]!.status & 0xbf, show(unmasked[0]!.st[0]!)]).toEqual([ES | DE, show(DENORMAL)]);
  });

  it('reports a stack underflow, with C1 clear', async () => {
    for (const operands of BINARY.has(name) ? [{}, { st1: extended(1) }] : [{}]) {
      const { st, status } = await run(operands);
      expect([show(st[0]!), status & (0x7f | C1)]).toEqual([show(INDEFINITE), IE | SF]);
    }
  });

  it('leaves the stack as deep as it should be', async () => {
    const { tags } = await run(with0(extended(0.5)));
    const depth = Array.from({ length: 8 }, (_, i) => (tags >> (2 * i)) & 3).filter((tag) => tag !== 3).length;
    expect(depth).toBe((BINARY.has(name) ? 2 : 1) + (PUSHES.has(name) ? 1 : 0) - (POPS.has(name) ? 1 : 0));
  });

  it('reports a stack overflow, with C1 set', async () => {
    if (!PUSHES.has(name)) return;
    const full = `fld1\n fld1\n fld1\n fld1\n fld1\n fld1\n fld1\n ${name}`;
    const [outcome] = await runCases(full, [{ st0: extended(0.5) }]);
    expect([outcome!.status & (0x7f | C1 | C2), show(outcome!.st[0]!), show(outcome!.st[1]!)]).toEqual([
      IE | SF | C1,
      show(INDEFINITE),
      show(INDEFINITE),
    ]);
  });
});
