import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get32, get64, put32, STATE } from '../cpu/state.ts';
import {
  add,
  and,
  eq,
  eqz,
  type I32,
  type I64,
  i32,
  i64,
  load8U,
  load32,
  load64,
  ne,
  or,
  shl,
  shrU,
  wrap,
} from '../wasm/expressions.ts';
import type { FunctionBuilder } from '../wasm/functionBuilder.ts';
import {
  ACCESS_CLASSES,
  ARCH_TLB_BASE,
  FAST_TLB_BASE,
  FAST_TLB_ENTRIES,
  FAST_TLB_SIZE,
  FAST_TLB_TABLE,
  JUMP_CACHE_BASE,
  JUMP_CACHE_ENTRIES,
} from './map.ts';

/**
 * The architectural TLB (SDM Vol. 3A §4.10): what a guest with a missing INVLPG sees. Set-associative, four ways,
 * filled on a miss and evicted by round robin, so that its content follows from the accesses alone. The fast TLBs and
 * the jump cache only ever hold what it holds.
 *
 * An entry is 32 bytes: tag (linear page | 1), physical page, flags, PCID.
 */
export const TLB_ENTRY = { tag: 0, physical: 8, flags: 16, pcid: 20, size: 32 } as const;

/** Flags of a translation; bits 8–11 are the protection key, bits 12–13 the size class. */
export const TLB = {
  W: 1,
  U: 2,
  X: 4,
  D: 8,
  G: 16,
  /** The page is a shadow-stack page: R/W=0 and D=1 in the leaf, R/W=1 above. */
  SHADOW: 32,
  /** Instructions were fetched through it. */
  FETCHED: 64,
} as const;

interface SizeClass {
  readonly shift: number;
  readonly sets: number;
  readonly base: number;
  readonly pointers: number;
}

export const WAYS = 4;
const SET = WAYS * TLB_ENTRY.size;
const POINTERS_BASE = ARCH_TLB_BASE + (256 + 32 + 4) * SET;
export const SIZE_CLASSES: readonly SizeClass[] = [
  { shift: 12, sets: 256, base: ARCH_TLB_BASE, pointers: POINTERS_BASE },
  { shift: 21, sets: 32, base: ARCH_TLB_BASE + 256 * SET, pointers: POINTERS_BASE + 256 },
  { shift: 30, sets: 4, base: ARCH_TLB_BASE + (256 + 32) * SET, pointers: POINTERS_BASE + 288 },
];

const setIndex = (c: SizeClass, linear: I64): I32 => and(wrap(shrU(linear, i64(c.shift))), i32(c.sets - 1));
const setAddress = (c: SizeClass, linear: I64): I32 => add(shl(setIndex(c, linear), i32(Math.log2(SET))), i32(c.base));
const tagOf = (c: SizeClass, linear: I64): I64 => or(and(linear, i64(-(2 ** c.shift))), i64(1));

/** The PCID in use: CR3[11:0] with CR4.PCIDE, otherwise 0 (CR4.PCIDE is bit 17). */
export const currentPcid = (): I32 =>
  and(wrap(get64(STATE.cr3)), and(i32(0xfff), subtractOne(eqz(and(wrap(get64(STATE.cr4)), i32(1 << 17))))));
/** 1 → 0, 0 → -1. */
const subtractOne = (x: I32): I32 => add(x, i32(-1));

/** Forgets the fast-TLB entries for one linear page in every class. */
function dropFast(f: FunctionBuilder, linear: I64): void {
  const slot = f.let(shl(and(wrap(shrU(linear, i64(12))), i32(FAST_TLB_ENTRIES - 1)), i32(4)));
  for (let table = 0; table < ACCESS_CLASSES.length * 2; table++) {
    f.store64(slot, i64(-1), FAST_TLB_BASE + table * FAST_TLB_TABLE);
  }
}

/** Makes every entry of the jump cache stale. */
export function newGeneration(f: FunctionBuilder): void {
  const next = f.let(and(add(get32(ENGINE.generation), i32(1)), i32(0x7fff)));
  f.if(eqz(next), () => f.memoryFill(i32(JUMP_CACHE_BASE), i32(0xff), i32(JUMP_CACHE_ENTRIES * 16)));
  put32(f, ENGINE.generation, next);
  put32(f, ENGINE.jumpKey, or(and(get32(ENGINE.jumpKey), i32(0x8000_ffff | 0)), shl(next, i32(16))));
}

export function defineArchitecturalTlb(core: Core): void {
  const m = core.module;

  m.define(core.flushFast, (f) => {
    f.memoryFill(i32(FAST_TLB_BASE), i32(0xff), i32(FAST_TLB_SIZE + FAST_TLB_TABLE));
    newGeneration(f);
  });

  m.define(core.tlbFind, (f) => {
    const linear = f.parameter<'i64'>(0);
    const pcid = f.let(currentPcid());
    const entry = f.local('i32');
    for (const c of SIZE_CLASSES) {
      const tag = f.let(tagOf(c, linear));
      f.set(entry, setAddress(c, linear));
      for (let way = 0; way < WAYS; way++) {
        const at = way * TLB_ENTRY.size;
        f.if(eq(load64(entry, at + TLB_ENTRY.tag), tag), () => {
          f.if(
            or(and(load32(entry, at + TLB_ENTRY.flags), i32(TLB.G)), eq(load32(entry, at + TLB_ENTRY.pcid), pcid)),
            () => f.return(add(entry, i32(at))),
          );
        });
      }
    }
    f.return(i32(0));
  });

  const evict = m.declare('tlbEvict', ['i32', 'i32']);
  m.define(evict, (f) => {
    const entry = f.parameter<'i32'>(0);
    const sizeClass = f.parameter<'i32'>(1);
    const tag = f.let(load64(entry, TLB_ENTRY.tag));
    f.if(eqz(tag), () => f.return());
    f.if(
      sizeClass,
      () => f.run(core.flushFast),
      () => {
        dropFast(f, tag);
        f.if(and(load32(entry, TLB_ENTRY.flags), i32(TLB.FETCHED)), () => newGeneration(f));
      },
    );
    f.store64(entry, i64(0), TLB_ENTRY.tag);
  });

  m.define(core.tlbInsert, (f) => {
    const linear = f.parameter<'i64'>(0);
    const physical = f.parameter<'i64'>(1);
    const flags = f.parameter<'i32'>(2);
    const sizeClass = f.parameter<'i32'>(3);
    const entry = f.local('i32');
    const pointer = f.local('i32');
    const tag = f.local('i64');
    const way = f.local('i32');
    const mask = f.local('i64');
    SIZE_CLASSES.forEach((c, index) => {
      f.if(eq(sizeClass, i32(index)), () => {
        f.set(entry, setAddress(c, linear));
        f.set(pointer, add(setIndex(c, linear), i32(c.pointers)));
        f.set(tag, tagOf(c, linear));
        f.set(mask, i64(-(2 ** c.shift)));
      });
    });
    f.set(way, load8U(pointer));
    f.store8(pointer, and(add(way, i32(1)), i32(WAYS - 1)));
    f.set(entry, add(entry, shl(way, i32(5))));
    f.run(evict, entry, sizeClass);
    f.store64(entry, tag, TLB_ENTRY.tag);
    f.store64(entry, and(physical, mask), TLB_ENTRY.physical);
    f.store32(entry, or(flags, shl(sizeClass, i32(12))), TLB_ENTRY.flags);
    f.store32(entry, currentPcid(), TLB_ENTRY.pcid);
  });

  m.define(core.tlbFlush, (f) => {
    const keepGlobal = f.parameter<'i32'>(0);
    const pcid = f.let(currentPcid());
    const entry = f.let(i32(ARCH_TLB_BASE));
    f.loop((again) => {
      f.if(
        or(
          eqz(keepGlobal),
          and(eqz(and(load32(entry, TLB_ENTRY.flags), i32(TLB.G))), eq(load32(entry, TLB_ENTRY.pcid), pcid)),
        ),
        () => f.store64(entry, i64(0), TLB_ENTRY.tag),
      );
      f.set(entry, add(entry, i32(TLB_ENTRY.size)));
      f.branchIf(ne(entry, i32(POINTERS_BASE)), again);
    });
    f.run(core.flushFast);
    put32(f, STATE.fetchPage, i32(-1));
  });

  m.define(core.tlbInvalidateEntry, (f) => {
    const entry = f.parameter<'i32'>(0);
    f.run(evict, entry, and(shrU(load32(entry, TLB_ENTRY.flags), i32(12)), i32(3)));
  });

  m.define(core.tlbInvalidate, (f) => {
    const linear = f.parameter<'i64'>(0);
    put32(f, STATE.fetchPage, i32(-1));
    f.loop((again) => {
      const entry = f.let(f.call(core.tlbFind, linear));
      f.if(entry, () => {
        f.run(core.tlbInvalidateEntry, entry);
        f.branch(again);
      });
    });
  });
}

/** Marks an entry as used for fetches. */
export function markFetched(f: FunctionBuilder, entry: I32): void {
  f.store32(entry, or(load32(entry, TLB_ENTRY.flags), i32(TLB.FETCHED)), TLB_ENTRY.flags);
}
