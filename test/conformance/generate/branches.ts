/** Branches: targets inside the code window, away from the instruction's own bytes. */

import type { Prng } from '../prng.ts';
import { CODE_BASE, WINDOW_SIZE } from '../windows.ts';
import { piece, RCX, setRegister, vectorPlan } from './common.ts';
import type { Requirement } from './scope.ts';
import type { Special } from './special.ts';

const LONGEST_INSTRUCTION = 15;

/** A linear address in the code window that is not inside the instruction at `ip`. */
export function chooseTarget(prng: Prng, ip: number): number {
  for (;;) {
    const target = CODE_BASE + prng.below(WINDOW_SIZE);
    if (target < ip || target >= ip + LONGEST_INSTRUCTION) return target;
  }
}

/** A target that an 8-bit displacement reaches. */
export function chooseShortTarget(prng: Prng, ip: number): number {
  return prng.below(2) === 0 ? ip - 1 - prng.below(100) : ip + LONGEST_INSTRUCTION + prng.below(100);
}

export function branchSpecial({ scoped: { name }, bitness }: Requirement): Special | undefined {
  const counter = /^(?:Loop|Loope|Loopne|Jcxz|Jecxz|Jrcxz)_.*?(CX|ECX|RCX)?$/.exec(name);
  if (counter) {
    const width = /^Jcxz|_CX$/.test(name) ? 16 : /^Jecxz|_ECX$/.test(name) ? 32 : 64;
    return {
      vector: (prng) => {
        const low = prng.pick([0n, 1n, 2n, -1n, BigInt(prng.next())]);
        // Bits above the counter's width must not matter.
        const upper = bitness === 64 ? (BigInt(prng.next()) << 32n) | BigInt(prng.next()) : BigInt(prng.next());
        const keep = prng.below(2) === 0 ? upper : 0n;
        const mask = (1n << BigInt(width)) - 1n;
        const value = (keep & ~mask) | (low & mask);
        return vectorPlan([setRegister(RCX, bitness, BigInt.asUintN(bitness, value))]);
      },
    };
  }
  if (!/^Jmp_rm/.test(name)) return undefined;
  return {
    vector: (prng, { registers, memory, ip }) => {
      const target = BigInt(chooseTarget(prng, ip));
      if (memory) return vectorPlan([], [piece(memory.address, bitness, target)]);
      return vectorPlan([setRegister(registers[0]!, bitness === 64 ? 64 : 32, target)]);
    },
  };
}
