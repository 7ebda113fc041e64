/** Chooses an addressing form for a memory operand and the register values that make it reach a given address. */

import { type Instruction, Register } from 'iced-x86';
import type { Override } from '../plan.ts';
import { Target } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { gprNumber, gprOfSize } from './registers.ts';

export interface AddressRequest {
  readonly bitness: 32 | 64;
  /** Linear address to reach; undefined when any address will do (LEA, NOP, prefetch hints). */
  readonly address: number | undefined;
  /** Numbers of registers that may not take part: operands, and registers whose value a vector sets. */
  readonly avoid: ReadonlySet<number>;
  readonly addressSize: 16 | 32 | 64;
  /** False where a segment base would not be applied (LEA) or is not wanted. */
  readonly segments: boolean;
  /** True when RSP may be the base: the instruction does not use the stack. */
  readonly stackBase: boolean;
}

export interface Addressing {
  readonly overrides: Override[];
}

const RSP = 4;
const MASK64 = (1n << 64n) - 1n;
const MASK32 = (1n << 32n) - 1n;

const BASES_16 = [
  [Register.BX, Register.SI],
  [Register.BX, Register.DI],
  [Register.BP, Register.SI],
  [Register.BP, Register.DI],
  [Register.SI, Register.None],
  [Register.DI, Register.None],
  [Register.BP, Register.None],
  [Register.BX, Register.None],
] as const;

/** Segments with base zero: ignored in 64-bit mode; in 32-bit mode CS is left out because it is not writable. */
const FLAT_64 = [Register.ES, Register.CS, Register.SS, Register.DS] as const;
const FLAT_32 = [Register.ES, Register.SS, Register.DS] as const;

function chooseRegister(prng: Prng, count: number, avoid: ReadonlySet<number>, alsoNot: number): number {
  for (;;) {
    const number = prng.below(count);
    if (number !== RSP && number !== alsoNot && !avoid.has(number)) return number;
  }
}

function signedDisplacement(prng: Prng): { value: bigint; size: number } {
  switch (prng.below(3)) {
    case 0:
      return { value: 0n, size: 0 };
    case 1:
      return { value: BigInt(prng.below(256) - 128), size: 1 };
    default:
      return { value: BigInt(prng.next() | 0), size: 8 };
  }
}

/** Sets the memory operand of `instruction` and returns the register values that it needs. */
export function chooseAddressing(prng: Prng, instruction: Instruction, request: AddressRequest): Addressing {
  if (request.addressSize === 16) {
    const [base, index] = prng.pick(BASES_16);
    instruction.memoryBase = base;
    instruction.memoryIndex = index;
    instruction.memoryIndexScale = 1;
    const wide = prng.below(2) === 1;
    instruction.memoryDisplSize = wide ? 2 : 1;
    instruction.memoryDisplacement = BigInt.asUintN(16, BigInt(wide ? prng.next() & 0xffff : prng.below(256) - 128));
    return { overrides: [] };
  }
  const overrides: Override[] = [];
  let goal = request.address === undefined ? undefined : BigInt(request.address);
  if (request.bitness === 64 && request.segments && goal !== undefined && prng.below(6) === 0) {
    const useFs = prng.below(2) === 0;
    // A base above the windows makes the offset negative; with 32-bit addresses it must stay positive.
    const base =
      prng.below(2) === 0 && request.addressSize === 64 ? 0x7fff_0000_0000n : BigInt(0x1000 + prng.below(0x2000_0000));
    instruction.segmentPrefix = useFs ? Register.FS : Register.GS;
    overrides.push({ target: useFs ? Target.fsBase : Target.gsBase, size: 8, value: base });
    goal = (goal - base) & MASK64;
  }
  if (request.segments && instruction.segmentPrefix === Register.None && prng.below(12) === 0)
    instruction.segmentPrefix = prng.pick(request.bitness === 64 ? FLAT_64 : FLAT_32);
  const bits = request.addressSize;
  const mask = bits === 64 ? MASK64 : MASK32;
  const registers = request.bitness === 64 ? 16 : 8;
  const set = (number: number, value: bigint) => {
    if (goal === undefined) return;
    const upper = bits === 32 && request.bitness === 64 ? BigInt(prng.next()) << 32n : 0n;
    overrides.push({ target: number, size: request.bitness === 64 ? 8 : 4, value: upper | (value & mask) });
  };
  const displacementSize = bits === 64 ? 8 : 4;
  const form = prng.below(8);
  const reachable = goal === undefined || goal <= 0x7fff_ffffn;
  if (form === 0 && reachable) {
    // Displacement alone, or relative to RIP.
    const target = goal ?? BigInt(prng.next() & 0x3fff_ffff);
    const relative = request.bitness === 64 && prng.below(2) === 0;
    if (relative) instruction.memoryBase = bits === 64 ? Register.RIP : Register.EIP;
    instruction.memoryDisplSize = displacementSize;
    instruction.memoryDisplacement = target;
    return { overrides };
  }
  const displacement = signedDisplacement(prng);
  const useStack = request.stackBase && goal !== undefined && prng.below(10) === 0;
  const base = useStack ? RSP : chooseRegister(prng, registers, request.avoid, -1);
  if (form <= 3) {
    instruction.memoryBase = gprOfSize(base, bits);
    set(base, (goal ?? 0n) - displacement.value);
  } else {
    const index = chooseRegister(prng, registers, request.avoid, base);
    const scale = 1 << prng.below(4);
    instruction.memoryIndex = gprOfSize(index, bits);
    instruction.memoryIndexScale = scale;
    if (form === 4 && reachable) {
      // No base: the displacement makes up what the scaled index leaves.
      const wanted = goal ?? BigInt(prng.next() & 0x3fff_ffff);
      const value = BigInt(prng.below(0x0100_0000));
      set(index, value);
      instruction.memoryDisplSize = displacementSize;
      instruction.memoryDisplacement = (wanted - value * BigInt(scale)) & mask;
      return { overrides };
    }
    instruction.memoryBase = gprOfSize(base, bits);
    const value = prng.below(2) === 0 ? BigInt(prng.below(0x1000)) : BigInt(prng.next() | 0);
    set(index, value);
    set(base, (goal ?? 0n) - value * BigInt(scale) - displacement.value);
  }
  instruction.memoryDisplSize = displacement.size === 8 ? displacementSize : displacement.size;
  instruction.memoryDisplacement = displacement.value & mask;
  return { overrides };
}

/** A direct-offset operand (MOV AL, moffs8 and its like). */
export function setMoffs(instruction: Instruction, address: number, addressSize: number): void {
  instruction.memoryDisplSize = addressSize / 8;
  instruction.memoryDisplacement = BigInt(address);
}

/** An operand [RSP + displacement] in the stack window, for instructions that move RSP themselves. */
export function setStackAddress(instruction: Instruction, bitness: 32 | 64, displacement: number): void {
  instruction.memoryBase = bitness === 64 ? Register.RSP : Register.ESP;
  instruction.memoryDisplSize = displacement >= -128 && displacement < 128 ? 1 : bitness / 8;
  instruction.memoryDisplacement = BigInt.asUintN(bitness, BigInt(displacement));
}

/** Registers used by an operand list, as general register numbers. */
export function operandRegisters(instruction: Instruction): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < instruction.opCount; i++) {
    const number = gprNumber(instruction.opRegister(i));
    if (number !== undefined) numbers.push(number);
  }
  return numbers;
}
