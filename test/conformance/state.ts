/** Derives a vector's state before the instruction from its plan. */

import { type EncodingPlan, type GroupPlan, MxcsrMode, type Override, Target } from './plan.ts';
import { mixSeed, Prng } from './prng.ts';
import { drawRegister, fillExtended, fillLanes, type Halves, ValueKind } from './values.ts';
import { type MemoryBytes, STACK_BASE } from './windows.ts';

/** The processor state that a vector sets and compares. */
export interface CpuImage {
  /** 16 registers in encoding order (RAX, RCX, RDX, RBX, RSP, ...); in 32-bit vectors only the low halves of the first 8 count. */
  gpr: BigUint64Array;
  /** Bits 1 and 9 (IF) are set; TF, RF, VM, AC and IOPL are clear: user mode as the recorder ran it. */
  rflags: number;
  /** XMM0-XMM15, 16 bytes each, byte 0 lowest. */
  xmm: Uint8Array;
  mxcsr: number;
  fsBase: bigint;
  gsBase: bigint;
  rip: bigint;
  /** Only in vectors of x87 and MMX instructions. */
  fpu?: FpuImage;
}

/** x87 words, and ST(0) to ST(7) in 16 bytes each. */
export interface FpuImage {
  control: number;
  status: number;
  /** Bit i: physical register i is not empty. */
  tags: number;
  registers: Uint8Array;
}

export interface Input {
  cpu: CpuImage;
  /** Memory that differs from the background, in the order in which it is written. */
  memory: MemoryBytes[];
}

const RSP = 4;
/** CF, PF, AF, ZF, SF, DF, OF. */
const RANDOM_FLAGS = 0xcd5;
const FIXED_FLAGS = 0x202;
const MXCSR_MASKS = 0x1f80;
const MXCSR_STICKY = 0x3f;
/** Rounding control, flush to zero, denormals are zeros. */
const MXCSR_MODES = 0xe040;

function applyOverride(cpu: CpuImage, { target, size, value }: Override): void {
  if (target === Target.fsBase) cpu.fsBase = value;
  else if (target === Target.gsBase) cpu.gsBase = value;
  else if (target === Target.mxcsr) cpu.mxcsr = Number(value);
  else if (target === Target.rflags) cpu.rflags = Number(value);
  else if (size >= 4) cpu.gpr[target] = value;
  else {
    const mask = size === 1 ? 0xffn : 0xffffn;
    cpu.gpr[target] = (cpu.gpr[target]! & ~mask) | (value & mask);
  }
}

/**
 * The state before vector `vectorIndex` of encoding `encodingIndex`.
 *
 * Draw order (part of the file format): 16 general registers, RSP's offset, RFLAGS, MXCSR, the XMM
 * registers, then the encoding's drawn memory pieces; then the encoding's overrides, the vector's
 * overrides, the vector's given memory pieces.
 */
export function deriveInput(group: GroupPlan, encodingIndex: number, vectorIndex: number): Input {
  const encoding: EncodingPlan = group.encodings[encodingIndex]!;
  const vector = encoding.vectors[vectorIndex]!;
  const prng = new Prng(mixSeed(group.seed, encodingIndex, vectorIndex));

  const gpr = new BigUint64Array(16);
  const words = new Uint32Array(gpr.buffer);
  const drawn: Halves = { lo: 0, hi: 0 };
  const wide = group.bitness === 64;
  for (let i = 0; i < 16; i++) {
    drawRegister(prng, group.registerKind, drawn);
    if (!wide && i >= 8) continue;
    words[2 * i] = drawn.lo;
    words[2 * i + 1] = wide ? drawn.hi : 0;
  }
  words[2 * RSP] = STACK_BASE + 0x800 + 16 * prng.below(0x80);
  words[2 * RSP + 1] = 0;

  const rflags = FIXED_FLAGS | (prng.next() & RANDOM_FLAGS);
  let mxcsr = MXCSR_MASKS;
  const modes = prng.next();
  if (modes & 0x10000) mxcsr |= modes & MXCSR_STICKY;
  if (group.mxcsrMode === MxcsrMode.all) mxcsr |= modes & MXCSR_MODES;

  const xmm = new Uint8Array(256);
  fillLanes(prng, group.xmmKind === ValueKind.float80 ? ValueKind.plain : group.xmmKind, xmm);

  const memory: MemoryBytes[] = [];
  for (const { address, length } of encoding.drawn) {
    const bytes = new Uint8Array(length);
    fillLanes(prng, group.memoryKind, bytes);
    memory.push({ address, bytes });
  }
  memory.push(...vector.pieces);

  const cpu: CpuImage = { gpr, rflags, xmm, mxcsr, fsBase: 0n, gsBase: 0n, rip: BigInt(encoding.ip) };
  const mmx = isMmx(group.codeName);
  if (mmx || group.xmmKind === ValueKind.float80) {
    // CVTPI2PS from memory is the one in which a waiting exception is taken or not (`undefinedFpu.ts`).
    const mayWait = mmx && !(group.shape !== 'register' && /^Cvtpi2ps/.test(group.codeName));
    cpu.fpu = drawFpu(prng, mmx, mayWait);
  }
  for (const override of encoding.overrides) applyOverride(cpu, override);
  for (const override of vector.overrides) applyOverride(cpu, override);
  return { cpu, memory };
}

/** A Code with MMX registers, or that makes the x87 state that of MMX. */
export const isMmx = (codeName: string): boolean => /_mm(m64|m32)?(_|$)|^Emms$/.test(codeName);

/**
 * Rounding and precision at random, one vector in eight with some exceptions unmasked; a register empty now and then.
 * For MMX: integers, half of them in what looks like floats; now and then an exception waits.
 */
function drawFpu(prng: Prng, integers: boolean, mayWait: boolean): FpuImage {
  const masks = prng.below(8) === 0 ? prng.next() & 0x3f : 0x3f;
  const precision = prng.pick([0, 2, 3, 3]);
  const control = 0x40 | masks | (precision << 8) | (prng.below(4) << 10);
  const top = prng.below(8);
  const sticky = prng.below(4) === 0 ? prng.next() & masks & 0x3f : 0;
  const waits = mayWait && prng.below(2) === 0 ? prng.next() & ~masks & 0x3f : 0;
  const summary = waits ? 0x8080 : 0;
  const status = (top << 11) | (prng.next() & 0x4700) | sticky | waits | summary;
  let tags = 0xff;
  for (let i = 0; i < 8; i++) if (prng.below(i === 7 ? 2 : 24) === 0) tags &= ~(1 << ((top + i) & 7));
  const registers = new Uint8Array(128);
  for (let i = 0; i < 8; i++) {
    const at = registers.subarray(i * 16, i * 16 + 10);
    if (integers) {
      const lane = prng.pick([ValueKind.int8, ValueKind.int16, ValueKind.int32, ValueKind.counts]);
      fillLanes(prng, lane, at.subarray(0, 8));
      const word = prng.below(2) ? 0xffff : prng.next();
      at[8] = word;
      at[9] = word >>> 8;
    } else fillExtended(prng, at);
  }
  return { control, status, tags, registers };
}
