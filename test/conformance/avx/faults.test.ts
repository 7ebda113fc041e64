/** Faults of vector instructions as a processor raised them in user mode: `faultPlan.ts`. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BlockCache } from '../../../emulator/cpu/engine/blockCache.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { faultPlan } from './faultPlan.ts';
import { openFile } from './file.ts';
import { differences, machineWithAvx, put } from './machine.ts';
import { PLACE } from './plan.ts';

const [UD, XM] = [6, 19];

/** Codes of VEX.W1 alone: #UD with W = 0 (SDM Vol. 2D, VPERMPD and VPERMQ). AMD's processors ignore W. */
const W_IGNORED = /^VEX_Vperm(q|pd)_ymm_ymmm256_imm8 \w+ w$/;

const vectorOf = (state: Uint8Array): number =>
  new DataView(state.buffer, state.byteOffset).getUint32(PLACE.vector, true);

const recorded = (() => {
  const file = openFile(new Uint8Array(readFileSync(new URL('../data/faults.bin.gz', import.meta.url))));
  return faultPlan().map((one) => ({ ...one, after: file.after(one.before) }));
})();

/** What differs from the outcome, whose exception is `vector`. */
function compare(machine: Machine, one: (typeof recorded)[number], vector: number, blocks?: BlockCache): string[] {
  put(machine, one.code, one.before);
  const exit = (blocks && machine.runBlock(1, blocks)) ?? machine.run(1);
  const found = exit.kind === 'exception' ? exit.event.vector : exit.kind === 'budget' ? 0 : -1;
  if (found !== vector) return [`${one.label}: exception ${found}, expected ${vector}`];
  return differences(machine, one.after, one.label);
}

const first = (lines: readonly string[]): string => [`${lines.length} wrong`, ...lines.slice(0, 40)].join('\n');

describe('faults of vector instructions', () => {
  it('are of every kind', () => {
    const seen = new Map<string, Set<number>>();
    for (const { variant, after } of recorded) {
      const vectors = seen.get(variant) ?? new Set();
      seen.set(variant, vectors.add(vectorOf(after)));
    }
    expect([...seen.keys()].length).toBe(16);
    for (const variant of ['lock', '66', 'f2', 'f3', 'rex', 'rex.w']) expect(seen.get(variant)).toContain(UD);
    for (const variant of ['l', 'vvvv 0000']) expect([...seen.get(variant)!].sort()).toEqual([0, UD]);
    expect([...seen.get('displaced by 1')!]).toContain(13);
    expect([...seen.get('unmasked')!].sort()).toEqual([0, XM]);
  });

  it.each(['step', 'block'] as const)('are those recorded, in the %s tier', { timeout: 600_000 }, async (tier) => {
    const machine = await machineWithAvx();
    const blocks = tier === 'block' ? new BlockCache() : undefined;
    const others = recorded.filter(({ label }) => !W_IGNORED.test(label));
    expect(recorded.length - others.length).toBe(4);
    const wrong = others.flatMap((one) => compare(machine, one, vectorOf(one.after), blocks));
    expect(first(wrong)).toBe('0 wrong');
  });

  it('#XM is #UD without CR4.OSXMMEXCPT, with the same flags in MXCSR', { timeout: 600_000 }, async () => {
    const machine = await machineWithAvx();
    machine.writeRegister('cr4', machine.readRegister('cr4') & ~0x400n);
    const numeric = recorded.filter(({ after }) => vectorOf(after) === XM);
    expect(numeric.length).toBeGreaterThan(4500);
    const wrong = numeric.flatMap((one) => compare(machine, one, UD));
    expect(first(wrong)).toBe('0 wrong');
  });
});
