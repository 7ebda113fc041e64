/**
 * Runs vectors on any machine that can load a state, step one instruction, and show its state; and
 * says what differed in words that a person can work with.
 */

import { describeDifferences, type Observed } from './differences.ts';
import { fillWindowsAfter, fillWindowsBefore, type Vector } from './vectors.ts';
import { CODE_BASE, CODE_FILL, WINDOW_SIZE } from './windows.ts';

/** A machine under test. */
export interface VectorMachine {
  /** Prepares for vectors of a mode: user-mode segments, the three windows mapped and nothing else. */
  reset(bitness: 32 | 64): void;
  /**
   * Loads a vector's state: registers from `vector.before`, `image.code`, `image.data` and
   * `image.stack` (8192 bytes each) at CODE_BASE, DATA_BASE and STACK_BASE. The arrays are reused
   * for the next vector.
   */
  load(vector: Vector, image: Windows): void;
  /** Executes the one instruction at RIP, a repeated one to its end. Gives the exception vector if it faulted. */
  step(): { fault?: number };
  /** The state now; after a fault, as the fault found it. The arrays may be views that the next load changes. */
  read(): Observed;
}

export interface Windows {
  readonly code: Uint8Array;
  readonly data: Uint8Array;
  readonly stack: Uint8Array;
}

export interface Failure {
  readonly vector: Vector;
  /** Several lines: the instruction, the state before, and each difference. */
  readonly text: string;
}

export interface RunResult {
  readonly ran: number;
  readonly skipped: number;
  readonly failed: number;
  /** The first failures, at most `keep` in all and `keepPerGroup` of each group. */
  readonly failures: readonly Failure[];
  /** Number of failing vectors by group. */
  readonly failedGroups: ReadonlyMap<string, number>;
}

export interface RunOptions {
  readonly keep?: number;
  readonly keepPerGroup?: number;
  /** Vectors for which this is false are counted as skipped. */
  readonly select?: (vector: Vector) => boolean;
  /** Names an instruction's bytes; without it only the Code's name is shown. */
  readonly disassemble?: (vector: Vector) => string;
}

/** Runs every selected vector; a difference is recorded, never thrown. */
export function runVectors(vectors: Iterable<Vector>, machine: VectorMachine, options: RunOptions = {}): RunResult {
  const { keep = 50, keepPerGroup = 2 } = options;
  const before = emptyWindows();
  const after = emptyWindows();
  const failures: Failure[] = [];
  const failedGroups = new Map<string, number>();
  let bitness: number | undefined;
  let ran = 0;
  let skipped = 0;
  let failed = 0;
  for (const vector of vectors) {
    if (options.select && !options.select(vector)) {
      skipped++;
      continue;
    }
    if (vector.bitness !== bitness) machine.reset(vector.bitness);
    bitness = vector.bitness;
    before.code.fill(CODE_FILL);
    before.code.set(vector.code, vector.ip - CODE_BASE);
    fillWindowsBefore(vector, before.data, before.stack);
    machine.load(vector, before);
    const { fault } = machine.step();
    fillWindowsAfter(vector, after.data, after.stack);
    const differences = describeDifferences(vector, fault, machine.read(), after);
    ran++;
    if (differences.length === 0) continue;
    failed++;
    const inGroup = (failedGroups.get(vector.group) ?? 0) + 1;
    failedGroups.set(vector.group, inGroup);
    if (failures.length < keep && inGroup <= keepPerGroup)
      failures.push({ vector, text: describeFailure(vector, differences, options.disassemble) });
  }
  return { ran, skipped, failed, failures, failedGroups };
}

function emptyWindows(): Windows {
  return { code: new Uint8Array(WINDOW_SIZE), data: new Uint8Array(WINDOW_SIZE), stack: new Uint8Array(WINDOW_SIZE) };
}

/** A short text for a whole run: counts, failing groups, and the kept failures. */
export function summarize(result: RunResult): string {
  const lines = [
    `${result.ran} vectors ran, ${result.failed} failed in ${result.failedGroups.size} groups, ${result.skipped} skipped.`,
  ];
  for (const [group, count] of result.failedGroups) lines.push(`  ${group}: ${count}`);
  for (const { text } of result.failures) lines.push('', text);
  return lines.join('\n');
}

const NAMES = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];

function describeFailure(
  vector: Vector,
  differences: readonly string[],
  disassemble: RunOptions['disassemble'],
): string {
  const bytes = [...vector.code].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  const name = disassemble ? ` ${disassemble(vector)}` : '';
  const lines = [`${vector.group} #${vector.index}: ${bytes}${name} at 0x${vector.ip.toString(16)}`];
  const { gpr, rflags, mxcsr, fsBase, gsBase } = vector.before;
  const digits = vector.bitness / 4;
  for (let i = 0; i < (vector.bitness === 64 ? 16 : 8); i += 4)
    lines.push(
      `  ${[0, 1, 2, 3].map((j) => `${NAMES[i + j]}=${gpr[i + j]!.toString(16).padStart(digits, '0')}`).join(' ')}`,
    );
  lines.push(
    `  rflags=${rflags.toString(16)} mxcsr=${mxcsr.toString(16)} fs=${fsBase.toString(16)} gs=${gsBase.toString(16)}`,
  );
  for (const { address, bytes: content } of vector.memoryBefore)
    lines.push(
      `  [${address.toString(16)}] ${[...content.subarray(0, 32)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`,
    );
  for (const difference of differences) lines.push(`  ${difference}`);
  return lines.join('\n');
}
