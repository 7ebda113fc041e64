/**
 * The caller of code that has no unwind tables, from the ways that compilers and people write functions: what the
 * instructions around the address say, else a chain of saved frame pointers. Each answer is checked against memory.
 */
import { hex } from './cursor.ts';
import type { MemoryReader, RegisterNames, Registers, UnwindResult } from './unwind.ts';

export interface CodeUnwindInput {
  readonly names: RegisterNames;
  readonly registers: Registers;
  readonly memory: MemoryReader;
  /** Where the function that is running starts, when that is known. */
  readonly functionStart?: bigint;
  /** Whether code of the program is here. */
  readonly isCode: (address: bigint) => boolean;
  /** The innermost frame: its address is that of an instruction, not one after a call. */
  readonly innermost: boolean;
}

/** Frames of one stack are nearer than this; a farther frame pointer is another value in the register. */
const farthestFrame = 1n << 20n;

export function unwindByCode(input: CodeUnwindInput): UnwindResult {
  const { names, registers } = input;
  const pointer = registers.get(names.instructionPointer);
  const stack = registers.get(names.stackPointer);
  if (pointer === undefined || stack === undefined) {
    return { kind: 'unknown', reason: 'The instruction pointer or the stack pointer of the frame is unknown.' };
  }
  if (input.innermost) {
    const pushed = pushedWords(input, pointer);
    if (pushed !== undefined) return fromStack(input, stack, pushed);
  }
  const { functionStart } = input;
  // In a function without a frame pointer of its own the register is its caller's, and a frame would be left out.
  if (functionStart !== undefined && !readEntry(input.memory, functionStart).pushesFramePointer) {
    return unknown(
      `There are no unwind tables here, and the function at ${hex(functionStart)} saves no frame pointer.`,
    );
  }
  return fromFramePointer(input, stack);
}

/** Words between the stack pointer and the return address where the code shows it; 1 is a saved frame pointer. */
function pushedWords(input: CodeUnwindInput, pointer: bigint): 0 | 1 | undefined {
  const { functionStart } = input;
  const here = readBytes(input.memory, pointer, 3);
  if (here[0] === 0xc3 || here[0] === 0xc2 || (here[0] === 0xf3 && here[1] === 0xc3)) return 0; // ret
  if (here[0] === 0x5d && (here[1] === 0xc3 || here[1] === 0xc2)) return 1; // pop rbp; ret
  if (functionStart === undefined) return undefined;
  const { afterBranch, pushesFramePointer } = readEntry(input.memory, functionStart);
  if (pointer === functionStart || pointer === afterBranch) return 0;
  return pushesFramePointer && pointer === afterBranch + 1n ? 1 : undefined;
}

/** How a function starts: where its first instruction after an ENDBR is, and whether that is PUSH RBP. */
function readEntry(memory: MemoryReader, start: bigint): { afterBranch: bigint; pushesFramePointer: boolean } {
  const bytes = readBytes(memory, start, 5);
  const skip = isEndbr(bytes) ? 4 : 0;
  return { afterBranch: start + BigInt(skip), pushesFramePointer: bytes[skip] === 0x55 };
}

/** endbr64 or endbr32. */
function isEndbr(bytes: readonly (number | undefined)[]): boolean {
  return bytes[0] === 0xf3 && bytes[1] === 0x0f && bytes[2] === 0x1e && (bytes[3] === 0xfa || bytes[3] === 0xfb);
}

function fromStack(input: CodeUnwindInput, stack: bigint, pushed: 0 | 1): UnwindResult {
  const { names, registers, memory } = input;
  const slot = wrap(stack + BigInt(pushed * names.size), names);
  const target = memory(slot, names.size);
  if (target === undefined) return unknown(`The return address at ${hex(slot)} cannot be read.`);
  if (!input.isCode(target)) {
    return unknown(`The word at ${hex(slot)}, ${hex(target)}, should be a return address, but no code is there.`);
  }
  const caller = new Map(registers);
  if (pushed === 1) {
    const saved = memory(stack, names.size);
    if (saved === undefined) caller.delete(names.framePointer);
    else caller.set(names.framePointer, saved);
  }
  return finish(caller, slot, target, names, 'code');
}

function fromFramePointer(input: CodeUnwindInput, stack: bigint): UnwindResult {
  const { names, registers, memory } = input;
  const size = BigInt(names.size);
  const frame = registers.get(names.framePointer);
  if (frame === undefined || frame === 0n)
    return unknown('There are no unwind tables here, and no frame pointer is set.');
  const shown = `the frame pointer, ${hex(frame)},`;
  if (frame % size !== 0n) return unknown(`There are no unwind tables here, and ${shown} is not aligned.`);
  if (frame < stack || frame - stack > farthestFrame) {
    return unknown(`There are no unwind tables here, and ${shown} does not point into the stack at ${hex(stack)}.`);
  }
  const slot = wrap(frame + size, names);
  const saved = memory(frame, names.size);
  const target = memory(slot, names.size);
  if (saved === undefined || target === undefined)
    return unknown(`There are no unwind tables here, and ${shown} cannot be read.`);
  if (!input.isCode(target)) {
    return unknown(
      `There are no unwind tables here, and the word above ${shown} ${hex(target)}, is not the address of code.`,
    );
  }
  // A chain goes upward until a start-up routine's zero.
  if (saved !== 0n && saved <= frame)
    return unknown(`There are no unwind tables here, and ${shown} does not lead upward.`);
  const caller = new Map(registers);
  caller.set(names.framePointer, saved);
  return finish(caller, slot, target, names, 'frame-pointer');
}

function finish(
  caller: Map<number, bigint>,
  slot: bigint,
  target: bigint,
  names: RegisterNames,
  how: 'code' | 'frame-pointer',
): UnwindResult {
  const cfa = wrap(slot + BigInt(names.size), names);
  caller.set(names.stackPointer, cfa);
  caller.set(names.instructionPointer, target);
  return { kind: 'caller', registers: caller, cfa, returnSlot: slot, how };
}

const wrap = (address: bigint, names: RegisterNames) => BigInt.asUintN(names.size * 8, address);
const unknown = (reason: string): UnwindResult => ({ kind: 'unknown', reason });

function readBytes(memory: MemoryReader, address: bigint, count: number): (number | undefined)[] {
  return Array.from({ length: count }, (_, index) => {
    const value = memory(address + BigInt(index), 1);
    return value === undefined ? undefined : Number(value);
  });
}
