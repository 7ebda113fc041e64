/** The header of a line-number program (DWARF 5 §6.2.4; versions 2–4 in their §6.2.4). */
import type { Cursor } from '../cursor.ts';
import { joinPath } from '../paths.ts';
import { type DebugStrings, type FormContext, readForm } from './forms.ts';

export interface LineHeader {
  readonly version: number;
  readonly minimumInstructionLength: number;
  readonly maximumOperations: number;
  readonly defaultIsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operand counts of the standard opcodes, from opcode 1 on. */
  readonly opcodeLengths: readonly number[];
  readonly files: FileTable;
  /** The program's opcodes. */
  readonly program: Cursor;
}

/** Files of one line table, by the number that its program uses (from 1 before DWARF 5, from 0 since). */
export class FileTable {
  private readonly directories: string[] = [];
  private readonly files: string[] = [];

  constructor(
    private readonly first: 0 | 1,
    private readonly base: string,
  ) {}

  addDirectory(path: string): void {
    // In DWARF 5 entry 0 is the unit's directory and the others are relative to it; before, it is not in the table.
    const own = this.first === 0 ? (this.directories[0] ?? this.base) : this.base;
    this.directories.push(joinPath(own, path));
  }

  addFile(name: string, directory: number): void {
    const parent = this.first === 1 && directory === 0 ? this.base : this.directories[directory - this.first];
    this.files.push(joinPath(parent ?? this.base, name));
  }

  /** The absolute path; undefined when the table has no such file. */
  path(file: number): string | undefined {
    return this.files[file - this.first];
  }
}

/** `cursor` covers one unit, after its length; moves it to the program. */
export function readLineHeader(
  cursor: Cursor,
  width: 4 | 8,
  unitDirectory: string | undefined,
  fallbackDirectory: string,
  strings: DebugStrings,
): LineHeader {
  const version = cursor.u16('version');
  if (version < 2 || version > 5) cursor.wrong('version', version, '2 to 5', cursor.offset - 2);
  let addressSize = 8;
  if (version >= 5) {
    addressSize = cursor.u8('address_size');
    cursor.u8('segment_selector_size');
  }
  const headerLength = cursor.size(width, 'header_length');
  const program = cursor.part(cursor.left, 'the program');
  const header = program.part(headerLength, 'header_length');
  const minimumInstructionLength = header.u8('minimum_instruction_length');
  const maximumOperations = version >= 4 ? header.u8('maximum_operations_per_instruction') : 1;
  if (maximumOperations === 0) {
    header.wrong('maximum_operations_per_instruction', 0, 'at least 1', header.offset - 1);
  }
  const defaultIsStatement = header.u8('default_is_stmt') !== 0;
  const lineBase = header.i8('line_base');
  const lineRange = header.u8('line_range');
  if (lineRange === 0) header.wrong('line_range', 0, 'at least 1', header.offset - 1);
  const opcodeBase = header.u8('opcode_base');
  if (opcodeBase === 0) header.wrong('opcode_base', 0, 'at least 1', header.offset - 1);
  const opcodeLengths = [...header.block(opcodeBase - 1, 'standard_opcode_lengths')];
  const base = joinPath(fallbackDirectory, unitDirectory ?? '.');
  const files =
    version >= 5 ? readTables(header, { version, addressSize, width, strings }, base) : readOldTables(header, base);
  return {
    version,
    minimumInstructionLength,
    maximumOperations,
    defaultIsStatement,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    files,
    program,
  };
}

function readOldTables(header: Cursor, base: string): FileTable {
  const files = new FileTable(1, base);
  for (let path = header.string('include_directories'); path; path = header.string('include_directories')) {
    files.addDirectory(path);
  }
  while (readOldFile(header, files)) {
    // Each call reads one file.
  }
  return files;
}

/** One file entry of DWARF 2–4, also the operands of DW_LNE_define_file; false at the table's end. */
export function readOldFile(cursor: Cursor, files: FileTable): boolean {
  const name = cursor.string('file_names');
  if (name === '') return false;
  const directory = cursor.ulebNumber('a directory index');
  cursor.uleb('a modification time');
  cursor.uleb('a file length');
  files.addFile(name, directory);
  return true;
}

/** DW_LNCT_*. Time, size and MD5 have no use here. */
const content = { path: 1, directory: 2 };

/** The forms that an entry's description may use (DWARF 5 §6.2.4.1, and what producers add); each takes room. */
const entryForms = new Set<number>([
  0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0d, 0x0e, 0x0f, 0x1a, 0x1d, 0x1e, 0x1f, 0x25, 0x26, 0x27,
  0x28,
]);

function readTables(header: Cursor, context: FormContext, base: string): FileTable {
  const files = new FileTable(0, base);
  readEntries(header, context, 'directory', (path) => files.addDirectory(path));
  readEntries(header, context, 'file_name', (path, directory) => files.addFile(path, directory));
  return files;
}

function readEntries(
  header: Cursor,
  context: FormContext,
  kind: string,
  add: (path: string, directory: number) => void,
): void {
  const formats = Array.from({ length: header.u8(`${kind}_entry_format_count`) }, () => {
    const type = header.ulebNumber(`${kind}_entry_format`);
    const at = header.offset;
    const code = header.ulebNumber(`${kind}_entry_format`);
    if (!entryForms.has(code)) header.wrong(`the form in ${kind}_entry_format`, code, 'a string, number or block', at);
    return { type, code };
  });
  const at = header.offset;
  const count = header.ulebNumber(`${kind}s_count`);
  if (count > 0 && formats.length === 0) header.wrong(`${kind}s_count`, count, 'none, for entries without fields', at);
  if (count > header.left) header.wrong(`${kind}s_count`, count, `at most the ${header.left} bytes that are left`, at);
  for (let index = 0; index < count; index += 1) {
    let path = '?';
    let directory = 0;
    for (const { type, code } of formats) {
      const value = readForm(header, code, context);
      if (type === content.path && typeof value === 'string') path = value;
      else if (type === content.directory && typeof value === 'bigint') directory = Number(value);
    }
    add(path, directory);
  }
}
