import type { Directive } from '../assembler.ts';
import { StatementError } from '../diagnostics.ts';

const mode =
  (bits: 16 | 32 | 64): Directive =>
  (assembler, cursor) => {
    assembler.expectEnd(cursor);
    assembler.mode = bits;
  };

const syntax =
  (name: 'att' | 'intel'): Directive =>
  (assembler, cursor) => {
    const word = cursor.rest();
    if (word !== '' && word !== 'prefix' && word !== 'noprefix')
      cursor.fail(`Expected "prefix" or "noprefix", not "${word}".`);
    if (name === 'att' && word === 'noprefix') {
      throw new StatementError(
        'AT&T operands need "%" before registers here: ".att_syntax noprefix" is not supported.',
      );
    }
    assembler.syntax = name;
  };

/** Takes the rest of the statement whatever it is: what it says matters to linkers, listings or other tools only. */
const ignored: Directive = () => {};

const file: Directive = (assembler, cursor) => {
  const found = /^\s*([0-9]+)\s+((?:"(?:[^"\\]|\\.)*"\s*)+)/.exec(cursor.text.slice(cursor.position, cursor.end));
  if (found === null) return;
  const names = [...found[2]!.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1]!);
  const name = names.length > 1 && !names[1]!.startsWith('/') ? `${names[0]}/${names[1]}` : names[names.length - 1]!;
  assembler.numberedFiles.set(Number(found[1]), assembler.files.index(name));
};

/** `.loc file line [column] [options]`: the next instruction begins a row there. */
const loc: Directive = (assembler, cursor) => {
  const number = assembler.absolute(cursor);
  const line = assembler.absolute(cursor);
  const index = assembler.numberedFiles.get(Number(number));
  if (index === undefined)
    throw new StatementError(`.loc names file ${number}, but no .file directive gives that number.`);
  if (line < 0n || line > 0xffff_ffffn) throw new StatementError(`${line} is no line number.`);
  const options = cursor.rest();
  const column = Number(/^\d+/.exec(options)?.[0] ?? 0);
  const view = /\bview\s+([A-Za-z_.$][\w.$]*)/.exec(options);
  if (view !== null) {
    // View numbers tell apart rows of one address; only debug sections, which are not loaded, name them.
    const symbol = assembler.symbols.get(view[1]!);
    if (!symbol.defined) symbol.value = { kind: 'number', value: 0n };
  }
  const statement = /\bis_stmt\s+([01])\b/.exec(options)?.[1];
  if (statement !== undefined) assembler.isStatement = statement === '1';
  assembler.flushRow();
  assembler.explicitRows = true;
  const prologueEnd = /\bprologue_end\b/.test(options);
  assembler.pendingRow = {
    file: index,
    line: Number(line),
    column,
    isStatement: assembler.isStatement,
    explicit: true,
    ...(prologueEnd ? { prologueEnd } : {}),
  };
};

const IGNORED = [
  '.ident',
  '.version',
  '.arch',
  '.code',
  '.symver',
  '.list',
  '.nolist',
  '.psize',
  '.title',
  '.sbttl',
  '.eject',
  '.ln',
  '.line',
  '.loc_mark_labels',
  '.gnu_attribute',
  '.att_mnemonic',
  '.intel_mnemonic',
  '.sse_check',
  '.operand_check',
  '.lto_discard',
  '.tag',
  '.val',
  '.dim',
  '.scl',
  '.def',
  '.endef',
  '.desc',
  '.stabs',
  '.stabn',
  '.stabd',
  '.vtable_inherit',
  '.vtable_entry',
  '.addrsig',
  '.addrsig_sym',
  '.func',
  '.endfunc',
  '.view',
  '.appfile',
  '.appline',
  '.linefile',
  '.nop',
  '.allow_index_reg',
  '.disallow_index_reg',
  '.reloc',
  '.secrel32',
].filter((name) => name !== '.nop' && name !== '.reloc' && name !== '.secrel32');

export const modeDirectives: Readonly<Record<string, Directive>> = {
  ...Object.fromEntries(IGNORED.map((name) => [name, ignored])),
  '.code16': mode(16),
  '.code16gcc': () => {
    throw new StatementError(
      '.code16gcc (32-bit defaults in 16-bit code) is not supported; use .code16 with explicit sizes.',
    );
  },
  '.code32': mode(32),
  '.code64': mode(64),
  '.att_syntax': syntax('att'),
  '.intel_syntax': syntax('intel'),
  '.file': file,
  '.loc': loc,
};
