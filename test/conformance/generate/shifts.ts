/** Shifts and rotates: counts around zero, one, the width, and above it. */

import type { Prng } from '../prng.ts';
import { RCX, setRegister, vectorPlan, widthOf } from './common.ts';
import type { Requirement } from './scope.ts';
import type { Special } from './special.ts';

function chooseCount(prng: Prng, width: number, double: boolean): number {
  const edges = [
    0,
    1,
    1,
    2,
    width - 1,
    width,
    width + 1,
    2 * width,
    31,
    32,
    33,
    63,
    64,
    65,
    0x80,
    0xff,
    prng.below(width),
    prng.below(256),
  ];
  for (;;) {
    const count = prng.pick(edges) & 0xff;
    // SHLD and SHRD of 16 bits by more than 16 leave even the destination undefined.
    if (!double || width !== 16 || (count & 31) <= 16) return count;
  }
}

export function shiftSpecial({ scoped: { name } }: Requirement): Special | undefined {
  const family = /^(?:Rol|Ror|Rcl|Rcr|Shl|Shr|Sal|Sar|Shld|Shrd)_/.test(name);
  const three = /^VEX_(Shlx|Sarx|Shrx|Bzhi)_/.test(name);
  if (three) {
    const bits = widthOf(name);
    return {
      vector: (prng, { registers }) =>
        vectorPlan(prng.below(4) === 0 ? [] : [setRegister(registers[2]!, 8, BigInt(chooseCount(prng, bits, false)))]),
    };
  }
  if (!family) return undefined;
  const width = widthOf(name);
  const double = /^Sh[lr]d_/.test(name);
  if (name.endsWith('_CL')) {
    return {
      avoid: [RCX],
      vector: (prng) => vectorPlan([setRegister(RCX, 8, BigInt(chooseCount(prng, width, double)))]),
    };
  }
  if (name.endsWith('_imm8'))
    return { immediate: (prng) => BigInt(chooseCount(prng, width, double)), counts: { encodings: 32, vectors: 2 } };
  return {};
}
