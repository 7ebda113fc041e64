import type { Definition } from '../../engine/emitter.ts';
import { reporting } from '../../x87/numericErrors.ts';
import { words } from './control.ts';
import { loads } from './loads.ts';
import { stack } from './registers.ts';

/** What leaves ES as it is. */
const SILENT = new Set('fxam fincstp fdecstp ffree ffreep fnop fwait fnstsw fnstcw'.split(' '));

export const x87: readonly Definition[] = [...loads, ...stack, ...words].map((definition) =>
  SILENT.has(definition.name) ? definition : reporting(definition),
);
