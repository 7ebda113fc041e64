import { clearBusy, popFarFrame, shadowStackOn } from '../../cet/supervisorTokens.ts';
import { stackReadable } from '../../memory/access.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  load32U64,
  load64,
  ltU,
  ne,
  or,
  select,
  shl,
  shrU,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import { ATTENTION } from '../attention.ts';
import type { Core } from '../engine/core.ts';
import type { Definition } from '../engine/emitter.ts';
import { stateFlags } from '../engine/stepEmitter.ts';
import { AC, ARITHMETIC, DF, ID, IF, IOPL, loadArithmeticFlags, NT, RF, TF, VIF, VIP } from '../flags.ts';
import {
  CS,
  DS,
  ENGINE,
  ES,
  FS,
  GS,
  get32,
  get64,
  getGpr,
  put32,
  put64,
  putGpr,
  RSP,
  SS,
  STATE,
  segment,
} from '../state.ts';
import { AR, attributesOf, baseOf, dplOf, has, limitOf, SystemFunction, VECTOR } from './systemFunction.ts';

/**
 * IRET executed in 64-bit mode (SDM Vol. 2, IRET/IRETD/IRETQ): always pops SS:RSP. Parameter: operand size in bytes
 * (4 or 8). Returns 0, or 1 with the fault recorded.
 */
export function defineIret64(core: Core): void {
  core.module.define(core.iret64, (f) => {
    const s = new SystemFunction(f, core);
    const bytes = f.parameter<'i32'>(0);
    // Even when it faults (SDM Vol. 3A §7.7.1).
    put32(f, STATE.nmiBlocked, i32(0));
    s.faultIf(has(get32(STATE.rflags), NT), VECTOR.GP, 0);
    const rsp = f.let(getGpr(RSP));
    const host = stackReadable(f, core, rsp, f.let(add(bytes, shl(bytes, i32(2)))));
    f.if(eqz(host), () => s.fail());
    const slot = (index: number): I64 => {
      const value = f.local('i64');
      f.if(
        eq(bytes, i32(8)),
        () => f.set(value, load64(host, index * 8)),
        () => f.set(value, load32U64(host, index * 4)),
      );
      return value;
    };
    const rip = slot(0);
    const cs = f.let(and(wrap(slot(1)), i32(0xffff)));
    const flags = f.let(wrap(slot(2)));
    const newRsp = slot(3);
    const ss = f.let(and(wrap(slot(4)), i32(0xffff)));

    const cpl = f.let(get32(STATE.cpl));
    const rpl = f.let(and(cs, i32(3)));
    const csCode = and(cs, i32(0xfffc));
    s.faultIf(eqz(csCode), VECTOR.GP, 0);
    s.faultIf(ltU(rpl, cpl), VECTOR.GP, csCode);
    const csAddress = s.descriptorAddress(cs, VECTOR.GP, i32(0));
    const csDescriptor = s.readImplicit64(csAddress);
    const csAttributes = f.let(attributesOf(csDescriptor));
    s.faultIf(ne(and(csAttributes, i32(AR.S | AR.CODE)), i32(AR.S | AR.CODE)), VECTOR.GP, csCode);
    const csDpl = dplOf(csAttributes);
    s.faultIf(select(has(csAttributes, AR.CONFORMING), gtU(csDpl, rpl), ne(csDpl, rpl)), VECTOR.GP, csCode);
    s.faultIf(eq(and(csAttributes, i32(AR.L | AR.D)), i32(AR.L | AR.D)), VECTOR.GP, csCode);
    s.faultIf(eqz(has(csAttributes, AR.PRESENT)), VECTOR.NP, csCode);
    const to64 = f.let(has(csAttributes, AR.L));
    const csLimit = f.let(limitOf(csDescriptor));

    const ssNull = f.let(eqz(and(ss, i32(0xfffc))));
    const ssAddress = f.let(i64(0));
    const ssDescriptor = f.let(i64(0));
    const ssCode = and(ss, i32(0xfffc));
    f.if(
      ssNull,
      () => {
        s.faultIf(or(eqz(to64), eq(rpl, i32(3))), VECTOR.GP, 0);
        s.faultIf(ne(and(ss, i32(3)), rpl), VECTOR.GP, ssCode);
      },
      () => {
        s.faultIf(ne(and(ss, i32(3)), rpl), VECTOR.GP, ssCode);
        f.set(ssAddress, s.descriptorAddress(ss, VECTOR.GP, i32(0)));
        f.set(ssDescriptor, s.readImplicit64(ssAddress));
        const attributes = f.let(attributesOf(ssDescriptor));
        // Writable data.
        s.faultIf(ne(and(attributes, i32(AR.S | AR.CODE | 2)), i32(AR.S | 2)), VECTOR.GP, ssCode);
        s.faultIf(ne(dplOf(attributes), rpl), VECTOR.GP, ssCode);
        s.faultIf(eqz(has(attributes, AR.PRESENT)), VECTOR.SS, ssCode);
      },
    );
    f.if(
      to64,
      () => s.requireCanonical(rip, VECTOR.GP, 0),
      () => s.faultIf(gtU(rip, extendU(csLimit)), VECTOR.GP, 0),
    );

    const outer = f.let(gtU(rpl, cpl));
    const sspAfter = f.let(get64(STATE.ssp));
    const tokenAt = f.let(i64(0));
    const clear = f.let(i32(0));
    const base = select(to64, i64(0), baseOf(csDescriptor));
    const target = f.let(select(to64, rip, and(add(rip, base), i64(0xffff_ffff))));
    const requireReachable = (ssp: I64) => {
      s.faultIf(and(eqz(to64), eqz(eqz(shrU(ssp, i64(32))))), VECTOR.GP, 0);
      f.if(to64, () => s.requireCanonical(ssp, VECTOR.GP, 0));
    };
    f.if(shadowStackOn(cpl), () => {
      f.if(
        outer,
        () => {
          s.faultIf(has(wrap(get64(STATE.ssp)), 7), VECTOR.CP, 2);
          f.set(tokenAt, get64(STATE.ssp));
          f.if(ne(rpl, i32(3)), () => {
            f.set(sspAfter, popFarFrame(s, cpl, extendU(cs), target));
            f.set(tokenAt, add(get64(STATE.ssp), i64(24)));
          });
          f.set(clear, i32(1));
        },
        () => {
          f.set(sspAfter, popFarFrame(s, cpl, extendU(cs), target));
          requireReachable(sspAfter);
          const popped = f.let(add(get64(STATE.ssp), i64(24)));
          f.if(ne(sspAfter, popped), () => {
            f.set(tokenAt, popped);
            f.set(clear, i32(1));
          });
        },
      );
    });
    f.if(outer, () => {
      f.if(shadowStackOn(rpl), () => {
        f.if(eq(rpl, i32(3)), () => f.set(sspAfter, get64(STATE.pl3Ssp)));
        requireReachable(sspAfter);
      });
    });
    f.if(clear, () => {
      clearBusy(s, cpl, tokenAt);
    });
    s.markAccessed(csAddress, csDescriptor);
    f.if(eqz(ssNull), () => s.markAccessed(ssAddress, ssDescriptor));

    // Past all faults.
    put64(f, STATE.ssp, sspAfter);
    loadFlags(flags, eq(bytes, i32(4)), cpl);
    s.loadSegment(CS, cs, base, csLimit, or(csAttributes, i32(AR.ACCESSED)));
    f.if(
      ssNull,
      () => s.loadNull(SS, ss, rpl),
      () =>
        s.loadSegment(
          SS,
          ss,
          baseOf(ssDescriptor),
          limitOf(ssDescriptor),
          or(attributesOf(ssDescriptor), i32(AR.ACCESSED)),
        ),
    );
    f.if(outer, () => {
      for (const index of [ES, DS, FS, GS]) {
        // A data segment that the outer level may not use becomes null (SDM Vol. 2, IRET).
        const attributes = get32(segment(index).attributes);
        const code = has(attributes, AR.CODE);
        const protectedKind = or(eqz(code), eqz(has(attributes, AR.CONFORMING)));
        f.if(and(and(protectedKind, ltU(dplOf(attributes), rpl)), eqz(has(attributes, 1 << 16))), () => {
          // The base stays what it was: what user code reaches through FS and GS is not for IRET to change.
          put32(f, segment(index).selector, i32(0));
          put32(f, segment(index).attributes, i32(1 << 16));
        });
      }
    });
    putGpr(f, RSP, newRsp);
    put64(f, STATE.rip, rip);
    put32(f, STATE.cpl, rpl);
    f.run(core.updateContext);
    f.return(i32(0));

    function loadFlags(value: I32, narrow: I32, oldCpl: I32): void {
      const iopl = and(shrU(get32(STATE.rflags), i32(12)), i32(3));
      const mask = f.let(i32(TF | DF | NT | RF | AC | ID));
      f.if(eqz(oldCpl), () => f.set(mask, or(mask, i32(IOPL))));
      f.if(and(eqz(oldCpl), eqz(narrow)), () => f.set(mask, or(mask, i32(VIF | VIP))));
      f.if(eqz(gtU(oldCpl, iopl)), () => f.set(mask, or(mask, i32(IF))));
      loadArithmeticFlags(stateFlags(f), value);
      const kept = and(get32(STATE.rflags), and(xor(mask, i32(-1)), i32(~ARITHMETIC)));
      put32(f, STATE.rflags, or(or(kept, and(value, mask)), i32(2)));
    }
  });
}

export const interruptReturn: readonly Definition[] = [
  {
    name: 'iret',
    sizes: [32, 64],
    shapes: [''],
    emit: (e) => {
      e.f.branchIf(e.f.call(e.core.iret64, i32(e.size / 8)), e.fault);
      // TF traps after the next instruction: the run loop sees to it, and to an interrupt or NMI that waited.
      const waiting = and(get32(ENGINE.attention), i32(ATTENTION.INTERRUPT));
      e.f.if(or(and(get32(STATE.rflags), i32(TF | VIP)), waiting), () => e.leaveTo(get64(STATE.rip)));
      e.f.if(and(get32(STATE.rflags), i32(RF)), () => e.resume(get64(STATE.rip)));
      e.jump(get64(STATE.rip));
    },
  },
  {
    // INT n, INT3, INT1: the event is delivered by the run loop, with RIP still here in case delivery faults.
    name: 'int',
    sizes: [0],
    shapes: ['i'],
    emit: (e) => {
      e.f.run(e.core.raise, wrap(e.immediate()));
      put32(e.f, STATE.eventKind, wrap(e.immediate(1)));
      put32(e.f, STATE.eventInstructionLength, e.length());
      e.f.branch(e.fault);
    },
  },
];
