/** Writes the grammar, its list of mnemonics taken from iced-x86: `tsx syntaxes/generate.ts`. */
import { writeFileSync } from 'node:fs';
import { grammar } from './grammar.ts';
import { mnemonics } from './mnemonics.ts';

const file = new URL('x86-guest-asm.tmLanguage.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(grammar(mnemonics()), undefined, 2)}\n`);
