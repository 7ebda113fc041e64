import type { Assembler, Directive } from '../assembler.ts';
import type { Cursor } from '../cursor.ts';

/** DWARF register numbers of the x86-64 psABI (fig. 3.36) and, in 32-bit code, of the i386 one. */
const WIDE = ['ax', 'dx', 'cx', 'bx', 'si', 'di', 'bp', 'sp'];
const NARROW = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'];

function takeRegister(assembler: Assembler, cursor: Cursor): number {
  const start = cursor.skipBlanks().position;
  const found = /^%?([a-z][a-z0-9]*)/i.exec(cursor.text.slice(start, cursor.end));
  if (found === null) return Number(assembler.absolute(cursor));
  cursor.position += found[0].length;
  const name = found[1]!.toLowerCase();
  const wide = assembler.mode === 64;
  const numbered = /^(?:r|xmm)([0-9]+)d?$/.exec(name);
  if (numbered !== null) return Number(numbered[1]) + (name.startsWith('xmm') ? (wide ? 17 : 21) : 0);
  if (name === 'rip' || name === 'eip') return wide ? 16 : 8;
  const index = (wide ? WIDE : NARROW).indexOf(name.slice(1));
  if (index < 0 || !/^[re]/.test(name)) return cursor.fail(`"${found[0]}" has no DWARF register number.`, start);
  return index;
}

function comma(cursor: Cursor): void {
  if (!cursor.take(',')) cursor.fail('Expected "," and a second operand.');
}

type Run = (assembler: Assembler, cursor: Cursor) => void;

const whole =
  (run: Run): Directive =>
  (assembler, cursor) => {
    run(assembler, cursor);
    assembler.expectEnd(cursor);
  };

const registerAndOffset = (run: (assembler: Assembler, register: number, offset: bigint) => void): Directive =>
  whole((assembler, cursor) => {
    const register = takeRegister(assembler, cursor);
    comma(cursor);
    run(assembler, register, assembler.absolute(cursor));
  });

/** Directives that take a list of registers. */
const registers = (run: (assembler: Assembler, register: number) => void): Directive =>
  whole((assembler, cursor) => {
    do run(assembler, takeRegister(assembler, cursor));
    while (cursor.take(','));
  });

const ignored: Directive = () => {};

export const frameDirectives: Readonly<Record<string, Directive>> = {
  '.cfi_startproc': whole((assembler, cursor) => {
    const word = cursor.name();
    if (word !== undefined && word !== 'simple') cursor.fail(`Expected "simple" or nothing, not "${word}".`);
    assembler.frames.start(assembler, word === 'simple');
  }),
  '.cfi_endproc': whole((assembler) => assembler.frames.end(assembler)),
  '.cfi_def_cfa': registerAndOffset((assembler, register, offset) =>
    assembler.frames.defineCfa(assembler, register, offset),
  ),
  '.cfi_def_cfa_register': whole((assembler, cursor) =>
    assembler.frames.defineCfaRegister(assembler, takeRegister(assembler, cursor)),
  ),
  '.cfi_def_cfa_offset': whole((assembler, cursor) =>
    assembler.frames.defineCfaOffset(assembler, assembler.absolute(cursor)),
  ),
  '.cfi_adjust_cfa_offset': whole((assembler, cursor) =>
    assembler.frames.adjustCfaOffset(assembler, assembler.absolute(cursor)),
  ),
  '.cfi_offset': registerAndOffset((assembler, register, offset) =>
    assembler.frames.rule(assembler, register, { kind: 'offset', offset }),
  ),
  '.cfi_val_offset': registerAndOffset((assembler, register, offset) =>
    assembler.frames.rule(assembler, register, { kind: 'valueOffset', offset }),
  ),
  '.cfi_rel_offset': registerAndOffset((assembler, register, offset) =>
    assembler.frames.relativeOffset(assembler, register, offset),
  ),
  '.cfi_register': whole((assembler, cursor) => {
    const register = takeRegister(assembler, cursor);
    comma(cursor);
    assembler.frames.rule(assembler, register, { kind: 'register', register: takeRegister(assembler, cursor) });
  }),
  '.cfi_undefined': registers((assembler, register) =>
    assembler.frames.rule(assembler, register, { kind: 'undefined' }),
  ),
  '.cfi_same_value': registers((assembler, register) => assembler.frames.rule(assembler, register, { kind: 'same' })),
  '.cfi_restore': registers((assembler, register) => assembler.frames.restore(assembler, register)),
  '.cfi_remember_state': whole((assembler) => assembler.frames.remember()),
  '.cfi_restore_state': whole((assembler) => assembler.frames.recall(assembler)),
  '.cfi_return_column': whole((assembler, cursor) => assembler.frames.returnColumn(takeRegister(assembler, cursor))),
  '.cfi_signal_frame': whole((assembler) => assembler.frames.signalFrame()),
  // Exception tables, section choice and raw bytes are for a C++ runtime.
  '.cfi_sections': ignored,
  '.cfi_personality': ignored,
  '.cfi_personality_id': ignored,
  '.cfi_lsda': ignored,
  '.cfi_inline_lsda': ignored,
  '.cfi_escape': ignored,
  '.cfi_val_encoded_addr': ignored,
  '.cfi_label': ignored,
  '.cfi_fde_data': ignored,
};
