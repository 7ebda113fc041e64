import type { DecodedInstruction } from './decoded.ts';

interface Entry {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly context: number;
  readonly decoded: DecodedInstruction;
}

const ENTRIES = 4096;

/**
 * What was decoded lately. Decoding depends on its bytes, the page offset and the context alone, so that code which is
 * fetched anew, because it was overwritten with the same bytes or lies across two pages, need not be decoded anew.
 */
export class DecodeMemo {
  private readonly entries: (Entry | undefined)[] = Array.from({ length: ENTRIES });

  private static place(bytes: Uint8Array, offset: number, context: number): number {
    const mixed = (bytes[0]! << 4) ^ (bytes[1]! << 7) ^ (bytes[2]! << 2) ^ offset ^ (context << 3);
    return (mixed ^ (mixed >>> 12)) & (ENTRIES - 1);
  }

  find(bytes: Uint8Array, offset: number, context: number): DecodedInstruction | undefined {
    const entry = this.entries[DecodeMemo.place(bytes, offset, context)];
    if (entry?.offset !== offset || entry.context !== context || entry.bytes.length !== bytes.length) return undefined;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== entry.bytes[i]) return undefined;
    return entry.decoded;
  }

  keep(bytes: Uint8Array, offset: number, context: number, decoded: DecodedInstruction): void {
    this.entries[DecodeMemo.place(bytes, offset, context)] = { bytes: bytes.slice(), offset, context, decoded };
  }
}
