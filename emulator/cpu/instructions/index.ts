import { cetInstructions } from '../../cet/instructions.ts';
import type { Definition } from '../engine/emitter.ts';
import { fastCalls } from '../system/fastCalls.ts';
import { interruptReturn } from '../system/iret64.ts';
import { pagingInstructions } from '../system/pagingInstructions.ts';
import { arithmetic } from './arithmetic.ts';
import { avx } from './avx/index.ts';
import { bits } from './bits.ts';
import { control } from './control.ts';
import { dataTransfer } from './dataTransfer.ts';
import { decimal } from './decimal.ts';
import { flagControl } from './flagControl.ts';
import { lockedForms } from './locked.ts';
import { miscellaneous } from './miscellaneous.ts';
import { mmx } from './mmx/index.ts';
import { multiply } from './multiply.ts';
import { shifts } from './shifts.ts';
import { sse } from './sse/index.ts';
import { stack } from './stack.ts';
import { strings } from './strings.ts';
import { timeStamp } from './timeStamp.ts';
import { x87 } from './x87/index.ts';

/** Every instruction's semantics, by SDM group. */
export const DEFINITIONS: readonly Definition[] = [
  ...arithmetic,
  ...avx,
  ...bits,
  ...cetInstructions,
  ...control,
  ...dataTransfer,
  ...decimal,
  ...fastCalls,
  ...flagControl,
  ...interruptReturn,
  ...lockedForms([...arithmetic, ...bits, ...dataTransfer, ...miscellaneous]),
  ...miscellaneous,
  ...mmx,
  ...multiply,
  ...pagingInstructions,
  ...shifts,
  ...sse,
  ...stack,
  ...strings,
  ...timeStamp,
  ...x87,
];
