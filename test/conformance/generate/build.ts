/** Builds the encodings of a group, and checks that they decode to the wanted Code. */

import { Decoder, DecoderOptions, Encoder, type Instruction } from 'iced-x86';
import type { DrawnPiece, EncodingPlan, VectorPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { CODE_BASE, PAGE } from '../windows.ts';
import { draftOperands } from './operands.ts';
import { gprNumber } from './registers.ts';
import type { Requirement } from './scope.ts';
import type { Context, Special } from './special.ts';

const ATTEMPTS = 300;
const NO_REGISTER = 255;

function chooseIp(prng: Prng): number {
  if (prng.below(8) === 0) return CODE_BASE + PAGE - 1 - prng.below(6);
  return CODE_BASE + 0x100 + prng.below(PAGE - 0x200) + PAGE * prng.below(2);
}

/** The instruction's bytes; undefined when its operands cannot be encoded together. */
function encode(instruction: Instruction, bitness: number, ip: number): Uint8Array | undefined {
  const encoder = new Encoder(bitness);
  try {
    encoder.encode(instruction, BigInt(ip));
    return encoder.takeBuffer();
  } catch {
    return undefined;
  } finally {
    encoder.free();
  }
}

function decodesTo(code: Uint8Array, { scoped, bitness }: Requirement, ip: number): boolean {
  const decoder = new Decoder(bitness, code, DecoderOptions.None);
  decoder.ip = BigInt(ip);
  const decoded = decoder.decode();
  const same = decoded.code === scoped.code && decoded.length === code.length;
  decoded.free();
  decoder.free();
  return same;
}

/** One encoding of a group with its vectors. */
export function buildEncoding(prng: Prng, requirement: Requirement, special: Special, vectors: number): EncodingPlan {
  const { scoped, bitness, variant, shape } = requirement;
  const lockRegister = variant === 'lock' && shape === 'register';
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const ip = chooseIp(prng);
    const plain = lockRegister ? { ...requirement, variant: '' } : requirement;
    const { instruction, overrides, memory } = draftOperands(prng, plain, special, ip);
    let code = encode(instruction, bitness, ip);
    if (code === undefined || !decodesTo(code, requirement, ip)) {
      instruction.free();
      continue;
    }
    if (lockRegister) code = Uint8Array.of(0xf0, ...code);
    const registers = scoped.operands.map((_, i) => gprNumber(instruction.opRegister(i)) ?? -1);
    const context: Context = { requirement, instruction, registers, memory, ip };
    const extra = special.encoding?.(prng, context);
    const drawn: DrawnPiece[] = extra?.drawn ?? (memory ? [{ address: memory.address, length: memory.size }] : []);
    const plans: VectorPlan[] = [];
    for (let v = 0; v < vectors; v++) plans.push(special.vector?.(prng, context) ?? { overrides: [], pieces: [] });
    const operand0 = registers[0] !== undefined && registers[0] >= 0 ? registers[0] : NO_REGISTER;
    instruction.free();
    return { ip, code, operand0, overrides: [...overrides, ...(extra?.overrides ?? [])], drawn, vectors: plans };
  }
  throw new Error(`No encoding found for ${scoped.name}, ${bitness}-bit ${shape} ${variant}, in ${ATTEMPTS} attempts.`);
}
