/** The bytes of a section, inflated when the producer compressed them (gABI "Compressed Sections"). */
import { Cursor, FormatError, hex } from '../cursor.ts';
import type { SectionHeader } from './header.ts';

export const flagWritable = 1n;
export const flagAllocated = 2n;
export const flagExecutable = 4n;
const flagCompressed = 0x800n;
const typeNoBits = 8;

/** Deflate cannot expand more than this, so that a size beyond it is a lie. */
const deflateLimit = 1032;
const largestSection = 2 ** 30;

/** The section's bytes in the file; a FormatError when it does not lie within the file. */
export function rawContents(bytes: Uint8Array, section: SectionHeader): Uint8Array {
  if (section.type === typeNoBits) return new Uint8Array(0);
  const end = section.offset + section.size;
  if (end > BigInt(bytes.length)) {
    throw new FormatError(
      `Section ${section.name}: its end in the file is ${hex(end)}, expected at most the file's ${hex(bytes.length)} bytes.`,
    );
  }
  return bytes.subarray(Number(section.offset), Number(end));
}

/** The section's contents; rejects with a FormatError when they cannot be had. */
export async function contentsOf(bytes: Uint8Array, section: SectionHeader, bits: 32 | 64): Promise<Uint8Array> {
  const raw = rawContents(bytes, section);
  if ((section.flags & flagCompressed) === 0n) return raw;
  const cursor = new Cursor(raw, `Section ${section.name}`);
  const type = cursor.u32('ch_type');
  if (type !== 1) cursor.wrong('ch_type', type === 2 ? '2 (Zstandard)' : type, '1 (zlib)', 0);
  if (bits === 64) cursor.u32('ch_reserved');
  const size = cursor.size(bits === 64 ? 8 : 4, 'ch_size');
  cursor.unsigned(bits === 64 ? 8 : 4, 'ch_addralign');
  const limit = Math.min(largestSection, cursor.left * deflateLimit);
  if (size > limit) cursor.wrong('ch_size', size, `at most ${hex(limit)} for its compressed size`, 4);
  return inflate(raw.subarray(cursor.offset), size, section.name);
}

/** RFC 1950 data to exactly `size` bytes. */
async function inflate(compressed: Uint8Array, size: number, name: string): Promise<Uint8Array> {
  const output = new Uint8Array(size);
  let filled = 0;
  const stream = new DecompressionStream('deflate');
  const writer = stream.writable.getWriter();
  // The reader below meets the same failure; here it only must not go unhandled.
  const written = writer
    .write(compressed as Uint8Array<ArrayBuffer>)
    .then(() => writer.close())
    .catch(() => undefined);
  const reader = stream.readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > size) {
        throw new FormatError(`Section ${name}: its data inflates past ch_size, ${hex(size)}.`);
      }
      output.set(value, filled);
      filled += value.length;
    }
  } catch (error) {
    void reader.cancel().catch(() => undefined);
    if (error instanceof FormatError) throw error;
    throw new FormatError(`Section ${name}: its compressed data is corrupted, expected an RFC 1950 (zlib) stream.`);
  }
  await written;
  if (filled !== size) {
    throw new FormatError(
      `Section ${name}: its data inflates to ${hex(filled)} bytes, expected ch_size, ${hex(size)}.`,
    );
  }
  return output;
}
