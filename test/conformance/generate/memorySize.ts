import { type MemorySize, MemorySizeExt } from 'iced-x86';

/** Bytes of a memory operand of the given kind; 0 when it has no size of its own. */
export function memoryBytes(size: MemorySize): number {
  return MemorySizeExt.size(size);
}
