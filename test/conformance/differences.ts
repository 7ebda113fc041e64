/** Compares what a machine did with what a vector says, leaving out what the SDM leaves undefined. */

import type { FpuImage } from './state.ts';
import { undefinedFpu } from './undefinedFpu.ts';
import type { CpuImage, Vector } from './vectors.ts';
import { DATA_BASE, STACK_BASE } from './windows.ts';

/** A machine's state after an instruction. */
export interface Observed {
  readonly cpu: CpuImage;
  /** The data and stack windows, 8192 bytes each. */
  readonly data: Uint8Array;
  readonly stack: Uint8Array;
}

const GPR_NAMES = [
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
const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [0x1, 'CF'],
  [0x4, 'PF'],
  [0x10, 'AF'],
  [0x40, 'ZF'],
  [0x80, 'SF'],
  [0x100, 'TF'],
  [0x200, 'IF'],
  [0x400, 'DF'],
  [0x800, 'OF'],
  [0x3000, 'IOPL'],
  [0x4000, 'NT'],
  [0x1_0000, 'RF'],
  [0x2_0000, 'VM'],
  [0x4_0000, 'AC'],
  [0x20_0000, 'ID'],
];
/** RF is not compared: it is set in a fault's saved flags and clear otherwise. */
const COMPARED_FLAGS = ~0x1_0000;
const EXCEPTIONS: Readonly<Record<number, string>> = {
  0: '#DE',
  1: '#DB',
  3: '#BP',
  4: '#OF',
  5: '#BR',
  6: '#UD',
  12: '#SS',
  13: '#GP',
  14: '#PF',
  16: '#MF',
  17: '#AC',
  19: '#XM',
};
/** Longest list of differing bytes shown of one window. */
const SHOWN_BYTES = 24;

function faultName(fault: number | undefined): string {
  return fault === undefined ? 'no fault' : (EXCEPTIONS[fault] ?? `vector ${fault}`);
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** One line for each difference; none when the machine agrees. `expected` has the windows after the instruction. */
export function describeDifferences(
  vector: Vector,
  fault: number | undefined,
  observed: Observed,
  expected: { readonly data: Uint8Array; readonly stack: Uint8Array },
): string[] {
  if (fault !== vector.fault) return [`expected ${faultName(vector.fault)}, got ${faultName(fault)}`];
  const lines: string[] = [];
  compareRegisters(vector, observed.cpu, lines);
  compareXmm(vector, observed.cpu, lines);
  compareFpu(vector, observed.cpu, lines);
  compareWindow('data', DATA_BASE, expected.data, observed.data, lines);
  compareWindow('stack', STACK_BASE, expected.stack, observed.stack, lines);
  return lines;
}

function compareRegisters(vector: Vector, cpu: CpuImage, lines: string[]): void {
  const { after, undefinedFlags, undefinedGprs, bitness } = vector;
  const registers = bitness === 64 ? 16 : 8;
  for (let i = 0; i < registers; i++) {
    if (undefinedGprs & (1 << i)) continue;
    const expected = after.gpr[i]!;
    const got = bitness === 64 ? cpu.gpr[i]! : BigInt.asUintN(32, cpu.gpr[i]!);
    if (got !== expected) lines.push(`${GPR_NAMES[i]}: expected ${hex(expected)}, got ${hex(got)}`);
  }
  const rip = bitness === 64 ? cpu.rip : BigInt.asUintN(32, cpu.rip);
  if (rip !== after.rip) lines.push(`rip: expected ${hex(after.rip)}, got ${hex(rip)}`);
  const unset = after.fpu ? undefinedFpu(vector).rflags : 0;
  const wrong = (cpu.rflags ^ after.rflags) & ~undefinedFlags & ~unset & COMPARED_FLAGS;
  if (wrong !== 0) {
    const named = FLAG_NAMES.filter(([bit]) => wrong & bit).map(
      ([bit, name]) => `${name} is ${cpu.rflags & bit ? 1 : 0}, expected ${after.rflags & bit ? 1 : 0}`,
    );
    lines.push(
      `rflags: ${named.join('; ') || 'reserved bits'} (expected ${hex(after.rflags)}, got ${hex(cpu.rflags)})`,
    );
  }
  if (cpu.mxcsr !== after.mxcsr) lines.push(`mxcsr: expected ${hex(after.mxcsr)}, got ${hex(cpu.mxcsr)}`);
}

function compareXmm(vector: Vector, cpu: CpuImage, lines: string[]): void {
  const expected = vector.after.xmm;
  // Compatibility mode reaches XMM0-XMM7 only.
  const end = vector.bitness === 64 ? 256 : 128;
  for (let at = 0; at < end; at += 16) {
    let same = true;
    for (let i = at; i < at + 16; i++) if (cpu.xmm[i] !== expected[i]) same = false;
    if (!same) lines.push(`xmm${at / 16}: expected ${lanes(expected, at)}, got ${lanes(cpu.xmm, at)}`);
  }
}

function compareFpu(vector: Vector, cpu: CpuImage, lines: string[]): void {
  const expected = vector.after.fpu;
  const got = cpu.fpu;
  if (!expected || !got) return;
  const undefinedParts = undefinedFpu(vector);
  if (undefinedParts.all) return;
  const word = (name: string, a: number, b: number, not = 0) => {
    if ((a ^ b) & ~not) lines.push(`${name}: expected ${hex(a)}, got ${hex(b)}`);
  };
  word('fcw', expected.control, got.control);
  word('fsw', expected.status, got.status, undefinedParts.status);
  word('ftw', expected.tags, got.tags);
  const top = (expected.status >>> 11) & 7;
  for (let i = 0; i < 8; i++) {
    const value = ({ registers }: FpuImage) => {
      const view = new DataView(registers.buffer, registers.byteOffset + 16 * i, 10);
      return (BigInt(view.getUint16(8, true)) << 64n) | view.getBigUint64(0, true);
    };
    const [a, b] = [value(expected), value(got)];
    const distance = a > b ? a - b : b - a;
    if (distance > undefinedParts.units) lines.push(`st${i} (R${(top + i) & 7}): expected ${hex(a)}, got ${hex(b)}`);
  }
}

/** 16 bytes as four 32-bit lanes, highest first. */
function lanes(bytes: Uint8Array, at: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 16);
  return [12, 8, 4, 0].map((i) => view.getUint32(i, true).toString(16).padStart(8, '0')).join('_');
}

function compareWindow(name: string, base: number, expected: Uint8Array, got: Uint8Array, lines: string[]): void {
  if (sameBytes(expected, got)) return;
  const wrong: string[] = [];
  let count = 0;
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] === got[i]) continue;
    count++;
    if (wrong.length < SHOWN_BYTES)
      wrong.push(`${(base + i).toString(16)}: ${expected[i]!.toString(16)}→${got[i]?.toString(16) ?? 'missing'}`);
  }
  lines.push(`${name} window, ${count} bytes differ (address: expected→got): ${wrong.join(', ')}`);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  if ((a.byteOffset | b.byteOffset) & 3) return a.every((byte, i) => byte === b[i]);
  const p = new Int32Array(a.buffer, a.byteOffset, a.length >> 2);
  const q = new Int32Array(b.buffer, b.byteOffset, b.length >> 2);
  for (let i = 0; i < p.length; i++) if (p[i] !== q[i]) return false;
  return true;
}
