import { MTRR, STATE, type StateView } from '../cpu/state.ts';

/**
 * Memory types (SDM Vol. 3A ch. 11): of a physical address by the MTRRs, and of an access by page-level cache control on
 * top of that. Asked for where it matters (bus locks, the debugger); ordinary accesses do not look.
 */
export type MemoryType = 'UC' | 'WC' | 'WT' | 'WP' | 'WB';
/** What a PAT entry can say: UC− is UC that MTRRs may make WC. */
export type PatType = MemoryType | 'UC-';

const BY_NUMBER: readonly (PatType | undefined)[] = ['UC', 'WC', undefined, undefined, 'WT', 'WP', 'WB', 'UC-'];

const CR0_CD = 0x4000_0000;
const FIXED_ENABLE = 0x400;
const ENABLE = 0x800;
const VALID = 0x800;

/** First address of each fixed-range register and the size of its eight ranges (SDM Vol. 3A Table 11-9). */
export const FIXED_RANGES: readonly (readonly [first: number, size: number])[] = [
  [0, 0x10000],
  [0x80000, 0x4000],
  [0xa0000, 0x4000],
  ...[0xc0000, 0xc8000, 0xd0000, 0xd8000, 0xe0000, 0xe8000, 0xf0000, 0xf8000].map((at) => [at, 0x1000] as const),
];

function byFixedRanges(state: StateView, address: number): number {
  let register = FIXED_RANGES.length - 1;
  while (FIXED_RANGES[register]![0] > address) register--;
  const [first, size] = FIXED_RANGES[register]!;
  return state.view.getUint8(MTRR.fixed(register).address + Math.floor((address - first) / size));
}

/** Types of the variable ranges that hold the address, as a set of bits by type number. */
function byVariableRanges(state: StateView, low: number, high: number): number {
  let types = 0;
  for (let i = 0; i < MTRR.variable; i++) {
    const [base, mask] = [MTRR.base(i), MTRR.mask(i)];
    const maskLow = state.low(mask);
    if (!(maskLow & VALID)) continue;
    if (((low ^ state.low(base)) & maskLow & ~0xfff) !== 0) continue;
    if (((high ^ state.high(base)) & state.high(mask)) !== 0) continue;
    types |= 1 << (state.low(base) & 7);
  }
  return types;
}

/**
 * Type that the MTRRs give a physical address (halves), by SDM Vol. 3A §11.11.4.1. Where variable ranges overlap in a
 * way that the SDM leaves undefined, the least cached of them.
 */
export function mtrrType(state: StateView, low: number, high: number): MemoryType {
  const control = state.low(MTRR.defaultType);
  if (!(control & ENABLE)) return 'UC';
  const named = (number: number) => BY_NUMBER[number] as MemoryType;
  if (control & FIXED_ENABLE && high === 0 && low < 0x10_0000) return named(byFixedRanges(state, low));
  const types = byVariableRanges(state, low >>> 0, high);
  if (types === 0) return named(control & 7);
  return named([0, 1, 4, 5, 6].find((type) => types & (1 << type))!);
}

/** Entry of IA32_PAT, by the index that PAT, PCD and PWT make (4, 2, 1). */
export function patType(state: StateView, index: number): PatType {
  return BY_NUMBER[state.view.getUint8(STATE.pat.address + index) & 7] ?? 'UC';
}

/** SDM Vol. 3A Table 11-7: row by the MTRRs' type, column by the PAT's. */
const EFFECTIVE: Readonly<Record<MemoryType, Readonly<Record<PatType, MemoryType>>>> = {
  UC: { UC: 'UC', 'UC-': 'UC', WC: 'WC', WT: 'UC', WB: 'UC', WP: 'UC' },
  WC: { UC: 'UC', 'UC-': 'WC', WC: 'WC', WT: 'UC', WB: 'WC', WP: 'UC' },
  WT: { UC: 'UC', 'UC-': 'UC', WC: 'WC', WT: 'WT', WB: 'WT', WP: 'WP' },
  WB: { UC: 'UC', 'UC-': 'UC', WC: 'WC', WT: 'WT', WB: 'WB', WP: 'WP' },
  WP: { UC: 'UC', 'UC-': 'WC', WC: 'WC', WT: 'WT', WB: 'WP', WP: 'WP' },
};

export interface EffectiveType {
  readonly type: MemoryType;
  readonly mtrr: MemoryType;
  /** Absent while paging is off. */
  readonly pat?: PatType;
  /** Why `type` is neither of them: CR0.CD is set, so nothing is cached. */
  readonly cacheDisabled: boolean;
}

/**
 * Memory type of an access to a physical address.
 *
 * @param patIndex the index that the translation's PAT, PCD and PWT bits make, -1 without paging
 */
export function effectiveType(state: StateView, low: number, high: number, patIndex: number): EffectiveType {
  const mtrr = mtrrType(state, low, high);
  const cacheDisabled = (state.low(STATE.cr0) & CR0_CD) !== 0;
  if (patIndex < 0) return { type: cacheDisabled ? 'UC' : mtrr, mtrr, cacheDisabled };
  const pat = patType(state, patIndex);
  return { type: cacheDisabled ? 'UC' : EFFECTIVE[mtrr][pat], mtrr, pat, cacheDisabled };
}
