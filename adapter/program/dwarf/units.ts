/** From `.debug_info` only what a line table lacks: each unit's directory, by the offset of its line table. */
import { Cursor, sentenceOf } from '../cursor.ts';
import { type DebugStrings, type FormContext, form, readForm } from './forms.ts';

export interface UnitDirectory {
  readonly directory?: string;
  readonly name?: string;
}

const attribute = { name: 0x03, statementList: 0x10, directory: 0x1b };

/** DW_UT_*: what stands between the header and the first entry. */
const unitKind = { type: 2, skeleton: 4, splitCompile: 5, splitType: 6 };

/** Unit directories by `.debug_line` offset. Broken units cost a warning each, and what follows them. */
export function readUnits(
  info: Uint8Array,
  abbreviations: Uint8Array,
  strings: DebugStrings,
): { units: Map<number, UnitDirectory>; warnings: string[] } {
  const units = new Map<number, UnitDirectory>();
  const warnings: string[] = [];
  const cursor = new Cursor(info, '.debug_info');
  try {
    while (cursor.left > 0) {
      const { length, width } = cursor.initialLength('unit_length');
      const unit = cursor.part(length, 'a unit');
      try {
        const read = readUnit(unit, width, abbreviations, strings);
        if (read && !units.has(read.lines)) units.set(read.lines, read);
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
  width: 4 | 8,
  abbreviations: Uint8Array,
  strings: DebugStrings,
): (UnitDirectory & { lines: number }) | undefined {
  const version = cursor.u16('version');
  if (version < 2 || version > 5) cursor.wrong('version', version, '2 to 5', cursor.offset - 2);
  const kind = version >= 5 ? cursor.u8('unit_type') : 1;
  let addressSize = version >= 5 ? cursor.u8('address_size') : 0;
  const abbreviationOffset = cursor.size(width, 'debug_abbrev_offset');
  if (version < 5) addressSize = cursor.u8('address_size');
  if (addressSize !== 4 && addressSize !== 8) cursor.wrong('address_size', addressSize, '4 or 8');
  if (kind === unitKind.type || kind === unitKind.splitType) return undefined;
  if (kind === unitKind.skeleton || kind === unitKind.splitCompile) cursor.u64('dwo_id');
  if (cursor.left === 0) return undefined;

  const code = cursor.ulebNumber('an abbreviation code');
  if (code === 0) return undefined;
  const specification = findAbbreviation(abbreviations, abbreviationOffset, code);
  const context: FormContext = { version, addressSize, width, strings };
  let name: string | undefined;
  let directory: string | undefined;
  let lines: number | undefined;
  for (const { attribute: which, code: formCode } of specification) {
    const value = formCode === form.implicitConst ? undefined : readForm(cursor, formCode, context);
    if (which === attribute.name && typeof value === 'string') name = value;
    else if (which === attribute.directory && typeof value === 'string') directory = value;
    else if (which === attribute.statementList && typeof value === 'bigint') lines = Number(value);
  }
  if (lines === undefined) return undefined;
  return { lines, ...(name === undefined ? {} : { name }), ...(directory === undefined ? {} : { directory }) };
}

/** The attributes and forms of abbreviation `code` in the table at `offset` (DWARF 5 §7.5.3). */
function findAbbreviation(section: Uint8Array, offset: number, code: number): { attribute: number; code: number }[] {
  const cursor = new Cursor(section, '.debug_abbrev', offset);
  for (;;) {
    const at = cursor.offset;
    const found = cursor.ulebNumber('an abbreviation code');
    if (found === 0) return cursor.wrong('the last abbreviation of a table', found, `one with code ${code}`, at);
    cursor.ulebNumber('a tag');
    cursor.u8('DW_CHILDREN');
    const specification: { attribute: number; code: number }[] = [];
    for (;;) {
      const which = cursor.ulebNumber('an attribute');
      const formCode = cursor.ulebNumber('a form');
      if (formCode === form.implicitConst) cursor.sleb('an implicit constant');
      if (which === 0 && formCode === 0) break;
      specification.push({ attribute: which, code: formCode });
    }
    if (found === code) return specification;
  }
}
