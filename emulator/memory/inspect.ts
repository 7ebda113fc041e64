import { hostPhysical, type LinearAddress } from '../addresses.ts';
import type { TranslationResult } from '../api.ts';
import { ENGINE, STATE, type StateView } from '../cpu/state.ts';
import type { HostMemory } from './hostMemory.ts';
import { RAM_BASE } from './map.ts';
import { ENTRY_NAMES, levelShift, PAE, type PagingMode, pagingMode } from './pagingModes.ts';
import { frameOf, mapsPage } from './translationEntries.ts';

const PRESENT = 1n;
const PDPTES = [STATE.pdpte0, STATE.pdpte1, STATE.pdpte2, STATE.pdpte3] as const;

const hex = (value: bigint) => `0x${value.toString(16)}`;

/** A debugger's page walk: as a supervisor read without protection checks. Sets no accessed bits and fills no TLB. */
export function inspectTranslation(state: StateView, memory: HostMemory, address: LinearAddress): TranslationResult {
  const mode = pagingMode(state);
  if (!mode) return { ok: true, physical: hostPhysical(Number(address & 0xffffffffn)) };
  const fail = (sentence: string, errorCode = 0): TranslationResult => ({ ok: false, errorCode, sentence });
  const legacy = mode.linearBits === 32;
  if (!legacy && BigInt.asUintN(64, BigInt.asIntN(mode.linearBits, address)) !== address) {
    return fail(`Linear address ${hex(address)} is not canonical.`, -1);
  }
  const linear = legacy ? address & 0xffffffffn : address;
  const frameMask = state.get64(ENGINE.maxPhysicalMask) & ~0xfffn;
  let table = state.get64(STATE.cr3) & frameMask;
  if (mode === PAE) {
    const index = Number(linear >> 30n);
    const pdpte = state.get64(PDPTES[index]!);
    if (!(pdpte & PRESENT)) {
      return fail(`Linear address ${hex(linear)} is not mapped: PDPTE register ${index} is not present.`);
    }
    table = pdpte & frameMask;
  }
  for (let level = mode.levels; level >= 1; level--) {
    const shift = BigInt(levelShift(mode, level));
    const entryAddress = table + ((linear >> shift) & ((1n << BigInt(mode.indexBits)) - 1n)) * BigInt(mode.entryBytes);
    const name = ENTRY_NAMES[level - 1]!;
    if (entryAddress + BigInt(mode.entryBytes) > BigInt(memory.size)) {
      return fail(`The ${name} for ${hex(linear)} would lie at ${hex(entryAddress)}, outside RAM.`);
    }
    const entry = readEntry(memory, Number(entryAddress), mode);
    if (!(entry & PRESENT)) {
      return fail(`Linear address ${hex(linear)} is not mapped: its ${name} at ${hex(entryAddress)} is not present.`);
    }
    const frame = frameOf(mode, state, level, entry) & frameMask;
    if (mapsPage(mode, state, level, entry)) {
      const physical = frame | (linear & ((1n << shift) - 1n));
      if (physical > 0xffffffffn) {
        return fail(`Linear address ${hex(linear)} maps to physical ${hex(physical)}, outside RAM.`);
      }
      return { ok: true, physical: hostPhysical(Number(physical)) };
    }
    table = frame;
  }
  throw new Error('a walk ends at level 1');
}

function readEntry(memory: HostMemory, address: number, mode: PagingMode): bigint {
  const view = new DataView(memory.memory.buffer);
  return mode.entryBytes === 8
    ? view.getBigUint64(RAM_BASE + address, true)
    : BigInt(view.getUint32(RAM_BASE + address, true));
}
