import type { Definition } from '../../engine/emitter.ts';
import { words } from './control.ts';
import { loads } from './loads.ts';
import { stack } from './registers.ts';

export const x87: readonly Definition[] = [...loads, ...stack, ...words];
