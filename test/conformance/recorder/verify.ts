/**
 * Re-executes the committed vectors on this machine and compares what is architecturally defined:
 * `npx tsx test/conformance/recorder/verify.ts`. Exit status 1 when something differs.
 */

import { describeDifferences } from '../differences.ts';
import { readVectorFile, VECTOR_FILES } from '../node.ts';
import { fillWindowsAfter, fillWindowsBefore } from '../vectors.ts';
import { applyMemory, WINDOW_SIZE } from '../windows.ts';
import { runNatively } from './native.ts';

const SHOWN = 20;

let differing = 0;
for (const name of VECTOR_FILES) {
  const file = readVectorFile(name);
  const { recordedOn, outcomes } = runNatively(file.plans());
  const expected = { data: new Uint8Array(WINDOW_SIZE), stack: new Uint8Array(WINDOW_SIZE) };
  const data = new Uint8Array(WINDOW_SIZE);
  const stack = new Uint8Array(WINDOW_SIZE);
  const groups = new Map<string, number>();
  let index = 0;
  for (const vector of file) {
    const { fault, cpu, changed } = outcomes[index++]!;
    fillWindowsAfter(vector, expected.data, expected.stack);
    fillWindowsBefore(vector, data, stack);
    applyMemory(changed, data, stack);
    const lines = describeDifferences(vector, fault, { cpu, data, stack }, expected);
    if (lines.length === 0) continue;
    groups.set(vector.group, (groups.get(vector.group) ?? 0) + 1);
    if (differing++ < SHOWN) console.log(`${vector.group} #${vector.index}\n  ${lines.join('\n  ')}`);
  }
  console.log(
    `${name}: ${index} vectors of ${file.recordedOn.brand} re-executed on ${recordedOn.brand}; ${groups.size} groups differ.`,
  );
  for (const [group, count] of groups) console.log(`  ${group}: ${count}`);
}
if (differing > 0) process.exitCode = 1;
