import { type Directive, Stop } from '../assembler.ts';

const text =
  (fallback: string): ((cursor: Parameters<Directive>[1]) => string) =>
  (cursor) =>
    cursor.skipBlanks().done ? fallback : cursor.string();

const error: Directive = (assembler, cursor) => {
  const message = text('.error directive invoked in source file')(cursor);
  assembler.expectEnd(cursor);
  assembler.error(message);
};

const warning: Directive = (assembler, cursor) => {
  const message = text('.warning directive invoked in source file')(cursor);
  assembler.expectEnd(cursor);
  assembler.warn(message);
};

/** `.fail n`: a warning from 500 on, an error below. */
const fail: Directive = (assembler, cursor) => {
  const value = assembler.absolute(cursor);
  assembler.expectEnd(cursor);
  if (value >= 500n) assembler.warn(`.fail ${value} encountered.`);
  else assembler.error(`.fail ${value} encountered.`);
};

export const messageDirectives: Readonly<Record<string, Directive>> = {
  '.error': error,
  '.err': (assembler) => assembler.error('.err encountered.'),
  '.warning': warning,
  '.fail': fail,
  // What `.print` says is for a terminal; an editor has none.
  '.print': (assembler, cursor) => {
    cursor.string();
    assembler.expectEnd(cursor);
  },
  '.abort': (assembler) => {
    assembler.error('.abort detected; assembly stops here.');
    throw new Stop();
  },
  '.end': () => {
    throw new Stop();
  },
};
