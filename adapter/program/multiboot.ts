import type { MultibootHeader } from './image.ts';

/** The value that opens a Multiboot 1 header (Multiboot Specification 0.6.96, §3.1.1). */
export const MULTIBOOT_MAGIC = 0x1badb002;
/** The header lies wholly inside the first 8192 bytes of the image, at a multiple of four (§3.1). */
const SEARCH_BYTES = 8192;
const ADDRESSES_PRESENT = 0x10000;

/**
 * Finds a Multiboot 1 header in an image's first 8 KiB: magic, flags and a checksum that makes the three sum to zero.
 * `fileOffset` of the result counts from the start of `image`. A header whose address fields (flags bit 16) would lie
 * outside the searched bytes is no header.
 */
export function findMultibootHeader(image: Uint8Array): MultibootHeader | undefined {
  const end = Math.min(image.length, SEARCH_BYTES);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const word = (offset: number): number => view.getUint32(offset, true);
  for (let offset = 0; offset + 12 <= end; offset += 4) {
    if (word(offset) !== MULTIBOOT_MAGIC) continue;
    const flags = word(offset + 4);
    if ((MULTIBOOT_MAGIC + flags + word(offset + 8)) >>> 0 !== 0) continue;
    if ((flags & ADDRESSES_PRESENT) === 0) return { flags, fileOffset: offset };
    if (offset + 32 > end) continue;
    return {
      flags,
      fileOffset: offset,
      addresses: {
        headerAddr: word(offset + 12),
        loadAddr: word(offset + 16),
        loadEndAddr: word(offset + 20),
        bssEndAddr: word(offset + 24),
        entryAddr: word(offset + 28),
      },
    };
  }
  return undefined;
}
