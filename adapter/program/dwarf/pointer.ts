/** Encoded pointers of `.eh_frame` (LSB Core, "DWARF Exception Header Encoding"). */
import type { Cursor } from '../cursor.ts';

export interface PointerContext {
  readonly addressSize: 4 | 8;
  /** Linked address of the section that the cursor reads. */
  readonly sectionAddress: bigint;
  readonly bases: { readonly text: bigint; readonly data: bigint };
  /** Linked start of the function, for function-relative pointers. */
  readonly functionStart?: bigint;
  /** For indirect pointers: memory of the program as loaded, at linked addresses. */
  readonly readMemory: (address: bigint, size: number) => bigint | undefined;
}

export const pointerOmitted = 0xff;
const indirect = 0x80;

/** Reads one pointer; the result is a linked address of `addressSize` bytes. */
export function readPointer(cursor: Cursor, encoding: number, context: PointerContext, field: string): bigint {
  const { addressSize } = context;
  const mask = (value: bigint) => BigInt.asUintN(addressSize * 8, value);
  if ((encoding & 0x70) === 0x50) {
    // Aligned: a plain address at the next multiple of its size.
    const over = Number((context.sectionAddress + BigInt(cursor.offset)) % BigInt(addressSize));
    if (over > 0) cursor.skip(addressSize - over, 'the padding of an aligned pointer');
    return cursor.unsigned(addressSize, field);
  }
  const at = BigInt(cursor.offset);
  const value = readValue(cursor, encoding & 0x0f, addressSize, field);
  // A null stays null, whatever it is relative to.
  if (value === 0n) return 0n;
  const address = mask(value + baseOf(cursor, encoding, at, context, field));
  if ((encoding & indirect) === 0) return address;
  const target = context.readMemory(address, addressSize);
  return target ?? cursor.wrong(`the target of ${field}`, address, 'an address within the program', Number(at));
}

/** Reads only the value, as for the length of a range, which has a pointer's format but no base. */
export function readValue(cursor: Cursor, format: number, addressSize: 4 | 8, field: string): bigint {
  switch (format) {
    case 0x00:
      return cursor.unsigned(addressSize, field);
    case 0x01:
      return cursor.uleb(field);
    case 0x02:
      return cursor.unsigned(2, field);
    case 0x03:
      return cursor.unsigned(4, field);
    case 0x04:
      return cursor.unsigned(8, field);
    case 0x08:
      return cursor.signed(addressSize, field);
    case 0x09:
      return cursor.sleb(field);
    case 0x0a:
      return cursor.signed(2, field);
    case 0x0b:
      return cursor.signed(4, field);
    case 0x0c:
      return cursor.signed(8, field);
    default:
      return cursor.wrong(`the format of ${field}`, format, 'a DW_EH_PE format, 0x0 to 0x4 or 0x8 to 0xc');
  }
}

function baseOf(cursor: Cursor, encoding: number, at: bigint, context: PointerContext, field: string): bigint {
  switch (encoding & 0x70) {
    case 0x00:
      return 0n;
    case 0x10:
      return context.sectionAddress + at;
    case 0x20:
      return context.bases.text;
    case 0x30:
      return context.bases.data;
    case 0x40:
      return context.functionStart ?? cursor.wrong(`the base of ${field}`, encoding, 'a base that is known here');
    default:
      return cursor.wrong(`the base of ${field}`, encoding, 'a DW_EH_PE base, 0x00 to 0x50');
  }
}
