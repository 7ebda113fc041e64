import {
  and,
  eqz,
  extendU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  ne,
  or,
  shrU,
  sub,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import { ATTENTION } from '../attention.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { AC, ARITHMETIC, arithmeticFlags, DF, ID, IF, IOPL, loadArithmeticFlags, NT, RF, TF, VM } from '../flags.ts';
import { ENGINE, get32, put32, RBP, RSP, STATE } from '../state.ts';
import { setSized, undoOnFault } from './registers.ts';
import { StackAccess } from './stackAccess.ts';

/** SDM Vol. 2: PUSH, POP, PUSHF, POPF, PUSHA, POPA, ENTER, LEAVE. Names ending in `.l` are for 16- and 32-bit code. */
const isLegacy = (e: Emitter): boolean => e.form.name.endsWith('.l');

/** One definition for 64-bit code and one for the rest. */
function stackInstruction(
  name: string,
  sizes: { long: readonly number[]; legacy: readonly number[] },
  shapes: readonly string[],
  emit: (e: Emitter, stack: StackAccess) => void,
): Definition[] {
  const body = (e: Emitter) => emit(e, new StackAccess(e, isLegacy(e)));
  return [
    { name, sizes: sizes.long, shapes, emit: body },
    { name: `${name}.l`, sizes: sizes.legacy, shapes, emit: body, rare: true },
  ];
}
const WIDTHS = { long: [16, 64], legacy: [16, 32] };

/** Which bits POPF and IRET change at the current privilege (SDM Vol. 2, POPF). */
export function writableFlags(e: Emitter, size: number): I32 {
  const cpl = get32(STATE.cpl);
  const iopl = and(shrU(get32(STATE.rflags), i32(12)), i32(3));
  const always = TF | DF | NT | (size === 16 ? 0 : AC | ID);
  const withIopl = e.f.let(i32(always));
  e.f.if(eqz(cpl), () => e.f.set(withIopl, or(withIopl, i32(IOPL))));
  e.f.if(eqz(gtU(cpl, iopl)), () => e.f.set(withIopl, or(withIopl, i32(IF))));
  return withIopl;
}

/** All of RFLAGS as software reads it. */
export const fullFlags = (e: Emitter): I32 => or(arithmeticFlags(e.flags), get32(STATE.rflags));

export const stack: readonly Definition[] = [
  ...stackInstruction('push', WIDTHS, ['r', 'm', 'i'], (e, s) => {
    const value = e.read(0);
    s.push(value, e.size);
    s.commit();
  }),
  ...stackInstruction('pop', WIDTHS, ['r'], (e, s) => {
    const value = s.pop(e.size);
    s.commit();
    e.writer(0).write(value);
  }),
  ...stackInstruction('pop', WIDTHS, ['m'], (e, s) => {
    // A destination addressed through RSP uses the incremented value (SDM Vol. 2, POP).
    const value = s.pop(e.size);
    const old = e.f.let(e.gpr(RSP));
    e.setGpr(RSP, s.current());
    undoOnFault(
      e,
      () => e.writer(0).write(value),
      () => e.setGpr(RSP, old),
    );
  }),
  ...stackInstruction('pushf', WIDTHS, [''], (e, s) => {
    s.push(extendU(and(fullFlags(e), i32(~(VM | RF)))), e.size);
    s.commit();
  }),
  ...stackInstruction('popf', WIDTHS, [''], (e, s) => {
    const { f } = e;
    const value = f.let(wrap(s.pop(e.size)));
    const old = f.let(get32(STATE.rflags));
    const mask = f.let(writableFlags(e, e.size));
    s.commit();
    loadArithmeticFlags(e.flags, value);
    const kept = and(old, xor(mask, i32(-1)));
    put32(f, STATE.rflags, or(and(kept, i32(~RF & ~ARITHMETIC)), or(and(value, mask), i32(2))));
    f.if(and(xor(get32(STATE.rflags), old), i32(AC)), () => f.run(e.core.updateContext));
    f.if(and(get32(STATE.rflags), i32(TF)), () => e.leave());
    // An interrupt that waited comes before the next instruction.
    f.if(
      and(and(get32(STATE.rflags), i32(IF)), sub(i32(0), and(get32(ENGINE.attention), i32(ATTENTION.INTERRUPT)))),
      () => e.leave(),
    );
    e.finish();
  }),
  ...stackInstruction('leave', WIDTHS, [''], (e, s) => {
    s.startAt(e.gpr(RBP));
    const value = s.pop(e.size);
    s.commit();
    setSized(e, RBP, value, e.size);
  }),
  ...stackInstruction('enter', WIDTHS, ['ii'], (e, s) => {
    const { f } = e;
    const bytes = e.size / 8;
    const level = f.let(and(e.immediate(1), i64(31)));
    const framePointer = f.let(e.gpr(RBP));
    s.pushNow(framePointer, e.size);
    const frame = f.let(s.current());
    f.if(ne(level, i64(0)), () => {
      const left = f.let(sub(level, i64(1)));
      const display = f.let(framePointer);
      f.block((done) => {
        f.loop((again) => {
          f.branchIf(eqz(left), done);
          f.set(display, sub(display, i64(bytes)));
          s.pushNow(s.readAt(display, e.size), e.size);
          f.set(left, sub(left, i64(1)));
          f.branch(again);
        });
      });
      s.pushNow(frame, e.size);
    });
    s.skip(sub(i64(0), e.immediate(0)));
    // The new top of the stack is touched with write intent, so that a full stack faults here.
    s.probe(e.size);
    s.commit();
    setSized(e, RBP, frame, e.size);
  }),
  {
    name: 'pusha.l',
    sizes: [16, 32],
    shapes: [''],
    emit: (e) => {
      const s = new StackAccess(e, true);
      for (let register = 0; register < 8; register++) s.push(e.gpr(register), e.size);
      s.commit();
    },
  },
  {
    name: 'popa.l',
    sizes: [16, 32],
    shapes: [''],
    emit: (e) => {
      const s = new StackAccess(e, true);
      const values: I64[] = [];
      for (let register = 7; register >= 0; register--) values[register] = s.pop(e.size);
      s.commit();
      values.forEach((value, register) => {
        if (register !== RSP) setSized(e, register, value, e.size);
      });
    },
  },
];
