import type { LinearAddress } from '../addresses.ts';
import type { MemoryType, PatType } from './memoryTypes.ts';
import type { EntryName, PagingMode } from './pagingModes.ts';
import type { EntryFlag } from './translationEntries.ts';

/** What `explainTranslation` is asked, and what it answers. Addresses and register values are bigints. */

/** An access to explain. Left out: a read, with the rights of the current CPL. */
export interface TranslationAccess {
  readonly kind?: 'read' | 'write' | 'fetch' | 'shadowStackRead' | 'shadowStackWrite';
  /** `implicit`: the processor's own supervisor access to a descriptor table or TSS, at any CPL. */
  readonly privilege?: 'user' | 'supervisor' | 'implicit';
}

/** An address as an instruction names it. */
export interface SegmentedAddress {
  /** `cs` `ss` `ds` `es` `fs` `gs`. */
  readonly segment: string;
  readonly offset: bigint;
}

/** Segmentation's part. */
export interface SegmentStep {
  readonly segment: string;
  readonly offset: bigint;
  readonly base: bigint;
  /** Last valid offset (first invalid below, for expand-down data); 64-bit mode does not look at it. */
  readonly limit: bigint;
  readonly linear: bigint;
  readonly sentence: string;
}

/** One paging-structure entry, from the root down; PAE paging's PDPTE registers are the first step there. */
export interface EntryStep {
  readonly name: EntryName;
  readonly level: number;
  /** Physical address; absent for a PDPTE register. */
  readonly address?: bigint;
  readonly index: number;
  readonly raw: bigint;
  readonly flags: readonly EntryFlag[];
  /** Where the entry leads: a table, or the page. */
  readonly frame: bigint;
  readonly mapsPage: boolean;
  readonly pageBytes?: number;
  /** Reserved bits that are set. */
  readonly reserved: bigint;
  /** `PML4E at 0x1000 = 0x2007: table at 0x2000; P R/W U/S`. */
  readonly sentence: string;
}

/** What the entries on the way allow together. */
export interface TranslationRights {
  readonly writable: boolean;
  readonly user: boolean;
  readonly executable: boolean;
  readonly shadowStack: boolean;
  readonly global: boolean;
  readonly dirty: boolean;
}

export interface ProtectionKeyStep {
  readonly key: number;
  /** The register that decides for this page; `off` when neither CR4.PKE nor CR4.PKS concerns it. */
  readonly register: 'PKRU' | 'IA32_PKRS' | 'off';
  readonly accessDisabled: boolean;
  readonly writeDisabled: boolean;
}

export interface MemoryTypeStep {
  readonly type: MemoryType;
  readonly mtrr: MemoryType;
  /** Absent while paging is off. */
  readonly pat?: PatType;
  readonly patIndex?: number;
  readonly sentence: string;
}

/** A translation in the architectural TLB for the address, as the current PCID sees it. */
export interface CachedTranslation {
  readonly physical: bigint;
  readonly pageBytes: number;
  readonly rights: TranslationRights;
  readonly key: number;
  /** The tables say something else by now: a guest that did not invalidate goes on with this one. */
  readonly stale: boolean;
  readonly sentence: string;
}

/** A paging-structure entry that the processor holds: a walk for the address starts below it. */
export interface CachedStructureStep {
  readonly name: EntryName;
  /** The table that it leads to. */
  readonly table: bigint;
  /** The tables in memory lead elsewhere by now, or with other rights. */
  readonly stale: boolean;
  readonly sentence: string;
}

export type TranslationOutcome =
  | { readonly ok: true; readonly physical: bigint; readonly pageBytes: number; readonly sentence: string }
  | {
      readonly ok: false;
      /** 14 #PF; 13 #GP or 12 #SS for what is wrong before paging. */
      readonly vector: 12 | 13 | 14;
      readonly errorCode: number;
      /** The step that refused: an entry's name, `segment`, `canonical`, `rights` or `key`. */
      readonly refusedBy: EntryName | 'segment' | 'canonical' | 'rights' | 'key';
      /** The bit that refused: `P`, `R/W`, `U/S`, `XD`, `reserved`, `AD`, `WD`, `SMEP`, `SMAP` …; absent for segments. */
      readonly bit?: string;
      readonly sentence: string;
    };

export interface TranslationExplanation {
  readonly linear: LinearAddress;
  readonly access: Required<TranslationAccess>;
  readonly mode: PagingMode['name'] | 'off';
  readonly segment?: SegmentStep;
  /** The address that is translated, when linear-address masking changed it. */
  readonly masked?: bigint;
  /** CR3 with its fields in words; absent while paging is off. */
  readonly root?: { readonly cr3: bigint; readonly table: bigint; readonly pcid?: number; readonly sentence: string };
  /** As far as the walk came. */
  readonly entries: readonly EntryStep[];
  /** Present when the walk reached a page. */
  readonly rights?: TranslationRights;
  readonly key?: ProtectionKeyStep;
  readonly memoryType?: MemoryTypeStep;
  /** Present when the architectural TLB holds the page. */
  readonly cached?: CachedTranslation;
  /** Present when a paging-structure cache holds an entry on the way. */
  readonly structure?: CachedStructureStep;
  /** What the tables in memory answer to the access. */
  readonly outcome: TranslationOutcome;
  /** What the processor would do now: by what it has cached where that serves, otherwise `outcome`. */
  readonly now: TranslationOutcome;
}

/** A linear range that maps a physical page: the answer to the reverse question. */
export interface ReverseMapping {
  readonly linear: LinearAddress;
  readonly pageBytes: number;
  readonly rights: TranslationRights;
}
