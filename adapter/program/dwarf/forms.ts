/** Attribute forms (DWARF 5 §7.5.6, older forms in DWARF 2–4 §7.5.4), as far as names, offsets and skipping need. */
import { Cursor } from '../cursor.ts';

/** What a form's size and string lookups depend on. */
export interface FormContext {
  readonly version: number;
  readonly addressSize: number;
  /** 4 in the 32-bit format, 8 in the 64-bit one. */
  readonly width: 4 | 8;
  readonly strings: DebugStrings;
  /** DWARF 5's tables of string offsets and addresses, and where the unit's parts start; absent before they are known. */
  readonly stringOffsets?: Cursor;
  readonly stringOffsetsBase?: number;
  readonly addresses?: Cursor;
  readonly addressBase?: number;
}

/** The string sections; absent ones are empty. */
export interface DebugStrings {
  readonly str: Uint8Array;
  readonly lineStr: Uint8Array;
}

/** Strings, numbers and block bytes; undefined for what is skipped, or is an index into a table that is not known. */
export type FormValue = string | bigint | Uint8Array | undefined;

export const form = {
  addr: 0x01,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  data1: 0x0b,
  strp: 0x0e,
  udata: 0x0f,
  indirect: 0x16,
  secOffset: 0x17,
  implicitConst: 0x21,
  lineStrp: 0x1f,
} as const;

/** Reads one value of form `code` and moves past it. */
export function readForm(cursor: Cursor, code: number, context: FormContext): FormValue {
  const { addressSize, width, strings } = context;
  switch (code) {
    case 0x01: // addr
      return cursor.unsigned(addressSize, 'an address');
    case 0x03: // block2
      return cursor.block(cursor.u16('a block length'), 'a block');
    case 0x04: // block4
      return cursor.block(cursor.u32('a block length'), 'a block');
    case 0x05: // data2
    case 0x12: // ref2
      return BigInt(cursor.u16('a 2-byte value'));
    case 0x06: // data4
    case 0x13: // ref4
      return BigInt(cursor.u32('a 4-byte value'));
    case 0x07: // data8
    case 0x14: // ref8
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      return cursor.u64('an 8-byte value');
    case 0x08: // string
      return cursor.string('a string');
    case 0x09: // block
    case 0x18: // exprloc
      return cursor.block(cursor.ulebNumber('a block length'), 'a block');
    case 0x0a: // block1
      return cursor.block(cursor.u8('a block length'), 'a block');
    case 0x0b: // data1
    case 0x0c: // flag
    case 0x11: // ref1
      return BigInt(cursor.u8('a 1-byte value'));
    case 0x0d: // sdata
      return cursor.sleb('a signed value');
    case 0x0f: // udata
    case 0x15: // ref_udata
      return cursor.uleb('an unsigned value');
    case 0x0e: // strp
      return stringAt(strings.str, '.debug_str', cursor.size(width, 'a .debug_str offset'));
    case 0x1f: // line_strp
      return stringAt(strings.lineStr, '.debug_line_str', cursor.size(width, 'a .debug_line_str offset'));
    case 0x10: // ref_addr: an address in DWARF 2, an offset later
      return context.version <= 2
        ? cursor.unsigned(addressSize, 'a reference')
        : BigInt(cursor.size(width, 'a reference'));
    case 0x16: // indirect
      return readForm(cursor, cursor.ulebNumber('a form'), context);
    case 0x17: // sec_offset
      return BigInt(cursor.size(width, 'a section offset'));
    case 0x19: // flag_present
      return 1n;
    case 0x1d: // strp_sup, in a file of its own
    case 0x1f20: // GNU_ref_alt
    case 0x1f21: // GNU_strp_alt
      cursor.size(width, 'an offset');
      return undefined;
    case 0x1c: // ref_sup4
      cursor.u32('a reference');
      return undefined;
    case 0x1e: // data16
      return cursor.block(16, 'a 16-byte value');
    case 0x23: // rnglistx, which the attribute's reader looks up
      return cursor.uleb('an index');
    case 0x22: // loclistx
    case 0x1f01: // GNU_addr_index
    case 0x1f02: // GNU_str_index
      cursor.ulebNumber('an index');
      return undefined;
    case 0x1a: // strx
      return indexedString(cursor.ulebNumber('an index'), context);
    case 0x25: // strx1
      return indexedString(cursor.u8('an index'), context);
    case 0x26: // strx2
      return indexedString(cursor.u16('an index'), context);
    case 0x27: // strx3
      return indexedString(cursor.u24('an index'), context);
    case 0x28: // strx4
      return indexedString(cursor.u32('an index'), context);
    case 0x1b: // addrx
      return indexedAddress(cursor.ulebNumber('an index'), context);
    case 0x29: // addrx1
      return indexedAddress(cursor.u8('an index'), context);
    case 0x2a: // addrx2
      return indexedAddress(cursor.u16('an index'), context);
    case 0x2b: // addrx3
      return indexedAddress(cursor.u24('an index'), context);
    case 0x2c: // addrx4
      return indexedAddress(cursor.u32('an index'), context);
    default:
      return cursor.wrong('the form of a value', code, 'a DW_FORM code of DWARF 2 to 5');
  }
}

function stringAt(section: Uint8Array, name: string, offset: number): string {
  return new Cursor(section, name, offset).string('a string');
}

function indexedString(index: number, context: FormContext): string | undefined {
  const { stringOffsets: table, stringOffsetsBase: base, width, strings } = context;
  if (!table || base === undefined) return undefined;
  seek(table, base + index * width, 'a string index');
  return stringAt(strings.str, '.debug_str', table.size(width, 'a string offset'));
}

/** The address at an index of `.debug_addr`; undefined when the unit's table is not known. */
export function indexedAddress(index: number, context: FormContext): bigint | undefined {
  const { addresses: table, addressBase: base, addressSize } = context;
  if (!table || base === undefined) return undefined;
  seek(table, base + index * addressSize, 'an address index');
  return table.unsigned(addressSize, 'an indexed address');
}

function seek(table: Cursor, offset: number, what: string): void {
  if (offset > table.end) table.wrong(`the place of ${what}`, offset, `at most ${table.end}`, table.end);
  table.offset = offset;
}
