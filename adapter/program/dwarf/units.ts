/** The units of `.debug_info`: headers and what their first entries say (DWARF 5 §7.5.1, §3.1). */
import { Cursor, sentenceOf } from '../cursor.ts';
import { type Abbreviation, Abbreviations } from './abbreviations.ts';
import { type DebugStrings, type FormContext, type FormValue, readForm } from './forms.ts';

/** The sections that units refer to; absent ones are empty. */
export interface UnitSections {
  readonly info: Uint8Array;
  readonly abbreviations: Uint8Array;
  readonly strings: DebugStrings;
  readonly stringOffsets: Uint8Array;
  readonly addresses: Uint8Array;
}

export interface Unit {
  /** Offsets in `.debug_info`: of the unit, of its first entry, and of its end. */
  readonly offset: number;
  readonly first: number;
  readonly end: number;
  readonly context: FormContext;
  readonly abbreviation: (code: number) => Abbreviation;
  readonly directory?: string;
  /** Offset of the unit's line table. */
  readonly lines?: number;
  /** What addresses in range lists count from, before they say. */
  readonly low: bigint;
  /** Where the unit's part of `.debug_rnglists` starts. */
  readonly rangesBase: number;
}

const attribute = {
  statementList: 0x10,
  low: 0x11,
  directory: 0x1b,
  stringOffsetsBase: 0x72,
  addressBase: 0x73,
  rangesBase: 0x74,
};

/** DW_UT_*: what stands between the header and the first entry. */
const unitKind = { compile: 1, type: 2, skeleton: 4, splitCompile: 5, splitType: 6 };

/** Broken units cost a warning each, and what they say. */
export function readUnits(sections: UnitSections): { units: Unit[]; warnings: string[] } {
  const units: Unit[] = [];
  const warnings: string[] = [];
  const abbreviations = new Abbreviations(sections.abbreviations);
  const cursor = new Cursor(sections.info, '.debug_info');
  try {
    while (cursor.left > 0) {
      const offset = cursor.offset;
      const { length, width } = cursor.initialLength('unit_length');
      const part = cursor.part(length, 'a unit');
      try {
        const unit = readUnit(part, offset, width, abbreviations, sections);
        if (unit) units.push(unit);
      } catch (error) {
        warnings.push(`A unit's directory is unknown: ${sentenceOf(error)}`);
      }
    }
  } catch (error) {
    warnings.push(`Directories of some sources are unknown: ${sentenceOf(error)}`);
  }
  return { units, warnings };
}

function readUnit(
  cursor: Cursor,
  offset: number,
  width: 4 | 8,
  abbreviations: Abbreviations,
  sections: UnitSections,
): Unit | undefined {
  const version = cursor.u16('version');
  if (version < 2 || version > 5) cursor.wrong('version', version, '2 to 5', cursor.offset - 2);
  const kind = version >= 5 ? cursor.u8('unit_type') : unitKind.compile;
  let addressSize = version >= 5 ? cursor.u8('address_size') : 0;
  const table = cursor.size(width, 'debug_abbrev_offset');
  if (version < 5) addressSize = cursor.u8('address_size');
  if (addressSize !== 4 && addressSize !== 8) cursor.wrong('address_size', addressSize, '4 or 8');
  if (kind === unitKind.type || kind === unitKind.splitType) return undefined;
  if (kind === unitKind.skeleton || kind === unitKind.splitCompile) cursor.u64('dwo_id');
  if (cursor.left === 0) return undefined;

  const first = cursor.offset;
  const plain: FormContext = { version, addressSize, width, strings: sections.strings };
  const abbreviation = (code: number) => abbreviations.at(table, code);
  // Where indexes count from stands in the same entry as values that are indexes.
  const bases = readRoot(cursor, plain, abbreviation);
  const base = (which: number, otherwise: number) => Number(bigintOf(bases.get(which)) ?? BigInt(otherwise));
  const tableHeader = width === 4 ? 8 : 16;
  const context: FormContext = {
    ...plain,
    stringOffsets: new Cursor(sections.stringOffsets, '.debug_str_offsets'),
    stringOffsetsBase: base(attribute.stringOffsetsBase, tableHeader),
    addresses: new Cursor(sections.addresses, '.debug_addr'),
    addressBase: base(attribute.addressBase, tableHeader),
  };
  cursor.offset = first;
  const root = readRoot(cursor, context, abbreviation);
  const directory = root.get(attribute.directory);
  const lines = bigintOf(root.get(attribute.statementList));
  return {
    offset,
    first,
    end: cursor.end,
    context,
    abbreviation,
    ...(typeof directory === 'string' ? { directory } : {}),
    ...(lines === undefined ? {} : { lines: Number(lines) }),
    low: bigintOf(root.get(attribute.low)) ?? 0n,
    rangesBase: base(attribute.rangesBase, width === 4 ? 12 : 20),
  };
}

function readRoot(cursor: Cursor, context: FormContext, abbreviation: Unit['abbreviation']): Map<number, FormValue> {
  const values = new Map<number, FormValue>();
  const code = cursor.ulebNumber('an abbreviation code');
  if (code === 0) return values;
  for (const { attribute: which, code: formCode, constant } of abbreviation(code).attributes) {
    values.set(which, constant ?? readForm(cursor, formCode, context));
  }
  return values;
}

const bigintOf = (value: FormValue) => (typeof value === 'bigint' ? value : undefined);
