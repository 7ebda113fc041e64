import { STATE, type StateView } from '../cpu/state.ts';

/**
 * The paging modes (SDM Vol. 3A §4.1.1, Table 4-1) as data: what the walker emits code from and what the translation
 * explainer follows.
 */
export interface PagingMode {
  /** As the SDM calls it. */
  readonly name: '32-bit' | 'PAE' | '4-level' | '5-level';
  /** Levels of tables in memory: 1 is the one with PTEs. PAE paging's PDPTE registers are not among them. */
  readonly levels: number;
  readonly indexBits: 9 | 10;
  readonly entryBytes: 4 | 8;
  /** Bits of a linear address that are translated. */
  readonly linearBits: 32 | 48 | 57;
}

export const THIRTY_TWO_BIT: PagingMode = { name: '32-bit', levels: 2, indexBits: 10, entryBytes: 4, linearBits: 32 };
export const PAE: PagingMode = { name: 'PAE', levels: 2, indexBits: 9, entryBytes: 8, linearBits: 32 };
export const FOUR_LEVEL: PagingMode = { name: '4-level', levels: 4, indexBits: 9, entryBytes: 8, linearBits: 48 };
export const FIVE_LEVEL: PagingMode = { name: '5-level', levels: 5, indexBits: 9, entryBytes: 8, linearBits: 57 };

/** Names of the entries of each level, from 1. */
export const ENTRY_NAMES = ['PTE', 'PDE', 'PDPTE', 'PML4E', 'PML5E'] as const;
export type EntryName = (typeof ENTRY_NAMES)[number];

/** Options of paging that a processor may lack, as bits of ENGINE.pagingFeatures. */
export const PAGING_FEATURE = { GIGABYTE_PAGES: 1, PSE36: 2, PAT: 4, LA57: 8 } as const;

export const pagingFeatures = (processor: { feature(name: string): boolean }): number =>
  (processor.feature('pdpe1gb') ? PAGING_FEATURE.GIGABYTE_PAGES : 0) |
  (processor.feature('pse36') ? PAGING_FEATURE.PSE36 : 0) |
  (processor.feature('pat') ? PAGING_FEATURE.PAT : 0) |
  (processor.feature('la57') ? PAGING_FEATURE.LA57 : 0);

/** Lowest bit of a linear address that selects an entry at a level: the size of what the entry stands for. */
export const levelShift = (mode: PagingMode, level: number): number => 12 + (level - 1) * mode.indexBits;

export const CR4_PAE = 1 << 5;
export const CR4_LA57 = 1 << 12;
const CR0_PG = 0x8000_0000;
const EFER_LMA = 1 << 10;

/** The mode that the registers select; undefined while paging is off. */
export function pagingMode(state: StateView): PagingMode | undefined {
  if (!(state.low(STATE.cr0) & CR0_PG)) return undefined;
  const cr4 = state.low(STATE.cr4);
  if (state.low(STATE.efer) & EFER_LMA) return cr4 & CR4_LA57 ? FIVE_LEVEL : FOUR_LEVEL;
  return cr4 & CR4_PAE ? PAE : THIRTY_TWO_BIT;
}
