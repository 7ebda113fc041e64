import type { DebugProtocol } from '@vscode/debugprotocol';
import { shortHex } from '../expressions/format.ts';
import type { LinePlace } from '../program/lookup.ts';
import { Disassembler, type Row } from './disassembler.ts';
import { type Family, handler } from './handlers.ts';
import { fileName, type ProgramView } from './programView.ts';
import { resolveReference } from './references.ts';
import { RequestError } from './requestError.ts';
import type { Debuggee, SessionState } from './state.ts';

/** More rows than any view asks for at once. */
const MOST_ROWS = 50_000;

const disassemblers = new WeakMap<Debuggee, Disassembler>();

export function disassemblerOf(state: SessionState): Disassembler {
  const debuggee = state.stopped;
  let disassembler = disassemblers.get(debuggee);
  if (disassembler === undefined) {
    disassembler = new Disassembler(debuggee.machine, debuggee.program, debuggee.launch.disassemblySyntax);
    disassemblers.set(debuggee, disassembler);
  }
  disassembler.learn([...state.executed, ...state.frames().map(({ instructionPointer }) => instructionPointer)]);
  return disassembler;
}

/** disassemble. */
export const disassemblyRequests: Family = {
  disassemble: handler(
    { memoryReference: 'string', instructionCount: 'number' },
    (state, args: DebugProtocol.DisassembleArguments) => {
      const count = Math.max(Math.trunc(args.instructionCount), 0);
      if (count > MOST_ROWS) throw new RequestError(`instructionCount is ${count}; at most ${MOST_ROWS} is expected.`);
      const { program } = state.stopped;
      const base = baseOf(state, args.memoryReference);
      if (base === undefined) return { instructions: unknownRows(count) };
      const address = BigInt.asUintN(64, base + BigInt(args.offset ?? 0));
      const rows = disassemblerOf(state).rows(address, args.instructionOffset ?? 0, count);
      return { instructions: withLocations(program, rows) };
    },
  ),
};

/** A client that gets an error for a reference locks its view, so a bad one gives rows that say so. */
function baseOf(state: SessionState, reference: string): bigint | undefined {
  try {
    return resolveReference(state, reference).address;
  } catch (error) {
    if (error instanceof RequestError) return undefined;
    throw error;
  }
}

function unknownRows(count: number): DebugProtocol.DisassembledInstruction[] {
  return Array.from({ length: count }, (_, index) => ({
    address: shortHex(index),
    instruction: '(unknown reference)',
    presentationHint: 'invalid',
  }));
}

/** A row carries a source line only where the line changes: views interleave sources by that. */
function withLocations(program: ProgramView, rows: readonly Row[]): DebugProtocol.DisassembledInstruction[] {
  let last: LinePlace | undefined;
  return rows.map((row) => {
    const instruction: DebugProtocol.DisassembledInstruction = {
      address: shortHex(row.address),
      instruction: row.text,
      ...(row.bytes.length > 0 && { instructionBytes: bytesInWords(row.bytes) }),
      ...(!row.valid && { presentationHint: 'invalid' as const }),
    };
    const symbol = program.lookup.symbolAt(row.address);
    if (symbol?.offset === 0n && program.isCode(row.address)) instruction.symbol = symbol.symbol.name;
    const place = row.valid ? program.placeOf(row.address) : undefined;
    if (place !== undefined && (place.file !== last?.file || place.line !== last.line)) {
      if (place.file !== last?.file) instruction.location = { name: fileName(place.file), path: place.file };
      instruction.line = place.line;
      last = place;
    }
    return instruction;
  });
}

export const bytesInWords = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
