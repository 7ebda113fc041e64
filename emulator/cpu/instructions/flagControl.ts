import { and, eqz, extendU, gtU, i32, i64, or, shl, shrU, wrap } from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { arithmeticFlags, condition, DF, IF, loadArithmeticFlags, OF, setCF } from '../flags.ts';
import { get32, put32, RAX, STATE } from '../state.ts';

/** SDM Vol. 2: CLC STC CMC CLD STD CLI STI LAHF SAHF. */
const GP = 13;

const simple = (name: string, emit: (e: Emitter) => void): Definition => ({ name, sizes: [0], shapes: [''], emit });

const setOther = (e: Emitter, bit: number, on: boolean): void =>
  put32(e.f, STATE.rflags, on ? or(get32(STATE.rflags), i32(bit)) : and(get32(STATE.rflags), i32(~bit)));

/** CLI and STI need CPL ≤ IOPL (no CR4.PVI or VME here). */
function requireIopl(e: Emitter): void {
  const iopl = and(shrU(get32(STATE.rflags), i32(12)), i32(3));
  e.f.if(gtU(get32(STATE.cpl), iopl), () => e.raise(GP, 0));
}

export const flagControl: readonly Definition[] = [
  simple('clc', (e) => setCF(e.flags, i64(0))),
  simple('stc', (e) => setCF(e.flags, i64(1))),
  simple('cmc', (e) => setCF(e.flags, e.f.let(extendU(eqz(condition(e.flags, 2)))))),
  simple('cld', (e) => setOther(e, DF, false)),
  simple('std', (e) => setOther(e, DF, true)),
  simple('cli', (e) => {
    requireIopl(e);
    setOther(e, IF, false);
  }),
  simple('sti', (e) => {
    requireIopl(e);
    const was = e.f.let(and(get32(STATE.rflags), i32(IF)));
    setOther(e, IF, true);
    // The instruction after STI runs before any interrupt (SDM Vol. 2, STI).
    e.f.if(eqz(was), () => {
      put32(e.f, STATE.interruptShadow, i32(1));
      e.leave();
    });
    e.finish();
  }),
  simple('lahf', (e) => {
    const flags = and(or(arithmeticFlags(e.flags), i32(2)), i32(0xff));
    e.setGpr(RAX, or(and(e.gpr(RAX), i64(~0xff00n)), shl(extendU(flags), i64(8))));
  }),
  simple('sahf', (e) => {
    const ah = and(shrU(wrap(e.gpr(RAX)), i32(8)), i32(0xff));
    const flags = e.f.let(or(ah, and(arithmeticFlags(e.flags), i32(OF))));
    loadArithmeticFlags(e.flags, flags);
  }),
];
