import {
  alignForFrame,
  pushFarFrame,
  saveUserSsp,
  setBusy,
  shadowStackOn,
  startTracking,
} from '../../cet/supervisorTokens.ts';
import { ACCESS } from '../../memory/paging.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtU,
  i32,
  i64,
  load64,
  ltU,
  ne,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { stateFlags } from '../engine/stepEmitter.ts';
import { EVENT } from '../events.ts';
import { arithmeticFlags, IF, NT, RF, TF, VM } from '../flags.ts';
import { CS, get32, get64, getGpr, put32, put64, putGpr, RSP, SS, STATE, segment, TR } from '../state.ts';
import { AR, attributesOf, dplOf, has, limitOf, SystemFunction, VECTOR } from './systemFunction.ts';

/**
 * Event delivery through a 64-bit IDT (SDM Vol. 3A §6.14, §6.12; shadow stacks: Vol. 1 §17.2.5 and Vol. 2, INT n).
 * RIP is at the instruction; a software interrupt pushes the address after it. Returns 0, or 1 with a nested fault
 * recorded and nothing changed but memory below the stacks (and a token left busy).
 */
export function defineDeliver64(core: Core): FunctionReference<'i32'> {
  const deliver = core.module.declare('deliver64', [], ['i32']);
  core.module.define(deliver, (f) => {
    const s = new SystemFunction(f, core);
    const vector = f.let(get32(STATE.eventVector));
    const kind = f.let(get32(STATE.eventKind));
    const error = f.let(get32(STATE.eventError));
    const hasError = f.let(get32(STATE.eventHasError));
    const software = f.let(or(eq(kind, i32(EVENT.SOFTWARE)), eq(kind, i32(EVENT.SOFTWARE_EXCEPTION))));
    const ext = f.let(eqz(software));
    const cpl = f.let(get32(STATE.cpl));
    const gateCode = f.let(or(add(shl(vector, i32(3)), i32(2)), ext));

    s.faultIf(gtU(add(shl(vector, i32(4)), i32(15)), get32(STATE.idtrLimit)), VECTOR.GP, gateCode);
    const gateAddress = f.let(add(get64(STATE.idtrBase), extendU(shl(vector, i32(4)))));
    const gate = s.readable(gateAddress, 16, ACCESS.IMPLICIT);
    const low = f.let(load64(gate));
    const high = f.let(load64(gate, 8));
    const type = f.let(and(wrap(shrU(low, i64(40))), i32(0x1f)));
    // 64-bit interrupt (0Eh) and trap (0Fh) gates only.
    s.faultIf(ne(and(type, i32(0x1e)), i32(0xe)), VECTOR.GP, gateCode);
    const gateDpl = and(wrap(shrU(low, i64(45))), i32(3));
    s.faultIf(and(software, ltU(gateDpl, cpl)), VECTOR.GP, gateCode);
    s.faultIf(eqz(and(wrap(shrU(low, i64(47))), i32(1))), VECTOR.NP, gateCode);
    const target = f.let(or(or(and(low, i64(0xffff)), and(shrU(low, i64(32)), i64(0xffff_0000))), shl(high, i64(32))));
    const ist = f.let(and(wrap(shrU(low, i64(32))), i32(7)));

    const selector = f.let(and(wrap(shrU(low, i64(16))), i32(0xffff)));
    s.faultIf(eqz(and(selector, i32(0xfffc))), VECTOR.GP, ext);
    const csCode = f.let(or(and(selector, i32(0xfffc)), ext));
    const csAddress = s.descriptorAddress(selector, VECTOR.GP, ext);
    const descriptor = s.readImplicit64(csAddress);
    const attributes = f.let(attributesOf(descriptor));
    const dpl = f.let(dplOf(attributes));
    s.faultIf(ne(and(attributes, i32(AR.S | AR.CODE)), i32(AR.S | AR.CODE)), VECTOR.GP, csCode);
    s.faultIf(gtU(dpl, cpl), VECTOR.GP, csCode);
    s.faultIf(ne(and(attributes, i32(AR.L | AR.D)), i32(AR.L)), VECTOR.GP, csCode);
    s.faultIf(eqz(has(attributes, AR.PRESENT)), VECTOR.NP, csCode);
    const newCpl = f.let(select(has(attributes, AR.CONFORMING), cpl, dpl));
    const inner = f.let(ltU(newCpl, cpl));

    // Stack: IST, the TSS's RSP for the new level, or the current one.
    const stack = f.let(getGpr(RSP));
    const fromTss = f.let(or(inner, eqz(eqz(ist))));
    f.if(fromTss, () => {
      const offset = f.let(select(ist, add(shl(ist, i32(3)), i32(28)), add(shl(newCpl, i32(3)), i32(4))));
      const tsCode = or(and(get32(segment(TR).selector), i32(0xfffc)), ext);
      s.faultIf(gtU(add(offset, i32(7)), get32(segment(TR).limit)), VECTOR.TS, tsCode);
      f.set(stack, s.readImplicit64(add(get64(segment(TR).base), extendU(offset))));
      s.requireCanonical(stack, VECTOR.SS, ext);
    });
    // The interrupt SSP table is read beside the stack pointer.
    const shadowOn = f.let(shadowStackOn(newCpl));
    const newSsp = f.let(i64(0));
    const switchShadow = f.let(and(shadowOn, fromTss));
    f.if(switchShadow, () => {
      f.if(
        ist,
        () => {
          const slot = add(get64(STATE.interruptSspTableAddr), extendU(shl(ist, i32(3))));
          f.set(newSsp, s.readImplicit64(slot));
        },
        () => {
          f.set(
            newSsp,
            select(
              eqz(newCpl),
              get64(STATE.pl0Ssp),
              select(eq(newCpl, i32(1)), get64(STATE.pl1Ssp), get64(STATE.pl2Ssp)),
            ),
          );
        },
      );
    });

    const frameBytes = f.let(add(i32(40), shl(hasError, i32(3))));
    const aligned = f.let(and(stack, i64(-16)));
    const top = f.let(sub(aligned, extendU(frameBytes)));
    s.requireCanonical(sub(aligned, i64(8)), VECTOR.SS, ext);
    s.requireCanonical(top, VECTOR.SS, ext);
    s.requireCanonical(target, VECTOR.GP, ext);

    const oldCs = f.let(get32(segment(CS).selector));
    const rip = f.let(get64(STATE.rip));
    f.if(or(software, eq(kind, i32(EVENT.PRIVILEGED))), () => {
      f.set(rip, add(rip, extendU(get32(STATE.eventInstructionLength))));
    });
    const rflags = f.let(or(arithmeticFlags(stateFlags(f)), get32(STATE.rflags)));
    const pushed = select(eq(kind, i32(EVENT.FAULT)), or(rflags, i32(RF)), rflags);
    // From ring 3 the pushes are implicit accesses: what user code has in RFLAGS.AC does not lift SMAP. Those of ring 0
    // are explicit (SDM Vol. 3A §4.6).
    const implicit = and(eq(cpl, i32(3)), inner);
    const rights = select(implicit, i32(ACCESS.IMPLICIT), select(eq(newCpl, i32(3)), i32(ACCESS.USER), i32(0)));
    const frame = s.frame(top, frameBytes, f.let(or(rights, i32(ACCESS.STACK))));
    const at = f.let(frame.host);
    f.if(hasError, () => {
      f.store64(at, extendU(error));
      f.set(at, add(at, i32(8)));
    });
    f.store64(at, rip);
    f.store64(at, extendU(oldCs), 8);
    f.store64(at, extendU(pushed), 16);
    f.store64(at, getGpr(RSP), 24);
    f.store64(at, extendU(get32(segment(SS).selector)), 32);
    frame.commit();
    s.markAccessed(csAddress, descriptor);

    const oldSsp = f.let(get64(STATE.ssp));
    f.if(
      switchShadow,
      () => {
        setBusy(s, newSsp);
        f.if(
          eq(cpl, i32(3)),
          () => put64(f, STATE.ssp, newSsp),
          () => {
            const previous = f.let(select(shadowStackOn(cpl), oldSsp, i64(0)));
            pushFarFrame(s, newCpl, newSsp, extendU(oldCs), rip, previous);
          },
        );
      },
      () => {
        f.if(shadowOn, () => {
          const aligned = alignForFrame(s, newCpl);
          pushFarFrame(s, newCpl, aligned, extendU(oldCs), rip, oldSsp);
        });
      },
    );
    // Past all faults.
    f.if(and(and(eq(cpl, i32(3)), inner), shadowStackOn(cpl)), () => saveUserSsp(f, oldSsp));
    startTracking(s, newCpl);
    const cleared = select(eq(type, i32(0xe)), i32(~(TF | NT | RF | VM | IF)), i32(~(TF | NT | RF | VM)));
    put32(f, STATE.rflags, and(get32(STATE.rflags), cleared));
    s.loadSegment(
      CS,
      or(and(selector, i32(0xfffc)), newCpl),
      i64(0),
      limitOf(descriptor),
      or(attributes, i32(AR.ACCESSED)),
    );
    f.if(inner, () => s.loadNull(SS, newCpl, newCpl));
    putGpr(f, RSP, top);
    put64(f, STATE.rip, target);
    put32(f, STATE.cpl, newCpl);
    put32(f, STATE.eventPending, i32(0));
    put32(f, STATE.interruptShadow, i32(0));
    f.run(core.updateContext);
    f.return(i32(0));
  });
  core.module.export(deliver);
  return deliver;
}
