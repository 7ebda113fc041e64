import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describeDifferences } from '../differences.ts';
import { readVectorFile } from '../node.ts';
import type { GroupPlan } from '../plan.ts';
import { fillWindowsAfter, fillWindowsBefore, groupName, type VectorFile } from '../vectors.ts';
import { applyMemory, WINDOW_SIZE } from '../windows.ts';
import { runNatively } from './native.ts';

const SAMPLE =
  /^(Add_rm8_r8|Rcl_rm32_CL|Idiv_rm64|Push_r64|Cmpsw_m16_m16|Bts_rm32_r32|Jle_rel8_64|Divsd_xmm_xmmm64|Pcmpistri_xmm_xmmm128_imm8|Roundps_xmm_xmmm128_imm8|Daa|Popad|Bound_r32_m3232) /;

const missing =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'needs x86-64 Linux'
    : spawnSync('gcc', ['--version']).status !== 0
      ? 'needs gcc'
      : undefined;

/** Executes the sampled groups of a file here; one line for each vector that differs from the file. */
function reexecute(
  file: VectorFile,
  spoil: (group: GroupPlan) => GroupPlan = (group) => group,
): { ran: number; different: string[] } {
  const groups = file.plans().filter((group) => SAMPLE.test(groupName(group)));
  const names = new Set(groups.map(groupName));
  const { outcomes } = runNatively(groups.map(spoil));
  const windows = () => ({ data: new Uint8Array(WINDOW_SIZE), stack: new Uint8Array(WINDOW_SIZE) });
  const expected = windows();
  const got = windows();
  const different: string[] = [];
  let ran = 0;
  for (const vector of file) {
    if (!names.has(vector.group)) continue;
    const { fault, cpu, changed } = outcomes[ran++]!;
    fillWindowsAfter(vector, expected.data, expected.stack);
    fillWindowsBefore(vector, got.data, got.stack);
    applyMemory(changed, got.data, got.stack);
    const lines = describeDifferences(vector, fault, { cpu, ...got }, expected);
    if (lines.length > 0) different.push(`${vector.group} #${vector.index}: ${lines.join('; ')}`);
  }
  return { ran, different };
}

describe.skipIf(missing !== undefined)(`recorder on this processor${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.each([
    ['integer64', 1000],
    ['integer32', 500],
    ['sse64', 200],
    ['later64', 200],
  ] as const)('sees what the committed vectors of %s say', (name, least) => {
    const { ran, different } = reexecute(readVectorFile(name));
    expect(ran).toBeGreaterThan(least);
    expect(different).toEqual([]);
  });

  it('shows other outcomes when the inputs are others', () => {
    const { ran, different } = reexecute(readVectorFile('sse64'), (group) => ({ ...group, seed: group.seed ^ 1 }));
    expect(different.length).toBeGreaterThan(ran / 2);
  });
});
