import type { Core } from '../cpu/engine/core.ts';
import {
  add,
  and,
  eq,
  eqz,
  type I32,
  type I64,
  i32,
  i64,
  load32,
  load64,
  or,
  shl,
  shrU,
  wrap,
} from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';
import { ARCH_TLB_BASE } from './map.ts';
import { levelShift, type PagingMode } from './pagingModes.ts';

/**
 * Contexts of the TLB, one a PCID, and the paging-structure caches (SDM Vol. 3A §4.10.2, §4.10.3): entries of the upper
 * levels that walks start from. Like the TLB they are part of the machine's state: a guest that changes a PDE and
 * invalidates nothing goes on with the old table.
 *
 * A context is 16 bytes: PCID + 1 (0: free), generation of its translations, generation of its structure entries.
 * The 32 PCIDs used last have one; the translations of an older one are forgotten, as a processor may.
 */
const CONTEXTS = 32;
const CONTEXT_SIZE = 16;
const CONTEXT = { pcid: 0, generation: 4, structures: 8 } as const;

/** The current PCID + 1, its generations, the number given out last, and the context to be given up next. */
export const CURRENT = {
  pcid: ARCH_TLB_BASE,
  generation: ARCH_TLB_BASE + 4,
  structures: ARCH_TLB_BASE + 8,
  number: ARCH_TLB_BASE + 12,
  victim: ARCH_TLB_BASE + 16,
} as const;
const CONTEXTS_BASE = ARCH_TLB_BASE + 32;
const CONTEXTS_END = CONTEXTS_BASE + CONTEXTS * CONTEXT_SIZE;

/**
 * A structure entry is 32 bytes: tag (linear address above the level's shift | 1), the table it leads to with the rights
 * so far (`TLB` W, U, X) in its low bits, generation. Direct-mapped.
 */
export const STRUCTURE = { tag: 0, table: 8, generation: 16, size: 32 } as const;
const STRUCTURES_BASE = CONTEXTS_END;

interface Cache {
  readonly level: number;
  readonly entries: number;
  readonly base: number;
}
/** PDE, PDPTE, PML4E and PML5E caches. */
const CACHES: readonly Cache[] = [
  { level: 2, entries: 32, base: STRUCTURES_BASE },
  { level: 3, entries: 16, base: STRUCTURES_BASE + 32 * STRUCTURE.size },
  { level: 4, entries: 8, base: STRUCTURES_BASE + 48 * STRUCTURE.size },
  { level: 5, entries: 8, base: STRUCTURES_BASE + 56 * STRUCTURE.size },
];
export const STRUCTURE_CACHES_END = STRUCTURES_BASE + 64 * STRUCTURE.size;

export const structureCache = (level: number): Cache => CACHES[level - 2]!;

/** Address of the one place where a structure entry for `linear` may be. */
export function structurePlace(mode: PagingMode, level: number, linear: I64): I32 {
  const { entries, base } = structureCache(level);
  const index = and(wrap(shrU(linear, i64(levelShift(mode, level)))), i32(entries - 1));
  return add(shl(index, i32(Math.log2(STRUCTURE.size))), i32(base));
}

export const structureTag = (mode: PagingMode, level: number, linear: I64): I64 =>
  or(and(linear, i64(-(2n ** BigInt(levelShift(mode, level))))), i64(1));

export const currentStructures = (): I32 => load32(i32(CURRENT.structures));

/** What the TLB does with contexts; `pcid` is 12 bits. */
export interface TlbContexts {
  /** Generation of the current PCID. */
  generation(): I32;
  /** Generation of any PCID, 0 when it has no context. */
  generationOf(f: FunctionBuilder, pcid: I32): I32;
  /** Makes a PCID the current one, with a context of its own. */
  select(f: FunctionBuilder, pcid: I32): void;
  forget(f: FunctionBuilder, pcid: I32): void;
  forgetAll(f: FunctionBuilder): void;
  /** Drops the structure entries of a PCID. */
  dropStructures(f: FunctionBuilder, pcid: I32): void;
}

export function defineStructureCaches(core: Core, clearEntries: (f: FunctionBuilder) => void): TlbContexts {
  const m = core.module;
  const forgetAll = (f: FunctionBuilder) => f.memoryFill(i32(CONTEXTS_BASE), i32(0), i32(CONTEXTS * CONTEXT_SIZE));

  const setContext = (f: FunctionBuilder, at: I32, pcid: I32, generation: I32, structures: I32) => {
    f.store32(at, pcid, CONTEXT.pcid);
    f.store32(at, generation, CONTEXT.generation);
    f.store32(at, structures, CONTEXT.structures);
  };
  const makeCurrent = (f: FunctionBuilder, at: I32) => {
    f.store32(i32(CURRENT.pcid), load32(at, CONTEXT.pcid));
    f.store32(i32(CURRENT.generation), load32(at, CONTEXT.generation));
    f.store32(i32(CURRENT.structures), load32(at, CONTEXT.structures));
  };

  // () → a number that was not used before. When they run out, everything is emptied and they begin again.
  const number = m.declare('tlbNumber', [], ['i32']);
  m.define(number, (f) => {
    const next = f.let(add(load32(i32(CURRENT.number)), i32(1)));
    f.if(eqz(next), () => {
      clearEntries(f);
      f.memoryFill(i32(STRUCTURES_BASE), i32(0), i32(STRUCTURE_CACHES_END - STRUCTURES_BASE));
      forgetAll(f);
      setContext(f, i32(CONTEXTS_BASE), load32(i32(CURRENT.pcid)), i32(1), i32(2));
      makeCurrent(f, i32(CONTEXTS_BASE));
      f.run(core.flushFast);
      f.set(next, i32(3));
    });
    f.store32(i32(CURRENT.number), next);
    f.return(next);
  });

  // (pcid) → address of its context, 0 when it has none.
  const find = m.declare('tlbContext', ['i32'], ['i32']);
  m.define(find, (f) => {
    const wanted = f.let(add(f.parameter<'i32'>(0), i32(1)));
    const at = f.let(i32(CONTEXTS_BASE));
    f.loop((again) => {
      f.if(eq(load32(at), wanted), () => f.return(at));
      f.set(at, add(at, i32(CONTEXT_SIZE)));
      f.branchIf(eqz(eq(at, i32(CONTEXTS_END))), again);
    });
    f.return(i32(0));
  });

  // (pcid): makes it the current one.
  const select = m.declare('tlbSelect', ['i32']);
  m.define(select, (f) => {
    const pcid = f.parameter<'i32'>(0);
    const at = f.let(f.call(find, pcid));
    f.if(eqz(at), () => {
      // A free context, or that of the PCID whose turn it is.
      const generation = f.let(f.call(number));
      const structures = f.let(f.call(number));
      f.set(at, f.call(find, i32(-1)));
      f.if(eqz(at), () => {
        const victim = f.let(load32(i32(CURRENT.victim)));
        f.store32(i32(CURRENT.victim), and(add(victim, i32(1)), i32(CONTEXTS - 1)));
        f.set(at, add(i32(CONTEXTS_BASE), shl(victim, i32(4))));
      });
      setContext(f, at, add(pcid, i32(1)), generation, structures);
    });
    makeCurrent(f, at);
  });

  const withContext = (f: FunctionBuilder, pcid: I32, then: (at: Local<'i32'>) => void) => {
    const at = f.let(f.call(find, pcid));
    f.if(at, () => then(at));
  };

  return {
    generation: () => load32(i32(CURRENT.generation)),
    generationOf: (f, pcid) => {
      const generation = f.let(i32(0));
      withContext(f, pcid, (at) => f.set(generation, load32(at, CONTEXT.generation)));
      return generation;
    },
    select: (f, pcid) => f.run(select, pcid),
    forget: (f, pcid) => withContext(f, pcid, (at) => f.store32(at, i32(0), CONTEXT.pcid)),
    forgetAll,
    dropStructures: (f, pcid) => {
      const next = f.let(f.call(number));
      withContext(f, pcid, (at) => {
        // The current PCID's generation is held twice.
        f.if(eq(load32(at, CONTEXT.structures), currentStructures()), () => f.store32(i32(CURRENT.structures), next));
        f.store32(at, next, CONTEXT.structures);
      });
    },
  };
}

/** Puts a structure entry in: the table that an entry of this level leads to, with the rights so far. */
export function insertStructure(
  f: FunctionBuilder,
  mode: PagingMode,
  level: number,
  linear: I64,
  table: I64,
  rights: I64,
): void {
  const place = f.let(structurePlace(mode, level, linear));
  f.store64(place, structureTag(mode, level, linear), STRUCTURE.tag);
  f.store64(place, or(table, rights), STRUCTURE.table);
  f.store32(place, currentStructures(), STRUCTURE.generation);
}

/** Whether the structure entry at `place` is the one for `linear`. */
export const structureMatches = (mode: PagingMode, level: number, linear: I64, place: I32): I32 =>
  and(
    eq(load64(place, STRUCTURE.tag), structureTag(mode, level, linear)),
    eq(load32(place, STRUCTURE.generation), currentStructures()),
  );

/** Empties a saved or current TLB from outside, for a processor that is reset: PCID 0 is the current one. */
export function emptyTlb(region: Uint8Array): void {
  region.fill(0);
  const view = new DataView(region.buffer, region.byteOffset, region.byteLength);
  const put = (address: number, value: number) => view.setInt32(address - ARCH_TLB_BASE, value, true);
  put(CURRENT.pcid, 1);
  put(CURRENT.generation, 1);
  put(CURRENT.structures, 2);
  put(CURRENT.number, 2);
  put(CONTEXTS_BASE + CONTEXT.pcid, 1);
  put(CONTEXTS_BASE + CONTEXT.generation, 1);
  put(CONTEXTS_BASE + CONTEXT.structures, 2);
}
