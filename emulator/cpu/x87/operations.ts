import {
  add,
  and,
  eq,
  eqz,
  type I32,
  type I64,
  i32,
  i64,
  load32,
  load64,
  ne,
  not,
  or,
  select,
  shl,
  shrU,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder } from '../../wasm/functionBuilder.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { RELATION } from '../softfloat/compare.ts';
import { DENORMAL, DIVIDE_BY_ZERO, EXCEPTIONS, INVALID, note, OVERFLOW, UNDERFLOW } from '../softfloat/mxcsr.ts';
import { ENGINE, get32, get64, put32, put64, STATE, X87_BASE } from '../state.ts';
import { type Extended, getWord, INDEFINITE } from './extended.ts';
import { changed } from './numericErrors.ts';
import { STATUS_WORD } from './state.ts';

/** The register stack in generated code, and what arithmetic instructions do with it (SDM Vol. 1 §8.1.2, §8.3). */
const status = (): I32 => get32(STATE.fpuStatus);
const physical = (i: I32): I32 => and(add(shrU(status(), i32(11)), i), i32(7));
/** Address of ST(i). */
export const stAddress = (i: I32): I32 => add(i32(X87_BASE), shl(physical(i), i32(4)));
export const tagBit = (i: I32): I32 => shl(i32(1), physical(i));
export const isEmpty = (i: I32): I32 => eqz(and(get32(STATE.fpuTags), tagBit(i)));

export function readSt(f: FunctionBuilder, i: I32): Extended {
  const address = f.let(stAddress(i));
  return { significand: f.let(load64(address)), word: f.let(load32(address, 8)) };
}

export function writeSt(f: FunctionBuilder, i: I32, significand: I64, word: I32): void {
  const address = f.let(stAddress(i));
  f.store64(address, significand);
  f.store32(address, and(word, i32(0xffff)), 8);
  put32(f, STATE.fpuTags, or(get32(STATE.fpuTags), tagBit(i)));
}

export const writeIndefinite = (f: FunctionBuilder, i: I32): void =>
  writeSt(f, i, i64(INDEFINITE.significand), i32(INDEFINITE.word));

/** TOP + delta. */
export function moveTop(f: FunctionBuilder, delta: number): void {
  const top = and(add(status(), i32(delta << 11)), i32(STATUS_WORD.TOP));
  put32(f, STATE.fpuStatus, or(and(status(), i32(~STATUS_WORD.TOP)), top));
}

export function pop(f: FunctionBuilder): void {
  put32(f, STATE.fpuTags, and(get32(STATE.fpuTags), not(tagBit(i32(0)))));
  moveTop(f, 1);
}

/** Stack underflow; C1 stays 0. */
export const noteUnderflow = (f: FunctionBuilder): void => note(f, INVALID | STATUS_WORD.STACK_FAULT);
export const noteOverflow = (f: FunctionBuilder): void => note(f, INVALID | STATUS_WORD.STACK_FAULT | STATUS_WORD.C1);

/** Exceptions that leave a register destination, or a memory destination, as it was when they are not masked. */
export const BEFORE_REGISTER = INVALID | DENORMAL | DIVIDE_BY_ZERO;
export const BEFORE_MEMORY = BEFORE_REGISTER | OVERFLOW | UNDERFLOW;

/** Puts C3, C2 and C0 as a comparison does. */
export function setConditions(f: FunctionBuilder, relation: I32): void {
  const { C0, C2, C3 } = STATUS_WORD;
  const bits = select(
    eq(relation, i32(RELATION.LESS)),
    i32(C0),
    select(
      eq(relation, i32(RELATION.EQUAL)),
      i32(C3),
      select(eq(relation, i32(RELATION.UNORDERED)), i32(C0 | C2 | C3), i32(0)),
    ),
  );
  put32(f, STATE.fpuStatus, or(and(status(), i32(~(C0 | C2 | C3))), bits));
}

/**
 * (exceptions that suppress the result, opcode) → whether the result is to be stored. Takes what was noted to the
 * status word; an unmasked exception waits there for the next waiting instruction.
 */
export function defineX87Conclude(core: Core, reference: FunctionReference<'i32'>): void {
  core.module.define(reference, (f) => {
    const noted = f.let(get32(ENGINE.floatFlags));
    put32(f, ENGINE.floatFlags, i32(0));
    put32(f, STATE.fpuStatus, and(status(), i32(~STATUS_WORD.C1)));
    f.if(get32(ENGINE.fpuDataAlways), () => f.if(get32(ENGINE.x87HasData), () => recordData(f)));
    f.if(eqz(noted), () => f.return(i32(1)));
    const unmasked = f.let(and(and(noted, not(get32(STATE.fpuControl))), i32(EXCEPTIONS)));
    const early = f.let(and(unmasked, i32(BEFORE_REGISTER)));
    // What comes before the computation keeps it from happening.
    f.if(early, () =>
      f.set(
        noted,
        and(
          noted,
          or(
            i32(BEFORE_REGISTER | STATUS_WORD.STACK_FAULT),
            select(and(noted, i32(STATUS_WORD.STACK_FAULT)), i32(STATUS_WORD.C1), i32(0)),
          ),
        ),
      ),
    );
    put32(f, STATE.fpuStatus, or(status(), noted));
    f.if(unmasked, () => {
      put32(f, STATE.fpuStatus, or(status(), i32(STATUS_WORD.SUMMARY | STATUS_WORD.BUSY)));
      put32(f, STATE.fpuOpcode, f.parameter<'i32'>(1));
      changed(f);
      f.if(get32(ENGINE.x87HasData), () => recordData(f));
    });
    f.return(eqz(and(unmasked, f.parameter<'i32'>(0))));
  });
}

function recordData(f: FunctionBuilder): void {
  put64(f, STATE.fpuDp, get64(ENGINE.x87Data));
  put32(f, STATE.fpuDs, get32(ENGINE.x87DataSegment));
}

/**
 * Fields of the word that says what an arithmetic instruction does: the operation is the reg field of its ModRM byte
 * (ADD MUL COM COMP SUB SUBR DIV DIVR).
 */
export const OPERATE = {
  OPERATION: 7,
  DESTINATION_SHIFT: 3,
  OTHER_SHIFT: 6,
  POP_SHIFT: 9,
  MEMORY: 1 << 11,
  /** FUCOM: quiet NaNs are no invalid operands. */
  UNORDERED: 1 << 12,
} as const;

/** (OPERATE word, memory operand as a pair, opcode): arithmetic and comparisons with all they do to the stack. */
export function defineX87Operate(core: Core, reference: FunctionReference<'i32'>): void {
  core.module.define(reference, (f) => {
    const { softfloat } = core;
    const word = f.parameter<'i32'>(0);
    const b: Extended = { significand: f.parameter<'i64'>(1), word: f.parameter<'i32'>(2) };
    const opcode = f.parameter<'i32'>(3);
    const field = (at: number, mask = 7) => f.let(and(shrU(word, i32(at)), i32(mask)));
    const operation = field(0);
    const destination = field(OPERATE.DESTINATION_SHIFT);
    const other = field(OPERATE.OTHER_SHIFT);
    const missing = f.let(isEmpty(destination));
    const a = readSt(f, destination);
    f.if(eqz(and(word, i32(OPERATE.MEMORY))), () => {
      f.set(missing, or(missing, isEmpty(other)));
      const source = f.let(stAddress(other));
      f.set(b.significand, load64(source));
      f.set(b.word, load32(source, 8));
    });
    f.if(missing, () => noteUnderflow(f));
    const pops = () => {
      f.if(and(word, i32(3 << OPERATE.POP_SHIFT)), () => pop(f));
      f.if(and(word, i32(2 << OPERATE.POP_SHIFT)), () => pop(f));
    };
    f.if(eq(and(operation, i32(6)), i32(2)), () => {
      const relation = f.let(i32(RELATION.UNORDERED));
      const signals = eqz(and(word, i32(OPERATE.UNORDERED)));
      f.if(eqz(missing), () =>
        f.set(relation, f.call(softfloat.compareX, a.significand, a.word, b.significand, b.word, signals)),
      );
      f.if(f.call(softfloat.concludeX87, i32(BEFORE_REGISTER), opcode), () => {
        setConditions(f, relation);
        pops();
      });
      f.return(i32(0));
    });
    const result = f.let(i64(INDEFINITE.significand));
    put32(f, ENGINE.extendedWord, i32(INDEFINITE.word));
    f.if(eqz(missing), () => {
      // SUBR and DIVR.
      f.if(and(eq(and(operation, i32(5)), i32(5)), i32(1)), () => {
        const [s, w] = [f.let(a.significand), f.let(a.word)];
        f.set(a.significand, b.significand);
        f.set(a.word, b.word);
        f.set(b.significand, s);
        f.set(b.word, w);
      });
      const run = (callee: FunctionReference<'i64'>, last: I32) =>
        f.set(result, f.call(callee, a.significand, a.word, b.significand, b.word, last));
      f.if(
        ne(and(operation, i32(6)), i32(6)),
        () =>
          f.if(
            eq(operation, i32(1)),
            () => run(softfloat.multiplyX, i32(0)),
            () => run(softfloat.addX, shrU(operation, i32(2))),
          ),
        () => run(softfloat.divideX, i32(0)),
      );
    });
    const resultWord = f.let(getWord());
    f.if(f.call(softfloat.concludeX87, i32(BEFORE_REGISTER), opcode), () => {
      writeSt(f, destination, result, resultWord);
      pops();
    });
    f.return(i32(0));
  });
}

/** (significand, word, opcode): pushes, with the exceptions noted so far and those of the stack. */
export function defineX87Push(core: Core, reference: FunctionReference<'i32'>): void {
  core.module.define(reference, (f) => {
    const significand = f.parameter<'i64'>(0);
    const word = f.parameter<'i32'>(1);
    f.if(eqz(isEmpty(i32(-1))), () => {
      put32(f, ENGINE.floatFlags, i32(0));
      noteOverflow(f);
      f.set(significand, i64(INDEFINITE.significand));
      f.set(word, i32(INDEFINITE.word));
    });
    f.if(f.call(core.softfloat.concludeX87, i32(BEFORE_REGISTER), f.parameter<'i32'>(2)), () => {
      moveTop(f, -1);
      writeSt(f, i32(0), significand, word);
    });
    f.return(i32(0));
  });
}

/** Clears C1, and marks the instruction as one without a memory operand. */
export function clearC1(f: FunctionBuilder): void {
  put32(f, STATE.fpuStatus, and(status(), i32(~STATUS_WORD.C1)));
}
