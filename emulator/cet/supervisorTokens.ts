import { CET_ENDBR_EN, CET_SH_STK_EN, CET_SUPPRESS, CET_TRACKER, CR4_CET } from '../cpu/context.ts';
import { get64, put32, put64, STATE } from '../cpu/state.ts';
import { has, type SystemFunction, VECTOR } from '../cpu/system/systemFunction.ts';
import { ACCESS } from '../memory/paging.ts';
import {
  and,
  eq,
  eqz,
  type I32,
  type I64,
  i32,
  i64,
  load64,
  ne,
  or,
  select,
  shl,
  shrS,
  sub,
  wrap,
  xor,
} from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';

/**
 * Supervisor shadow-stack tokens and the frames of far transfers (SDM Vol. 1 §17.2, Vol. 2 "shadow stack" pseudocode).
 * Both are reached with the rights of the level whose stack it is, whatever CPL is at that moment.
 */
const SUPERVISOR_SHADOW = ACCESS.SHADOW | ACCESS.IMPLICIT;
const shadowAccess = (cpl: I32): I32 =>
  select(eq(cpl, i32(3)), i32(ACCESS.SHADOW | ACCESS.USER), i32(SUPERVISOR_SHADOW));

/** U_CET for CPL 3, S_CET otherwise. */
export const cetOf = (cpl: I32): I64 => select(eq(cpl, i32(3)), get64(STATE.uCet), get64(STATE.sCet));

const cetOn = (): I32 => has(wrap(get64(STATE.cr4)), CR4_CET);
/** SHSTK_ON(cpl), outside virtual-8086 mode. */
export const shadowStackOn = (cpl: I32): I32 => and(cetOn(), has(wrap(cetOf(cpl)), CET_SH_STK_EN));
export const trackingOn = (cpl: I32): I32 => and(cetOn(), has(wrap(cetOf(cpl)), CET_ENDBR_EN));

/**
 * IA32_PL3_SSP := `ssp`, with bits 63:48 as bit 47 is (LA_adjust in SDM Vol. 2): INCSSP may have gone past the canonical
 * addresses.
 */
export const saveUserSsp = (f: FunctionBuilder, ssp: I64): void =>
  put64(f, STATE.pl3Ssp, shrS(shl(ssp, i64(16)), i64(16)));

/** TRACKER := WAIT_FOR_ENDBRANCH, SUPPRESS := 0 for the class of `cpl`, if tracking is on there. */
export function startTracking(s: SystemFunction, cpl: I32): void {
  const { f } = s;
  f.if(trackingOn(cpl), () => {
    const next = f.let(or(and(cetOf(cpl), i64(~BigInt(CET_SUPPRESS))), i64(CET_TRACKER)));
    f.if(
      eq(cpl, i32(3)),
      () => put64(f, STATE.uCet, next),
      () => put64(f, STATE.sCet, next),
    );
  });
}

/** Sets the busy bit of the token at `address`; #GP(0) when it is not a free token for this address. */
export function setBusy(s: SystemFunction, address: Local<'i64'>): void {
  const { f } = s;
  s.faultIf(has(wrap(address), 7), VECTOR.GP, 0);
  const site = s.lockedWritable(address, 8, SUPERVISOR_SHADOW | ACCESS.MODIFY);
  const token = f.let(load64(site.host));
  f.if(ne(token, address), () => {
    site.commit();
    s.fault(VECTOR.GP, 0);
  });
  f.store64(site.host, or(token, i64(1)));
  site.commit();
}

/**
 * Clears the busy bit if the token at `address`, on the stack of `cpl`, is a busy token for it; returns whether it was
 * (1) or not (0).
 */
export function clearBusy(s: SystemFunction, cpl: I32, address: Local<'i64'>): Local<'i32'> {
  const { f } = s;
  const site = s.lockedWritable(address, 8, or(shadowAccess(cpl), i32(ACCESS.MODIFY)));
  const token = f.let(load64(site.host));
  const valid = f.let(eq(token, or(address, i64(1))));
  f.if(valid, () => f.store64(site.host, xor(token, i64(1))));
  site.commit();
  return valid;
}

/** Pushes CS, LIP and the old SSP below `top` (8-byte aligned) of the stack of `cpl`, and makes that SSP. */
export function pushFarFrame(s: SystemFunction, cpl: I32, top: I64, cs: I64, lip: I64, oldSsp: I64): void {
  const { f } = s;
  const ssp = f.let(sub(top, i64(24)));
  const site = s.frame(ssp, i32(24), shadowAccess(cpl));
  f.store64(site.host, oldSsp);
  f.store64(site.host, lip, 8);
  f.store64(site.host, cs, 16);
  site.commit();
  put64(f, STATE.ssp, ssp);
}

/** Aligns SSP to 8 bytes for a far frame: 4 bytes of zero are stored when it is not. Returns the aligned SSP. */
export function alignForFrame(s: SystemFunction, cpl: I32): Local<'i64'> {
  const { f } = s;
  const ssp = f.let(get64(STATE.ssp));
  f.if(has(wrap(ssp), 4), () => {
    const site = s.writable(sub(ssp, i64(4)), i32(4), shadowAccess(cpl));
    f.store32(site.host, i32(0));
    site.commit();
  });
  return f.let(and(ssp, i64(-8)));
}

/**
 * Verifies the frame at SSP against CS and LIP (SDM Vol. 2, IRET): returns the previous SSP. #CP(FAR-RET/IRET) on any
 * mismatch.
 */
export function popFarFrame(s: SystemFunction, cpl: I32, cs: I64, lip: I64): Local<'i64'> {
  const { f } = s;
  const ssp = f.let(get64(STATE.ssp));
  const FAR_RET = 2;
  s.faultIf(has(wrap(ssp), 7), VECTOR.CP, FAR_RET);
  const host = s.readable(ssp, 24, shadowAccess(cpl));
  const previous = f.let(load64(host));
  const savedLip = f.let(load64(host, 8));
  const savedCs = f.let(load64(host, 16));
  f.if(eqz(and(eq(savedCs, cs), eq(savedLip, lip))), () => {
    put64(f, STATE.cpExpected, select(eq(savedCs, cs), savedLip, savedCs));
    put64(f, STATE.cpActual, select(eq(savedCs, cs), lip, cs));
    put32(f, STATE.cpHasValues, i32(1));
    s.fault(VECTOR.CP, FAR_RET);
  });
  s.faultIf(has(wrap(previous), 3), VECTOR.CP, FAR_RET);
  return previous;
}
