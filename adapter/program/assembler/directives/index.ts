import type { Directive } from '../assembler.ts';
import { alignDirectives } from './align.ts';
import { conditionalDirectives } from './conditional.ts';
import { dataDirectives } from './data.ts';
import { frameDirectives } from './frame.ts';
import { includeDirectives } from './include.ts';
import { macroDirectives } from './macro.ts';
import { messageDirectives } from './message.ts';
import { modeDirectives } from './mode.ts';
import { sectionDirectives } from './section.ts';
import { symbolDirectives } from './symbol.ts';

/** Every directive by its name in lower case. */
export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map(
  [
    alignDirectives,
    conditionalDirectives,
    dataDirectives,
    frameDirectives,
    includeDirectives,
    macroDirectives,
    messageDirectives,
    modeDirectives,
    sectionDirectives,
    symbolDirectives,
  ].flatMap((group) => Object.entries(group)),
);
