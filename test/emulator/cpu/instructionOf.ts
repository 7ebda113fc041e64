/** Bytes of an instruction with simple operands, for any of iced's Codes. */
import { Code, CodeExt, Encoder, Instruction, OpCodeOperandKind as Kind, OpKind, Register } from 'iced-x86';

const REGISTERS: readonly (readonly [pattern: RegExp, register: Register])[] = [
  [/^r8_/, Register.CL],
  [/^r16_/, Register.CX],
  [/^r32_/, Register.ECX],
  [/^r64_/, Register.RCX],
  [/^xmm/, Register.XMM1],
  [/^ymm/, Register.YMM1],
  [/^mm_/, Register.MM1],
  [/^st0$/, Register.ST0],
  [/^sti_/, Register.ST1],
  [/^al$/, Register.AL],
  [/^ax$/, Register.AX],
  [/^eax$/, Register.EAX],
  [/^rax$/, Register.RAX],
  [/^cl$/, Register.CL],
  [/^dx$/, Register.DX],
  [/^seg_reg$/, Register.DS],
  [/^cr_reg$/, Register.CR0],
  [/^dr_reg$/, Register.DR0],
];

/** Undefined for a Code that this mode cannot have, or whose operands take more than registers, memory and bytes. */
export function instructionOf(name: string, bits: 32 | 64): Uint8Array | undefined {
  const code = Code[name as keyof typeof Code];
  const info = CodeExt.opCode(code);
  if (!info.isInstruction || (bits === 64 ? !info.mode64 : !info.mode32)) return undefined;
  const instruction = new Instruction();
  const encoder = new Encoder(bits);
  try {
    instruction.code = code;
    for (let i = 0; i < info.opCount; i++) {
      const kind = Kind[info.opKind(i)]!;
      const found = REGISTERS.find(([pattern]) => pattern.test(kind));
      if (kind === 'mem') {
        instruction.setOpKind(i, OpKind.Memory);
        instruction.memoryBase = bits === 64 ? Register.RBX : Register.EBX;
      } else if (found) {
        instruction.setOpKind(i, OpKind.Register);
        instruction.setOpRegister(i, found[1]);
      } else if (kind === 'imm8') {
        instruction.setOpKind(i, OpKind.Immediate8);
        instruction.immediate8 = 0;
      } else return undefined;
    }
    encoder.encode(instruction, 0n);
    return encoder.takeBuffer();
  } catch {
    return undefined;
  } finally {
    instruction.free();
    encoder.free();
  }
}
