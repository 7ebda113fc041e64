import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get32, get64, put32, STATE } from '../cpu/state.ts';
import {
  add,
  and,
  eq,
  eqz,
  geU,
  type I32,
  type I64,
  i32,
  i64,
  load8U,
  load32,
  load64,
  or,
  shl,
  shrU,
  wrap,
  xor,
} from '../wasm/expressions.ts';
import type { FunctionBuilder } from '../wasm/functionBuilder.ts';
import {
  ACCESS_CLASSES,
  FAST_TLB_BASE,
  FAST_TLB_ENTRIES,
  FAST_TLB_JOURNAL,
  FAST_TLB_JOURNAL_ENTRIES,
  FAST_TLB_SIZE,
  FAST_TLB_TABLE,
  JUMP_CACHE_BASE,
  JUMP_CACHE_ENTRIES,
} from './map.ts';
import { defineStructureCaches, STRUCTURE_CACHES_END } from './structureCaches.ts';

/**
 * The architectural TLB (SDM Vol. 3A §4.10): what a guest with a missing INVLPG sees. Set-associative, four ways,
 * filled on a miss and evicted by round robin, so that its content follows from the accesses alone. The fast TLBs and
 * the jump cache only ever hold what it holds.
 *
 * An entry is 32 bytes: tag (linear page | 1), physical page, flags, generation. A generation stands for a PCID since
 * its last flush: flushing one takes a new number for it, and none of the old entries match any more. Numbers never
 * come again (`tlbNumber`). Global entries match in every generation.
 */
export const TLB_ENTRY = { tag: 0, physical: 8, flags: 16, generation: 20, size: 32 } as const;

/** Flags of a translation; bits 8–11 are the protection key, bits 12–13 the size class, bits 14–16 the PAT index. */
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
export const TLB_PAT_SHIFT = 14;

/** What `tlbFlush` drops (SDM Vol. 3A §4.10.4.1). Paging-structure caches go with what they belong to. */
export const FLUSH = {
  /** Everything, global translations and other PCIDs' too. */
  ALL: 0,
  /** Non-global translations of the current PCID. */
  CURRENT: 1,
  /** Non-global translations of every PCID. */
  NON_GLOBAL: 2,
  /** Nothing: the current PCID is another one now. */
  NONE: 3,
} as const;

interface SizeClass {
  readonly shift: number;
  readonly sets: number;
  readonly base: number;
  readonly pointers: number;
}

export const WAYS = 4;
const SET = WAYS * TLB_ENTRY.size;
const ENTRIES_BASE = STRUCTURE_CACHES_END;
const POINTERS_BASE = ENTRIES_BASE + (256 + 32 + 4) * SET;
export const SIZE_CLASSES: readonly SizeClass[] = [
  { shift: 12, sets: 256, base: ENTRIES_BASE, pointers: POINTERS_BASE },
  { shift: 21, sets: 32, base: ENTRIES_BASE + 256 * SET, pointers: POINTERS_BASE + 256 },
  { shift: 30, sets: 4, base: ENTRIES_BASE + (256 + 32) * SET, pointers: POINTERS_BASE + 288 },
];

const setIndex = (c: SizeClass, linear: I64): I32 => and(wrap(shrU(linear, i64(c.shift))), i32(c.sets - 1));
const setAddress = (c: SizeClass, linear: I64): I32 => add(shl(setIndex(c, linear), i32(Math.log2(SET))), i32(c.base));
const tagOf = (c: SizeClass, linear: I64): I64 => or(and(linear, i64(-(2 ** c.shift))), i64(1));

const CR4_PAE = 1 << 5;
const CR4_PCIDE = 1 << 17;
/** The PCID in use: CR3[11:0] with CR4.PCIDE, otherwise 0. */
const currentPcid = (): I32 =>
  and(wrap(get64(STATE.cr3)), and(i32(0xfff), add(eqz(and(wrap(get64(STATE.cr4)), i32(CR4_PCIDE))), i32(-1))));

/** Forgets the fast-TLB entries for one linear page in every class. */
function dropFast(f: FunctionBuilder, linear: I64): void {
  const slot = f.let(shl(and(wrap(shrU(linear, i64(12))), i32(FAST_TLB_ENTRIES - 1)), i32(4)));
  for (let table = 0; table < ACCESS_CLASSES.length * 2; table++) {
    f.store64(slot, i64(-1), FAST_TLB_BASE + table * FAST_TLB_TABLE);
  }
}

/** Notes which fast-TLB entry was filled: flushing empties those, or all when there were more than are noted. */
export function noteFastFill(f: FunctionBuilder, entry: I32): void {
  const count = f.let(load32(i32(FAST_TLB_JOURNAL)));
  f.if(count, () => {
    f.store32(add(shl(count, i32(2)), i32(FAST_TLB_JOURNAL)), entry);
    const next = f.let(add(count, i32(1)));
    f.store32(i32(FAST_TLB_JOURNAL), and(next, add(geU(next, i32(FAST_TLB_JOURNAL_ENTRIES)), i32(-1))));
  });
}

function emptyFast(f: FunctionBuilder): void {
  const left = f.let(load32(i32(FAST_TLB_JOURNAL)));
  f.if(
    left,
    () => {
      f.loop((again) => {
        f.set(left, add(left, i32(-1)));
        f.if(left, () => {
          f.store64(load32(add(shl(left, i32(2)), i32(FAST_TLB_JOURNAL))), i64(-1));
          f.branch(again);
        });
      });
    },
    () => f.memoryFill(i32(FAST_TLB_BASE), i32(0xff), i32(FAST_TLB_SIZE + FAST_TLB_TABLE)),
  );
  f.store32(i32(FAST_TLB_JOURNAL), i32(1));
}

/** Makes every entry of the jump cache stale. */
export function newGeneration(f: FunctionBuilder): void {
  const next = f.let(and(add(get32(ENGINE.generation), i32(1)), i32(0x7fff)));
  f.if(eqz(next), () => f.memoryFill(i32(JUMP_CACHE_BASE), i32(0xff), i32(JUMP_CACHE_ENTRIES * 16)));
  put32(f, ENGINE.generation, next);
  put32(f, ENGINE.jumpKey, or(and(get32(ENGINE.jumpKey), i32(0x8000_ffff | 0)), shl(next, i32(16))));
}

/** Whether an entry stands for something now: a global one always, others while their generation is the current one. */
const live = (entry: I32, at: number, generation: I32): I32 =>
  or(and(load32(entry, at + TLB_ENTRY.flags), i32(TLB.G)), eq(load32(entry, at + TLB_ENTRY.generation), generation));

const clearEntries = (f: FunctionBuilder): void =>
  f.memoryFill(i32(ENTRIES_BASE), i32(0), i32(POINTERS_BASE - ENTRIES_BASE));

export function defineArchitecturalTlb(core: Core): void {
  const m = core.module;
  const contexts = defineStructureCaches(core, clearEntries);

  m.define(core.flushFast, (f) => {
    emptyFast(f);
    newGeneration(f);
  });

  m.define(core.tlbFind, (f) => {
    const linear = f.parameter<'i64'>(0);
    const generation = f.let(contexts.generation());
    const entry = f.local('i32');
    for (const c of SIZE_CLASSES) {
      const tag = f.let(tagOf(c, linear));
      f.set(entry, setAddress(c, linear));
      for (let way = 0; way < WAYS; way++) {
        const at = way * TLB_ENTRY.size;
        f.if(eq(load64(entry, at + TLB_ENTRY.tag), tag), () => {
          f.if(live(entry, at, generation), () => f.return(add(entry, i32(at))));
        });
      }
    }
    f.return(i32(0));
  });

  /** Empties a live entry and what was derived from it. */
  const evict = m.declare('tlbEvict', ['i32', 'i32']);
  m.define(evict, (f) => {
    const entry = f.parameter<'i32'>(0);
    const sizeClass = f.parameter<'i32'>(1);
    const tag = f.let(load64(entry, TLB_ENTRY.tag));
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
    const set = f.local('i32');
    const entry = f.local('i32');
    const pointer = f.local('i32');
    const tag = f.local('i64');
    const way = f.local('i32');
    const mask = f.local('i64');
    const generation = f.let(contexts.generation());
    SIZE_CLASSES.forEach((c, index) => {
      f.if(eq(sizeClass, i32(index)), () => {
        f.set(set, setAddress(c, linear));
        f.set(pointer, add(setIndex(c, linear), i32(c.pointers)));
        f.set(tag, tagOf(c, linear));
        f.set(mask, i64(-(2 ** c.shift)));
      });
    });
    f.block((chosen) => {
      // A way that holds nothing comes first.
      for (let free = 0; free < WAYS; free++) {
        f.set(entry, add(set, i32(free * TLB_ENTRY.size)));
        f.branchIf(eqz(load64(entry, TLB_ENTRY.tag)), chosen);
      }
      f.set(way, load8U(pointer));
      f.store8(pointer, and(add(way, i32(1)), i32(WAYS - 1)));
      f.set(entry, add(set, shl(way, i32(5))));
      f.if(live(entry, 0, generation), () => f.run(evict, entry, sizeClass));
    });
    f.store64(entry, tag, TLB_ENTRY.tag);
    f.store64(entry, and(physical, mask), TLB_ENTRY.physical);
    f.store32(entry, or(flags, shl(sizeClass, i32(12))), TLB_ENTRY.flags);
    f.store32(entry, generation, TLB_ENTRY.generation);
  });

  m.define(core.tlbFlush, (f) => {
    const what = f.parameter<'i32'>(0);
    f.if(eq(what, i32(FLUSH.ALL)), () => clearEntries(f));
    // Without its context a PCID's translations match no more.
    f.if(
      eq(and(what, i32(1)), i32(0)),
      () => contexts.forgetAll(f),
      () => f.if(eq(what, i32(FLUSH.CURRENT)), () => contexts.forget(f, currentPcid())),
    );
    contexts.select(f, currentPcid());
    f.run(core.flushFast);
    put32(f, STATE.fetchPage, i32(-1));
  });

  m.define(core.tlbInvalidateEntry, (f) => {
    const entry = f.parameter<'i32'>(0);
    f.run(evict, entry, and(shrU(load32(entry, TLB_ENTRY.flags), i32(12)), i32(3)));
  });

  const invalidatePage = (f: FunctionBuilder, linear: I64) => {
    f.loop((again) => {
      const entry = f.let(f.call(core.tlbFind, linear));
      f.if(entry, () => {
        f.run(core.tlbInvalidateEntry, entry);
        f.branch(again);
      });
    });
  };

  m.define(core.tlbInvalidate, (f) => {
    const linear = f.parameter<'i64'>(0);
    put32(f, STATE.fetchPage, i32(-1));
    invalidatePage(f, linear);
    contexts.dropStructures(f, currentPcid());
    // A 4-MiB page of 32-bit paging is held as two of 2 MiB: the other half goes too.
    f.if(eqz(and(wrap(get64(STATE.cr4)), i32(CR4_PAE))), () => {
      const other = f.let(f.call(core.tlbFind, xor(linear, i64(0x20_0000))));
      f.if(other, () => {
        const large = and(shrU(load32(other, TLB_ENTRY.flags), i32(12)), i32(3));
        f.if(large, () => f.run(core.tlbInvalidateEntry, other));
      });
    });
  });

  // (linear, pcid): INVPCID of type 0. Global translations stay.
  m.define(core.tlbInvalidatePcid, (f) => {
    const linear = f.parameter<'i64'>(0);
    const pcid = f.parameter<'i32'>(1);
    const generation = f.let(contexts.generationOf(f, pcid));
    f.if(eqz(generation), () => f.return());
    const current = f.let(eq(generation, contexts.generation()));
    contexts.dropStructures(f, pcid);
    const entry = f.local('i32');
    SIZE_CLASSES.forEach((c, index) => {
      const tag = f.let(tagOf(c, linear));
      f.set(entry, setAddress(c, linear));
      for (let way = 0; way < WAYS; way++) {
        f.if(eq(load64(entry, TLB_ENTRY.tag), tag), () => {
          const global = and(load32(entry, TLB_ENTRY.flags), i32(TLB.G));
          f.if(and(eqz(global), eq(load32(entry, TLB_ENTRY.generation), generation)), () => {
            f.if(
              current,
              () => f.run(evict, entry, i32(index)),
              () => f.store64(entry, i64(0), TLB_ENTRY.tag),
            );
          });
        });
        f.set(entry, add(entry, i32(TLB_ENTRY.size)));
      }
    });
    f.if(current, () => put32(f, STATE.fetchPage, i32(-1)));
  });

  // (pcid): INVPCID of type 1.
  m.define(core.tlbFlushPcid, (f) => {
    const pcid = f.parameter<'i32'>(0);
    f.if(eq(pcid, currentPcid()), () => f.returnCall(core.tlbFlush, i32(FLUSH.CURRENT)));
    contexts.forget(f, pcid);
  });
}

/** Marks an entry as used for fetches. */
export function markFetched(f: FunctionBuilder, entry: I32): void {
  f.store32(entry, or(load32(entry, TLB_ENTRY.flags), i32(TLB.FETCHED)), TLB_ENTRY.flags);
}
