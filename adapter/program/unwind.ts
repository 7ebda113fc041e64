/** One step from a frame to its caller by call frame information (DWARF 5 §6.4.3). */
import { hex, sentenceOf } from './cursor.ts';
import { type ExpressionContext, evaluateExpression } from './dwarf/expression.ts';
import type { CfaRule, FrameDescription, FrameRow, RegisterRule } from './image.ts';
import { lastAtOrBefore } from './search.ts';

/** By DWARF register number (psABI figure 3.36; i386 psABI table 2.14). A register that is absent is unknown. */
export type Registers = ReadonlyMap<number, bigint>;

/** `size` bytes at a linear address, little-endian; undefined when they cannot be read. */
export type MemoryReader = (address: bigint, size: number) => bigint | undefined;

export type UnwindResult =
  | UnwoundCaller
  /** The function has no caller by its own account. */
  | { readonly kind: 'outermost' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** The caller's registers; its instruction pointer, a return address, is under the number of the return register. */
export interface UnwoundCaller {
  readonly kind: 'caller';
  readonly registers: Map<number, bigint>;
  /** The canonical frame address of the frame that was left: the caller's stack pointer. */
  readonly cfa: bigint;
  /** Where the return address stands in memory, when it stands there. */
  readonly returnSlot?: bigint;
  readonly how: UnwindMethod;
}

/** Where a caller is known from: unwind tables, a saved frame pointer, or a guess from the code at hand. */
export type UnwindMethod = 'tables' | 'frame-pointer' | 'code';

/** What differs between the two psABIs. Numbers are DWARF's. */
export interface RegisterNames {
  readonly size: 4 | 8;
  readonly instructionPointer: number;
  readonly stackPointer: number;
  readonly framePointer: number;
}

export const registers64: RegisterNames = { size: 8, instructionPointer: 16, stackPointer: 7, framePointer: 6 };
export const registers32: RegisterNames = { size: 4, instructionPointer: 8, stackPointer: 4, framePointer: 5 };

/** The registers that `frame` speaks of: its return register tells i386 from x86-64. */
export function namesOf(frame: FrameDescription): RegisterNames {
  return frame.returnRegister === registers32.instructionPointer ? registers32 : registers64;
}

/**
 * The caller of the frame that `frame` describes. `address` selects the row: the instruction pointer in the innermost
 * frame and where a signal frame or interrupt was entered, the return address less one elsewhere, since a call may be
 * its function's last instruction.
 */
export function unwindFrame(
  frame: FrameDescription,
  address: bigint,
  registers: Registers,
  memory: MemoryReader,
): UnwindResult {
  const { rows } = frame;
  const row = rows[lastAtOrBefore(rows.length, (index) => rows[index]!.address, address)];
  if (!row) return { kind: 'unknown', reason: `No unwind row covers ${hex(address)}.` };
  try {
    return applyRow(frame, row, registers, memory);
  } catch (error) {
    return { kind: 'unknown', reason: sentenceOf(error) };
  }
}

function applyRow(frame: FrameDescription, row: FrameRow, registers: Registers, memory: MemoryReader): UnwindResult {
  const names = namesOf(frame);
  const context: ExpressionContext = {
    addressSize: names.size,
    register: (number) => registers.get(number),
    memory,
  };
  const cfa = computeCfa(row.cfa, context);
  if (typeof cfa === 'string') return { kind: 'unknown', reason: cfa };
  if (row.registers.get(frame.returnRegister)?.kind === 'undefined') return { kind: 'outermost' };

  const caller = new Map(registers);
  // By convention (DWARF 5 §6.4.4) the CFA is the caller's stack pointer, unless a rule says otherwise.
  caller.set(names.stackPointer, cfa);
  caller.delete(frame.returnRegister);
  for (const [number, rule] of row.registers) {
    const value = computeRegister(rule, number, cfa, context);
    if (typeof value === 'string') {
      if (number === frame.returnRegister) return { kind: 'unknown', reason: value };
      caller.delete(number);
    } else if (value === undefined) caller.delete(number);
    else caller.set(number, value);
  }
  if (!caller.has(frame.returnRegister)) {
    return {
      kind: 'unknown',
      reason: `The unwind row at ${hex(row.address)} does not say where the return address is.`,
    };
  }
  if (frame.returnRegister !== names.instructionPointer) {
    caller.set(names.instructionPointer, caller.get(frame.returnRegister)!);
  }
  const rule = row.registers.get(frame.returnRegister);
  const returnSlot = rule?.kind === 'offset' ? BigInt.asUintN(names.size * 8, cfa + rule.offset) : undefined;
  return { kind: 'caller', registers: caller, cfa, how: 'tables', ...(returnSlot === undefined ? {} : { returnSlot }) };
}

/** The CFA, or a sentence why it is unknown. */
function computeCfa(rule: CfaRule, context: ExpressionContext): bigint | string {
  if (rule.kind === 'expression') return evaluateExpression(rule.bytes, [], context);
  const base = context.register(rule.register);
  if (base === undefined) return `The frame's address depends on register ${rule.register}, whose value is unknown.`;
  return BigInt.asUintN(context.addressSize * 8, base + rule.offset);
}

/** The caller's value, undefined when it was not kept, or a sentence why it cannot be had. */
function computeRegister(
  rule: RegisterRule,
  number: number,
  cfa: bigint,
  context: ExpressionContext,
): bigint | string | undefined {
  const size = context.addressSize;
  const load = (address: bigint) =>
    context.memory(address, size) ?? `The saved register ${number} at ${hex(address)} cannot be read.`;
  switch (rule.kind) {
    case 'undefined':
      return undefined;
    case 'same':
      return context.register(number);
    case 'offset':
      return load(BigInt.asUintN(size * 8, cfa + rule.offset));
    case 'valueOffset':
      return BigInt.asUintN(size * 8, cfa + rule.offset);
    case 'register':
      return context.register(rule.register);
    default:
      break;
  }
  try {
    const value = evaluateExpression(rule.bytes, [cfa], context);
    return rule.kind === 'expression' ? load(value) : value;
  } catch (error) {
    return sentenceOf(error);
  }
}
