import { RAM_BASE } from '../../../memory/map.ts';
import { ENGINE, STATE } from '../../state.ts';
import { gp0, type HostContext, longMode } from './context.ts';

/** The PDPTE registers of PAE paging (SDM Vol. 3A §4.4.1). */
const REGISTERS = [STATE.pdpte0, STATE.pdpte1, STATE.pdpte2, STATE.pdpte3] as const;
const CR0_PG = 0x80000000;
const CR4_PAE = 0x20;
const RESERVED_LOW = 0x1e6;

/** Whether these values of CR0 and CR4 select PAE paging. */
export const usesPae = (c: HostContext, cr0: number, cr4: number): boolean =>
  (cr0 & CR0_PG) !== 0 && (cr4 & CR4_PAE) !== 0 && !longMode(c);

/** Loads them from the table at CR3. False with #GP(0) recorded and nothing changed when a present entry has reserved bits. */
export function loadPdptes(c: HostContext, cr3: number): boolean {
  const { state } = c;
  const table = (cr3 & ~31) >>> 0;
  const inRam = state.high(ENGINE.ramSize) !== 0 || table + 32 <= state.low(ENGINE.ramSize);
  const reservedHigh = ~state.high(ENGINE.maxPhysicalMask);
  const values = REGISTERS.map((_, i): [number, number] => {
    // Where no RAM answers, the bus reads as ones.
    if (!inRam) return [0xffffffff, 0xffffffff];
    const at = RAM_BASE + table + i * 8;
    return [state.view.getUint32(at, true), state.view.getUint32(at + 4, true)];
  });
  if (values.some(([low, high]) => low & 1 && (low & RESERVED_LOW || high & reservedHigh))) {
    gp0(c);
    return false;
  }
  REGISTERS.forEach((register, i) => {
    state.setHalves(register, ...values[i]!);
  });
  return true;
}
