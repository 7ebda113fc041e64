/**
 * The memory that a vector may touch: two pages each for code, data and stack, all below 2 GiB so
 * that 64-bit and 32-bit code reach the same bytes. Everything else is unmapped.
 *
 * The data and stack windows start from a fixed background, the same for every vector; a vector
 * patches what it needs. The code window is filled with INT3 (0xCC) around the instruction.
 */

import { Prng } from './prng.ts';

export const PAGE = 0x1000;
export const CODE_BASE = 0x2000_0000;
export const DATA_BASE = 0x3000_0000;
export const STACK_BASE = 0x3100_0000;
/** Length of each window in bytes. */
export const WINDOW_SIZE = 2 * PAGE;
export const CODE_FILL = 0xcc;

const BACKGROUND_SEED = { data: 0xda7a_0001, stack: 0x57ac_0001 } as const;

function background(seed: number): Uint8Array {
  const bytes = new Uint8Array(WINDOW_SIZE);
  const prng = new Prng(seed);
  for (let at = 0; at < bytes.length; at++) bytes[at] = prng.next();
  return bytes;
}

/** What the data window holds before a vector's own patches. Treat as read-only. */
export const DATA_BACKGROUND = background(BACKGROUND_SEED.data);
/** What the stack window holds before a vector's own patches. Treat as read-only. */
export const STACK_BACKGROUND = background(BACKGROUND_SEED.stack);

/** Bytes at a linear address of the data or stack window. */
export interface MemoryBytes {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/**
 * Copies pieces of memory over the two windows.
 *
 * @param data 8192 bytes, the window at DATA_BASE
 * @param stack 8192 bytes, the window at STACK_BASE
 * @throws RangeError when a piece lies outside both windows
 */
export function applyMemory(pieces: readonly MemoryBytes[], data: Uint8Array, stack: Uint8Array): void {
  for (const { address, bytes } of pieces) {
    const inData = address >= DATA_BASE && address + bytes.length <= DATA_BASE + WINDOW_SIZE;
    const inStack = address >= STACK_BASE && address + bytes.length <= STACK_BASE + WINDOW_SIZE;
    if (inData) data.set(bytes, address - DATA_BASE);
    else if (inStack) stack.set(bytes, address - STACK_BASE);
    else
      throw new RangeError(
        `Memory piece at 0x${address.toString(16)}, ${bytes.length} bytes, is outside the data and stack windows.`,
      );
  }
}
