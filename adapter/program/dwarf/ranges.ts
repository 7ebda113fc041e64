/** Range lists (DWARF 5 §2.17.3 and §7.25; `.debug_ranges` of DWARF 3 and 4, §2.17.3). Linked addresses. */
import { Cursor } from '../cursor.ts';
import { indexedAddress } from './forms.ts';
import type { Unit } from './units.ts';

export interface RangeSections {
  /** `.debug_ranges`. */
  readonly old: Uint8Array;
  /** `.debug_rnglists`. */
  readonly lists: Uint8Array;
}

export type AddressRange = readonly [start: bigint, end: bigint];

const rangeListIndexForm = 0x23;

/** The ranges that a DW_AT_ranges of form `formCode` refers to. */
export function readRanges(value: bigint, formCode: number, unit: Unit, sections: RangeSections): AddressRange[] {
  if (unit.context.version < 5) return readOld(Number(value), unit, sections.old);
  const { lists } = sections;
  if (formCode !== rangeListIndexForm) return readList(new Cursor(lists, '.debug_rnglists', Number(value)), unit);
  const { width } = unit.context;
  const slot = unit.rangesBase + Number(value) * width;
  const offset = new Cursor(lists, '.debug_rnglists', slot).size(width, 'the offset of a range list');
  return readList(new Cursor(lists, '.debug_rnglists', unit.rangesBase + offset), unit);
}

function readOld(offset: number, unit: Unit, section: Uint8Array): AddressRange[] {
  const { addressSize } = unit.context;
  const selector = BigInt.asUintN(addressSize * 8, -1n);
  const cursor = new Cursor(section, '.debug_ranges', offset);
  const ranges: AddressRange[] = [];
  let base = unit.low;
  for (;;) {
    const start = cursor.unsigned(addressSize, 'a range');
    const end = cursor.unsigned(addressSize, 'a range');
    if (start === 0n && end === 0n) return ranges;
    if (start === selector) base = end;
    else ranges.push([base + start, base + end]);
  }
}

function readList(cursor: Cursor, unit: Unit): AddressRange[] {
  const { context } = unit;
  const indexed = () => {
    const at = cursor.offset;
    const index = cursor.ulebNumber('an address index');
    return indexedAddress(index, context) ?? cursor.wrong('an address index', index, 'a unit with addresses', at);
  };
  const address = () => cursor.unsigned(context.addressSize, 'an address');
  const ranges: AddressRange[] = [];
  let base = unit.low;
  for (;;) {
    const kind = cursor.u8('the kind of a range');
    switch (kind) {
      case 0x00: // end_of_list
        return ranges;
      case 0x01: // base_addressx
        base = indexed();
        break;
      case 0x02: // startx_endx
        ranges.push([indexed(), indexed()]);
        break;
      case 0x03: // startx_length
        ranges.push(withLength(indexed(), cursor.uleb('a length')));
        break;
      case 0x04: // offset_pair
        ranges.push([base + cursor.uleb('an offset'), base + cursor.uleb('an offset')]);
        break;
      case 0x05: // base_address
        base = address();
        break;
      case 0x06: // start_end
        ranges.push([address(), address()]);
        break;
      case 0x07: // start_length
        ranges.push(withLength(address(), cursor.uleb('a length')));
        break;
      default:
        cursor.wrong('the kind of a range', kind, '0x0 to 0x7', cursor.offset - 1);
    }
  }
}

const withLength = (start: bigint, length: bigint): AddressRange => [start, start + length];
