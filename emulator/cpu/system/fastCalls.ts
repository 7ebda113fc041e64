import { saveUserSsp, shadowStackOn, startTracking } from '../../cet/supervisorTokens.ts';
import { isCanonical } from '../../memory/paging.ts';
import { add, and, eqz, extendU, type I32, type I64, i32, i64, or, shrU, wrap, xor } from '../../wasm/expressions.ts';
import { ATTENTION } from '../attention.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { ARITHMETIC, arithmeticFlags, loadArithmeticFlags, RF, TF, VM } from '../flags.ts';
import { CS, ENGINE, GS, get32, get64, getGpr, put32, put64, putGpr, RCX, SS, STATE, segment } from '../state.ts';
import { SystemFunction } from './systemFunction.ts';

const R11 = 11;
const UD = 6;
const GP = 13;
const EFER_SCE = 1;
const CODE64 = 0xa09b;
const CODE32 = 0xc09b;
const DATA = 0xc093;

function loadFlat(s: SystemFunction, index: number, selector: I32, attributes: I32): void {
  s.loadSegment(index, selector, i64(0), i32(-1), attributes);
}

/** SYSCALL and SYSRET in 64-bit mode, SWAPGS (SDM Vol. 2; shadow stacks and tracking as in their pseudocode). */
export const fastCalls: readonly Definition[] = [
  {
    name: 'syscall',
    sizes: [0],
    shapes: [''],
    emit: (e: Emitter) => {
      const { f } = e;
      f.if(eqz(and(wrap(get64(STATE.efer)), i32(EFER_SCE))), () => e.raise(UD));
      const s = new SystemFunction(f, e.core);
      const flags = f.let(or(arithmeticFlags(e.flags), get32(STATE.rflags)));
      const selector = f.let(and(wrap(shrU(get64(STATE.star), i64(32))), i32(0xfffc)));
      putGpr(f, RCX, e.nextRip());
      putGpr(f, R11, extendU(and(flags, i32(~RF))));
      // At any CPL: ring 0 that makes system calls keeps IA32_PL3_SSP itself (SDM Vol. 2, SYSCALL).
      f.if(shadowStackOn(get32(STATE.cpl)), () => saveUserSsp(f, get64(STATE.ssp)));
      const target = f.let(get64(STATE.lstar));
      const masked = f.let(and(flags, xor(wrap(get64(STATE.sfmask)), i32(-1))));
      loadArithmeticFlags(e.flags, masked);
      put32(f, STATE.rflags, or(and(masked, i32(~(ARITHMETIC | RF | VM))), i32(2)));
      loadFlat(s, CS, selector, i32(CODE64));
      loadFlat(s, SS, add(selector, i32(8)), i32(DATA));
      put32(f, STATE.cpl, i32(0));
      f.if(shadowStackOn(i32(0)), () => put64(f, STATE.ssp, i64(0)));
      startTracking(s, i32(0));
      f.run(e.core.updateContext);
      // A single-step trap follows if TF is set now, not if it was (SDM Vol. 2, SYSCALL).
      put32(f, ENGINE.stepTrap, and(get32(STATE.rflags), i32(TF)));
      e.jump(target);
    },
  },
  {
    // Size 64: to 64-bit code (REX.W); size 32: to compatibility mode.
    name: 'sysret',
    sizes: [32, 64],
    shapes: [''],
    emit: (e: Emitter) => {
      const { f } = e;
      f.if(eqz(and(wrap(get64(STATE.efer)), i32(EFER_SCE))), () => e.raise(UD));
      f.if(get32(STATE.cpl), () => e.raise(GP, 0));
      const long = e.size === 64;
      const target: I64 = long ? f.let(getGpr(RCX)) : f.let(and(getGpr(RCX), i64(0xffff_ffff)));
      if (long) f.if(eqz(isCanonical(target)), () => e.raise(GP, 0));
      const s = new SystemFunction(f, e.core);
      const base = f.let(and(wrap(shrU(get64(STATE.star), i64(48))), i32(0xffff)));
      const flags = f.let(and(wrap(getGpr(R11)), i32(0x3c7fd7)));
      loadArithmeticFlags(e.flags, flags);
      put32(f, STATE.rflags, or(and(flags, i32(~(ARITHMETIC | RF))), i32(2)));
      loadFlat(s, CS, or(add(base, i32(long ? 16 : 0)), i32(3)), i32((long ? CODE64 : CODE32) | 0x60));
      loadFlat(s, SS, or(add(base, i32(8)), i32(3)), i32(DATA | 0x60));
      put32(f, STATE.cpl, i32(3));
      f.if(shadowStackOn(i32(3)), () => put64(f, STATE.ssp, get64(STATE.pl3Ssp)));
      f.run(e.core.updateContext);
      f.if(and(get32(STATE.rflags), i32(TF)), () => {
        put32(f, ENGINE.stepTrap, i32(TF));
        e.leaveTo(target);
      });
      put32(f, ENGINE.stepTrap, i32(0));
      f.if(and(get32(ENGINE.attention), i32(ATTENTION.INTERRUPT)), () => e.leaveTo(target));
      e.jump(target);
    },
  },
  {
    name: 'swapgs',
    sizes: [0],
    shapes: [''],
    emit: (e: Emitter) => {
      const { f } = e;
      f.if(get32(STATE.cpl), () => e.raise(GP, 0));
      const base = f.let(get64(segment(GS).base));
      put64(f, segment(GS).base, get64(STATE.kernelGsBase));
      put64(f, STATE.kernelGsBase, base);
    },
  },
];
