import type { StateView } from '../cpu/state.ts';
import { SIZE_CLASSES, TLB, TLB_ENTRY, TLB_PAT_SHIFT, WAYS } from './architecturalTlb.ts';
import type { TranslationRights } from './explanation.ts';
import { effectiveType, type MemoryType } from './memoryTypes.ts';
import { levelShift, type PagingMode, pagingMode } from './pagingModes.ts';
import { CURRENT, STRUCTURE, structureCache } from './structureCaches.ts';

/** The architectural TLB seen from outside: what `tlbFind` finds, without the accesses of a guest. */
export interface CachedEntry {
  readonly physical: bigint;
  readonly pageBytes: number;
  readonly rights: TranslationRights;
  readonly key: number;
  /** PAT, PCD and PWT as an index into IA32_PAT. */
  readonly patIndex: number;
}

/** The translation that an access to a canonical linear address would use; undefined when it would walk. */
export function cachedEntry(state: StateView, linear: bigint): CachedEntry | undefined {
  const { view } = state;
  const generation = view.getInt32(CURRENT.generation, true);
  for (const c of SIZE_CLASSES) {
    const shift = BigInt(c.shift);
    const set = Number((linear >> shift) & BigInt(c.sets - 1));
    const tag = BigInt.asUintN(64, (linear >> shift) << shift) | 1n;
    for (let way = 0; way < WAYS; way++) {
      const at = c.base + (set * WAYS + way) * TLB_ENTRY.size;
      if (view.getBigUint64(at + TLB_ENTRY.tag, true) !== tag) continue;
      const flags = view.getInt32(at + TLB_ENTRY.flags, true);
      if (!(flags & TLB.G) && view.getInt32(at + TLB_ENTRY.generation, true) !== generation) continue;
      return {
        physical: view.getBigUint64(at + TLB_ENTRY.physical, true),
        pageBytes: 2 ** c.shift,
        rights: rightsOf(flags),
        key: (flags >> 8) & 15,
        patIndex: (flags >> TLB_PAT_SHIFT) & 7,
      };
    }
  }
  return undefined;
}

const rightsOf = (flags: number): TranslationRights => ({
  writable: (flags & TLB.W) !== 0,
  user: (flags & TLB.U) !== 0,
  executable: (flags & TLB.X) !== 0,
  shadowStack: (flags & TLB.SHADOW) !== 0,
  global: (flags & TLB.G) !== 0,
  dirty: (flags & TLB.D) !== 0,
});

/** A paging-structure entry that a walk would start from instead of reading the tables above. */
export interface CachedStructure {
  /** Level of the cached entry: 2 is a PDE. */
  readonly level: number;
  readonly table: bigint;
  readonly writable: boolean;
  readonly user: boolean;
  readonly executable: boolean;
}

export function cachedStructure(state: StateView, mode: PagingMode, linear: bigint): CachedStructure | undefined {
  const { view } = state;
  const generation = view.getInt32(CURRENT.structures, true);
  for (let level = 2; level <= mode.levels; level++) {
    const { base, entries } = structureCache(level);
    const shift = BigInt(levelShift(mode, level));
    const place = base + Number((linear >> shift) & BigInt(entries - 1)) * STRUCTURE.size;
    if (view.getBigUint64(place + STRUCTURE.tag, true) !== (BigInt.asUintN(64, (linear >> shift) << shift) | 1n))
      continue;
    if (view.getInt32(place + STRUCTURE.generation, true) !== generation) continue;
    const entry = view.getBigUint64(place + STRUCTURE.table, true);
    const rights = Number(entry & 0xfffn);
    return {
      level,
      table: entry & ~0xfffn,
      writable: (rights & TLB.W) !== 0,
      user: (rights & TLB.U) !== 0,
      executable: (rights & TLB.X) !== 0,
    };
  }
  return undefined;
}

/**
 * Memory type of an access that has just been made to a linear address: its translation is in the TLB. Without paging
 * the MTRRs decide alone.
 *
 * @returns undefined when the TLB does not hold the page (the access did not reach it)
 */
export function accessedMemoryType(state: StateView, linear: bigint): MemoryType | undefined {
  if (!pagingMode(state)) return effectiveType(state, Number(linear & 0xffff_ffffn), 0, -1).type;
  const entry = cachedEntry(state, linear);
  if (!entry) return undefined;
  const physical = entry.physical | (linear & BigInt(entry.pageBytes - 1));
  return effectiveType(state, Number(physical & 0xffff_ffffn), Number(physical >> 32n), entry.patIndex).type;
}
