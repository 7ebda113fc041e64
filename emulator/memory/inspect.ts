import { hostPhysical, type LinearAddress } from '../addresses.ts';
import type { TranslationResult } from '../api.ts';
import { ENGINE, STATE, type StateView } from '../cpu/state.ts';
import type { HostMemory } from './hostMemory.ts';
import { RAM_BASE } from './map.ts';

const LEVELS = ['PTE', 'PDE', 'PDPTE', 'PML4E'] as const;
const PRESENT = 1n;
const PAGE_SIZE = 0x80n;
const CR4_PSE = 0x10;
const CR4_PAE = 0x20;
const EFER_LMA = 0x400;
const PDPTES = [STATE.pdpte0, STATE.pdpte1, STATE.pdpte2, STATE.pdpte3] as const;

const hex = (value: bigint) => `0x${value.toString(16)}`;

interface Mode {
  readonly levels: number;
  readonly indexBits: bigint;
  readonly entryBytes: bigint;
  /** Whether an entry above level 1 with its PS bit set maps a page. */
  readonly largePages: boolean;
}

function modeOf(state: StateView): Mode {
  const cr4 = state.low(STATE.cr4);
  if (state.low(STATE.efer) & EFER_LMA) return { levels: 4, indexBits: 9n, entryBytes: 8n, largePages: true };
  if (cr4 & CR4_PAE) return { levels: 2, indexBits: 9n, entryBytes: 8n, largePages: true };
  return { levels: 2, indexBits: 10n, entryBytes: 4n, largePages: (cr4 & CR4_PSE) !== 0 };
}

/** A debugger's page walk: as a supervisor read without protection checks. Sets no accessed bits and fills no TLB. */
export function inspectTranslation(state: StateView, memory: HostMemory, address: LinearAddress): TranslationResult {
  if (!(state.low(STATE.cr0) & 0x80000000)) {
    return { ok: true, physical: hostPhysical(Number(address & 0xffffffffn)) };
  }
  const fail = (sentence: string, errorCode = 0): TranslationResult => ({ ok: false, errorCode, sentence });
  const mode = modeOf(state);
  const long = mode.levels === 4;
  if (long && BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) {
    return fail(`Linear address ${hex(address)} is not canonical.`, -1);
  }
  const linear = long ? address : address & 0xffffffffn;
  const frameMask = state.get64(ENGINE.maxPhysicalMask) & ~0xfffn;
  let table = state.get64(STATE.cr3) & frameMask;
  if (mode.levels === 2 && mode.entryBytes === 8n) {
    const index = Number(linear >> 30n);
    const pdpte = state.get64(PDPTES[index]!);
    if (!(pdpte & PRESENT)) {
      return fail(`Linear address ${hex(linear)} is not mapped: PDPTE register ${index} is not present.`);
    }
    table = pdpte & frameMask;
  }
  for (let level = mode.levels; level >= 1; level--) {
    const shift = 12n + BigInt(level - 1) * mode.indexBits;
    const entryAddress = table + ((linear >> shift) & ((1n << mode.indexBits) - 1n)) * mode.entryBytes;
    const name = LEVELS[level - 1]!;
    if (entryAddress + mode.entryBytes > BigInt(memory.size)) {
      return fail(`The ${name} for ${hex(linear)} would lie at ${hex(entryAddress)}, outside RAM.`);
    }
    const entry = readEntry(memory, Number(entryAddress), mode);
    if (!(entry & PRESENT)) {
      return fail(`Linear address ${hex(linear)} is not mapped: its ${name} at ${hex(entryAddress)} is not present.`);
    }
    if (level === 1 || (level <= 3 && mode.largePages && entry & PAGE_SIZE)) {
      const physical = frameOf(entry, level, shift, mode, frameMask) | (linear & ((1n << shift) - 1n));
      if (physical > 0xffffffffn) {
        return fail(`Linear address ${hex(linear)} maps to physical ${hex(physical)}, outside RAM.`);
      }
      return { ok: true, physical: hostPhysical(Number(physical)) };
    }
    table = entry & frameMask;
  }
  throw new Error('a walk ends at level 1');
}

function readEntry(memory: HostMemory, address: number, mode: Mode): bigint {
  const view = new DataView(memory.memory.buffer);
  return mode.entryBytes === 8n
    ? view.getBigUint64(RAM_BASE + address, true)
    : BigInt(view.getUint32(RAM_BASE + address, true));
}

function frameOf(entry: bigint, level: number, shift: bigint, mode: Mode, frameMask: bigint): bigint {
  const frame = entry & frameMask & ~((1n << shift) - 1n);
  // PSE-36: bits 20:13 of a 4-MiB page's entry are its physical bits 39:32 (SDM Vol. 3A §4.3).
  return mode.entryBytes === 4n && level === 2 ? frame | (((entry >> 13n) & 0xffn) << 32n) : frame;
}
