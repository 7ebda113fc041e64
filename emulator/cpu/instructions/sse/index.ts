import type { Definition } from '../../engine/emitter.ts';
import { approximations } from './approximations.ts';
import { blends } from './blends.ts';
import { compareStrings } from './compareStrings.ts';
import { control } from './control.ts';
import { conversions } from './conversions.ts';
import { dotProducts } from './dotProducts.ts';
import { floatArithmetic } from './floatArithmetic.ts';
import { floatCompare } from './floatCompare.ts';
import { horizontal } from './horizontal.ts';
import { insertions } from './insertions.ts';
import { moves } from './moves.ts';
import { packedInteger } from './packedInteger.ts';
import { shuffles } from './shuffles.ts';
import { sse41, sse41Special } from './sse41.ts';
import { ssse3 } from './ssse3.ts';

/** SDM Vol. 1 ch. 10 and 11: SSE to SSE4.2, XMM forms. `decode/vectors.ts` maps mnemonics to these names. */
export const sse: readonly Definition[] = [
  ...approximations,
  ...blends,
  ...compareStrings,
  ...control,
  ...conversions,
  ...dotProducts,
  ...floatArithmetic,
  ...floatCompare,
  ...horizontal,
  ...insertions,
  ...moves,
  ...packedInteger,
  ...shuffles,
  ...sse41,
  ...sse41Special,
  ...ssse3,
];
