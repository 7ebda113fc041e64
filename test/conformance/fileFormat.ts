/** Writing and reading the parts of a vector file: header, plans, and what changed. README.md describes the layout. */

import type { ByteReader, ByteWriter } from './codec.ts';
import { type EncodingPlan, type GroupPlan, type MxcsrMode, type Override, SHAPES, type VectorPlan } from './plan.ts';
import type { CpuImage, FpuImage } from './state.ts';
import type { ValueKind } from './values.ts';
import { CODE_BASE, type MemoryBytes } from './windows.ts';

export const MAGIC = 'shadowstep vectors 1';

/** The machine that recorded a file. */
export interface RecordedOn {
  /** CPUID leaf 0: 'AuthenticAMD', 'GenuineIntel', ... */
  readonly vendor: string;
  /** CPUID leaves 0x80000002-4. */
  readonly brand: string;
  /** EAX, EBX, ECX, EDX by leaf, each 8 hexadecimal digits; leaf names are '1', '7.0', '80000001'. */
  readonly cpuid: Readonly<Record<string, readonly string[]>>;
}

/** What a vector's instruction did. */
export interface Outcome {
  /** Exception vector number, when the instruction faulted. */
  readonly fault: number | undefined;
  readonly cpu: CpuImage;
  /** Bytes that the instruction changed. */
  readonly changed: readonly MemoryBytes[];
}

function writeOverrides(out: ByteWriter, overrides: readonly Override[]): void {
  out.varint(overrides.length);
  for (const { target, size, value } of overrides) {
    out.u8(target | ([1, 2, 4, 8].indexOf(size) << 5));
    out.little(value, size);
  }
}

function readOverrides(input: ByteReader): Override[] {
  const count = input.varint();
  const overrides: Override[] = [];
  for (let i = 0; i < count; i++) {
    const head = input.u8();
    const size = (1 << (head >> 5)) as Override['size'];
    overrides.push({ target: head & 31, size, value: input.little(size) });
  }
  return overrides;
}

function writePieces(out: ByteWriter, pieces: readonly MemoryBytes[]): void {
  out.varint(pieces.length);
  for (const { address, bytes } of pieces) {
    out.varint(address - CODE_BASE);
    out.varint(bytes.length);
    out.raw(bytes);
  }
}

function readPieces(input: ByteReader): MemoryBytes[] {
  const count = input.varint();
  const pieces: MemoryBytes[] = [];
  for (let i = 0; i < count; i++) {
    const address = input.varint() + CODE_BASE;
    pieces.push({ address, bytes: input.raw(input.varint()) });
  }
  return pieces;
}

export function writeGroupHead(out: ByteWriter, group: GroupPlan): void {
  out.string(group.codeName);
  out.u8(group.bitness);
  out.u8(SHAPES.indexOf(group.shape));
  out.string(group.variant);
  out.u8(group.registerKind);
  out.u8(group.memoryKind);
  out.u8(group.xmmKind);
  out.u8(group.mxcsrMode);
  out.u32(group.seed);
  out.varint(group.encodings.length);
}

export function readGroupHead(input: ByteReader): { head: Omit<GroupPlan, 'encodings'>; encodings: number } {
  const codeName = input.string();
  const bitness = input.u8();
  if (bitness !== 32 && bitness !== 64)
    throw new RangeError(`Vector group ${codeName} has bitness ${bitness}, not 32 or 64.`);
  const shape = SHAPES[input.u8()];
  if (shape === undefined) throw new RangeError(`Vector group ${codeName} has an unknown operand shape.`);
  const head = {
    codeName,
    bitness,
    shape,
    variant: input.string(),
    registerKind: input.u8() as ValueKind,
    memoryKind: input.u8() as ValueKind,
    xmmKind: input.u8() as ValueKind,
    mxcsrMode: input.u8() as MxcsrMode,
    seed: input.u32(),
  } as const;
  return { head, encodings: input.varint() };
}

export function writeEncodingHead(out: ByteWriter, encoding: EncodingPlan): void {
  out.varint(encoding.ip - CODE_BASE);
  out.varint(encoding.code.length);
  out.raw(encoding.code);
  out.u8(encoding.operand0);
  writeOverrides(out, encoding.overrides);
  out.varint(encoding.drawn.length);
  for (const { address, length } of encoding.drawn) {
    out.varint(address - CODE_BASE);
    out.varint(length);
  }
  out.varint(encoding.vectors.length);
}

export function readEncodingHead(input: ByteReader): { head: Omit<EncodingPlan, 'vectors'>; vectors: number } {
  const ip = input.varint() + CODE_BASE;
  const code = input.raw(input.varint());
  const operand0 = input.u8();
  const overrides = readOverrides(input);
  const pieces = input.varint();
  const drawn: { address: number; length: number }[] = [];
  for (let i = 0; i < pieces; i++) {
    const address = input.varint() + CODE_BASE;
    drawn.push({ address, length: input.varint() });
  }
  return { head: { ip, code, operand0, overrides, drawn }, vectors: input.varint() };
}

export function writeVectorPlan(out: ByteWriter, vector: VectorPlan): void {
  writeOverrides(out, vector.overrides);
  writePieces(out, vector.pieces);
}

export function readVectorPlan(input: ByteReader): VectorPlan {
  return { overrides: readOverrides(input), pieces: readPieces(input) };
}

const Changed = { fault: 1, rip: 2, flags: 4, mxcsr: 8, memory: 16, gpr: 32, xmm: 64, fpu: 128 } as const;

/** How much of a changed register is stored: the low bytes with the rest kept, or with the rest zero, or all. */
function registerForm(before: bigint, after: bigint): { form: number; size: number } {
  const difference = before ^ after;
  if (difference < 0x100n) return { form: 0, size: 1 };
  if (difference < 0x1_0000n) return { form: 1, size: 2 };
  if (after < 0x100n) return { form: 2, size: 1 };
  if (after < 0x1_0000n) return { form: 3, size: 2 };
  if (after < 0x1_0000_0000n) return { form: 4, size: 4 };
  return { form: 5, size: 8 };
}

/** Writes an outcome as differences from the state before; RIP is expected after the `length` bytes of the instruction. */
export function writeOutcome(out: ByteWriter, before: CpuImage, length: number, outcome: Outcome): void {
  const after = outcome.cpu;
  const rip = outcome.fault === undefined ? before.rip + BigInt(length) : before.rip;
  const gprs = [...after.gpr.keys()].filter((i) => after.gpr[i] !== before.gpr[i]);
  const lanes = [...Array(16).keys()].filter((i) => xmmDiffers(before.xmm, after.xmm, i));
  let head = 0;
  if (outcome.fault !== undefined) head |= Changed.fault;
  if (after.rip !== rip) head |= Changed.rip;
  if (after.rflags !== before.rflags) head |= Changed.flags;
  if (after.mxcsr !== before.mxcsr) head |= Changed.mxcsr;
  if (outcome.changed.length > 0) head |= Changed.memory;
  if (gprs.length > 0) head |= Changed.gpr;
  if (lanes.length > 0) head |= Changed.xmm;
  if (after.fpu && before.fpu) head |= Changed.fpu;
  out.u8(head);
  if (outcome.fault !== undefined) out.u8(outcome.fault);
  if (head & Changed.rip) out.varint(Number(after.rip));
  if (head & Changed.flags) out.varint((after.rflags ^ before.rflags) >>> 0);
  if (head & Changed.mxcsr) out.varint((after.mxcsr ^ before.mxcsr) >>> 0);
  if (head & Changed.memory) writePieces(out, outcome.changed);
  if (head & Changed.gpr) {
    out.u8(gprs.length);
    for (const i of gprs) {
      const { form, size } = registerForm(before.gpr[i]!, after.gpr[i]!);
      out.u8(i | (form << 4));
      out.little(after.gpr[i]!, size);
    }
  }
  if (head & Changed.xmm) {
    out.u8(lanes.length);
    for (const i of lanes) writeXmm(out, before.xmm, after.xmm, i);
  }
  if (head & Changed.fpu) writeFpu(out, before.fpu!, after.fpu!);
}

function xmmDiffers(before: Uint8Array, after: Uint8Array, index: number): boolean {
  for (let i = 16 * index; i < 16 * index + 16; i++) if (before[i] !== after[i]) return true;
  return false;
}

/** Register number with bit 4 set when only the low 8 bytes changed and bit 5 when only the low 4 did. */
function writeXmm(out: ByteWriter, before: Uint8Array, after: Uint8Array, index: number): void {
  let last = 15;
  while (before[16 * index + last] === after[16 * index + last]) last--;
  const size = last < 4 ? 4 : last < 8 ? 8 : 16;
  out.u8(index | (size === 8 ? 0x10 : size === 4 ? 0x20 : 0));
  out.raw(after.subarray(16 * index, 16 * index + size));
}

export function readOutcome(input: ByteReader, before: CpuImage, length: number): Outcome {
  const head = input.u8();
  const fault = head & Changed.fault ? input.u8() : undefined;
  const cpu: CpuImage = { ...before, gpr: before.gpr.slice(), xmm: before.xmm.slice() };
  if (head & Changed.rip) cpu.rip = BigInt(input.varint());
  else if (fault === undefined) cpu.rip = before.rip + BigInt(length);
  if (head & Changed.flags) cpu.rflags = (before.rflags ^ input.varint()) >>> 0;
  if (head & Changed.mxcsr) cpu.mxcsr = (before.mxcsr ^ input.varint()) >>> 0;
  const changed = head & Changed.memory ? readPieces(input) : [];
  if (head & Changed.gpr) {
    for (let count = input.u8(); count > 0; count--) readRegister(input, cpu.gpr);
  }
  if (head & Changed.xmm) {
    for (let count = input.u8(); count > 0; count--) {
      const which = input.u8();
      cpu.xmm.set(input.raw(which & 0x10 ? 8 : which & 0x20 ? 4 : 16), 16 * (which & 15));
    }
  }
  if (head & Changed.fpu) cpu.fpu = readFpu(input, before.fpu!);
  return { fault, cpu, changed };
}

function readRegister(input: ByteReader, gpr: BigUint64Array): void {
  const head = input.u8();
  const index = head & 15;
  const form = head >> 4;
  if (form < 2) {
    const bits = BigInt(8 << form);
    gpr[index] = ((gpr[index]! >> bits) << bits) | input.little(1 << form);
  } else gpr[index] = input.little(1 << (form - 2));
}

/** The ten bytes of Ri: a new top of the stack changes none of these. */
const physical = ({ registers, status }: FpuImage, i: number): Uint8Array => {
  const at = 16 * ((i - (status >>> 11)) & 7);
  return registers.subarray(at, at + 10);
};
const REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7];

/** The words as differences, a mask of the registers that changed, and those. */
function writeFpu(out: ByteWriter, before: FpuImage, after: FpuImage): void {
  out.varint(before.control ^ after.control);
  out.varint(before.status ^ after.status);
  out.varint(before.tags ^ after.tags);
  const changed = REGISTERS.filter((i) => physical(before, i).some((byte, k) => byte !== physical(after, i)[k]));
  out.u8(changed.reduce((mask, i) => mask | (1 << i), 0));
  for (const i of changed) out.raw(physical(after, i));
}

function readFpu(input: ByteReader, before: FpuImage): FpuImage {
  const control = before.control ^ input.varint();
  const status = before.status ^ input.varint();
  const tags = before.tags ^ input.varint();
  const after: FpuImage = { control, status, tags, registers: new Uint8Array(128) };
  const changed = input.u8();
  for (const i of REGISTERS) physical(after, i).set(changed & (1 << i) ? input.raw(10) : physical(before, i));
  return after;
}
