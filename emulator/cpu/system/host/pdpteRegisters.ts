import { RAM_BASE } from '../../../memory/map.ts';
import { ENGINE, STATE, type StateView } from '../../state.ts';
import { gp0, type HostContext } from './context.ts';

/** The PDPTE registers of PAE paging (SDM Vol. 3A §4.4.1). */
const REGISTERS = [STATE.pdpte0, STATE.pdpte1, STATE.pdpte2, STATE.pdpte3] as const;
const CR0_PG = 0x80000000;
const CR4_PAE = 0x20;
const EFER_LMA = 0x400;
const RESERVED_LOW = 0x1e6;

/** Whether these values of CR0 and CR4 select PAE paging, with EFER.LMA as it is. */
export const usesPae = (state: StateView, cr0: number, cr4: number): boolean =>
  (cr0 & CR0_PG) !== 0 && (cr4 & CR4_PAE) !== 0 && !(state.low(STATE.efer) & EFER_LMA);

/** Loads them from the table at CR3. False with nothing changed when a present entry has reserved bits. */
export function takePdptes(state: StateView, cr3: number): boolean {
  const table = (cr3 & ~31) >>> 0;
  const inRam = table + 32 <= state.low(ENGINE.ramSize);
  const reservedHigh = ~state.high(ENGINE.maxPhysicalMask);
  const values = REGISTERS.map((_, i): [number, number] => {
    // Where no RAM answers, the bus reads as ones.
    if (!inRam) return [0xffffffff, 0xffffffff];
    const at = RAM_BASE + table + i * 8;
    return [state.view.getUint32(at, true), state.view.getUint32(at + 4, true)];
  });
  if (values.some(([low, high]) => low & 1 && (low & RESERVED_LOW || high & reservedHigh))) return false;
  REGISTERS.forEach((register, i) => {
    state.setHalves(register, ...values[i]!);
  });
  return true;
}

/** As MOV to CR0, CR3 or CR4 does; #GP(0) is recorded when it gives false. */
export function loadPdptes(c: HostContext, cr3: number): boolean {
  if (takePdptes(c.state, cr3)) return true;
  gp0(c);
  return false;
}

/** After CR0, CR3, CR4 or EFER was written from outside. An invalid table leaves the registers as they are. */
export function followControlRegisters(state: StateView): void {
  if (usesPae(state, state.low(STATE.cr0), state.low(STATE.cr4))) takePdptes(state, state.low(STATE.cr3));
}
