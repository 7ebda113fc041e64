import type { DebugProtocol } from '@vscode/debugprotocol';
import { shortHex } from '../expressions/format.ts';
import { vectorName } from './exceptionText.ts';
import type { Frame } from './frames.ts';
import { type Family, handler } from './handlers.ts';
import { fileName, type ProgramView } from './programView.ts';
import type { SessionState } from './state.ts';
import { threadsOf, vcpuOf } from './threads.ts';

/** threads, stackTrace. */
export const stackRequests: Family = {
  threads: handler({}, (state) => ({ threads: threadsOf(state) })),

  stackTrace: handler({}, (state, args: DebugProtocol.StackTraceArguments) => {
    const { machine, program } = state.stopped;
    const vcpu = vcpuOf(machine, args.threadId);
    machine.selectVcpu(vcpu);
    const rows = state.frames().flatMap((frame, index) => rowsOf(state, program, frame, state.ids.idOf(vcpu, index)));
    const start = args.startFrame ?? 0;
    const end = args.levels ? start + args.levels : rows.length;
    return { stackFrames: rows.slice(start, end), totalFrames: rows.length };
  }),
};

function rowsOf(state: SessionState, program: ProgramView, frame: Frame, id: number): DebugProtocol.StackFrame[] {
  const row = rowOf(program, frame, id);
  const label = labelOf(program, frame);
  if (label === undefined) return [row];
  return [{ id: state.ids.labelIdOf(id), name: label, line: 0, column: 0, presentationHint: 'label' }, row];
}

function labelOf(program: ProgramView, frame: Frame): string | undefined {
  if (frame.inlined?.outer) return undefined;
  if (frame.kind === 'interrupted') {
    return frame.vector === undefined ? '<interrupted here>' : `<interrupted here by ${vectorName(frame.vector)}>`;
  }
  if (frame.mismatch === undefined) return undefined;
  const { expected, actual } = frame.mismatch;
  return `<return mismatch: shadow stack ${program.addressInWords(expected)}, stack ${program.addressInWords(actual)}>`;
}

function rowOf(program: ProgramView, frame: Frame, id: number): DebugProtocol.StackFrame {
  const { instructionPointer, inlined } = frame;
  // A return address may already belong to the next line or function; the CALL is the byte before it.
  const exact = frame.kind !== 'caller';
  const address = exact ? instructionPointer : instructionPointer - 1n;
  const place = inlined ? inlined.place : program.placeOf(address, exact);
  const name = inlined?.name ?? functionName(program, address, instructionPointer, place !== undefined);
  return {
    id,
    name,
    line: place?.line ?? 0,
    column: place === undefined ? 0 : Math.max(place.column, 1),
    instructionPointerReference: shortHex(instructionPointer),
    ...(place && { source: { name: fileName(place.file), path: place.file } }),
  };
}

/** The function, with the offset where no source line says more. */
function functionName(program: ProgramView, address: bigint, instructionPointer: bigint, hasLine: boolean): string {
  const symbol = program.lookup.symbolAt(address)?.symbol;
  if (symbol === undefined) return shortHex(instructionPointer);
  const offset = instructionPointer - symbol.address;
  return hasLine || offset === 0n ? symbol.name : `${symbol.name}+${shortHex(offset)}`;
}
