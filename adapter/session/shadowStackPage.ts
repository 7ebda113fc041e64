import { hostPhysical } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';
import { shortHex } from '../expressions/format.ts';
import { fromBytes } from './memoryAccess.ts';

const PRESENT = 1n;
const WRITABLE = 2n;
const DIRTY = 0x40n;
const PAGE_SIZE = 0x80n;
const ADDRESS = 0x000f_ffff_ffff_f000n;

/**
 * Why an address is not on a shadow-stack page, as one clause; undefined when it is: R/W=1 in every entry above the
 * leaf, and R/W=0 with D=1 in the leaf (SDM Vol. 3A §4.6). Without 4-level or 5-level paging there is no such page type,
 * so nothing is said.
 */
export function notShadowStack(machine: MachineApi, address: bigint): string | undefined {
  const paging = (machine.readRegister('cr0') >> 31n) & 1n;
  const longMode = (machine.readRegister('efer') >> 10n) & 1n;
  if (paging === 0n || longMode === 0n) return undefined;
  const levels = (machine.readRegister('cr4') >> 12n) & 1n ? 5 : 4;
  let table = machine.readRegister('cr3') & ADDRESS;
  for (let level = levels; level >= 1; level--) {
    const index = (address >> BigInt(12 + 9 * (level - 1))) & 0x1ffn;
    const { data } = machine.readPhysical(hostPhysical(Number(table + index * 8n)), 8);
    if (data.length < 8) return 'its paging structures lie outside RAM';
    const entry = fromBytes(data);
    if ((entry & PRESENT) === 0n) return 'it is not mapped';
    const leaf = level === 1 || (level <= 3 && (entry & PAGE_SIZE) !== 0n);
    if (leaf) {
      if ((entry & WRITABLE) !== 0n) return 'its page is writable (R/W=1), not a shadow-stack page';
      return (entry & DIRTY) === 0n ? 'its page is not dirty (D=0), so no shadow-stack page' : undefined;
    }
    if ((entry & WRITABLE) === 0n) return `the level-${level} entry ${shortHex(entry)} above it has R/W=0`;
    table = entry & ADDRESS;
  }
  return undefined;
}
