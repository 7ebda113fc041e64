import {
  add,
  and,
  divU,
  eqz,
  extendU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  mul,
  or,
  remU,
  shl,
  shrU,
  sub,
} from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { carryWord, condition, flagA, flagShift, shiftUp } from '../flags.ts';
import { RAX } from '../state.ts';

/** SDM Vol. 2: the decimal-adjust instructions of 16- and 32-bit code. */
const simple = (name: string, emit: (e: Emitter) => void, shapes = ['']): Definition => ({
  name,
  sizes: [8],
  shapes,
  emit,
});
const al = (e: Emitter): I64 => and(e.gpr(RAX), i64(0xff));
const setAl = (e: Emitter, value: I64): void => e.setGpr(RAX, or(and(e.gpr(RAX), i64(~0xffn)), and(value, i64(0xff))));
const setAx = (e: Emitter, value: I64): void =>
  e.setGpr(RAX, or(and(e.gpr(RAX), i64(~0xffffn)), and(value, i64(0xffff))));

/** SF, ZF and PF from AL; CF and AF as given; OF clear. */
function setFlags(e: Emitter, cf: I64, af: I64): void {
  const shift = flagShift(8);
  e.flags.set(shiftUp(al(e), 8), or(carryWord(cf, i64(0)), shl(af, i64(shift + 3))), i32(shift));
}

/** DAA and DAS. */
function adjustPacked(e: Emitter, add6: (value: I64, by: number) => I64): void {
  const { f } = e;
  const old = f.let(al(e));
  const oldCF = f.let(condition(e.flags, 2));
  const low = f.let(or(gtU(and(old, i64(15)), i64(9)), flagA(e.flags)));
  const high = f.let(or(gtU(old, i64(0x99)), oldCF));
  const value = f.let(old);
  const cf = f.let(high);
  f.if(low, () => {
    f.set(value, add6(value, 6));
    // DAS: the borrow out of AL counts too.
    f.set(cf, or(cf, or(oldCF, eqz(eqz(and(value, i64(0x100)))))));
  });
  f.if(high, () => f.set(value, add6(value, 0x60)));
  setAl(e, value);
  setFlags(e, extendU(cf), extendU(low));
}

/** AAA and AAS. */
function adjustUnpacked(e: Emitter, sign: 1 | -1): void {
  const { f } = e;
  const adjust = f.let(or(gtU(and(e.gpr(RAX), i64(15)), i64(9)), flagA(e.flags)));
  f.if(adjust, () => setAx(e, sign === 1 ? add(e.gpr(RAX), i64(0x106)) : sub(e.gpr(RAX), i64(0x106))));
  e.setGpr(RAX, and(e.gpr(RAX), i64(~0xf0n)));
  const flag = (x: I32): I64 => extendU(x);
  setFlags(e, flag(adjust), flag(adjust));
}

export const decimal: readonly Definition[] = [
  simple('daa', (e) => adjustPacked(e, (v, by) => add(v, i64(by)))),
  simple('das', (e) => adjustPacked(e, (v, by) => sub(v, i64(by)))),
  simple('aaa', (e) => adjustUnpacked(e, 1)),
  simple('aas', (e) => adjustUnpacked(e, -1)),
  simple(
    'aam',
    (e) => {
      const { f } = e;
      const base = f.let(and(e.immediate(), i64(0xff)));
      f.if(eqz(base), () => e.raise(0));
      const value = f.let(al(e));
      setAx(e, or(shl(divU(value, base), i64(8)), remU(value, base)));
      setFlags(e, i64(0), i64(0));
    },
    ['i'],
  ),
  simple(
    'aad',
    (e) => {
      const high = and(shrU(e.gpr(RAX), i64(8)), i64(0xff));
      const value = e.f.let(and(add(al(e), mul(high, and(e.immediate(), i64(0xff)))), i64(0xff)));
      setAx(e, value);
      setFlags(e, i64(0), i64(0));
    },
    ['i'],
  ),
];
