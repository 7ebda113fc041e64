/** `.debug_abbrev`: how the entries of a unit are laid out (DWARF 5 §7.5.3). */
import { Cursor } from '../cursor.ts';
import { form } from './forms.ts';

export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly AttributeSpecification[];
}

export interface AttributeSpecification {
  readonly attribute: number;
  /** DW_FORM_*. */
  readonly code: number;
  /** Of DW_FORM_implicit_const: the value itself, which entries do not repeat. */
  readonly constant?: bigint;
}

/** Reads tables when they are first needed, and each only as far as a code is asked for. */
export class Abbreviations {
  private readonly tables = new Map<number, { cursor: Cursor; found: Map<number, Abbreviation> }>();

  constructor(private readonly section: Uint8Array) {}

  /** Abbreviation `code` of the table at `offset`; a FormatError when there is none. */
  at(offset: number, code: number): Abbreviation {
    let table = this.tables.get(offset);
    if (!table) {
      table = { cursor: new Cursor(this.section, '.debug_abbrev', offset), found: new Map() };
      this.tables.set(offset, table);
    }
    return table.found.get(code) ?? readUntil(table.cursor, table.found, code);
  }
}

function readUntil(cursor: Cursor, found: Map<number, Abbreviation>, wanted: number): Abbreviation {
  for (;;) {
    const at = cursor.offset;
    const code = cursor.ulebNumber('an abbreviation code');
    if (code === 0) {
      cursor.offset = at;
      cursor.wrong('the last abbreviation of a table', code, `one with code ${wanted}`, at);
    }
    const tag = cursor.ulebNumber('a tag');
    const hasChildren = cursor.u8('DW_CHILDREN') !== 0;
    const attributes: AttributeSpecification[] = [];
    for (;;) {
      const attribute = cursor.ulebNumber('an attribute');
      const formCode = cursor.ulebNumber('a form');
      const constant = formCode === form.implicitConst ? cursor.sleb('an implicit constant') : undefined;
      if (attribute === 0 && formCode === 0) break;
      attributes.push({ attribute, code: formCode, ...(constant === undefined ? {} : { constant }) });
    }
    const abbreviation = { tag, hasChildren, attributes };
    if (!found.has(code)) found.set(code, abbreviation);
    if (code === wanted) return abbreviation;
  }
}
