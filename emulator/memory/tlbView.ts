import { STATE, type StateView } from '../cpu/state.ts';
import { SIZE_CLASSES, TLB, TLB_ENTRY, WAYS } from './architecturalTlb.ts';
import type { TranslationRights } from './explanation.ts';

/** The architectural TLB seen from outside: what `tlbFind` finds, without the accesses of a guest. */
export interface CachedEntry {
  readonly physical: bigint;
  readonly pageBytes: number;
  readonly rights: TranslationRights;
  readonly key: number;
}

const CR4_PCIDE = 1 << 17;

/** The translation that an access to a canonical linear address would use; undefined when it would walk. */
export function cachedEntry(state: StateView, linear: bigint): CachedEntry | undefined {
  const pcid = state.low(STATE.cr4) & CR4_PCIDE ? state.low(STATE.cr3) & 0xfff : 0;
  for (const c of SIZE_CLASSES) {
    const shift = BigInt(c.shift);
    const set = Number((linear >> shift) & BigInt(c.sets - 1));
    const tag = BigInt.asUintN(64, (linear >> shift) << shift) | 1n;
    for (let way = 0; way < WAYS; way++) {
      const at = c.base + (set * WAYS + way) * TLB_ENTRY.size;
      if (state.view.getBigUint64(at + TLB_ENTRY.tag, true) !== tag) continue;
      const flags = state.view.getInt32(at + TLB_ENTRY.flags, true);
      if (!(flags & TLB.G) && state.view.getInt32(at + TLB_ENTRY.pcid, true) !== pcid) continue;
      return {
        physical: state.view.getBigUint64(at + TLB_ENTRY.physical, true),
        pageBytes: 2 ** c.shift,
        rights: rightsOf(flags),
        key: (flags >> 8) & 15,
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
