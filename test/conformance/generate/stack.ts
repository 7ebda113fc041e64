/** Instructions that use the stack: where RSP is, what lies there, and RBP for ENTER and LEAVE. */

import type { DrawnPiece, Override, VectorPlan } from '../plan.ts';
import type { Prng } from '../prng.ts';
import { type MemoryBytes, PAGE, STACK_BASE } from '../windows.ts';
import { chooseTarget } from './branches.ts';
import { piece, RBP, RSP, randomBits, setRegister, vectorPlan } from './common.ts';
import { type Requirement, stackElement } from './scope.ts';
import type { Context, Special } from './special.ts';

const MIDDLE = STACK_BASE + PAGE;

/** Image bits that POPF may load at any privilege level with the same result: CF PF AF ZF SF DF OF, NT, ID, and reserved ones. */
const POPF_RANDOM = 0x0020_4cd5n | 0xffff_ffff_ffc0_802an;
const POPF_FIXED = 0x200n;

function popsFirst(name: string): boolean {
  return /^(Pop|Popa|Popf|Retn|Leave)/.test(name);
}

/** RSP such that the element moved lies across the boundary, below it when pushed and above it when popped. */
function splitPointer(prng: Prng, name: string, element: number): number {
  const inside = 1 + prng.below(element - 1);
  if (popsFirst(name)) return MIDDLE - inside;
  if (/^Pusha/.test(name)) return MIDDLE + inside + element * prng.below(7);
  return MIDDLE + inside;
}

export function stackSpecial(requirement: Requirement): Special | undefined {
  const { scoped, bitness, shape, variant } = requirement;
  const element = stackElement(scoped, bitness);
  if (element === 0) return undefined;
  const { name } = scoped;
  const split = variant === 'stack' && shape === 'split';
  const frame = /^(Enter|Leave)/.test(name);
  return {
    avoid: [RSP, RBP],
    ...(/^Enter/.test(name) ? { counts: { encodings: 32, vectors: 2 } } : {}),
    immediate: (prng, operand) => enterImmediate(prng, name, operand),
    encoding: (prng, context) => {
      const overrides: Override[] = [];
      const drawn: DrawnPiece[] = [];
      if (split && !/^Leave/.test(name))
        overrides.push(setRegister(RSP, 32, BigInt(splitPointer(prng, name, element))));
      if (frame) {
        const within = STACK_BASE + 0x600 + element * prng.below(0x80);
        const rbp = split && /^Leave/.test(name) ? splitPointer(prng, name, element) : within;
        overrides.push(setRegister(RBP, bitness === 64 ? 64 : 32, BigInt(rbp)));
      }
      if (context.memory) drawn.push({ address: context.memory.address, length: context.memory.size });
      return { overrides, drawn };
    },
    vector: (prng, context) => stackVector(prng, context, element),
  };
}

function enterImmediate(prng: Prng, name: string, operand: number): bigint | undefined {
  if (/^Retn/.test(name)) return BigInt(prng.pick([0, 1, 4, 8, 16, 0x100, 0xfff, 0xffff, prng.below(0x10000)]));
  if (!/^Enter/.test(name)) return undefined;
  if (operand === 0) return BigInt(prng.pick([0, 1, 8, 16, prng.below(0x200)]));
  return BigInt(prng.pick([0, 0, 1, 2, 3, prng.below(32), 31, 32, 33, 64 + prng.below(4), prng.below(256)]));
}

function stackVector(prng: Prng, context: Context, element: number): VectorPlan {
  const { requirement, registers, memory } = context;
  const { name } = requirement.scoped;
  const bits = requirement.bitness;
  const pieces: MemoryBytes[] = [];
  const overrides: Override[] = [];
  if (/^Popf/.test(name) || /^Retn/.test(name)) {
    // The image must lie where RSP points, so RSP is chosen here unless the encoding has done it.
    const pointer = requirement.variant === 'stack' ? undefined : STACK_BASE + 0x800 + 8 * prng.below(0x100);
    const rsp = pointer ?? splitPointer(prng, name, element);
    overrides.push(setRegister(RSP, 32, BigInt(rsp)));
    const value = /^Popf/.test(name)
      ? (randomBits(prng, 64) & POPF_RANDOM) | POPF_FIXED
      : BigInt(chooseTarget(prng, context.ip));
    pieces.push(piece(rsp, element * 8, BigInt.asUintN(element * 8, value)));
  } else if (/^(Call|Jmp)_rm/.test(name)) {
    const target = BigInt(chooseTarget(prng, context.ip));
    if (memory) pieces.push(piece(memory.address, bits, target));
    else overrides.push(setRegister(registers[0]!, bits === 64 ? 64 : 32, target));
  }
  return vectorPlan(overrides, pieces);
}
