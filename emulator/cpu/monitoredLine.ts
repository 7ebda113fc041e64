import { RAM_BASE } from '../memory/map.ts';
import { STATE, type StateView } from './state.ts';

/**
 * The line that MONITOR watches. That it was written is told by its content, kept as a number (FNV-1a): a store of what
 * stood there already does not end a wait, which software cannot count on.
 */
const LINE = 64;

function contentOf(memory: ArrayBufferLike, line: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new Uint8Array(memory, RAM_BASE + line, LINE)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}

/** @param memory the machine's; `physical` an address in RAM */
export function watchLine(state: StateView, memory: ArrayBufferLike, physical: number): void {
  const line = (physical & -LINE) >>> 0;
  state.set32(STATE.monitorArmed, 1);
  state.set32(STATE.monitorLine, line);
  state.set32(STATE.monitorContent, contentOf(memory, line));
}

/** Whether the watched line is another than it was. */
export const lineWritten = (state: StateView, memory: ArrayBufferLike): boolean =>
  contentOf(memory, state.get32(STATE.monitorLine) >>> 0) !== state.get32(STATE.monitorContent);
