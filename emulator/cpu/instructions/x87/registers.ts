import {
  and,
  eq,
  eqz,
  extendU,
  type I32,
  type I64,
  i32,
  i64,
  ne,
  not,
  or,
  select,
  xor,
} from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { CF, condition, loadArithmeticFlags, PF, ZF } from '../../flags.ts';
import { RELATION } from '../../softfloat/compare.ts';
import { ROUND } from '../../softfloat/mxcsr.ts';
import { get32, put32, RAX, STATE } from '../../state.ts';
import {
  EXPONENT,
  type Extended,
  getWord,
  INDEFINITE,
  isNan,
  isUnsupported,
  rounding,
  SIGN,
} from '../../x87/extended.ts';
import { changed, waitForExceptions } from '../../x87/numericErrors.ts';
import {
  BEFORE_REGISTER,
  clearC1,
  isEmpty,
  moveTop,
  noteUnderflow,
  pop,
  readSt,
  setConditions,
  tagBit,
  writeIndefinite,
  writeSt,
} from '../../x87/operations.ts';
import { STATUS_WORD } from '../../x87/state.ts';
import { detail, opcode, record } from './access.ts';

/** SDM Vol. 2: x87 instructions on the register stack alone. */
const plain = (name: string, emit: (e: Emitter) => void): Definition => ({
  name,
  sizes: [80],
  shapes: [''],
  emit: (e) => {
    waitForExceptions(e);
    record(e);
    emit(e);
  },
});

const conclude = (e: Emitter): I32 => e.f.call(e.core.softfloat.concludeX87, i32(BEFORE_REGISTER), opcode(e));

/** ST(0) replaced by a function of it; `change` leaves its result in the pair. */
const unary = (name: string, change: (e: Emitter, x: Extended) => void): Definition =>
  plain(name, (e) => {
    const { f } = e;
    const x = readSt(f, i32(0));
    f.if(
      isEmpty(i32(0)),
      () => {
        noteUnderflow(f);
        f.set(x.significand, i64(INDEFINITE.significand));
        f.set(x.word, i32(INDEFINITE.word));
      },
      () => change(e, x),
    );
    f.if(conclude(e), () => writeSt(f, i32(0), x.significand, x.word));
  });

function through(e: Emitter, x: Extended, name: 'squareRootX' | 'roundIntegerX'): void {
  e.f.set(x.significand, e.f.call(e.core.softfloat[name], x.significand, x.word));
  e.f.set(x.word, getWord());
}

/** Significand, word, and how the next lower and higher neighbours lie to the true value (SDM Vol. 2, FLD1). */
const CONSTANTS: readonly (readonly [bigint, number, -1 | 0 | 1])[] = [
  [0x8000000000000000n, 0x3fff, 0],
  [0xd49a784bcd1b8afen, 0x4000, 1],
  [0xb8aa3b295c17f0bcn, 0x3fff, -1],
  [0xc90fdaa22168c235n, 0x4000, -1],
  [0x9a209a84fbcff799n, 0x3ffd, -1],
  [0xb17217f7d1cf79acn, 0x3ffe, -1],
  [0n, 0, 0],
];

/** 1.0, log2 10, log2 e, π, log10 2, ln 2, 0.0. */
const constant = ([value, word, away]: (typeof CONSTANTS)[number], which: number): Definition =>
  plain(`fconst${which}`, (e) => {
    const mode = rounding();
    // Positive values: down and truncation are the same.
    const other = and(mode, i32(away > 0 ? ROUND.TRUNCATE : ROUND.DOWN));
    const moved = away > 0 ? eq(mode, i32(ROUND.UP)) : ne(other, i32(0));
    const significand = away === 0 ? i64(value) : select(moved, i64(value + BigInt(away)), i64(value));
    e.f.run(e.core.softfloat.pushX87, significand, i32(word), opcode(e));
  });

function exchange(e: Emitter): void {
  const { f } = e;
  const i = f.let(detail(e));
  const a = readSt(f, i32(0));
  const b = readSt(f, i);
  const missing = (at: I32, x: Extended) =>
    f.if(isEmpty(at), () => {
      noteUnderflow(f);
      f.set(x.significand, i64(INDEFINITE.significand));
      f.set(x.word, i32(INDEFINITE.word));
    });
  missing(i32(0), a);
  missing(i, b);
  f.if(conclude(e), () => {
    writeSt(f, i32(0), b.significand, b.word);
    writeSt(f, i, a.significand, a.word);
  });
}

/** FCOMI and its relatives: bits 2:0 the register, bit 3 pops, bit 4 unordered. */
function compareToFlags(e: Emitter): void {
  const { f } = e;
  const i = f.let(and(detail(e), i32(7)));
  const relation = f.let(i32(RELATION.UNORDERED));
  f.if(
    or(isEmpty(i32(0)), isEmpty(i)),
    () => noteUnderflow(f),
    () => {
      const a = readSt(f, i32(0));
      const b = readSt(f, i);
      const signals = eqz(and(detail(e), i32(16)));
      f.set(relation, f.call(e.core.softfloat.compareX, a.significand, a.word, b.significand, b.word, signals));
    },
  );
  f.if(conclude(e), () => {
    const flags = f.let(
      select(
        eq(relation, i32(RELATION.LESS)),
        i32(CF),
        select(
          eq(relation, i32(RELATION.EQUAL)),
          i32(ZF),
          select(eq(relation, i32(RELATION.UNORDERED)), i32(CF | PF | ZF), i32(0)),
        ),
      ),
    );
    loadArithmeticFlags(e.flags, flags);
    f.if(and(detail(e), i32(8)), () => pop(f));
  });
}

/** FXAM (SDM Vol. 2A, table of C3 C2 C0). */
function examine(e: Emitter): void {
  const { f } = e;
  const { C0, C1, C2, C3 } = STATUS_WORD;
  const x = readSt(f, i32(0));
  const field = and(x.word, i32(EXPONENT));
  const finite = select(field, i32(C2), select(eqz(x.significand), i32(C3), i32(C2 | C3)));
  const wide = select(eq(field, i32(EXPONENT)), select(isNan(x), i32(C0), i32(C0 | C2)), finite);
  const found = select(isEmpty(i32(0)), i32(C0 | C3), select(isUnsupported(x), i32(0), wide));
  const sign = select(and(x.word, i32(SIGN)), i32(C1), i32(0));
  const kept = and(get32(STATE.fpuStatus), i32(~(C0 | C1 | C2 | C3)));
  put32(f, STATE.fpuStatus, or(kept, or(found, sign)));
}

/** FCMOVcc: condition numbers as in the flags' encoding. */
const conditional = (name: string, code: number): Definition =>
  plain(name, (e) => {
    const { f } = e;
    const i = f.let(detail(e));
    const missing = f.let(or(isEmpty(i32(0)), isEmpty(i)));
    f.if(missing, () => noteUnderflow(f));
    const holds = f.let(condition(e.flags, code));
    f.if(conclude(e), () => {
      f.if(
        missing,
        () => writeIndefinite(f, i32(0)),
        () =>
          f.if(holds, () => {
            const x = readSt(f, i);
            writeSt(f, i32(0), x.significand, x.word);
          }),
      );
    });
  });

/** Instructions that neither wait nor are recorded. */
const control = (name: string, waits: boolean, emit: (e: Emitter) => void): Definition => ({
  name,
  sizes: [0],
  shapes: [''],
  emit: (e) => {
    if (waits) waitForExceptions(e);
    emit(e);
  },
});

const keepTag = (e: Emitter, i: I32): void => put32(e.f, STATE.fpuTags, and(get32(STATE.fpuTags), not(tagBit(i))));

const lowWord = (e: Emitter, value: I64): I64 => or(and(e.gpr(RAX), i64(~0xffffn)), value);

export const stack: readonly Definition[] = [
  unary('fchs', (e, x) => e.f.set(x.word, xor(x.word, i32(SIGN)))),
  unary('fabs', (e, x) => e.f.set(x.word, and(x.word, i32(EXPONENT)))),
  unary('fsqrt', (e, x) => through(e, x, 'squareRootX')),
  unary('frndint', (e, x) => through(e, x, 'roundIntegerX')),
  ...CONSTANTS.map(constant),
  plain('fxch', exchange),
  plain('fcomi', compareToFlags),
  plain('fxam', examine),
  plain('ftst', (e) => {
    const { f } = e;
    const relation = f.let(i32(RELATION.UNORDERED));
    f.if(
      isEmpty(i32(0)),
      () => noteUnderflow(f),
      () => {
        const x = readSt(f, i32(0));
        f.set(relation, f.call(e.core.softfloat.compareX, x.significand, x.word, i64(0), i32(0), i32(1)));
      },
    );
    f.if(conclude(e), () => setConditions(f, relation));
  }),
  conditional('fcmovb', 2),
  conditional('fcmove', 4),
  conditional('fcmovbe', 6),
  conditional('fcmovu', 10),
  conditional('fcmovnb', 3),
  conditional('fcmovne', 5),
  conditional('fcmovnbe', 7),
  conditional('fcmovnu', 11),
  plain('fincstp', (e) => {
    clearC1(e.f);
    moveTop(e.f, 1);
  }),
  plain('fdecstp', (e) => {
    clearC1(e.f);
    moveTop(e.f, -1);
  }),
  plain('ffree', (e) => keepTag(e, e.f.let(detail(e)))),
  plain('ffreep', (e) => {
    keepTag(e, e.f.let(detail(e)));
    pop(e.f);
  }),
  plain('fnop', () => undefined),
  control('fwait', true, () => undefined),
  control('fnclex', false, (e) => {
    const cleared = STATUS_WORD.EXCEPTIONS | STATUS_WORD.STACK_FAULT | STATUS_WORD.SUMMARY | STATUS_WORD.BUSY;
    put32(e.f, STATE.fpuStatus, and(get32(STATE.fpuStatus), i32(~cleared)));
    changed(e.f);
  }),
  control('fnstsw', false, (e) => {
    e.setGpr(RAX, lowWord(e, extendU(get32(STATE.fpuStatus))));
  }),
];
