/** DIV and IDIV with quotients that fit, just fail to fit, or divide by zero; CMPXCHG with equal operands. */

import { Register } from 'iced-x86';
import type { Override, VectorPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';
import type { MemoryBytes } from '../windows.ts';
import {
  interesting,
  piece,
  RAX,
  RBX,
  RCX,
  RDX,
  randomBits,
  setLow,
  setRegister,
  vectorPlan,
  widthOf,
} from './common.ts';
import type { Requirement } from './scope.ts';
import type { Context, Special } from './special.ts';

export function divideSpecial({ scoped: { name } }: Requirement): Special | undefined {
  if (/^Mul_|^Imul_rm|^VEX_Mulx/.test(name)) return { avoid: [RAX, RDX] };
  const match = /^(Div|Idiv)_rm(8|16|32|64)$/.exec(name);
  if (!match) return undefined;
  const signed = match[1] === 'Idiv';
  const bits = Number(match[2]);
  return {
    avoid: [RAX, RDX],
    counts: { encodings: 16, vectors: 4 },
    vector: (prng, context) => chooseDivision(prng, context, bits, signed),
  };
}

function chooseDivision(
  prng: Prng,
  { registers, memory, requirement: { bitness } }: Context,
  bits: number,
  signed: boolean,
): VectorPlan {
  const register = registers[0]!;
  // A divisor in AX or DX depends on the dividend; what was drawn serves.
  if (!memory && (register === RAX || register === RDX)) return vectorPlan([]);
  let divisor = interesting(prng, bits);
  if (signed) divisor = BigInt.asIntN(bits, divisor);
  const pieces: MemoryBytes[] = [];
  const overrides: Override[] = [];
  if (memory) pieces.push(piece(memory.address, bits, BigInt.asUintN(bits, divisor)));
  // The 8-bit divisor may be CH or BH: both bytes hold it.
  else if (bits === 8) overrides.push(setRegister(register, 16, BigInt.asUintN(8, divisor) * 0x101n));
  else overrides.push(setLow(prng, bitness, register, bits, divisor));
  if (divisor !== 0n && prng.below(8) !== 0) {
    const magnitude = divisor < 0n ? -divisor : divisor;
    let quotient = interesting(prng, bits);
    if (signed) quotient = BigInt.asIntN(bits, quotient);
    // One past the greatest quotient, now and then.
    if (prng.below(16) === 0) quotient = signed ? 1n << BigInt(bits - 1) : 1n << BigInt(bits);
    let remainder = randomBits(prng, bits) % magnitude;
    if (prng.below(4) === 0) remainder = prng.below(2) === 0 ? 0n : magnitude - 1n;
    const product = quotient * divisor;
    const negative = product < 0n || (product === 0n && signed && prng.below(2) === 0);
    const dividend = BigInt.asUintN(2 * bits, negative ? product - remainder : product + remainder);
    if (bits === 8) overrides.push(setRegister(RAX, 16, dividend));
    else {
      overrides.push(setLow(prng, bitness, RAX, bits, dividend));
      overrides.push(setLow(prng, bitness, RDX, bits, dividend >> BigInt(bits)));
    }
  }
  return vectorPlan(overrides, pieces);
}

export function compareExchangeSpecial({ scoped: { name }, bitness }: Requirement): Special | undefined {
  if (/^Cmpxchg_rm/.test(name)) {
    const bits = widthOf(name);
    return { avoid: [RAX], vector: (prng, context) => chooseComparison(prng, context, bits) };
  }
  const pair = /^Cmpxchg(8|16)b_/.exec(name);
  if (!pair) return undefined;
  const half = Number(pair[1]) * 4;
  return {
    avoid: [RAX, RBX, RCX, RDX],
    vector: (prng, { memory }) => {
      if (!memory || prng.below(2) === 0) return vectorPlan([]);
      const low = interesting(prng, half);
      const high = interesting(prng, half);
      const wrong = prng.below(4) === 0 ? 1n << BigInt(prng.below(half)) : 0n;
      return vectorPlan(
        [setLow(prng, bitness, RAX, half, low), setLow(prng, bitness, RDX, half, high ^ wrong)],
        [piece(memory.address, half, low), piece(memory.address + half / 8, half, high)],
      );
    },
  };
}

function chooseComparison(
  prng: Prng,
  { registers, memory, instruction, requirement: { bitness } }: Context,
  bits: number,
): VectorPlan {
  if (prng.below(2) === 0) return vectorPlan([]);
  const value = interesting(prng, bits);
  const overrides = [setLow(prng, bitness, RAX, bits, value)];
  if (memory) return vectorPlan(overrides, [piece(memory.address, bits, value)]);
  const destination = registers[0]!;
  if (destination === RAX) return vectorPlan([]);
  const operand = instruction.opRegister(0);
  const high = operand >= Register.AH && operand <= Register.BH;
  overrides.push(high ? setRegister(destination, 16, value * 0x101n) : setLow(prng, bitness, destination, bits, value));
  return vectorPlan(overrides);
}
