/** Random operands for a Code: registers, immediates, branch targets, and where memory operands lie. */

import { Instruction, OpCodeOperandKind as Kind, OpKind, Register } from 'iced-x86';
import { type Override, Target } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { DATA_BASE, PAGE, STACK_BASE } from '../windows.ts';
import { chooseAddressing, operandRegisters, setMoffs, setStackAddress } from './addressing.ts';
import { chooseShortTarget, chooseTarget } from './branches.ts';
import { interesting, RDI, RSP } from './common.ts';
import { memoryBytes } from './memorySize.ts';
import { gprOfSize } from './registers.ts';
import { needsAlignment, type Requirement, stackElement } from './scope.ts';
import type { Placement, Special } from './special.ts';

const REGISTER_BITS = new Map<Kind, number>([
  [Kind.r8_or_mem, 8],
  [Kind.r16_or_mem, 16],
  [Kind.r32_or_mem, 32],
  [Kind.r64_or_mem, 64],
  [Kind.r8_reg, 8],
  [Kind.r16_reg, 16],
  [Kind.r32_reg, 32],
  [Kind.r64_reg, 64],
  [Kind.r8_opcode, 8],
  [Kind.r16_opcode, 16],
  [Kind.r32_opcode, 32],
  [Kind.r64_opcode, 64],
  [Kind.r32_vvvv, 32],
  [Kind.r64_vvvv, 64],
  [Kind.r32_rm, 32],
  [Kind.r64_rm, 64],
]);
const OR_MEMORY = new Set<Kind>([
  Kind.r8_or_mem,
  Kind.r16_or_mem,
  Kind.r32_or_mem,
  Kind.r64_or_mem,
  Kind.xmm_or_mem,
  Kind.mm_or_mem,
]);
const FIXED = new Map<Kind, Register>([
  [Kind.al, Register.AL],
  [Kind.cl, Register.CL],
  [Kind.ax, Register.AX],
  [Kind.dx, Register.DX],
  [Kind.eax, Register.EAX],
  [Kind.rax, Register.RAX],
]);
/** Immediate kinds with the operand kind and width in bits that iced-x86 gives them. */
const IMMEDIATE = new Map<Kind, readonly [OpKind, number]>([
  [Kind.imm8, [OpKind.Immediate8, 8]],
  [Kind.imm8_const_1, [OpKind.Immediate8, 8]],
  [Kind.imm8sex16, [OpKind.Immediate8to16, 8]],
  [Kind.imm8sex32, [OpKind.Immediate8to32, 8]],
  [Kind.imm8sex64, [OpKind.Immediate8to64, 8]],
  [Kind.imm16, [OpKind.Immediate16, 16]],
  [Kind.imm32, [OpKind.Immediate32, 32]],
  [Kind.imm32sex64, [OpKind.Immediate32to64, 32]],
  [Kind.imm64, [OpKind.Immediate64, 64]],
]);
const BRANCH = new Map<Kind, readonly [OpKind, 1 | 4]>([
  [Kind.br32_1, [OpKind.NearBranch32, 1]],
  [Kind.br32_4, [OpKind.NearBranch32, 4]],
  [Kind.br64_1, [OpKind.NearBranch64, 1]],
  [Kind.br64_4, [OpKind.NearBranch64, 4]],
]);

const NO_ACCESS = /^(Lea_|Nop_)/;

/** Chooses where a memory operand lies: within one page of the data window, or across the boundary between the two. */
function placeMemory(prng: Prng, { scoped, shape }: Requirement, size: number): Placement {
  let address: number;
  if (shape === 'split') address = DATA_BASE + PAGE - 1 - prng.below(size - 1);
  else {
    const offset = prng.below(PAGE - size + 1);
    const aligned = needsAlignment(scoped) && prng.below(8) !== 0;
    address = DATA_BASE + PAGE * prng.below(2) + (aligned ? offset & ~15 : offset);
  }
  return { address, size, reach: address };
}

function setImmediate(instruction: Instruction, operand: number, kind: OpKind, bits: number, value: bigint): void {
  const unsigned = BigInt.asUintN(bits, value);
  const signed = BigInt.asIntN(bits, value);
  instruction.setOpKind(operand, kind);
  switch (kind) {
    case OpKind.Immediate8:
      instruction.immediate8 = Number(unsigned);
      break;
    case OpKind.Immediate8_2nd:
      instruction.immediate8_2nd = Number(unsigned);
      break;
    case OpKind.Immediate16:
      instruction.immediate16 = Number(unsigned);
      break;
    case OpKind.Immediate32:
      instruction.immediate32 = Number(unsigned);
      break;
    case OpKind.Immediate64:
      instruction.immediate64 = unsigned;
      break;
    default:
      instruction.setImmediateI64(operand, signed);
  }
}

/** An operand of PUSH, POP or CALL relative to RSP; POP computes its address after it has moved RSP. */
function placeInStack(prng: Prng, name: string, element: number, size: number) {
  const rsp = STACK_BASE + 0x800 + 16 * prng.below(0x60);
  const displacement = prng.below(0x180) - 0x80;
  const address = rsp + displacement + (name.startsWith('Pop') ? element : 0);
  return { rsp, displacement, memory: { address, size, reach: address } };
}

/** A direct offset, in long mode now and then 32 bits wide or relative to FS or GS. */
function placeMoffs(prng: Prng, instruction: Instruction, bitness: 32 | 64, address: number): Override[] {
  const addressSize = bitness === 64 && prng.below(4) === 0 ? 32 : bitness;
  if (bitness === 32 || prng.below(4) !== 0) {
    setMoffs(instruction, address, addressSize);
    return [];
  }
  const base = 0x1000 + prng.below(0x2000_0000);
  const useFs = prng.below(2) === 0;
  instruction.segmentPrefix = useFs ? Register.FS : Register.GS;
  setMoffs(instruction, address - base, addressSize);
  return [{ target: useFs ? Target.fsBase : Target.gsBase, size: 8, value: BigInt(base) }];
}

export interface Draft {
  readonly instruction: Instruction;
  readonly overrides: Override[];
  readonly memory: Placement | undefined;
}

/** Sets random operands; some combinations cannot be encoded, which the encoder tells. */
export function draftOperands(prng: Prng, requirement: Requirement, special: Special, ip: number): Draft {
  const { scoped, bitness, shape, variant } = requirement;
  const { operands, info, name } = scoped;
  const instruction = new Instruction();
  instruction.code = scoped.code;
  const registers = bitness === 64 ? 16 : 8;
  const allowRsp = stackElement(scoped, bitness) > 0 && prng.below(8) === 0 && !/^(Call|Jmp)/.test(name);
  const overrides: Override[] = [];
  const used: number[] = [];
  let memoryKind: Kind | undefined;
  for (const [i, kind] of operands.entries()) {
    const fixed = FIXED.get(kind);
    const bits = REGISTER_BITS.get(kind);
    const immediate = IMMEDIATE.get(kind);
    const branch = BRANCH.get(kind);
    if (fixed !== undefined) {
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, fixed);
    } else if (
      kind === Kind.mem ||
      kind === Kind.mem_offs ||
      kind === Kind.seg_rBX_al ||
      (OR_MEMORY.has(kind) && shape !== 'register' && variant !== 'stack')
    ) {
      instruction.setOpKind(i, OpKind.Memory);
      memoryKind = kind;
    } else if (bits !== undefined) {
      const number = chooseOperandRegister(prng, bits, registers, allowRsp, special.avoidOperands ?? []);
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, gprOfSize(number, bits));
    } else if (kind === Kind.xmm_reg || kind === Kind.xmm_rm || kind === Kind.xmm_or_mem) {
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, Register.XMM0 + prng.below(registers));
    } else if (kind === Kind.mm_reg || kind === Kind.mm_rm || kind === Kind.mm_or_mem) {
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, Register.MM0 + prng.below(8));
    } else if (kind === Kind.seg_rDI) {
      instruction.setOpKind(i, bitness === 64 ? OpKind.MemorySegRDI : OpKind.MemorySegEDI);
      memoryKind = kind;
    } else if (kind === Kind.st0 || kind === Kind.sti_opcode) {
      instruction.setOpKind(i, OpKind.Register);
      instruction.setOpRegister(i, Register.ST0 + (kind === Kind.st0 ? 0 : prng.below(8)));
    } else if (immediate !== undefined) {
      const second = i > 0 && kind === Kind.imm8 && operands[i - 1] === Kind.imm16;
      const value = kind === Kind.imm8_const_1 ? 1n : (special.immediate?.(prng, i) ?? interesting(prng, immediate[1]));
      setImmediate(instruction, i, second ? OpKind.Immediate8_2nd : immediate[0], immediate[1], value);
    } else if (branch !== undefined) {
      instruction.setOpKind(i, branch[0]);
      const target = branch[1] === 1 ? chooseShortTarget(prng, ip) : chooseTarget(prng, ip);
      if (branch[0] === OpKind.NearBranch64) instruction.nearBranch64 = BigInt(target);
      else instruction.nearBranch32 = target;
    } else throw new Error(`${name} operand ${i} has kind ${Kind[kind]}, for which no operand is made.`);
  }
  used.push(...operandRegisters(instruction));

  let memory: Placement | undefined;
  if (memoryKind !== undefined) {
    const size = memoryBytes(info.memorySize);
    const element = stackElement(scoped, bitness);
    const inStack =
      element > 0 && shape === 'memory' && prng.below(4) === 0 ? placeInStack(prng, name, element, size) : undefined;
    if (inStack) memory = inStack.memory;
    else if (!NO_ACCESS.test(name)) memory = special.place?.(prng) ?? placeMemory(prng, requirement, Math.max(size, 1));
    const addressSize = variant.includes('addr16') ? 16 : variant.includes('addr32') ? 32 : bitness;
    if (inStack) {
      setStackAddress(instruction, bitness, inStack.displacement);
      overrides.push({ target: RSP, size: 4, value: BigInt(inStack.rsp) });
    } else if (memoryKind === Kind.mem_offs) overrides.push(...placeMoffs(prng, instruction, bitness, memory!.address));
    else if (memoryKind === Kind.seg_rDI) {
      overrides.push({ target: RDI, size: bitness === 64 ? 8 : 4, value: BigInt(memory!.address) });
    } else if (memoryKind === Kind.seg_rBX_al) {
      instruction.memoryBase = gprOfSize(3, addressSize);
      instruction.memoryIndex = Register.AL;
    } else {
      const mayShare = prng.below(16) === 0 && special.place === undefined && special.vector === undefined;
      const avoid = new Set([...(special.avoid ?? []), ...(mayShare ? [] : used)]);
      // Long mode keeps 32-bit addressing for a few encodings of every memory group.
      const size32 =
        bitness === 64 && addressSize === 64 && prng.below(8) === 0 && memory !== undefined ? 32 : addressSize;
      const request = {
        bitness,
        address: memory?.reach,
        avoid,
        addressSize: size32,
        segments: memory !== undefined,
        stackBase: element === 0,
      } as const;
      overrides.push(...chooseAddressing(prng, instruction, request).overrides);
    }
  }
  if (variant.includes('lock')) instruction.hasLockPrefix = true;
  return { instruction, overrides, memory };
}

function chooseOperandRegister(
  prng: Prng,
  bits: number,
  registers: number,
  allowRsp: boolean,
  not: readonly number[],
): number {
  for (;;) {
    if (bits === 8) {
      const high = prng.below(4) === 0;
      const number = high ? 16 + prng.below(4) : prng.below(registers === 8 ? 4 : 16);
      if (number !== RSP) return number;
    } else {
      if (allowRsp && bits !== 8) return RSP;
      const number = prng.below(registers);
      if (number !== RSP && !not.includes(number)) return number;
    }
  }
}
