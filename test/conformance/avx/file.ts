/**
 * data/avx.bin.gz: the processor's name (a byte of length, text), then for each case, in the plan's order, which quadwords
 * of the state changed (a bit each, in 5 bytes) and their new values.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import { STATE_BYTES } from './plan.ts';

const WORDS = STATE_BYTES / 8;
const MASK_BYTES = 5;

export function encodeFile(
  processor: string,
  cases: readonly { readonly before: Uint8Array; readonly after: Uint8Array }[],
): Uint8Array {
  const name = new TextEncoder().encode(processor);
  const parts: Uint8Array[] = [Uint8Array.of(name.length), name];
  for (const { before, after } of cases) {
    const mask = new Uint8Array(MASK_BYTES);
    const changed: Uint8Array[] = [];
    for (let word = 0; word < WORDS; word++) {
      const at = word * 8;
      if (before.subarray(at, at + 8).every((byte, i) => byte === after[at + i])) continue;
      mask[word >> 3]! |= 1 << (word & 7);
      changed.push(after.subarray(at, at + 8));
    }
    parts.push(mask, ...changed);
  }
  return new Uint8Array(gzipSync(new Uint8Array(Buffer.concat(parts)), { level: 9 }));
}

/** Gives the state after each case from the state before it, in the plan's order. */
export function openFile(packed: Uint8Array): { processor: string; after(before: Uint8Array): Uint8Array } {
  const bytes = new Uint8Array(gunzipSync(packed));
  let at = 1 + bytes[0]!;
  const processor = new TextDecoder().decode(bytes.subarray(1, at));
  return {
    processor,
    after(before) {
      const mask = bytes.subarray(at, at + MASK_BYTES);
      at += MASK_BYTES;
      const after = before.slice();
      for (let word = 0; word < WORDS; word++) {
        if (!((mask[word >> 3]! >> (word & 7)) & 1)) continue;
        after.set(bytes.subarray(at, at + 8), word * 8);
        at += 8;
      }
      return after;
    },
  };
}
