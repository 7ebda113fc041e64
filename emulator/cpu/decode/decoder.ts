import { Code, CpuidFeature, Decoder, DecoderOptions, type Instruction, Mnemonic, Register } from 'iced-x86';
import { CONTEXT } from '../context.ts';
import { type Form, formKey, PREFIX } from '../engine/emitter.ts';
import { DS } from '../state.ts';
import { HOST_INDEX } from '../system/hostTable.ts';
import type { DecodedInstruction, MemoryOperand } from './decoded.ts';
import { DecodeMemo } from './decodeMemo.ts';
import { hasMmxRegister } from './mmx.ts';
import {
  dataSegment,
  decodeMemory,
  decodeOperand,
  hostOperand,
  implicitAddressBits,
  memoryMode,
  segmentNumber,
} from './operands.ts';
import { type Selecting, type Selection, select, UNDEFINED } from './select.ts';
import { undefinedX87, x87Opcode } from './x87.ts';

export const codeBitsOf = (context: number): 16 | 32 | 64 => ([16, 32, 64] as const)[context & CONTEXT.CODE] ?? 64;

/** Tells whether the profile has what an instruction needs, by iced's CPUID feature names. */
export interface FeatureTest {
  has(feature: string): boolean;
}

/** Turns bytes into decoded instructions for one translation context. One per machine; reuses iced's objects. */
export class InstructionDecoder {
  private readonly handlers: ReadonlyMap<string, number>;
  private readonly features: FeatureTest;
  private readonly memo = new DecodeMemo();

  constructor(handlers: ReadonlyMap<string, number>, features: FeatureTest) {
    this.handlers = handlers;
    this.features = features;
  }

  /**
   * Decodes the instruction that `bytes` starts with. Undefined when more bytes are needed than there are; `bytes` of
   * 15 always suffice.
   *
   * @param offset offset of the first byte in its page
   */
  decode(bytes: Uint8Array, offset: number, context: number): DecodedInstruction | undefined {
    const known = this.memo.find(bytes, offset, context);
    if (known) return known;
    const decoded = this.decodeAnew(bytes, offset, context);
    if (decoded) this.memo.keep(bytes, offset, context, decoded);
    return decoded;
  }

  private decodeAnew(
    bytes: Uint8Array,
    offset: number,
    context: number,
    options: DecoderOptions = DecoderOptions.None,
  ): DecodedInstruction | undefined {
    const bits = codeBitsOf(context);
    const decoder = new Decoder(bits, bytes, options);
    try {
      decoder.ip = BigInt(offset);
      const instruction = decoder.decode();
      try {
        // With REX.B, F3 90 is XCHG R8, RAX.
        if (instruction.code === Code.Pause && bits === 64 && (bytes[instruction.length - 2]! & 0xf1) === 0x41)
          return this.decodeAnew(bytes, offset, context, DecoderOptions.NoPause);
        if (instruction.code === Code.INVALID) {
          // NoMoreBytes: the rest lies on the next page.
          if (decoder.lastError === 2 && bytes.length < 15) return undefined;
          return this.build(
            instruction,
            // A missing ENDBRANCH comes before what decoding finds.
            context & CONTEXT.WAIT_FOR_ENDBRANCH
              ? hostSelection('missing-endbranch')
              : isTooLong(bytes, bits)
                ? TOO_LONG
                : (undefinedX87(bytes, bits, context) ?? UNDEFINED),
            bytes,
            offset,
            context,
            Math.max(1, Math.min(instruction.length, bytes.length)),
          );
        }
        return this.build(
          instruction,
          this.choose(instruction, context, bits, bytes),
          bytes,
          offset,
          context,
          instruction.length,
        );
      } finally {
        instruction.free();
      }
    } finally {
      decoder.free();
    }
  }

  private choose(instruction: Instruction, context: number, codeBits: 16 | 32 | 64, bytes: Uint8Array): Selection {
    const mnemonic = Mnemonic[instruction.mnemonic]!.toLowerCase();
    const code = Code[instruction.code]!;
    const operands = Array.from({ length: instruction.opCount }, (_, i) => decodeOperand(instruction, i));
    const selecting: Selecting = {
      instruction,
      mnemonic,
      code,
      operands,
      context,
      codeBits,
      x87: x87Opcode(bytes, codeBits),
    };
    if (context & CONTEXT.WAIT_FOR_ENDBRANCH) {
      const endbranch = codeBits === 64 ? 'endbr64' : 'endbr32';
      // INT3 and INT1 are let through: their event's handler has its own tracker.
      if (mnemonic !== endbranch && mnemonic !== 'int3' && mnemonic !== 'int1') {
        return hostSelection('missing-endbranch');
      }
    }
    const missing = this.missingFeature(instruction, mnemonic);
    if (missing) return missing;
    return select(selecting) ?? hostSelection('unsupported');
  }

  /** #UD, or what older processors make of the bytes, for an instruction that the profile lacks. */
  private missingFeature(instruction: Instruction, mnemonic: string): Selection | undefined {
    const lacks =
      instruction.cpuidFeatures().some((f: number) => !this.features.has(CpuidFeature[f]!)) ||
      (hasMmxRegister(instruction) && !this.features.has('MMX'));
    if (!lacks) return undefined;
    const size = instruction.opCount ? decodeOperand(instruction, 0).bits : 0;
    switch (mnemonic) {
      case 'tzcnt':
        return { name: 'bsf', size };
      case 'lzcnt':
        return { name: 'bsr', size };
      case 'endbr64':
      case 'endbr32':
      case 'rdsspd':
      case 'rdsspq':
      case 'prefetchw':
      case 'prefetchwt1':
      case 'prefetch':
      case 'cldemote':
        return { name: 'nop', size: 0, shape: '' };
      case 'wbnoinvd':
        return hostSelection('wbinvd', false);
    }
    return UNDEFINED;
  }

  private build(
    instruction: Instruction,
    selection: Selection,
    bytes: Uint8Array,
    offset: number,
    context: number,
    length: number,
  ): DecodedInstruction {
    const codeBits = codeBitsOf(context);
    const operands = Array.from({ length: instruction.opCount }, (_, i) => decodeOperand(instruction, i));
    const shape = selection.shape ?? operands.map((o) => o.letter).join('');
    const memory: MemoryOperand | undefined = shape.includes('m') ? decodeMemory(instruction, codeBits) : undefined;
    const form = this.resolve(selection, shape, memory, context);
    const [low, high] = firstImmediate(instruction, selection, shape);
    const target = operands[0]?.letter === 'j' ? instruction.nearBranchTarget : undefined;
    return {
      form,
      offset,
      length,
      registers: operands.map((o) => o.register),
      ...(memory ? { memory } : {}),
      immediateLow: target === undefined ? low : Number(target & 0xffffffffn) | 0,
      immediateHigh: target === undefined ? high : Number(target >> 32n) | 0,
      immediate2: selection.immediate2 ?? secondImmediate(instruction, shape),
      prefixes: prefixesOf(instruction, bytes, codeBits),
      segment: implicitSegment(instruction, codeBits),
      addressBits: implicitAddressBits(instruction, codeBits),
      ends: selection.ends ?? false,
      host: selection.host ?? 0,
      ...(form.name === 'host'
        ? { hostOperands: operands.map((_, i) => hostOperand(instruction, i)), code: Code[instruction.code]! }
        : {}),
    };
  }

  private resolve(selection: Selection, shape: string, memory: MemoryOperand | undefined, context: number): Form {
    const { name, size } = selection;
    if (!memory) {
      const form: Form = { name, size, shape };
      if (this.handlers.has(formKey(form))) return form;
    } else {
      for (const mode of [memoryMode(memory, context), 'g'] as const) {
        const form: Form = { name, size, shape, memory: mode };
        if (this.handlers.has(formKey(form))) return form;
      }
    }
    throw new Error(`no handler for ${name}/${size}/${shape}`);
  }
}

/** The segment of a memory operand, or what stands for that of MONITOR: the prefix, or DS. */
function implicitSegment(instruction: Instruction, codeBits: number): number {
  const { memorySegment, segmentPrefix } = instruction;
  if (memorySegment !== Register.None) return segmentNumber(dataSegment(instruction, codeBits));
  return segmentPrefix === Register.None ? DS : segmentNumber(segmentPrefix);
}

/** Whether 15 bytes are the beginning of an instruction that is longer, by prefixes that stand there more than once. */
function isTooLong(bytes: Uint8Array, codeBits: 16 | 32 | 64): boolean {
  if (bytes.length < 15) return false;
  const seen = new Set<number>();
  const isPrefix = (byte: number) =>
    SEGMENT_PREFIXES.has(byte) || OTHER_PREFIXES.has(byte) || (codeBits === 64 && byte >>> 4 === 4);
  const end = bytes.findIndex((byte) => !isPrefix(byte));
  const once = bytes.filter((byte, i) => (end >= 0 && i >= end) || (!seen.has(byte) && seen.add(byte)));
  if (once.length === bytes.length) return false;
  const decoder = new Decoder(codeBits, once, 0);
  try {
    decoder.decode().free();
    return decoder.lastError === 2;
  } finally {
    decoder.free();
  }
}

/** More than 15 bytes (SDM Vol. 2 §2.3.11): #GP(0). */
const TOO_LONG: Selection = { name: 'gp', size: 0, shape: '', ends: true };

const hostSelection = (name: string, ends = true): Selection => ({
  name: 'host',
  size: 0,
  shape: '',
  host: HOST_INDEX.get(name)!,
  ends,
});

function prefixesOf(instruction: Instruction, bytes: Uint8Array, codeBits: number): number {
  const repeated = instruction.hasRepPrefix || instruction.hasRepePrefix || instruction.hasRepnePrefix;
  return (
    (instruction.hasLockPrefix ? PREFIX.LOCK : 0) |
    (hasNotrack(bytes, codeBits) ? PREFIX.NOTRACK : 0) |
    (repeated ? PREFIX.REP : 0)
  );
}

const SEGMENT_PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65]);
const OTHER_PREFIXES = new Set([0x66, 0x67, 0xf0, 0xf2, 0xf3]);
const NOTRACK = 0x3e;

/**
 * Whether 3Eh is the segment prefix in effect (SDM Vol. 2, JMP). In 64-bit mode the prefixes of CS, DS, ES and SS are
 * ignored as segments, so that 3Eh stays what it is when one follows; one of FS or GS takes its place.
 */
function hasNotrack(bytes: Uint8Array, codeBits: number): boolean {
  let found = false;
  for (const byte of bytes) {
    if (byte === NOTRACK) found = true;
    else if (SEGMENT_PREFIXES.has(byte)) {
      if (codeBits !== 64 || byte >= 0x64) found = false;
    } else if (!OTHER_PREFIXES.has(byte) && !(codeBits === 64 && byte >>> 4 === 4)) return found;
  }
  return found;
}

function immediateOperands(instruction: Instruction): number[] {
  const found: number[] = [];
  for (let i = 0; i < instruction.opCount; i++) if (decodeOperand(instruction, i).letter === 'i') found.push(i);
  return found;
}

function firstImmediate(instruction: Instruction, selection: Selection, shape: string): [number, number] {
  if (selection.immediate !== undefined) return [selection.immediate, 0];
  const index = immediateOperands(instruction)[0];
  if (index === undefined || !shape.includes('i')) return [0, 0];
  const value = BigInt.asUintN(64, instruction.immediate(index));
  return [Number(value & 0xffffffffn) | 0, Number(value >> 32n) | 0];
}

function secondImmediate(instruction: Instruction, shape: string): number {
  if (!shape.endsWith('ii')) return 0;
  const index = immediateOperands(instruction)[1];
  return index === undefined ? 0 : Number(instruction.immediate(index));
}
