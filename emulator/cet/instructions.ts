import { CET_SUPPRESS, CET_TRACKER, CET_WR_SHSTK_EN, CR4_CET } from '../cpu/context.ts';
import type { Definition, Emitter } from '../cpu/engine/emitter.ts';
import { arithmeticFlags, CF, loadArithmeticFlags } from '../cpu/flags.ts';
import { get32, get64, put64, STATE } from '../cpu/state.ts';
import { readableAt, writableAt } from '../memory/access.ts';
import { lockedWritableAt } from '../memory/lockedAccess.ts';
import { RAM_BASE } from '../memory/map.ts';
import { ACCESS } from '../memory/paging.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  type I64,
  i32,
  i64,
  load32U64,
  load64,
  loadBits,
  ltU,
  mul,
  ne,
  or,
  select,
  shrU,
  sub,
  wrap,
} from '../wasm/expressions.ts';
import { CONTROL_PROTECTION, CP, recordComparison } from './nearTransfers.ts';
import { cetOf, shadowStackOn, trackingOn } from './supervisorTokens.ts';

/**
 * The CET instructions (SDM Vol. 2). Whether shadow stacks are on is part of the translation context: the decoder
 * chooses `ud` or `nop` where they are off.
 */
const UD = 6;
const GP = 13;
const MODE64 = 2;

/** 1 in 64-bit mode: bit 0 of restore and previous-SSP tokens. */
const mode64 = (): I64 => extendU(shrU(and(get32(STATE.context), i32(MODE64)), i32(1)));
/** #UD unless supervisor shadow stacks are on, then #GP(0) unless CPL is 0. */
function supervisorOnly(e: Emitter): void {
  e.f.if(eqz(shadowStackOn(i32(0))), () => e.raise(UD));
  e.f.if(get32(STATE.cpl), () => e.raise(GP, 0));
}
const misaligned = (e: Emitter, address: I64, bytes: number): void =>
  e.f.if(and(wrap(address), i32(bytes - 1)), () => e.raise(GP, 0));

/** CF as given, ZF PF AF OF SF cleared. */
const setOnlyCarry = (e: Emitter, cf: I64): void => loadArithmeticFlags(e.flags, e.f.let(wrap(cf)));

function endbranch(e: Emitter): void {
  const { f } = e;
  const cpl = f.let(get32(STATE.cpl));
  f.if(trackingOn(cpl), () => {
    const cet = f.let(cetOf(cpl));
    const idle = f.let(and(cet, i64(~BigInt(CET_TRACKER | CET_SUPPRESS))));
    f.if(ne(idle, cet), () => {
      f.if(
        eq(cpl, i32(3)),
        () => put64(f, STATE.uCet, idle),
        () => put64(f, STATE.sCet, idle),
      );
      f.run(e.core.updateContext);
      e.jump(e.nextRip());
    });
  });
  e.finish();
}

/** INCSSP: the first and the last element of the range are read, even for a count of 0. */
function incrementSsp(e: Emitter): void {
  const { f } = e;
  const bytes = e.size / 8;
  const count = f.let(and(e.read(0, 8), i64(0xff)));
  const ssp = f.let(get64(STATE.ssp));
  f.drop(readableAt(e, ssp, bytes, ACCESS.SHADOW));
  const last = sub(select(eqz(count), i64(1), count), i64(1));
  f.drop(readableAt(e, add(ssp, mul(last, i64(bytes))), bytes, ACCESS.SHADOW));
  put64(f, STATE.ssp, add(ssp, mul(count, i64(bytes))));
}

function writeShadow(e: Emitter, access: number): void {
  const bytes = e.size / 8;
  const source = e.read(1);
  const linear = e.linear(0, e.size, false);
  misaligned(e, linear, bytes);
  if (access & ACCESS.USER) {
    // A user access whatever CPL is: not through the fast TLB of the current class.
    const host = e.f.let(e.f.call(e.core.slowWrite, linear, i32(bytes), i32(access)));
    e.f.branchIf(eqz(host), e.fault);
    e.f.storeBits(e.size, host, source);
    e.f.if(ltU(host, i32(RAM_BASE)), () => e.f.run(e.core.commitWrite, host));
    return;
  }
  const site = writableAt(e, linear, bytes, access);
  e.f.storeBits(e.size, site.host, source);
  site.commit();
}

/** Compare-exchange of a supervisor token's busy bit; the old value is written back on a mismatch. */
function exchangeToken(e: Emitter, address: I64, expected: I64, replacement: I64) {
  const { f } = e;
  const site = lockedWritableAt(e, address, 8, ACCESS.SHADOW | ACCESS.MODIFY);
  const token = f.let(load64(site.host));
  const equal = f.let(eq(token, expected));
  f.store64(site.host, select(equal, replacement, token));
  site.commit();
  return { token, equal };
}

export const cetInstructions: readonly Definition[] = [
  { name: 'endbr', sizes: [0], shapes: [''], emit: endbranch },
  // The first instruction after an indirect branch was no ENDBRANCH; a legacy bitmap is TypeScript's business.
  { name: 'missing-endbranch', sizes: [0], shapes: [''], emit: (e) => e.raise(CONTROL_PROTECTION, CP.ENDBRANCH) },
  { name: 'rdssp', sizes: [32, 64], shapes: ['r'], emit: (e) => e.writer(0).write(get64(STATE.ssp)) },
  { name: 'incssp', sizes: [32, 64], shapes: ['r'], emit: incrementSsp },
  {
    name: 'wrss',
    sizes: [32, 64],
    shapes: ['mr'],
    rare: true,
    emit: (e) => {
      const cpl = e.f.let(get32(STATE.cpl));
      e.f.if(eqz(shadowStackOn(cpl)), () => e.raise(UD));
      const cet = wrap(cetOf(cpl));
      e.f.if(eqz(and(cet, i32(CET_WR_SHSTK_EN))), () => e.raise(UD));
      writeShadow(e, ACCESS.SHADOW);
    },
  },
  {
    name: 'wruss',
    sizes: [32, 64],
    shapes: ['mr'],
    rare: true,
    emit: (e) => {
      e.f.if(eqz(and(wrap(get64(STATE.cr4)), i32(CR4_CET))), () => e.raise(UD));
      e.f.if(get32(STATE.cpl), () => e.raise(GP, 0));
      writeShadow(e, ACCESS.SHADOW | ACCESS.USER);
    },
  },
  {
    name: 'setssbsy',
    sizes: [0],
    shapes: [''],
    emit: (e) => {
      const { f } = e;
      supervisorOnly(e);
      const ssp = f.let(get64(STATE.pl0Ssp));
      misaligned(e, ssp, 8);
      const { token, equal } = exchangeToken(e, ssp, ssp, or(ssp, i64(1)));
      f.if(eqz(equal), () => {
        recordComparison(e, ssp, token);
        e.raise(CONTROL_PROTECTION, CP.SETSSBSY);
      });
      put64(f, STATE.ssp, ssp);
    },
  },
  {
    name: 'clrssbsy',
    sizes: [64],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      supervisorOnly(e);
      const address = e.linear(0, 64, false);
      misaligned(e, address, 8);
      const { equal } = exchangeToken(e, address, or(address, i64(1)), address);
      setOnlyCarry(e, extendU(eqz(equal)));
      put64(e.f, STATE.ssp, i64(0));
    },
  },
  {
    name: 'rstorssp',
    sizes: [64],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      const { f } = e;
      const address = e.linear(0, 64, false);
      misaligned(e, address, 8);
      const site = lockedWritableAt(e, address, 8, ACCESS.SHADOW | ACCESS.MODIFY);
      const token = f.let(load64(site.host));
      const points = and(sub(and(token, i64(-2)), i64(8)), i64(-8));
      const wrongMode = ne(and(token, i64(3)), mode64());
      const tooHigh = and(eqz(mode64()), ne(shrU(token, i64(32)), i64(0)));
      f.if(or(or(wrongMode, tooHigh), ne(points, address)), () => {
        // The locked read has written the token back.
        f.store64(site.host, token);
        site.commit();
        recordComparison(e, or(add(address, i64(8)), mode64()), token);
        e.raise(CONTROL_PROTECTION, CP.RSTORSSP);
      });
      f.store64(site.host, or(or(get64(STATE.ssp), mode64()), i64(2)));
      site.commit();
      put64(f, STATE.ssp, address);
      setOnlyCarry(e, and(shrU(token, i64(2)), i64(1)));
    },
  },
  {
    name: 'saveprevssp',
    sizes: [0],
    shapes: [''],
    emit: (e) => {
      const { f } = e;
      const ssp = f.let(get64(STATE.ssp));
      misaligned(e, ssp, 8);
      const token = f.let(loadBits(64, readableAt(e, ssp, 8, ACCESS.SHADOW)));
      const after = f.let(add(ssp, i64(8)));
      f.if(and(arithmeticFlags(e.flags), i32(CF)), () => {
        f.if(wrap(mode64()), () => e.raise(GP, 0));
        const hole = f.let(load32U64(readableAt(e, after, 4, ACCESS.SHADOW)));
        f.if(ne(hole, i64(0)), () => e.raise(GP, 0));
        f.set(after, add(after, i64(4)));
      });
      f.if(eqz(and(wrap(token), i32(2))), () => e.raise(GP, 0));
      f.if(and(eqz(mode64()), ne(shrU(token, i64(32)), i64(0))), () => e.raise(GP, 0));
      const previous = f.let(and(token, i64(-4)));
      const hole = writableAt(e, sub(previous, i64(4)), 4, ACCESS.SHADOW);
      const restore = writableAt(e, sub(and(previous, i64(-8)), i64(8)), 8, ACCESS.SHADOW);
      f.store32(hole.host, i32(0));
      hole.commit();
      f.store64(restore.host, or(previous, mode64()));
      restore.commit();
      put64(f, STATE.ssp, after);
    },
  },
];
