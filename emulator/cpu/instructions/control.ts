import { pushReturn, raiseReturnMismatch, trackIndirectBranch } from '../../cet/nearTransfers.ts';
import { readableAt } from '../../memory/access.ts';
import { ACCESS } from '../../memory/paging.ts';
import { add, and, eqz, type I32, type I64, i32, i64, loadBits, ne, sub } from '../../wasm/expressions.ts';
import { maskTo } from '../../wasm/width.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { condition } from '../flags.ts';
import { get64, put64, RCX, STATE } from '../state.ts';
import { setSized } from './registers.ts';
import { StackAccess } from './stackAccess.ts';

/**
 * SDM Vol. 2: near JMP, Jcc, CALL, RET, LOOP, JRCXZ. Sizes are operand sizes: 64 only in 64-bit code. Variants ending
 * in `.s` run with shadow stacks on, `.t` with indirect-branch tracking on, `.st` with both: what is off costs nothing.
 */
const SIZES = [16, 32, 64] as const;
const CONDITIONS = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');

const variant = (e: Emitter, letter: string): boolean => (e.form.name.split('.')[1] ?? '').includes(letter);

function branchIf(e: Emitter, taken: I32): void {
  e.f.if(taken, () => e.jumpRelative());
  e.finish();
}

function call(e: Emitter, target: I64): void {
  const stack = new StackAccess(e, e.size !== 64);
  const returnAddress = e.f.let(maskTo(e.nextRip(), e.size));
  e.requireTarget(target);
  stack.push(returnAddress, e.size);
  const shadow = variant(e, 's') ? pushReturn(e, returnAddress) : undefined;
  stack.commit();
  shadow?.commit();
}

function indirectTarget(e: Emitter): I64 {
  const target = e.read(0);
  e.requireTarget(target);
  return target;
}

const counters: Definition[] = [16, 32, 64].flatMap((bits) => {
  const count = (e: Emitter) => e.f.let(maskTo(sub(e.gpr(RCX), i64(1)), bits));
  const loop = (name: string, extra: (e: Emitter) => I32): Definition => ({
    name: `${name}${bits}`,
    sizes: SIZES,
    shapes: ['j'],
    emit: (e) => {
      const left = count(e);
      const commit = () => setSized(e, RCX, left, bits);
      e.f.if(and(ne(left, i64(0)), extra(e)), () => e.jumpRelative(commit));
      commit();
      e.finish();
    },
  });
  return [
    loop('loop', () => i32(1)),
    loop('loope', (e) => condition(e.flags, 4)),
    loop('loopne', (e) => condition(e.flags, 5)),
    {
      name: `jrcxz${bits}`,
      sizes: SIZES,
      shapes: ['j'],
      emit: (e: Emitter) => branchIf(e, eqz(maskTo(e.gpr(RCX), bits))),
    },
  ];
});

export const control: readonly Definition[] = [
  { name: 'jmp', sizes: SIZES, shapes: ['j'], emit: (e) => e.jumpRelative() },
  ...['jmp', 'jmp.t'].map(
    (name): Definition => ({
      name,
      sizes: SIZES,
      shapes: ['r', 'm'],
      emit: (e) => {
        const target = indirectTarget(e);
        if (variant(e, 't')) trackIndirectBranch(e);
        e.jump(target);
      },
    }),
  ),
  ...CONDITIONS.map(
    (suffix, code): Definition => ({
      name: `j${suffix}`,
      sizes: SIZES,
      shapes: ['j'],
      emit: (e) => branchIf(e, condition(e.flags, code)),
    }),
  ),
  ...counters,
  ...['call', 'call.s'].map(
    (name): Definition => ({
      name,
      sizes: SIZES,
      shapes: ['j'],
      emit: (e) => {
        call(e, e.f.let(maskTo(e.relativeTarget(), e.size)));
        e.jumpRelative();
      },
    }),
  ),
  ...['call', 'call.s', 'call.t', 'call.st'].map(
    (name): Definition => ({
      name,
      sizes: SIZES,
      shapes: ['r', 'm'],
      emit: (e) => {
        const target = indirectTarget(e);
        call(e, target);
        if (variant(e, 't')) trackIndirectBranch(e);
        e.jump(target);
      },
    }),
  ),
  ...['ret', 'ret.s'].map(
    (name): Definition => ({
      name,
      sizes: SIZES,
      shapes: ['', 'i'],
      emit: (e) => {
        const { f } = e;
        const stack = new StackAccess(e, e.size !== 64);
        const target = stack.pop(e.size);
        e.requireTarget(target);
        if (e.form.shape === 'i') stack.skip(e.immediate());
        if (variant(e, 's')) {
          const width = e.size === 64 ? 64 : 32;
          const ssp = f.let(get64(STATE.ssp));
          const expected = f.let(loadBits(width, readableAt(e, ssp, width / 8, ACCESS.SHADOW)));
          f.if(ne(expected, target), () => raiseReturnMismatch(e, expected, target));
          put64(f, STATE.ssp, add(ssp, i64(width / 8)));
        }
        stack.commit();
        e.jump(target);
      },
    }),
  ),
];
