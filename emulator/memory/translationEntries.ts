import { ENGINE, STATE, type StateView } from '../cpu/state.ts';
import { PAE, PAGING_FEATURE, type PagingMode, THIRTY_TWO_BIT } from './pagingModes.ts';

/** Paging-structure entries for the eye: which bits there are, and which of them a processor refuses. */
export interface EntryFlag {
  /** As the SDM names it: `P`, `R/W`, `U/S`, `PWT`, `PCD`, `A`, `D`, `PS`, `PAT`, `G`, `XD`. */
  readonly name: string;
  readonly bit: number;
  readonly set: boolean;
  readonly meaning: string;
}

const CR4_PSE = 0x10;
const CR4_PGE = 0x80;
const EFER_NXE = 0x800;

type Row = readonly [name: string, bit: number, set: string, clear: string];
const COMMON: readonly Row[] = [
  ['P', 0, 'present', 'not present'],
  ['R/W', 1, 'writes allowed', 'read-only'],
  ['U/S', 2, 'user accesses allowed', 'supervisor only'],
  ['PWT', 3, 'page-level write-through', 'no write-through'],
  ['PCD', 4, 'page-level cache disable', 'cacheable'],
  ['A', 5, 'accessed', 'not accessed'],
];
const DIRTY: Row = ['D', 6, 'dirty', 'clean'];
const LARGE: Row = ['PS', 7, 'maps a page', 'references a table'];
const XD: Row = ['XD', 63, 'no fetches', 'fetches allowed'];

/** Whether an entry of this value maps a page at its level. */
export function mapsPage(mode: PagingMode, state: StateView, level: number, value: bigint): boolean {
  if (level === 1) return true;
  if (!((value >> 7n) & 1n)) return false;
  if (mode === THIRTY_TWO_BIT) return (state.low(STATE.cr4) & CR4_PSE) !== 0;
  if (level === 3) return (state.get32(ENGINE.pagingFeatures) & PAGING_FEATURE.GIGABYTE_PAGES) !== 0;
  return level === 2;
}

/** The flag bits that an entry has in its place. */
export function entryFlags(mode: PagingMode, state: StateView, level: number, value: bigint): EntryFlag[] {
  const page = mapsPage(mode, state, level, value);
  const rows = [...COMMON];
  if (page) rows.push(DIRTY);
  if (level > 1) rows.push(LARGE);
  if (page) {
    const global = state.low(STATE.cr4) & CR4_PGE ? 'global' : 'global, but CR4.PGE is 0';
    rows.push(['PAT', level === 1 ? 7 : 12, 'PAT bit set', 'PAT bit clear'], ['G', 8, global, 'not global']);
  }
  if (mode.entryBytes === 8) rows.push(XD);
  return rows.map(([name, bit, on, off]) => {
    const set = ((value >> BigInt(bit)) & 1n) !== 0n;
    return { name, bit, set, meaning: set ? on : off };
  });
}

const bitsBetween = (low: number, high: number): bigint =>
  high < low ? 0n : (1n << BigInt(high + 1)) - (1n << BigInt(low));

/** The bits that must be clear in a present entry (SDM Vol. 3A §4.3–4.5, the "Reserved" rows of the tables). */
export function reservedBits(mode: PagingMode, state: StateView, level: number, value: bigint): bigint {
  const features = state.get32(ENGINE.pagingFeatures);
  const width = state.get64(ENGINE.maxPhysicalMask).toString(2).length;
  const page = mapsPage(mode, state, level, value);
  const noPat = features & PAGING_FEATURE.PAT ? 0n : page ? 1n << BigInt(level === 1 ? 7 : 12) : 0n;
  if (mode === THIRTY_TWO_BIT) {
    if (level === 1 || !page) return noPat;
    const top = features & PAGING_FEATURE.PSE36 ? Math.min(40, width) : 32;
    return noPat | bitsBetween(13 + top - 32, 21);
  }
  const nx = state.low(STATE.efer) & EFER_NXE ? 0n : 1n << 63n;
  const high = bitsBetween(width, mode === PAE ? 62 : 51);
  const large = level > 1 && page ? bitsBetween(13, 12 + (level - 1) * 9 - 1) : 0n;
  const notLarge = level > 1 && !page ? 1n << 7n : 0n;
  return nx | high | large | notLarge | noPat;
}

/** A set of bits in words: `bit 51`, `bits 13 and 14`. */
export function bitList(bits: bigint): string {
  const list: number[] = [];
  for (let bit = 0; bits >> BigInt(bit); bit++) if ((bits >> BigInt(bit)) & 1n) list.push(bit);
  const last = list.pop();
  return list.length === 0 ? `bit ${last}` : `bits ${list.join(', ')} and ${last}`;
}

/** Address of the page or table that an entry leads to. */
export function frameOf(mode: PagingMode, state: StateView, level: number, value: bigint): bigint {
  const page = mapsPage(mode, state, level, value);
  const shift = page ? 12n + BigInt((level - 1) * mode.indexBits) : 12n;
  if (mode === THIRTY_TWO_BIT) {
    const frame = value & 0xffff_f000n & -(1n << shift);
    // PSE-36: bits 20:13 of a 4-MiB page's entry are its physical bits 39:32 (SDM Vol. 3A §4.3).
    return page && level === 2 ? frame | (((value >> 13n) & 0xffn) << 32n) : frame;
  }
  return value & 0x000f_ffff_ffff_f000n & -(1n << shift);
}
