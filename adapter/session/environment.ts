import type { PendingEvent } from '../../emulator/api.ts';
import { segmentBase, slotSize } from '../../emulator/debug/segmentation.ts';
import type { Environment } from '../expressions/evaluate.ts';
import { ExpressionError } from '../expressions/tokens.ts';
import type { Frame } from './frames.ts';
import { tryReadNumber } from './memoryAccess.ts';
import type { ProgramView } from './programView.ts';
import type { Registers } from './registers.ts';

/** What an expression means in a frame of the stopped machine; without a frame, in the processor as it is. */
export function environmentOf(
  registers: Registers,
  program: ProgramView,
  frame?: Frame,
  extra?: ReadonlyMap<string, bigint>,
): Environment {
  const { machine } = registers;
  return {
    ...(extra && { extra }),
    pointerSize: slotSize(machine),
    segmentBase: (selector) => {
      const base = segmentBase(machine, selector);
      if (typeof base === 'string') throw new ExpressionError(base);
      return base;
    },
    register: (name) => registers.read(name, frame),
    symbol: (name) => program.lookup.symbolNamed(name)?.address,
    read: (address, size, physical) => {
      const result = tryReadNumber(machine, address, size, physical);
      if ('sentence' in result) throw new ExpressionError(result.sentence);
      return result.value;
    },
  };
}

/** The names that conditions of exception filters have besides registers. CR2 is set by delivery, so it comes first here. */
export function eventNames(event: PendingEvent): ReadonlyMap<string, bigint> {
  const names = new Map<string, bigint>([['vector', BigInt(event.vector)]]);
  names.set('errorCode', BigInt(event.errorCode ?? 0));
  if (event.cr2 !== undefined) names.set('cr2', event.cr2);
  const { expected, actual } = event.controlProtection ?? {};
  if (expected !== undefined) names.set('expected', expected);
  if (actual !== undefined) names.set('actual', actual);
  return names;
}
