/** Which AVX instructions have vectors, and what goes into each: all of it follows from the Code's name. */
import {
  Code,
  CodeExt,
  CpuidFeature,
  Encoder,
  Instruction,
  OpCodeOperandKind as Kind,
  OpKind,
  Register,
} from 'iced-x86';
import { mixSeed, Prng } from '../prng.ts';
import { fillLanes, ValueKind } from '../values.ts';

/** A case's state as the recorder has it: YMM0–5, 64 bytes at RBX, RAX, RCX, RDX, flags, MXCSR. */
export const STATE_BYTES = 296;
/** `vector`: of the exception, 0 for none; the state is then that of the instruction's beginning. */
export const PLACE = {
  ymm: 0,
  memory: 192,
  rax: 256,
  rcx: 264,
  rdx: 272,
  flags: 280,
  mxcsr: 288,
  vector: 292,
} as const;

export const FEATURES: ReadonlySet<CpuidFeature> = new Set([CpuidFeature.AVX, CpuidFeature.AVX2]);
/** Results that differ between processors (SDM Vol. 2: relative error only), and operands that random values do not suit. */
const EXCLUDED = /^VEX_V(rcp|rsqrt|maskmovdqu|ldmxcsr)/;

export interface Encoding {
  readonly code: Uint8Array;
  readonly seed: number;
  readonly cases: number;
}
export interface Group {
  readonly name: string;
  readonly encodings: readonly Encoding[];
}

const REGISTERS: readonly (readonly [RegExp, readonly Register[]])[] = [
  [/^xmm/, [Register.XMM2, Register.XMM3, Register.XMM4, Register.XMM5]],
  [/^ymm/, [Register.YMM2, Register.YMM3, Register.YMM4, Register.YMM5]],
  [/^r32/, [Register.ECX, Register.ECX, Register.ECX, Register.ECX]],
  [/^r64/, [Register.RCX, Register.RCX, Register.RCX, Register.RCX]],
];

export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const char of text) value = Math.imul(value ^ char.charCodeAt(0), 0x01000193);
  return value >>> 0;
}

/**
 * The instruction with registers 2 to 5 in operand order; a register-or-memory operand as `memory` says, then at RBX +
 * `displacement`. Undefined when it has no such form.
 */
export function encode(code: Code, memory: boolean, immediate: number, displacement = 0): Uint8Array | undefined {
  const info = CodeExt.opCode(code);
  const instruction = new Instruction();
  const encoder = new Encoder(64);
  let hasMemory = false;
  try {
    instruction.code = code;
    for (let i = 0; i < info.opCount; i++) {
      const kind = Kind[info.opKind(i)]!;
      const flexible = kind.endsWith('_or_mem');
      if (kind.startsWith('mem_vsib')) {
        hasMemory = true;
        instruction.setOpKind(i, OpKind.Memory);
        instruction.memoryBase = Register.RBX;
        instruction.memoryIndex = kind.endsWith('x') ? Register.XMM5 : Register.YMM5;
        instruction.memoryIndexScale = 1 << (immediate & 3);
      } else if (kind === 'mem' || (flexible && memory)) {
        hasMemory = true;
        instruction.setOpKind(i, OpKind.Memory);
        instruction.memoryBase = Register.RBX;
        instruction.memoryDisplacement = BigInt(displacement);
        instruction.memoryDisplSize = displacement === 0 ? 0 : 1;
      } else if (kind === 'imm8') {
        instruction.setOpKind(i, OpKind.Immediate8);
        instruction.immediate8 = immediate;
      } else {
        const found = REGISTERS.find(([pattern]) => pattern.test(kind));
        if (!found) return undefined;
        instruction.setOpKind(i, OpKind.Register);
        instruction.setOpRegister(i, found[1][i]!);
      }
    }
    if (memory && !hasMemory) return undefined;
    if (!memory && hasMemory) return undefined;
    encoder.encode(instruction, 0n);
    return encoder.takeBuffer();
  } catch {
    return undefined;
  } finally {
    instruction.free();
    encoder.free();
  }
}

export function featureOf(code: Code): CpuidFeature | undefined {
  const instruction = new Instruction();
  instruction.code = code;
  const features = [...instruction.cpuidFeatures()] as CpuidFeature[];
  instruction.free();
  return features.length === 1 ? features[0] : undefined;
}

const IMMEDIATES = 16;
const CASES = 64;

/** Codes that need one of these features alone, by name. */
export const codesWith = (features: ReadonlySet<CpuidFeature>): [string, Code][] =>
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === 'number' && !EXCLUDED.test(entry[0]))
    .filter(([, code]) => CodeExt.opCode(code).isInstruction && features.has(featureOf(code)!));

export function plan(): Group[] {
  return codesWith(FEATURES).flatMap(([name, code]): Group[] => {
    const immediate = name.includes('imm8');
    const scales = name.includes('gather');
    const encodings = [false, true].flatMap((memory) => {
      const count = immediate ? IMMEDIATES : scales ? 4 : 1;
      return Array.from({ length: count }, (_, i) => {
        const seed = mixSeed(hash(name), memory ? 1 : 0, i);
        const bytes = encode(code, memory, new Prng(seed).below(256));
        return bytes && { code: bytes, seed, cases: CASES / count };
      }).filter((encoding) => encoding !== undefined);
    });
    return encodings.length > 0 ? [{ name, encodings }] : [];
  });
}

export function kindOf(name: string): ValueKind {
  if (/Vpcmp[ei]str/.test(name)) return ValueKind.text;
  if (/^VEX_V(ps[rl]l|psra)[wdq]_/.test(name)) return ValueKind.counts;
  const conversion = /^VEX_Vcvtt?(ps|pd|ss|sd|dq|si)2/.exec(name)?.[1];
  const letters = conversion ?? /^VEX_V[a-z]*?(ps|pd|ss|sd)_/.exec(name)?.[1];
  if (letters === 'dq' || letters === 'si') return ValueKind.int32;
  if (letters) return letters.endsWith('d') ? ValueKind.float64 : ValueKind.float32;
  const lane = /^VEX_Vp\w*?(bw|wd|dq|b|w|d|q)_/.exec(name)?.[1]?.[0];
  return { b: ValueKind.int8, w: ValueKind.int16, d: ValueKind.int32, q: ValueKind.int64 }[lane ?? 'd']!;
}

/** The state before case `index`. */
export function stateBefore({ name }: Group, { seed }: Encoding, index: number): Uint8Array {
  const prng = new Prng(mixSeed(seed, index, 0x41));
  const state = new Uint8Array(STATE_BYTES);
  const kind = kindOf(name);
  fillLanes(prng, kind, state.subarray(0, 256));
  const view = new DataView(state.buffer);
  // Indices of a gather: elements around the middle of the memory, aligned or not.
  if (name.includes('gather')) {
    const bytes = /gatherq/.test(name) ? 8 : 4;
    for (let at = 160; at < 192; at += bytes) {
      const index = prng.below(5);
      if (bytes === 8) view.setBigInt64(at, BigInt(index), true);
      else view.setInt32(at, index, true);
    }
  }
  for (const at of [PLACE.rax, PLACE.rdx]) view.setBigInt64(at, BigInt(prng.below(40) - 20), true);
  view.setUint32(PLACE.rcx, prng.next(), true);
  view.setUint32(PLACE.rcx + 4, prng.next(), true);
  // Masked; sticky flags, rounding, DAZ and FTZ random in every second case.
  const modes = index & 1 ? prng.next() & 0xe07f : 0;
  view.setUint32(PLACE.mxcsr, 0x1f80 | modes, true);
  return state;
}
