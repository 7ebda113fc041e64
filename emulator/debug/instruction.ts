import { Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register } from 'iced-x86';
import { linear } from '../addresses.ts';
import type { MachineApi } from '../api.ts';

/** What run control and the stack walker need to know of an instruction. */
export interface InstructionShape {
  readonly address: bigint;
  readonly length: number;
  readonly kind:
    | 'plain'
    | 'branch'
    | 'call'
    | 'farCall'
    | 'return'
    | 'farReturn'
    | 'interruptReturn'
    /** INT n, INT3, INTO, SYSCALL, SYSENTER: comes back to the next instruction. */
    | 'systemCall'
    /** A string instruction with a repeat prefix: retires many steps at one address. */
    | 'repeat'
    | 'invalid';
  /** Of a direct CALL or jump. */
  readonly target?: bigint;
  /** Bytes by which RSP grows (POP, RET) or shrinks (PUSH, SUB RSP with an immediate); 0 for what cannot be told. */
  readonly stackChange: number;
}

export const MAX_INSTRUCTION_BYTES = 15;

/** Decodes the instruction at a linear address; undefined when its first byte cannot be read. */
export function instructionAt(
  machine: MachineApi,
  address: bigint,
  bits = machine.codeBits(),
): InstructionShape | undefined {
  const { data } = machine.readLinear(linear(address), MAX_INSTRUCTION_BYTES);
  return data.length === 0 ? undefined : shapeOf(data, address, bits, codeBase(machine));
}

/** What is added to an instruction pointer to make it linear. */
export const codeBase = (machine: MachineApi): bigint =>
  machine.codeBits() === 64 ? 0n : machine.readRegister('cs.base');

/** `address` and the target are linear; `base` is that of the code segment, in which offsets wrap. */
export function shapeOf(bytes: Uint8Array, address: bigint, bits: 16 | 32 | 64, base: bigint): InstructionShape {
  const decoder = new Decoder(bits, bytes, DecoderOptions.None);
  const instruction = new Instruction();
  try {
    decoder.ip = BigInt.asUintN(bits, address - base);
    decoder.decodeOut(instruction);
    const { length } = instruction;
    const kind = kindOf(instruction);
    const direct = instruction.op0Kind >= OpKind.NearBranch16 && instruction.op0Kind <= OpKind.NearBranch64;
    return {
      address,
      length: Math.max(length, 1),
      kind,
      stackChange: stackChange(instruction),
      ...(direct && instruction.opCount > 0 && { target: BigInt.asUintN(64, instruction.nearBranchTarget + base) }),
    };
  } finally {
    instruction.free();
    decoder.free();
  }
}

function kindOf(instruction: Instruction): InstructionShape['kind'] {
  if (instruction.isInvalid) return 'invalid';
  const { mnemonic } = instruction;
  switch (instruction.flowControl) {
    case FlowControl.Call:
    case FlowControl.IndirectCall:
      if (mnemonic === Mnemonic.Syscall || mnemonic === Mnemonic.Sysenter) return 'systemCall';
      return mnemonic === Mnemonic.Call
        ? instruction.isCallFar || instruction.isCallFarIndirect
          ? 'farCall'
          : 'call'
        : 'plain';
    case FlowControl.Return:
      if (mnemonic === Mnemonic.Ret) return 'return';
      if (mnemonic === Mnemonic.Retf) return 'farReturn';
      return 'interruptReturn';
    case FlowControl.Interrupt:
      return mnemonic === Mnemonic.Int1 ? 'plain' : 'systemCall';
    case FlowControl.ConditionalBranch:
    case FlowControl.UnconditionalBranch:
    case FlowControl.IndirectBranch:
      return 'branch';
    default:
      return (instruction.hasRepPrefix || instruction.hasRepnePrefix) && instruction.isStringInstruction
        ? 'repeat'
        : 'plain';
  }
}

function stackChange(instruction: Instruction): number {
  if (instruction.isStackInstruction) return instruction.stackPointerIncrement;
  const { mnemonic } = instruction;
  if (mnemonic !== Mnemonic.Add && mnemonic !== Mnemonic.Sub) return 0;
  const destination = instruction.op0Kind === OpKind.Register ? instruction.op0Register : Register.None;
  if (destination !== Register.RSP && destination !== Register.ESP) return 0;
  if (instruction.op1Kind < OpKind.Immediate8 || instruction.op1Kind > OpKind.Immediate32to64) return 0;
  const amount = Number(BigInt.asIntN(32, instruction.immediate(1)));
  return mnemonic === Mnemonic.Add ? amount : -amount;
}
