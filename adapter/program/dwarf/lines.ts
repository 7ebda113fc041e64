/** `.debug_line`: every unit's line-number program run to rows (DWARF 5 §6.2.5, versions 2–4 alike). */
import { Cursor, hex, sentenceOf } from '../cursor.ts';
import type { LineRow } from '../image.ts';
import type { DebugStrings } from './forms.ts';
import { type FileTable, type LineHeader, readLineHeader, readOldFile } from './line-header.ts';

export interface LineTable {
  /** Whole sequences, in the order of their first addresses. */
  readonly lines: LineRow[];
  /** Absolute paths of the sources that rows belong to, each with its number, in that order. */
  readonly sources: Map<string, number>;
  /** By the offset of their line table. */
  readonly files: ReadonlyMap<number, FileTable>;
  readonly warnings: string[];
}

export interface LineInput {
  readonly section: Uint8Array;
  readonly strings: DebugStrings;
  /** Directories of the units, by the offset of their line table. */
  readonly directories: ReadonlyMap<number, string>;
  /** Where relative directories start when a unit does not say. */
  readonly directory: string;
  /** Added to every address. */
  readonly bias: bigint;
  /** Whether the loaded program has code here. Linkers leave rows of dropped functions behind, at 0 or near it. */
  readonly isCode: (address: bigint) => boolean;
}

export function readLines(input: LineInput): LineTable {
  const warnings: string[] = [];
  const sequences: LineRow[][] = [];
  const sources = new Map<string, number>();
  const files = new Map<number, FileTable>();
  const cursor = new Cursor(input.section, '.debug_line');
  try {
    while (cursor.left > 0) {
      const offset = cursor.offset;
      const { length, width } = cursor.initialLength('unit_length');
      const part = cursor.part(length, 'unit_length');
      try {
        const directory = input.directories.get(offset);
        const header = readLineHeader(part, width, directory, input.directory, input.strings);
        files.set(offset, header.files);
        runProgram(header, input, sources, sequences);
      } catch (error) {
        warnings.push(`The line table at ${hex(offset)} is incomplete: ${sentenceOf(error)}`);
      }
    }
  } catch (error) {
    warnings.push(`Some line tables are missing: ${sentenceOf(error)}`);
  }
  sequences.sort((a, b) => (a[0]!.address < b[0]!.address ? -1 : a[0]!.address > b[0]!.address ? 1 : 0));
  return { lines: sequences.flat(), sources, files, warnings };
}

/** The state-machine registers (DWARF 5 §6.2.2) that rows need. */
interface State {
  address: bigint;
  operation: number;
  file: number;
  line: number;
  column: number;
  isStatement: boolean;
  prologueEnd: boolean;
}

const initial = (isStatement: boolean): State => ({
  address: 0n,
  operation: 0,
  file: 1,
  line: 1,
  column: 0,
  isStatement,
  prologueEnd: false,
});

const highestLine = 0x7fff_ffff;

function runProgram(header: LineHeader, input: LineInput, sources: Map<string, number>, sequences: LineRow[][]): void {
  const { program, maximumOperations } = header;
  const sourceOf = numberSources(header, sources);
  let state = initial(header.defaultIsStatement);
  let rows: LineRow[] = [];

  const advance = (operations: bigint) => {
    let instructions = operations;
    if (maximumOperations > 1) {
      const total = BigInt(state.operation) + operations;
      instructions = total / BigInt(maximumOperations);
      state.operation = Number(total % BigInt(maximumOperations));
    }
    state.address = BigInt.asUintN(64, state.address + instructions * BigInt(header.minimumInstructionLength));
  };
  const advanceLine = (by: number) => {
    const line = state.line + by;
    if (!(line >= 0 && line <= highestLine)) program.wrong('the line register', line, 'a line number');
    state.line = line;
  };
  const emit = (endSequence: boolean) => {
    const previous = rows.at(-1);
    const address = BigInt.asUintN(64, state.address + input.bias);
    if (previous && address < previous.address) {
      program.wrong('the address of a row', address, `at least the previous row's, ${hex(previous.address)}`);
    }
    rows.push({
      address,
      file: sourceOf(state.file),
      line: state.line,
      column: state.column,
      isStatement: state.isStatement,
      endSequence,
      ...(state.prologueEnd ? { prologueEnd: true } : {}),
    });
    state.prologueEnd = false;
  };
  const endSequence = () => {
    emit(true);
    if (rows.length > 1 && rows[0]!.address < state.address + input.bias && input.isCode(rows[0]!.address)) {
      sequences.push(rows);
    }
    rows = [];
    state = initial(header.defaultIsStatement);
  };

  while (program.left > 0) {
    const at = program.offset;
    const opcode = program.u8('an opcode');
    if (opcode >= header.opcodeBase) {
      const adjusted = opcode - header.opcodeBase;
      advance(BigInt(Math.trunc(adjusted / header.lineRange)));
      advanceLine(header.lineBase + (adjusted % header.lineRange));
      emit(false);
      continue;
    }
    switch (opcode) {
      case 0x00:
        runExtended(program, header, state, endSequence);
        break;
      case 0x01: // copy
        emit(false);
        break;
      case 0x02: // advance_pc
        advance(program.uleb('DW_LNS_advance_pc'));
        break;
      case 0x03: // advance_line
        advanceLine(Number(program.sleb('DW_LNS_advance_line')));
        break;
      case 0x04:
        state.file = program.ulebNumber('DW_LNS_set_file');
        break;
      case 0x05: {
        const column = program.ulebNumber('DW_LNS_set_column');
        if (column > highestLine) program.wrong('the column register', column, 'a column number', at);
        state.column = column;
        break;
      }
      case 0x06: // negate_stmt
        state.isStatement = !state.isStatement;
        break;
      case 0x08: // const_add_pc
        advance(BigInt(Math.trunc((255 - header.opcodeBase) / header.lineRange)));
        break;
      case 0x09: // fixed_advance_pc
        state.address += BigInt(program.u16('DW_LNS_fixed_advance_pc'));
        state.operation = 0;
        break;
      case 0x0a: // set_prologue_end
        state.prologueEnd = true;
        break;
      default:
        // set_basic_block, set_epilogue_begin, set_isa and opcodes unknown here: their operands are LEB128.
        for (let operand = header.opcodeLengths[opcode - 1] ?? 0; operand > 0; operand -= 1) program.uleb('an operand');
    }
  }
  if (rows.length > 0) {
    program.wrong('the last row', 'without DW_LNE_end_sequence', 'every sequence of rows to be ended');
  }
}

function runExtended(program: Cursor, header: LineHeader, state: State, endSequence: () => void): void {
  const length = program.ulebNumber('an extended opcode length');
  const body = program.part(length, 'an extended opcode');
  if (length === 0) return;
  switch (body.u8('an extended opcode')) {
    case 0x01:
      endSequence();
      break;
    case 0x02: // set_address
      state.address = body.unsigned(body.left, 'DW_LNE_set_address');
      state.operation = 0;
      break;
    case 0x03: // define_file
      readOldFile(body, header.files);
      break;
    default:
    // set_discriminator tells blocks of one line apart for profilers; vendors' opcodes are skipped by their length.
  }
}

/** Numbers sources in order of first use; a file number outside the table gets a name that says so. */
function numberSources(header: LineHeader, sources: Map<string, number>): (file: number) => number {
  const known = new Map<number, number>();
  return (file) => {
    let index = known.get(file);
    if (index === undefined) {
      const path = header.files.path(file) ?? `?file-${file}`;
      index = sources.get(path) ?? sources.size;
      sources.set(path, index);
      known.set(file, index);
    }
    return index;
  };
}
