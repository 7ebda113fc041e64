import { STATE } from '../../state.ts';
import type { Result } from '../../x87/number.ts';
import {
  INDEFINITE,
  isEmpty,
  type Pair,
  pop,
  push,
  readSt,
  STACK_OVERFLOW,
  STACK_UNDERFLOW,
  setConditionBits,
  writeSt,
} from '../../x87/stack.ts';
import { STATUS_WORD } from '../../x87/state.ts';
import {
  arctangent,
  circular,
  exponential,
  logarithm,
  logarithmPlusOne,
  outOfRange,
} from '../../x87/transcendental.ts';
import type { HostContext, HostHandler } from './context.ts';
import { finish } from './x87.ts';
import { waitingHandler } from './x87Arithmetic.ts';

/** The stack side of the transcendental instructions (SDM Vol. 1 §8.3.7). */
const { C2 } = STATUS_WORD;
const control = (c: HostContext): number => c.state.get32(STATE.fpuControl);
const ONE: Pair = { significand: 1n << 63n, word: 0x3fff };

/** ST(0) replaced by a function of it. */
const unary = (compute: (x: Pair, control: number) => Result): HostHandler =>
  waitingHandler((c) => {
    const { state } = c;
    const result: Result = isEmpty(state, 0)
      ? { value: INDEFINITE, flags: STACK_UNDERFLOW }
      : compute(readSt(state, 0), control(c));
    if (finish(c, result.flags)) writeSt(state, 0, result.value);
  });

/** Functions of an angle: C2 is set, and the operand left, when it is too great to be reduced. */
const ofAngle = (name: 'sin' | 'cos' | 'tan' | 'sincos'): HostHandler =>
  waitingHandler((c) => {
    const { state } = c;
    const pushes = name === 'tan' || name === 'sincos';
    const store = (first: Pair, second: Pair, flags: number) => {
      if (!finish(c, flags)) return;
      writeSt(state, 0, first);
      if (pushes) push(state, second);
    };
    setConditionBits(state, C2, 0);
    if (isEmpty(state, 0)) return store(INDEFINITE, INDEFINITE, STACK_UNDERFLOW);
    if (pushes && !isEmpty(state, -1)) return store(INDEFINITE, INDEFINITE, STACK_OVERFLOW);
    const x = readSt(state, 0);
    if (outOfRange(x)) {
      finish(c, 0);
      setConditionBits(state, C2, C2);
      return;
    }
    const first = circular(name === 'sincos' ? 'sin' : name, x, control(c));
    if (!pushes) return store(first.value, first.value, first.flags);
    const isNumber = (first.value.word & 0x7fff) !== 0x7fff;
    if (name === 'tan') return store(first.value, isNumber ? ONE : first.value, first.flags);
    const second = circular('cos', x, control(c));
    store(first.value, second.value, first.flags | second.flags);
  });

/** A function of ST(1) and ST(0) that replaces ST(1) and pops. */
const binary = (compute: (y: Pair, x: Pair, control: number) => Result): HostHandler =>
  waitingHandler((c) => {
    const { state } = c;
    const empty = isEmpty(state, 0) || isEmpty(state, 1);
    const result: Result = empty
      ? { value: INDEFINITE, flags: STACK_UNDERFLOW }
      : compute(readSt(state, 1), readSt(state, 0), control(c));
    if (!finish(c, result.flags)) return;
    writeSt(state, 1, result.value);
    pop(state);
  });

export const x87Transcendental: Readonly<Record<string, HostHandler>> = {
  f2xm1: unary(exponential),
  fsin: ofAngle('sin'),
  fcos: ofAngle('cos'),
  fptan: ofAngle('tan'),
  fsincos: ofAngle('sincos'),
  fpatan: binary(arctangent),
  fyl2x: binary(logarithm),
  fyl2xp1: binary(logarithmPlusOne),
};
