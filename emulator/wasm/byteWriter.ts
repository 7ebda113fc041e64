/** A growable byte buffer with the LEB128 encodings of the WebAssembly binary format (spec §5.2). */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  private grow(needed: number): void {
    const bytes = new Uint8Array(Math.max(this.bytes.length * 2, this.length + needed));
    bytes.set(this.bytes.subarray(0, this.length));
    this.bytes = bytes;
  }

  u8(value: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = value;
  }

  /** Unsigned LEB128 of a 32-bit value. */
  u32(value: number): void {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.u8(rest);
  }

  /** Signed LEB128 of a 32-bit value. */
  s32(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.u8(low);
        return;
      }
      this.u8(low | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit value given as two halves (`high` signed). */
  s64(lowHalf: number, highHalf: number): void {
    let low = lowHalf >>> 0;
    let high = highHalf | 0;
    for (;;) {
      const byte = low & 0x7f;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>= 7;
      if ((high === 0 && low === 0 && (byte & 0x40) === 0) || (high === -1 && low === 0xffffffff && byte & 0x40)) {
        this.u8(byte);
        return;
      }
      this.u8(byte | 0x80);
    }
  }

  raw(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  append(other: ByteWriter): void {
    this.raw(other.view());
  }

  name(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.u32(bytes.length);
    this.raw(bytes);
  }

  /** The bytes written so far; valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}
