/** A 64-bit digest (two interleaved 32-bit multiply-xor lanes) of memory, for comparing machine states. */
export class Digest {
  private a = 0x9e3779b1;
  private b = 0x85ebca77;

  word(value: number): void {
    this.a = Math.imul(this.a ^ value, 0x01000193) ^ (this.a >>> 15);
    this.b = Math.imul(this.b + (value ^ 0x5bd1e995), 0xc2b2ae3d) ^ (this.b >>> 13);
  }

  /** Length must be a multiple of 4. */
  bytes(bytes: Uint8Array): void {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    for (let i = 0; i < words.length; i++) this.word(words[i]!);
  }

  /** Sixteen hex digits. */
  value(): string {
    const hex = (n: number) => (n >>> 0).toString(16).padStart(8, '0');
    return hex(this.a) + hex(this.b);
  }
}
