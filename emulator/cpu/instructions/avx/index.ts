import type { Definition } from '../../engine/emitter.ts';
import { sse } from '../sse/index.ts';
import { derivedFrom } from './derived.ts';
import { avxDotProducts } from './dotProducts.ts';
import { avxExtensions } from './extensions.ts';
import { gathers } from './gathers.ts';
import { avxMoves } from './moves.ts';

/** SDM Vol. 1 ch. 14: AVX and AVX2. `decode/vex.ts` maps mnemonics to these names. */
export const avx: readonly Definition[] = [
  ...derivedFrom(sse),
  ...avxDotProducts,
  ...avxExtensions,
  ...gathers,
  ...avxMoves,
];
