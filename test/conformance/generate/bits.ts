/** BT, BTS, BTR, BTC: register bit offsets reach memory far from the operand's address. */

import { DATA_BASE, PAGE } from '../windows.ts';
import { setLow, vectorPlan, widthOf } from './common.ts';
import type { Requirement } from './scope.ts';
import type { Special } from './special.ts';

/** How many operand-sized elements the bit offset may lead away from the operand's address, each way. */
const FAR = 100;

export function bitSpecial({ scoped: { name }, shape, bitness }: Requirement): Special | undefined {
  const match = /^Bt[src]?_rm(16|32|64)_(r|imm8)/.exec(name);
  if (!match) return undefined;
  if (match[2] === 'imm8') return { counts: { encodings: 32, vectors: 2 } };
  if (shape === 'register') return {};
  const bits = widthOf(name);
  const size = bits / 8;
  return {
    counts: { encodings: 32, vectors: 2 },
    // The element that holds the bit lies at `address`; the addressing form gives `reach`.
    place: (prng) => {
      const middle = DATA_BASE + PAGE;
      const address = shape === 'split' ? middle - 1 - prng.below(size - 1) : middle - 1500 + size * prng.below(100);
      const elements = prng.below(2 * FAR) - FAR;
      return { address, size, reach: address - elements * size };
    },
    vector: (prng, { registers, memory }) => {
      const elements = (memory!.address - memory!.reach) / size;
      const offset = BigInt(elements * bits + prng.below(bits));
      return vectorPlan([setLow(prng, bitness, registers[1]!, bits, offset)]);
    },
  };
}
