/** Counts vectors by Code, mode, shape and variant: the committed table, and what its test compares. */

import { readVectorFile, VECTOR_FILES } from './node.ts';
import { groupName } from './vectors.ts';

export interface GroupCount {
  readonly codeName: string;
  readonly bitness: 32 | 64;
  readonly shape: string;
  readonly variant: string;
  readonly vectors: number;
  readonly faults: number;
}

/** One row for each group of the committed files, in their order. */
export function countGroups(): Map<string, GroupCount> {
  const counts = new Map<string, { -readonly [K in keyof GroupCount]: GroupCount[K] }>();
  for (const file of VECTOR_FILES) {
    for (const vector of readVectorFile(file)) {
      let row = counts.get(vector.group);
      if (!row) {
        const { codeName, bitness, shape, variant } = vector;
        row = { codeName, bitness, shape, variant, vectors: 0, faults: 0 };
        counts.set(groupName(row as Parameters<typeof groupName>[0]), row);
      }
      row.vectors++;
      if (vector.fault !== undefined) row.faults++;
    }
  }
  return counts;
}

/** The coverage table as tab-separated text with a header line. */
export function coverageTable(counts: ReadonlyMap<string, GroupCount>): string {
  const lines = ['code\tmode\tshape\tvariant\tvectors\tfaults'];
  for (const row of counts.values())
    lines.push([row.codeName, row.bitness, row.shape, row.variant, row.vectors, row.faults].join('\t'));
  return `${lines.join('\n')}\n`;
}
