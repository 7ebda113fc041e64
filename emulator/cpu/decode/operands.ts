import { type Instruction, MemorySizeExt, OpKind, Register, RegisterExt } from 'iced-x86';
import { CONTEXT } from '../context.ts';
import { ENGINE, ES, FS, gprAddress, SS, x87Address, xmmAddress, ZERO_ADDRESS } from '../state.ts';
import type { HostOperand, MemoryOperand } from './decoded.ts';

/** What iced's operands are in terms of forms: a shape letter, a width, a register's place in the state. */
export interface DecodedOperand {
  readonly letter: string;
  /** Width in bits. */
  readonly bits: number;
  readonly register: number;
}

const isYmm = (register: Register): boolean => register >= Register.YMM0 && register <= Register.YMM15;
const isMmx = (register: Register): boolean => register >= Register.MM0 && register <= Register.MM7;
const isVector = (register: Register): boolean => registerLetter(register) === 'v';
const isGpr = (register: Register): boolean => register >= Register.AL && register <= Register.R15;

/** State address of a general, XMM or MMX register; AH, CH, DH, BH are the second byte. */
export function registerAddress(register: Register): number {
  if (register >= Register.AH && register <= Register.BH) return gprAddress(register - Register.AH) + 1;
  if (isGpr(register)) return gprAddress(RegisterExt.number(RegisterExt.fullRegister(register)));
  if (register >= Register.XMM0 && register <= Register.XMM15) return xmmAddress(register - Register.XMM0);
  if (isYmm(register)) return xmmAddress(register - Register.YMM0);
  // MMi is in Ri, wherever the top of the stack is.
  if (isMmx(register)) return x87Address(register - Register.MM0);
  return 0;
}

function registerLetter(register: Register): string {
  if (isGpr(register)) return 'r';
  if ((register >= Register.XMM0 && register <= Register.XMM15) || isYmm(register)) return 'v';
  if (isMmx(register)) return 'q';
  if (RegisterExt.isSegmentRegister(register)) return 's';
  return '?';
}

export function decodeOperand(instruction: Instruction, index: number): DecodedOperand {
  const kind = instruction.opKind(index);
  switch (kind) {
    case OpKind.Register: {
      const register = instruction.opRegister(index);
      return {
        letter: registerLetter(register),
        bits: RegisterExt.size(register) * 8,
        register: registerAddress(register),
      };
    }
    case OpKind.Memory:
      return { letter: 'm', bits: MemorySizeExt.size(instruction.memorySize) * 8, register: 0 };
    case OpKind.NearBranch16:
    case OpKind.NearBranch32:
    case OpKind.NearBranch64:
      return {
        letter: 'j',
        bits: kind === OpKind.NearBranch16 ? 16 : kind === OpKind.NearBranch32 ? 32 : 64,
        register: 0,
      };
    case OpKind.FarBranch16:
    case OpKind.FarBranch32:
      return { letter: 'f', bits: kind === OpKind.FarBranch16 ? 16 : 32, register: 0 };
    default:
      if (kind >= OpKind.Immediate8 && kind <= OpKind.Immediate32to64) return { letter: 'i', bits: 0, register: 0 };
      return { letter: 'n', bits: MemorySizeExt.size(instruction.memorySize) * 8, register: 0 };
  }
}

export const segmentNumber = (register: Register): number => register - Register.ES + ES;

/** Address size of string operands and other implicit ones. */
export function implicitAddressBits(instruction: Instruction, codeBits: number): number {
  for (let index = 0; index < instruction.opCount; index++) {
    switch (instruction.opKind(index)) {
      case OpKind.MemorySegSI:
      case OpKind.MemorySegDI:
      case OpKind.MemoryESDI:
        return 16;
      case OpKind.MemorySegESI:
      case OpKind.MemorySegEDI:
      case OpKind.MemoryESEDI:
        return 32;
      case OpKind.MemorySegRSI:
      case OpKind.MemorySegRDI:
      case OpKind.MemoryESRDI:
        return 64;
      case OpKind.Memory:
        return explicitAddressBits(instruction, codeBits);
    }
  }
  return codeBits;
}

function explicitAddressBits(instruction: Instruction, codeBits: number): number {
  const base = instruction.memoryBase;
  const index = instruction.memoryIndex;
  if (base === Register.EIP) return 32;
  if (base === Register.RIP) return 64;
  const register = base !== Register.None ? base : index;
  if (register !== Register.None) return RegisterExt.size(register) * 8;
  const bytes = instruction.memoryDisplSize;
  return bytes >= 2 ? bytes * 8 : codeBits;
}

const halves = (value: bigint): [number, number] => [
  Number(value & 0xffffffffn) | 0,
  Number((value >> 32n) & 0xffffffffn) | 0,
];

/** The segment of the memory operand: in 64-bit mode prefixes for ES, CS, SS and DS are ignored (SDM Vol. 1 §3.4.4). */
export function dataSegment(instruction: Instruction, codeBits: number): Register {
  const segment = instruction.memorySegment;
  if (codeBits !== 64 || segment === Register.FS || segment === Register.GS || !instruction.hasSegmentPrefix)
    return segment;
  const base = instruction.memoryBase;
  const stack = [Register.RSP, Register.RBP, Register.ESP, Register.EBP].includes(base);
  return stack ? Register.SS : Register.DS;
}

export function decodeMemory(instruction: Instruction, codeBits: number): MemoryOperand {
  const base = instruction.memoryBase;
  const index = instruction.memoryIndex;
  const [displacementLow, displacementHigh] = halves(instruction.memoryDisplacement);
  const ripRelative = base === Register.RIP || base === Register.EIP;
  return {
    base: ripRelative ? ENGINE.ripBase.address : base === Register.None ? ZERO_ADDRESS : registerAddress(base),
    // A vector of indices is the gather's own (`decode/vex.ts`).
    index: index === Register.None || isVector(index) ? ZERO_ADDRESS : registerAddress(index),
    scale: Math.log2(instruction.memoryIndexScale),
    displacementLow,
    displacementHigh,
    segment: segmentNumber(dataSegment(instruction, codeBits)),
    addressBits: explicitAddressBits(instruction, codeBits),
  };
}

/** How the step tier computes the operand's address. */
export function memoryMode(memory: MemoryOperand, context: number): 'b' | 'x' | 'g' {
  const long = (context & CONTEXT.CODE) === 2;
  if (!long || memory.addressBits !== 64 || memory.segment >= FS) return 'g';
  return memory.index === ZERO_ADDRESS ? 'b' : 'x';
}

export const isStackSegment = (memory: MemoryOperand | undefined): boolean => memory?.segment === SS;

export function hostOperand(instruction: Instruction, index: number): HostOperand {
  const operand = decodeOperand(instruction, index);
  switch (instruction.opKind(index)) {
    case OpKind.Register: {
      const register = instruction.opRegister(index);
      if (operand.letter === 'r') return { kind: 'register', address: operand.register, bits: operand.bits };
      if (operand.letter === 's') return { kind: 'segment', number: segmentNumber(register) };
      if (RegisterExt.isCR(register)) return { kind: 'control', number: RegisterExt.number(register) };
      if (RegisterExt.isDR(register)) return { kind: 'debug', number: RegisterExt.number(register) };
      return { kind: 'implicit' };
    }
    case OpKind.Memory:
      return { kind: 'memory', bits: operand.bits };
    case OpKind.FarBranch16:
      return { kind: 'far', selector: instruction.farBranchSelector, offset: instruction.farBranch16 };
    case OpKind.FarBranch32:
      return { kind: 'far', selector: instruction.farBranchSelector, offset: instruction.farBranch32 };
    default:
      return operand.letter === 'i'
        ? { kind: 'immediate', value: Number(BigInt.asIntN(32, instruction.immediate(index))) }
        : { kind: 'implicit' };
  }
}
