/** Finds and unpacks the committed vector files under Node. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { loadVectors, type VectorFile } from './vectors.ts';

export const VECTOR_FILES = ['integer64', 'integer32', 'sse64', 'later64', 'x87', 'mmx'] as const;
export type VectorFileName = (typeof VECTOR_FILES)[number];

/** Reads one of the committed files. */
export function readVectorFile(name: VectorFileName): VectorFile {
  const packed = readFileSync(new URL(`data/${name}.bin.gz`, import.meta.url));
  return loadVectors(new Uint8Array(gunzipSync(new Uint8Array(packed))));
}
