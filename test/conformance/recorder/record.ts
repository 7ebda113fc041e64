/**
 * Remakes the committed vectors on this machine: `npx tsx test/conformance/recorder/record.ts`.
 * Needs gcc and a 64-bit x86 Linux that runs 32-bit code.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { ByteWriter } from '../codec.ts';
import { countGroups, coverageTable } from '../coverage.ts';
import {
  MAGIC,
  type Outcome,
  type RecordedOn,
  writeEncodingHead,
  writeGroupHead,
  writeOutcome,
  writeVectorPlan,
} from '../fileFormat.ts';
import { planGroup } from '../generate/group.ts';
import { allRequirements, fileOf } from '../generate/scope.ts';
import { VECTOR_FILES } from '../node.ts';
import type { GroupPlan } from '../plan.ts';
import { deriveInput } from '../state.ts';
import { runNatively } from './native.ts';

const DATA = new URL('../data/', import.meta.url);

function writeFile(groups: readonly GroupPlan[], recordedOn: RecordedOn, outcomes: readonly Outcome[]): Uint8Array {
  const out = new ByteWriter();
  out.string(MAGIC);
  out.string(JSON.stringify(recordedOn));
  let next = 0;
  for (const group of groups) {
    writeGroupHead(out, group);
    for (const [e, encoding] of group.encodings.entries()) {
      writeEncodingHead(out, encoding);
      for (const [v, vector] of encoding.vectors.entries()) {
        writeVectorPlan(out, vector);
        writeOutcome(out, deriveInput(group, e, v).cpu, encoding.code.length, outcomes[next++]!);
      }
    }
  }
  return out.finish();
}

mkdirSync(DATA, { recursive: true });
const requirements = allRequirements();
// All files, or those named.
const wanted = process.argv.slice(2);
for (const file of VECTOR_FILES.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const groups = requirements.filter((r) => fileOf(r) === file).map(planGroup);
  const { recordedOn, outcomes } = runNatively(groups);
  const packed = new Uint8Array(gzipSync(writeFile(groups, recordedOn, outcomes), { level: 9 }));
  writeFileSync(new URL(`${file}.bin.gz`, DATA), packed);
  const faults = outcomes.filter(({ fault }) => fault !== undefined).length;
  console.log(
    `${file}: ${groups.length} groups, ${outcomes.length} vectors (${faults} fault), ${packed.length} bytes, on ${recordedOn.brand}`,
  );
}
writeFileSync(new URL('coverage.tsv', DATA), coverageTable(countGroups()));
