import { hostPhysical, linear } from '../../emulator/addresses.ts';
import type { Target } from '../expressions/evaluate.ts';
import { type Frame, GENERAL_REGISTERS } from './frames.ts';
import { toBytes } from './memoryAccess.ts';
import { parseReference } from './references.ts';
import { RequestError } from './requestError.ts';
import type { SessionState } from './state.ts';

/** Writes a register or memory as a debugger does, and tells the client. Throws a RequestError with one sentence. */
export function assign(state: SessionState, frame: Frame | undefined, target: Target, value: bigint): void {
  const { registers } = state.stopped;
  if (target.kind === 'memory') {
    writeMemory(state, target.address, target.physical, toBytes(BigInt.asUintN(target.size * 8, value), target.size));
    return;
  }
  if (frame !== undefined && frame.kind !== 'top' && GENERAL_REGISTERS.includes(target.name)) {
    throw new RequestError(
      `${target.name} of a caller cannot be set; only the innermost frame's general registers can.`,
    );
  }
  const sentence = registers.write(target.name, value);
  if (sentence !== undefined) throw new RequestError(sentence);
  state.changed();
}

/** Writes whole or not at all. */
export function writeMemory(state: SessionState, address: bigint, physical: boolean, bytes: Uint8Array): void {
  const { machine } = state.stopped;
  const sentence = physical
    ? machine.writePhysical(hostPhysical(Number(address)), bytes)
    : machine.writeLinear(linear(address), bytes);
  if (sentence !== undefined) throw new RequestError(sentence);
  state.memoryChanged(address, bytes.length, (reference) => {
    const parsed = parseReference(reference);
    return parsed?.physical === physical ? parsed.address : undefined;
  });
}
