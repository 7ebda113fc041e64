import type { Definition } from '../../engine/emitter.ts';
import { approximations } from './approximations.ts';
import { control } from './control.ts';
import { conversions } from './conversions.ts';
import { floatArithmetic } from './floatArithmetic.ts';
import { floatCompare } from './floatCompare.ts';
import { moves } from './moves.ts';
import { packedInteger } from './packedInteger.ts';
import { shuffles } from './shuffles.ts';

/** SDM Vol. 1 ch. 10 and 11: SSE and SSE2, XMM forms. `decode/vectors.ts` maps mnemonics to these names. */
export const sse: readonly Definition[] = [
  ...approximations,
  ...control,
  ...conversions,
  ...floatArithmetic,
  ...floatCompare,
  ...moves,
  ...packedInteger,
  ...shuffles,
];
