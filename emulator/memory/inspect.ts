import { hostPhysical, type LinearAddress } from '../addresses.ts';
import type { TranslationResult } from '../api.ts';
import { ENGINE, STATE, type StateView } from '../cpu/state.ts';
import type { HostMemory } from './hostMemory.ts';
import { RAM_BASE } from './map.ts';

const LEVELS = ['PTE', 'PDE', 'PDPTE', 'PML4E'] as const;

/** A debugger's page walk: as a supervisor read without protection checks. Sets no accessed bits and fills no TLB. */
export function inspectTranslation(state: StateView, memory: HostMemory, address: LinearAddress): TranslationResult {
  const hex = (value: bigint) => `0x${value.toString(16)}`;
  if (!(state.low(STATE.cr0) & 0x80000000)) {
    return { ok: true, physical: hostPhysical(Number(address & 0xffffffffn)) };
  }
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) {
    return { ok: false, errorCode: -1, sentence: `Linear address ${hex(address)} is not canonical.` };
  }
  const view = new DataView(memory.memory.buffer);
  const frameMask = state.get64(ENGINE.maxPhysicalMask) & ~0xfffn;
  let table = state.get64(STATE.cr3) & frameMask;
  for (let level = 4; level >= 1; level--) {
    const shift = BigInt(12 + (level - 1) * 9);
    const entryAddress = table + ((address >> shift) & 511n) * 8n;
    const name = LEVELS[level - 1]!;
    if (entryAddress + 8n > BigInt(memory.size)) {
      return {
        ok: false,
        errorCode: 0,
        sentence: `The ${name} for ${hex(address)} would lie at ${hex(entryAddress)}, outside RAM.`,
      };
    }
    const entry = view.getBigUint64(RAM_BASE + Number(entryAddress), true);
    if (!(entry & 1n)) {
      return {
        ok: false,
        errorCode: 0,
        sentence: `Linear address ${hex(address)} is not mapped: its ${name} at ${hex(entryAddress)} is not present.`,
      };
    }
    if (level === 1 || (level <= 3 && entry & 0x80n)) {
      const offsetMask = (1n << shift) - 1n;
      const physical = (entry & frameMask & ~offsetMask) | (address & offsetMask);
      if (physical > 0xffffffffn) {
        return {
          ok: false,
          errorCode: 0,
          sentence: `Linear address ${hex(address)} maps to physical ${hex(physical)}, outside RAM.`,
        };
      }
      return { ok: true, physical: hostPhysical(Number(physical)) };
    }
    table = entry & frameMask;
  }
  throw new Error('a walk ends at level 1');
}
