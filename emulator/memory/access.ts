import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get32, get64, put32, put64, STATE } from '../cpu/state.ts';
import {
  add,
  and,
  type Expression,
  eq,
  eqz,
  extendU,
  geU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  load8U,
  load32,
  load64,
  ltU,
  ne,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../wasm/expressions.ts';
import type { FunctionBuilder, Label, Local } from '../wasm/functionBuilder.ts';
import { maskLinear } from './addressMasking.ts';
import { noteFastFill } from './architecturalTlb.ts';
import {
  ACCESS_CLASSES,
  BOUNCE_BASE,
  BOUNCE_SLOT,
  BOUNCE_SLOTS,
  EMPTY_TABLE,
  FAST_TLB_ENTRIES,
  fastTable,
  PAGE_FLAGS_BASE,
  RAM_BASE,
} from './map.ts';
import { ACCESS, isCanonical } from './paging.ts';

/** Behind a bounce buffer's data: where the write goes. */
const COMMIT = { physical: 64, physical2: 72, size: 80, size2: 84 } as const;

const RFLAGS_AC = 1 << 18;
const CR0_AM = 1 << 18;
const PF_CODE_STACK = 12;
const PF_CODE_GP = 13;
const ALIGNMENT_CHECK = 17;

function nextBounce(f: FunctionBuilder): Local<'i32'> {
  const slot = f.let(and(add(get32(ENGINE.bounceNext), i32(1)), i32(BOUNCE_SLOTS - 1)));
  put32(f, ENGINE.bounceNext, slot);
  return f.let(add(i32(BOUNCE_BASE), shl(slot, i32(Math.log2(BOUNCE_SLOT)))));
}

/** Non-canonical addresses (SDM Vol. 1 §3.3.7.1), first and last byte. Only 64-bit mode can make them. */
function requireCanonical(
  f: FunctionBuilder,
  core: Core,
  linear: I64,
  size: I32,
  access: I32,
  failed: () => void,
): void {
  const last = add(linear, extendU(sub(size, i32(1))));
  f.if(eqz(and(isCanonical(linear), isCanonical(last))), () => {
    f.run(core.raiseError, select(and(access, i32(ACCESS.STACK)), i32(PF_CODE_STACK), i32(PF_CODE_GP)), i32(0));
    failed();
  });
}

/**
 * #AC (SDM Vol. 3A §7.15, vector 17): CPL 3 with CR0.AM and RFLAGS.AC; shadow-stack accesses are exempt. An operand is
 * aligned to the largest power of two that divides its size, to 8 bytes at most: MOVUPS and its like are not checked for
 * more, and what needs 16 sees to it itself. A number of 80 bits is aligned to 8. It comes before #PF, whose order to it the
 * SDM leaves open (table 7-2): a linear address is enough to know it, and processors and Bochs do it so.
 */
function requireAligned(f: FunctionBuilder, core: Core, linear: I64, size: I32, access: I32, failed: () => void): void {
  f.if(and(wrap(linear), i32(7)), () => {
    const divisor = f.let(and(size, sub(i32(0), size)));
    const alignment = select(or(gtU(divisor, i32(8)), eq(size, i32(10))), i32(8), divisor);
    const misaligned = ne(and(wrap(linear), sub(alignment, i32(1))), i32(0));
    const on = and(
      and(ne(and(get32(STATE.rflags), i32(RFLAGS_AC)), i32(0)), ne(and(wrap(get64(STATE.cr0)), i32(CR0_AM)), i32(0))),
      and(eq(get32(STATE.cpl), i32(3)), eqz(and(access, i32(ACCESS.SHADOW | ACCESS.IMPLICIT | ACCESS.ANY_ALIGNMENT)))),
    );
    f.if(and(misaligned, on), () => {
      f.run(core.raiseError, i32(ALIGNMENT_CHECK), i32(0));
      failed();
    });
  });
}

/** Debug registers see the access once it can no longer fault. */
function watch(f: FunctionBuilder, core: Core, linear: I64, size: I32, access: I32): void {
  f.if(get32(ENGINE.watch), () => {
    put64(f, ENGINE.scratch1, linear);
    f.run(core.imports.watchAccess, size, access);
  });
}

/**
 * Puts a translation in the fast TLB of the class that the access stands for: the current one; for an implicit access
 * that of supervisors with RFLAGS.AC clear, whose rights are the same.
 */
function fillFast(f: FunctionBuilder, linear: I64, physical: I64, access: I32, write: boolean): void {
  const special = or(has(access, ACCESS.USER), and(has(access, ACCESS.IMPLICIT), has(access, ACCESS.SHADOW)));
  f.if(eqz(or(special, get32(ENGINE.watch))), () => {
    const current = select(
      and(access, i32(ACCESS.SHADOW)),
      get32(write ? ENGINE.tlbShadowWrite : ENGINE.tlbShadowRead),
      get32(write ? ENGINE.tlbWrite : ENGINE.tlbRead),
    );
    const table = f.let(select(and(access, i32(ACCESS.IMPLICIT)), i32(implicitTable(write)), current));
    f.if(ne(table, i32(EMPTY_TABLE)), () => {
      const entry = f.let(add(table, shl(and(wrap(shrU(linear, i64(12))), i32(FAST_TLB_ENTRIES - 1)), i32(4))));
      noteFastFill(f, entry);
      f.store64(entry, and(linear, i64(-4096)));
      f.store32(entry, add(sub(wrap(physical), wrap(linear)), i32(RAM_BASE)), 8);
    });
  });
}

/** Bytes of the access that lie on the first page; the rest is on the next. */
const onFirstPage = (linear: I64): I32 => sub(i32(0x1000), and(wrap(linear), i32(0xfff)));

/** Copies `count` bytes, one by one: page splits only. */
function copyBytes(f: FunctionBuilder, to: I32, from: I32, count: I32): void {
  f.memoryCopy(to, from, count);
}

const has = (value: I32, bit: number): I32 => ne(and(value, i32(bit)), i32(0));

/** Fast TLB of implicit accesses (not those of the shadow stack). */
const implicitTable = (write: boolean): number => fastTable(ACCESS_CLASSES.indexOf('supervisor'), write);

/** Whether an access of an instruction that may not reach devices now would do so; noted in ENGINE.deviceReached. */
function refuseDevice(f: FunctionBuilder, physical: I64, failed: () => void): void {
  f.if(and(eqz(get32(ENGINE.deviceAllowed)), geU(physical, get64(ENGINE.ramSize))), () => {
    put32(f, ENGINE.deviceReached, i32(1));
    failed();
  });
}

export function defineAccess(core: Core): void {
  const m = core.module;

  // (physical, size, bounce): fills a bounce buffer from RAM, a device, or the open bus.
  const gather = m.declare('gather', ['i64', 'i32', 'i32']);
  m.define(gather, (f) => {
    const physical = f.parameter<'i64'>(0);
    const size = f.parameter<'i32'>(1);
    const bounce = f.parameter<'i32'>(2);
    f.if(
      ltU(physical, get64(ENGINE.ramSize)),
      () => copyBytes(f, bounce, add(wrap(physical), i32(RAM_BASE)), size),
      () => f.run(core.imports.mmioRead, wrap(physical), wrap(shrU(physical, i64(32))), size, bounce),
    );
  });

  const scatter = m.declare('scatter', ['i64', 'i32', 'i32']);
  m.define(scatter, (f) => {
    const physical = f.parameter<'i64'>(0);
    const size = f.parameter<'i32'>(1);
    const bounce = f.parameter<'i32'>(2);
    f.if(
      ltU(physical, get64(ENGINE.ramSize)),
      () => {
        f.run(core.prepareWrite, wrap(physical), size);
        copyBytes(f, add(wrap(physical), i32(RAM_BASE)), bounce, size);
      },
      () => f.run(core.imports.mmioWrite, wrap(physical), wrap(shrU(physical, i64(32))), size, bounce),
    );
  });

  m.define(core.slowRead, (f) => {
    const linear = f.parameter<'i64'>(0);
    const size = f.parameter<'i32'>(1);
    const access = f.parameter<'i32'>(2);
    const fail = () => f.return(i32(0));
    maskLinear(f, linear, access);
    requireCanonical(f, core, linear, size, access, fail);
    requireAligned(f, core, linear, size, access, fail);
    const physical = f.let(f.call(core.translate, linear, access));
    f.if(eq(physical, i64(-1)), fail);
    const first = f.let(onFirstPage(linear));
    f.if(
      geU(first, size),
      () => {
        watch(f, core, linear, size, access);
        f.if(ltU(physical, get64(ENGINE.ramSize)), () => {
          fillFast(f, linear, physical, access, false);
          f.return(add(wrap(physical), i32(RAM_BASE)));
        });
        refuseDevice(f, physical, fail);
        const bounce = nextBounce(f);
        f.run(gather, physical, size, bounce);
        f.return(bounce);
      },
      () => {
        const second = f.let(f.call(core.translate, add(linear, extendU(first)), access));
        f.if(eq(second, i64(-1)), fail);
        for (const part of [physical, second]) refuseDevice(f, part, fail);
        watch(f, core, linear, size, access);
        const bounce = nextBounce(f);
        f.run(gather, physical, first, bounce);
        f.run(gather, second, sub(size, first), add(bounce, first));
        f.return(bounce);
      },
    );
    f.unreachable();
  });

  m.define(core.slowWrite, (f) => {
    const linear = f.parameter<'i64'>(0);
    const size = f.parameter<'i32'>(1);
    const access = f.let(or(f.parameter<'i32'>(2), i32(ACCESS.WRITE)));
    const fail = () => f.return(i32(0));
    maskLinear(f, linear, access);
    requireCanonical(f, core, linear, size, access, fail);
    requireAligned(f, core, linear, size, access, fail);
    const physical = f.let(f.call(core.translate, linear, access));
    f.if(eq(physical, i64(-1)), fail);
    const first = f.let(onFirstPage(linear));
    const second = f.let(i64(0));
    f.if(
      geU(first, size),
      () => {
        watch(f, core, linear, size, access);
        f.if(ltU(physical, get64(ENGINE.ramSize)), () => {
          f.run(core.prepareWrite, wrap(physical), size);
          f.if(eqz(load8U(wrap(shrU(physical, i64(12))), PAGE_FLAGS_BASE)), () => {
            fillFast(f, linear, physical, access, true);
          });
          f.return(add(wrap(physical), i32(RAM_BASE)));
        });
        refuseDevice(f, physical, fail);
        f.set(first, size);
      },
      () => {
        f.set(second, f.call(core.translate, add(linear, extendU(first)), access));
        f.if(eq(second, i64(-1)), fail);
        for (const part of [physical, second]) refuseDevice(f, part, fail);
        watch(f, core, linear, size, access);
      },
    );
    const bounce = nextBounce(f);
    const rest = f.let(sub(size, first));
    f.if(and(access, i32(ACCESS.MODIFY)), () => {
      f.run(gather, physical, first, bounce);
      f.if(rest, () => f.run(gather, second, rest, add(bounce, first)));
    });
    f.store64(bounce, physical, COMMIT.physical);
    f.store64(bounce, second, COMMIT.physical2);
    f.store32(bounce, first, COMMIT.size);
    f.store32(bounce, rest, COMMIT.size2);
    f.return(bounce);
  });

  m.define(core.commitWrite, (f) => {
    const bounce = f.parameter<'i32'>(0);
    const first = f.let(load32(bounce, COMMIT.size));
    const rest = f.let(load32(bounce, COMMIT.size2));
    f.run(scatter, load64(bounce, COMMIT.physical), first, bounce);
    f.if(rest, () => f.run(scatter, load64(bounce, COMMIT.physical2), rest, add(bounce, first)));
  });
}

/** Fast-path pieces that handlers write inline. `fault` is branched to when the access faults. */
export interface AccessSite {
  readonly f: FunctionBuilder;
  readonly core: Core;
  readonly fault: Label;
}

type Table = { address: number; bits: 32 | 64 };

function hostAddress(
  site: AccessSite,
  linear: Local<'i64'>,
  size: number,
  table: Table,
  slow: () => Expression<'i32'>,
): Local<'i32'> {
  const { f } = site;
  return throughTable(f, linear, size, get32(table), () => {
    const host = f.let(slow());
    f.branchIf(eqz(host), site.fault);
    return host;
  });
}

function throughTable(
  f: FunctionBuilder,
  linear: Local<'i64'>,
  size: number | I32,
  table: I32,
  slow: () => Expression<'i32'>,
): Local<'i32'> {
  const host = f.local('i32');
  const last = typeof size === 'number' ? i64(size - 1) : extendU(sub(size, i32(1)));
  const entry = f.let(add(table, shl(and(wrap(shrU(linear, i64(12))), i32(FAST_TLB_ENTRIES - 1)), i32(4))));
  f.if(
    eq(and(add(linear, last), i64(-4096)), load64(entry)),
    () => f.set(host, add(wrap(linear), load32(entry, 8))),
    () => f.set(host, slow()),
  );
  return host;
}

/** Host address of readable bytes for an implicit access, or 0 with the fault recorded. */
export function implicitlyReadable(f: FunctionBuilder, core: Core, linear: I64, size: number): Local<'i32'> {
  const address = f.let(linear);
  return throughTable(f, address, size, i32(implicitTable(false)), () =>
    f.call(core.slowRead, address, i32(size), i32(ACCESS.IMPLICIT)),
  );
}

/**
 * Host address of `size` bytes for a supervisor's write, or 0 with the fault recorded. The table serves whatever RFLAGS.AC
 * is: what supervisors may do with AC clear they always may. Other accesses find nothing in it.
 */
export function supervisorWritable(
  f: FunctionBuilder,
  core: Core,
  linear: Local<'i64'>,
  size: I32,
  access: I32,
): Local<'i32'> {
  const other = and(access, i32(ACCESS.USER | ACCESS.SHADOW));
  const table = f.let(select(other, i32(EMPTY_TABLE), i32(implicitTable(true))));
  return throughTable(f, linear, size, table, () => f.call(core.slowWrite, linear, size, access));
}

/** Host address of `size` bytes that the stack has, readable at this CPL, or 0 with the fault recorded. */
export function stackReadable(f: FunctionBuilder, core: Core, linear: Local<'i64'>, size: Local<'i32'>): Local<'i32'> {
  return throughTable(f, linear, size, get32(ENGINE.tlbRead), () =>
    f.call(core.slowRead, linear, size, i32(ACCESS.STACK)),
  );
}

/** Host address of `size` bytes (up to 64) at `linear`, readable with the given access. */
export function readableAt(site: AccessSite, linear: I64, size: number, access: I32 | number): Local<'i32'> {
  const { f, core } = site;
  const address = f.let(linear);
  const word = typeof access === 'number' ? i32(access) : access;
  const shadow = typeof access === 'number' && (access & ACCESS.SHADOW) !== 0;
  return hostAddress(site, address, size, shadow ? ENGINE.tlbShadowRead : ENGINE.tlbRead, () =>
    f.call(core.slowRead, address, i32(size), word),
  );
}

export interface WritableSite {
  readonly host: Local<'i32'>;
  /** To be called after the store. */
  commit(): void;
}

/** Host address of `size` bytes at `linear`, probed with write intent. */
export function writableAt(site: AccessSite, linear: I64, size: number, access: I32 | number): WritableSite {
  const { f, core } = site;
  const address = f.let(linear);
  const word = typeof access === 'number' ? i32(access) : access;
  const shadow = typeof access === 'number' && (access & ACCESS.SHADOW) !== 0;
  const host = hostAddress(site, address, size, shadow ? ENGINE.tlbShadowWrite : ENGINE.tlbWrite, () =>
    f.call(core.slowWrite, address, i32(size), word),
  );
  return {
    host,
    commit: () => f.if(ltU(host, i32(RAM_BASE)), () => f.run(core.commitWrite, host)),
  };
}
