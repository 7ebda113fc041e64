/** Byte streams of vector files: little-endian numbers, LEB128 variable-length numbers, strings with a length. */

export class ByteWriter {
  private bytes = new Uint8Array(1 << 16);
  length = 0;

  private reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    for (let i = 0; i < 4; i++) this.u8((value >>> (8 * i)) & 0xff);
  }

  /** The low `size` bytes of a value. */
  little(value: bigint, size: number): void {
    for (let i = 0; i < size; i++) this.u8(Number((value >> BigInt(8 * i)) & 0xffn));
  }

  /** A number below 2^53. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  string(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get position(): number {
    return this.at;
  }

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new RangeError(`Vector file ends at byte ${this.at}, inside a record.`);
    this.at++;
    return value;
  }

  u32(): number {
    return (this.u8() | (this.u8() << 8) | (this.u8() << 16) | (this.u8() << 24)) >>> 0;
  }

  little(size: number): bigint {
    let lo = 0;
    let hi = 0;
    for (let i = 0; i < size; i++) {
      if (i < 4) lo |= this.u8() << (8 * i);
      else hi |= this.u8() << (8 * (i - 4));
    }
    return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  /** A view of the next bytes, not a copy. */
  raw(length: number): Uint8Array {
    if (this.at + length > this.bytes.length)
      throw new RangeError(
        `Vector file ends at byte ${this.bytes.length}, ${length} bytes were expected at ${this.at}.`,
      );
    const view = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return view;
  }

  string(): string {
    return new TextDecoder().decode(this.raw(this.varint()));
  }
}
