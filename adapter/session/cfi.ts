import type { MachineApi } from '../../emulator/api.ts';
import { namesOf, unwindFrame } from '../program/unwind.ts';
import type { Frame, FrameRegisters } from './frames.ts';
import { readNumber } from './memoryAccess.ts';
import type { ProgramView } from './programView.ts';

/** Our register names by DWARF number: x86-64 psABI figure 3.36, i386 psABI table 2.14. */
export const DWARF_64: readonly string[] = [
  ...['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp'],
  ...['r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rip'],
];
const DWARF_32: readonly string[] = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'rip'];

/** What a callee gives back unchanged in both psABIs; other registers of a caller are lost. */
const PRESERVED = new Set(['rbx', 'rbp', 'rsp', 'rip', 'r12', 'r13', 'r14', 'r15', 'rsi', 'rdi']);
const LOST_64 = new Set(['rsi', 'rdi']);

export interface RuleOutcome {
  readonly registers: FrameRegisters;
  readonly known: ReadonlySet<string>;
  /** Where the return address stands. */
  readonly slot: bigint;
}

/** The caller by `.debug_frame` or `.eh_frame`; `outermost` when the rules say there is none; undefined without rules. */
export function unwindByRules(
  machine: MachineApi,
  program: ProgramView,
  frame: Frame,
): RuleOutcome | 'outermost' | undefined {
  const address = frame.kind === 'caller' ? frame.instructionPointer - 1n : frame.instructionPointer;
  const rules = program.lookup.frameAt(address);
  if (rules === undefined) return undefined;
  const { size } = namesOf(rules);
  const names = size === 8 ? DWARF_64 : DWARF_32;
  const numbered = new Map<number, bigint>();
  for (const [number, name] of names.entries()) {
    const value = frame.registers.get(name);
    if (value !== undefined && (frame.kind === 'top' || frame.known.has(name))) {
      numbered.set(number, size === 8 ? value : BigInt.asUintN(32, value));
    }
  }
  const result = unwindFrame(rules, address, numbered, (at, bytes) => readNumber(machine, at, bytes));
  if (result.kind === 'outermost') return 'outermost';
  if (result.kind === 'unknown') return undefined;
  const registers = new Map(frame.registers);
  const known = new Set<string>();
  for (const [number, name] of names.entries()) {
    const value = result.registers.get(number);
    if (value === undefined) continue;
    registers.set(name, value);
    if (PRESERVED.has(name) && !(size === 8 && LOST_64.has(name))) known.add(name);
  }
  return { registers, known, slot: result.cfa - BigInt(size) };
}
