import { and, eq, eqz, extendU, gtU, i32, i64, ne, or, shl, shrU, sub, wrap } from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { arithmeticFlags, condition, DF, IF, loadArithmeticFlags, OF, setCF, VIF, VIP } from '../flags.ts';
import { ENGINE, get32, get64, put32, RAX, STATE } from '../state.ts';

/** SDM Vol. 2: CLC STC CMC CLD STD CLI STI LAHF SAHF. */
const GP = 13;
const CR4_PVI = 2;

const simple = (name: string, emit: (e: Emitter) => void): Definition => ({ name, sizes: [0], shapes: [''], emit });

const setOther = (e: Emitter, bit: number, on: boolean): void =>
  put32(e.f, STATE.rflags, on ? or(get32(STATE.rflags), i32(bit)) : and(get32(STATE.rflags), i32(~bit)));

/**
 * CLI and STI need CPL ≤ IOPL. With CR4.PVI those of ring 3 move VIF instead, and STI faults while VIP is set (SDM
 * Vol. 3A §21.4). In virtual-8086 mode both are others (`system/host/virtual8086.ts`).
 */
function withIopl(e: Emitter, on: boolean, body: () => void): void {
  const { f } = e;
  const iopl = and(shrU(get32(STATE.rflags), i32(12)), i32(3));
  const refused = () => {
    const virtual = and(eq(get32(STATE.cpl), i32(3)), ne(and(wrap(get64(STATE.cr4)), i32(CR4_PVI)), i32(0)));
    f.if(eqz(virtual), () => e.raise(GP, 0));
    if (on) f.if(and(get32(STATE.rflags), i32(VIP)), () => e.raise(GP, 0));
    setOther(e, VIF, on);
  };
  f.if(gtU(get32(STATE.cpl), iopl), refused, body);
}

export const flagControl: readonly Definition[] = [
  simple('clc', (e) => setCF(e.flags, i64(0))),
  simple('stc', (e) => setCF(e.flags, i64(1))),
  simple('cmc', (e) => setCF(e.flags, e.f.let(extendU(eqz(condition(e.flags, 2)))))),
  simple('cld', (e) => setOther(e, DF, false)),
  simple('std', (e) => setOther(e, DF, true)),
  simple('cli', (e) => {
    withIopl(e, false, () => setOther(e, IF, false));
  }),
  simple('sti', (e) => {
    withIopl(e, true, () => {
      const was = e.f.let(and(get32(STATE.rflags), i32(IF)));
      setOther(e, IF, true);
      // The instruction after STI runs before any interrupt (SDM Vol. 2, STI). Where none can come before the one after
      // that, it is enough to note where the shadow lies.
      e.f.if(eqz(was), () => {
        e.f.if(
          and(eqz(get32(ENGINE.attention)), gtU(e.stepsLeft(), i32(1))),
          () => put32(e.f, ENGINE.shadowAt, sub(e.stepsLeft(), i32(1))),
          () => {
            put32(e.f, STATE.interruptShadow, i32(1));
            e.leave();
          },
        );
      });
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
