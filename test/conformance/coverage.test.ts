import { readFileSync, statSync } from 'node:fs';
import { Decoder, DecoderOptions, RflagsBits } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { countGroups, coverageTable } from './coverage.ts';
import { LEAST_VECTORS } from './generate/group.ts';
import { allRequirements, candidates, EXCLUSIONS, exclusionOf } from './generate/scope.ts';
import { readVectorFile, VECTOR_FILES } from './node.ts';
import { Flag, UNDEFINED } from './undefinedFlags.ts';
import { groupName } from './vectors.ts';

const COMMITTED_LIMIT = 8 * 1024 * 1024;
const counts = countGroups();
const required = allRequirements();

describe('coverage of the committed vectors', () => {
  it(`has at least ${LEAST_VECTORS} vectors of every required Code, mode, shape and variant`, () => {
    expect(required.length).toBeGreaterThan(3500);
    const missing = required
      .map(({ scoped, bitness, shape, variant }) => groupName({ codeName: scoped.name, bitness, shape, variant }))
      .filter((name) => (counts.get(name)?.vectors ?? 0) < LEAST_VECTORS);
    expect(missing).toEqual([]);
    expect(counts.size).toBe(required.length);
  });

  it('has vectors or a reason for every Code of its feature sets, and no idle reason', () => {
    const used = new Set<string>();
    for (const bitness of [64, 32] as const) {
      const all = candidates(bitness);
      expect(all.length).toBeGreaterThan(bitness === 64 ? 900 : 600);
      for (const { name } of all) {
        const reason = exclusionOf(name, bitness);
        if (reason) used.add(reason);
        expect(counts.has(`${name} ${bitness}-bit register`) || counts.has(`${name} ${bitness}-bit memory`), name).toBe(
          !reason,
        );
      }
    }
    expect(EXCLUSIONS.map(({ reason }) => reason).filter((reason) => !used.has(reason))).toEqual([]);
  });

  it('has both outcomes of what can go two ways', () => {
    for (const [name, { codeName, variant, vectors, faults }] of counts) {
      if (/^(Div|Idiv|Bound)_/.test(codeName)) {
        expect(faults, name).toBeGreaterThan(3);
        expect(vectors - faults, name).toBeGreaterThan(20);
      } else if (/^Ud[012]/.test(codeName) || (variant === 'lock' && name.includes('register')))
        expect(faults, name).toBe(vectors);
    }
  });

  it('shows what every MMX Code does to the top of the stack and to the tags, and #MF', () => {
    const MF = 16;
    const codes = new Set<string>();
    const moved = new Set<string>();
    const refilled = new Set<string>();
    let waited = 0;
    for (const { codeName, bitness, shape, before, after, fault } of readVectorFile('mmx')) {
      const fromMemory = /^Cvtpi2p/.test(codeName) && shape !== 'register';
      if (fault === MF) waited++;
      if (fault !== undefined || fromMemory) continue;
      const name = `${codeName} ${bitness}`;
      codes.add(name);
      expect(after.fpu!.status & 0x3800, name).toBe(0);
      expect(after.fpu!.tags, name).toBe(codeName === 'Emms' ? 0 : 0xff);
      if (before.fpu!.status & 0x3800) moved.add(name);
      if (before.fpu!.tags !== after.fpu!.tags) refilled.add(name);
    }
    expect(codes.size).toBeGreaterThan(180);
    expect([...codes].filter((name) => !moved.has(name) || !refilled.has(name))).toEqual([]);
    expect(waited).toBeGreaterThan(1000);
  });

  it('is what coverage.tsv says', () => {
    expect(readFileSync(new URL('data/coverage.tsv', import.meta.url), 'utf8')).toBe(coverageTable(counts));
  });

  it('takes at most 8 MB', () => {
    const files = [...VECTOR_FILES.map((name) => `${name}.bin.gz`), 'coverage.tsv'];
    const total = files.reduce((sum, name) => sum + statSync(new URL(`data/${name}`, import.meta.url)).size, 0);
    expect(total).toBeLessThan(COMMITTED_LIMIT);
  });
});

const ICED_FLAGS: readonly (readonly [number, number])[] = [
  [RflagsBits.CF, Flag.CF],
  [RflagsBits.PF, Flag.PF],
  [RflagsBits.AF, Flag.AF],
  [RflagsBits.ZF, Flag.ZF],
  [RflagsBits.SF, Flag.SF],
  [RflagsBits.OF, Flag.OF],
];

/** The flags that iced-x86's own tables call undefined after an instruction. */
function icedUndefined(code: Uint8Array, bitness: number): number {
  const decoder = new Decoder(bitness, code, DecoderOptions.None);
  const instruction = decoder.decode();
  const theirs = instruction.rflagsUndefined;
  instruction.free();
  decoder.free();
  return ICED_FLAGS.reduce((mask, [bit, flag]) => (theirs & bit ? mask | flag : mask), 0);
}

describe('list of undefined flags', () => {
  it('agrees with the tables of iced-x86 in every vector', () => {
    const different = new Set<string>();
    let code: Uint8Array | undefined;
    let iced = 0;
    for (const file of ['integer64', 'integer32'] as const) {
      for (const vector of readVectorFile(file)) {
        if (vector.fault !== undefined) continue;
        if (vector.code !== code) iced = icedUndefined(vector.code, vector.bitness);
        code = vector.code;
        let ours = vector.undefinedFlags;
        // iced-x86 does not know a count in CL, nor that SHL and SHR lose CF when the count reaches the width.
        if (/^(Shl|Sal|Shr)_/.test(vector.codeName)) ours &= ~Flag.CF;
        // RCL and RCR by a multiple of the width plus one rotate nothing; the SDM still defines OF for count 1 only.
        if (/^Rc[lr]_rm(8|16)_imm8/.test(vector.codeName)) ours &= iced | ~Flag.OF;
        if (vector.codeName.endsWith('_CL') ? ours & ~iced : ours !== iced)
          different.add(`${vector.codeName}: iced-x86 ${iced.toString(16)}, listed ${ours.toString(16)}`);
      }
    }
    expect([...different]).toEqual([]);
  });

  it('applies its conditions', () => {
    const seen = new Map<string, Set<number>>();
    let zero = 0;
    for (const { codeName, shape, before, after, undefinedFlags, undefinedGprs } of readVectorFile('integer64')) {
      if (codeName === 'Shl_rm32_CL' && shape === 'register') {
        const count = Number(before.gpr[1]! & 31n);
        const key = count === 0 ? 'none' : count === 1 ? 'one' : 'more';
        seen.set(key, (seen.get(key) ?? new Set()).add(undefinedFlags));
      } else if (/^Bs[fr]_/.test(codeName)) {
        const isZero = (after.rflags & Flag.ZF) !== 0;
        expect(undefinedGprs !== 0).toBe(isZero);
        if (isZero) zero++;
      }
    }
    expect([...seen.get('none')!]).toEqual([0]);
    expect([...seen.get('one')!]).toEqual([Flag.AF]);
    expect([...seen.get('more')!]).toEqual([Flag.AF | Flag.OF]);
    expect(zero).toBeGreaterThan(10);
  });

  it('cites a source in every row', () => {
    for (const row of UNDEFINED) expect(row.source).toMatch(/^Vol\. 2[A-D]?: /);
  });
});
