import { ENGINE_BASE, STATE_BASE } from '../memory/map.ts';
import { resetState } from './reset.ts';
import { CS, type Field, gprAddress, RDX, SEGMENT_NAMES, STATE, StateView, segment } from './state.ts';

/** INIT and start-up IPIs (SDM Vol. 3A §9.1, Table 9-1; §9.4.4). */
const GENERAL_REGISTERS = [STATE_BASE, 0x80] as const;
const SEGMENT_REGISTERS = [segment(0).base.address, SEGMENT_NAMES.length * 32] as const;
const CR0_CACHE = 0x60000000;

/** What INIT puts back to the power-up state. Everything else it leaves alone: SSE and x87 state, MSRs, the TSC. */
const INITIALISED: readonly Field[] = [
  STATE.rip,
  STATE.flagResult,
  STATE.flagCarry,
  STATE.flagWord,
  STATE.rflags,
  STATE.cpl,
  STATE.context,
  STATE.gdtrBase,
  STATE.gdtrLimit,
  STATE.idtrBase,
  STATE.idtrLimit,
  STATE.cr0,
  STATE.cr2,
  STATE.cr3,
  STATE.cr4,
  STATE.cr8,
  STATE.efer,
  STATE.dr0,
  STATE.dr1,
  STATE.dr2,
  STATE.dr3,
  STATE.dr6,
  STATE.dr7,
  STATE.debugCtl,
  // The state components of CET are reset, other components are not (SDM Vol. 3A Table 9-1).
  STATE.ssp,
  STATE.uCet,
  STATE.sCet,
  STATE.pl0Ssp,
  STATE.pl1Ssp,
  STATE.pl2Ssp,
  STATE.pl3Ssp,
  STATE.interruptSspTableAddr,
  STATE.interruptShadow,
  STATE.activity,
  STATE.pendingDebug,
  STATE.repeating,
  STATE.nmiBlocked,
  STATE.fetchPage,
  STATE.fetchLinear,
  STATE.eventPending,
  STATE.cpHasValues,
  STATE.pdpte0,
  STATE.pdpte1,
  STATE.pdpte2,
  STATE.pdpte3,
];

/** The processor after INIT, at its reset vector; `signature` is CPUID.1:EAX. */
export function initialiseByInit(state: StateView, signature: number): void {
  const fresh = new StateView(new ArrayBuffer(ENGINE_BASE + 0x1000));
  resetState(fresh);
  const cache = state.low(STATE.cr0) & CR0_CACHE;
  const copy = (address: number, size: number) =>
    new Uint8Array(state.view.buffer, address, size).set(new Uint8Array(fresh.view.buffer, address, size));
  copy(...GENERAL_REGISTERS);
  copy(...SEGMENT_REGISTERS);
  for (const { address, bits } of INITIALISED) copy(address, bits / 8);
  state.setHalves(STATE.cr0, ((state.low(STATE.cr0) & ~CR0_CACHE) | cache) >>> 0, 0);
  setSignature(state, signature);
}

/** EDX identifies the processor after reset and INIT (SDM Vol. 3A §9.1.2). */
export function setSignature(state: StateView, signature: number): void {
  state.setHalves({ address: gprAddress(RDX), bits: 64 }, signature, 0);
}

/** A start-up IPI wakes the processor at `vector` × 1000h in real mode. */
export function startUp(state: StateView, vector: number): void {
  state.set32(segment(CS).selector, vector << 8);
  state.setHalves(segment(CS).base, vector << 12, 0);
  state.setHalves(STATE.rip, 0, 0);
  state.set32(STATE.activity, 0);
}

/** Real mode at a physical address below 1 MiB, with the lowest offset (ACPI 6.5 §5.2.10). */
export function startInRealMode(state: StateView, address: number): void {
  state.set32(segment(CS).selector, address >>> 4);
  state.setHalves(segment(CS).base, address & ~0xf, 0);
  state.setHalves(STATE.rip, address & 0xf, 0);
}
