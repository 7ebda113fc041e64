/** Checked reading of little-endian binary formats: nothing is read outside the bytes, and what is wrong is one sentence. */

/** What a file got wrong, in one sentence that names place, field, value and what was expected. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}

/** Hexadecimal as GNU tools write it. */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** A name from a file as a sentence can hold it: printable ASCII, at most 60 characters. */
export function printable(name: string): string {
  const clean = name.replace(/[^\x20-\x7e]/g, '?');
  return clean.length > 60 ? `${clean.slice(0, 57)}...` : clean;
}

/** Longest string that a table may hold; a corrupted offset must not turn each of a million names into a megabyte. */
const longestString = 16_384;

const decoder = new TextDecoder('utf-8');

export class Cursor {
  private readonly view: DataView;

  /** `where` names the table in sentences, such as `.debug_line`; `offset` and `end` are byte offsets in `bytes`. */
  constructor(
    readonly bytes: Uint8Array,
    readonly where: string,
    public offset = 0,
    readonly end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (offset > end || end > bytes.length || offset < 0) {
      throw new FormatError(`${where} has ${hex(bytes.length)} bytes, but offset ${hex(offset)} of it is referred to.`);
    }
  }

  get left(): number {
    return this.end - this.offset;
  }

  /** Throws the sentence for a field whose value is not what the format allows. */
  wrong(field: string, value: number | bigint | string, expected: string, at = this.offset): never {
    const shown = typeof value === 'string' ? value : hex(value);
    throw new FormatError(`${this.where} at offset ${hex(at)}: ${field} is ${shown}, expected ${expected}.`);
  }

  private take(size: number, field: string): number {
    const at = this.offset;
    if (!(size <= this.end - at)) {
      throw new FormatError(
        `${this.where} at offset ${hex(at)}: ${field} needs ${size} bytes, expected at most the ${this.end - at} that are left.`,
      );
    }
    this.offset = at + size;
    return at;
  }

  u8(field: string): number {
    return this.view.getUint8(this.take(1, field));
  }

  i8(field: string): number {
    return this.view.getInt8(this.take(1, field));
  }

  u16(field: string): number {
    return this.view.getUint16(this.take(2, field), true);
  }

  u24(field: string): number {
    const at = this.take(3, field);
    return this.view.getUint16(at, true) | (this.view.getUint8(at + 2) << 16);
  }

  u32(field: string): number {
    return this.view.getUint32(this.take(4, field), true);
  }

  u64(field: string): bigint {
    return this.view.getBigUint64(this.take(8, field), true);
  }

  /** An unsigned value of 1, 2, 4 or 8 bytes. */
  unsigned(size: number, field: string): bigint {
    switch (size) {
      case 1:
        return BigInt(this.u8(field));
      case 2:
        return BigInt(this.u16(field));
      case 4:
        return BigInt(this.u32(field));
      case 8:
        return this.u64(field);
      default:
        return this.wrong(`the size of ${field}`, size, '1, 2, 4 or 8');
    }
  }

  signed(size: number, field: string): bigint {
    return BigInt.asIntN(size * 8, this.unsigned(size, field));
  }

  /** A 4- or 8-byte size or file offset as a number; what no file can hold is an error. */
  size(width: 4 | 8, field: string): number {
    if (width === 4) return this.u32(field);
    const at = this.offset;
    const value = this.u64(field);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : this.wrong(field, value, 'less than 2^53', at);
  }

  uleb(field: string): bigint {
    const at = this.offset;
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8(field);
      // DWARF lets producers pad with 0x80 bytes; bits past the 64th must be zero.
      if (shift < 64n) value |= BigInt(byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
      shift += 7n;
    }
    return value < 1n << 64n ? value : this.wrong(field, value, 'an unsigned LEB128 below 2^64', at);
  }

  /** An unsigned LEB128 that must be a count, index or size. */
  ulebNumber(field: string): number {
    const first = this.offset < this.end ? (this.bytes[this.offset] ?? 0x80) : 0x80;
    if (first < 0x80) {
      this.offset += 1;
      return first;
    }
    const at = this.offset;
    const value = this.uleb(field);
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : this.wrong(field, value, 'less than 2^53', at);
  }

  sleb(field: string): bigint {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8(field);
      if (shift < 64n) value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if ((byte & 0x80) === 0) {
        if ((byte & 0x40) !== 0 && shift < 64n) value |= -1n << shift;
        return BigInt.asIntN(64, value);
      }
    }
  }

  /** A NUL-terminated UTF-8 string. */
  string(field: string): string {
    const start = this.offset;
    const limit = Math.min(this.end, start + longestString);
    let end = start;
    while (end < limit && this.bytes[end] !== 0) end += 1;
    if (end === limit) this.wrong(field, 'a string without its NUL', `one within ${limit - start} bytes`, start);
    this.offset = end + 1;
    return decoder.decode(this.bytes.subarray(start, end));
  }

  block(size: number, field: string): Uint8Array {
    const at = this.take(size, field);
    return this.bytes.subarray(at, at + size);
  }

  skip(size: number, field: string): void {
    this.take(size, field);
  }

  /** A cursor over the next `size` bytes, with this one moved past them; offsets in sentences stay the table's. */
  part(size: number, field: string): Cursor {
    const at = this.take(size, field);
    return new Cursor(this.bytes, this.where, at, at + size);
  }

  /** DWARF's initial length (DWARF 5 §7.4): 4 bytes, or 0xffffffff and 8 bytes for the 64-bit format. */
  initialLength(field: string): { length: number; width: 4 | 8 } {
    const at = this.offset;
    const first = this.u32(field);
    if (first < 0xffff_fff0) return { length: first, width: 4 };
    if (first !== 0xffff_ffff) this.wrong(field, first, 'a length below 0xfffffff0, or 0xffffffff', at);
    return { length: this.size(8, field), width: 8 };
  }
}

/** The sentence of a FormatError; anything else is a defect of ours and goes on up. */
export function sentenceOf(error: unknown): string {
  if (error instanceof FormatError) return error.message;
  throw error;
}
