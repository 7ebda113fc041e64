import { DEBUGCTL } from '../../debugRegisters.ts';
import { hasMsr, MSR_BY_INDEX, type Msr, type MsrValue } from '../../msrs.ts';
import { MISC_ENABLE } from '../../platformMsrs.ts';
import type { Processor } from '../../profiles/profiles.ts';
import { gprField as gpr, RAX, RCX, RDX, STATE } from '../../state.ts';
import { supervisorComponents } from '../../xsave/components.ts';
import { isExtendedApic, liveMsr } from './apicRegisters.ts';
import { cpl, DONE, gp0, type HostContext, type HostHandler, isCanonicalForRegister, LEAVE } from './context.ts';
import { relookup } from './controlRegisters.ts';

/** RDMSR and WRMSR (SDM Vol. 2, Vol. 4). An MSR that does not exist raises #GP(0). */

function find(c: HostContext): Msr | undefined {
  const msr = MSR_BY_INDEX.get(c.state.low(gpr(RCX)));
  return msr && hasMsr(c.processor, msr) ? msr : undefined;
}

/** The value of a register that software cannot change, or undefined. */
const constantOf = (processor: Processor, msr: Msr): MsrValue | undefined =>
  msr.field ? undefined : (processor.msrOverrides.get(msr.index) ?? msr.value?.(processor) ?? msr.fixed);

function readMsr(c: HostContext): number {
  const { state } = c;
  if (cpl(c) !== 0) return gp0(c);
  const index = state.low(gpr(RCX));
  const msr = find(c);
  if (msr ? msr.writeOnly : !isExtendedApic(index)) return gp0(c);
  const live = liveMsr(index);
  const value = live
    ? live.read(c)
    : (constantOf(c.processor, msr!) ?? [state.low(msr!.field!), state.high(msr!.field!)]);
  if (!value) return gp0(c);
  state.setHalves(gpr(RAX), value[0] >>> 0, 0);
  state.setHalves(gpr(RDX), value[1] >>> 0, 0);
  return DONE;
}

/** Bits of U_CET and S_CET that the profile knows. */
function cetWritable(processor: Processor): number {
  return (processor.feature('shstk') ? 0x3 : 0) | (processor.feature('ibt') ? 0xfffffc3c : 0);
}

/** Whether WRMSR of a CET control register takes a value (SDM Vol. 1 §17.2; also XRSTORS and VM entry). */
export function cetValueValid(processor: Processor, low: number, high: number): boolean {
  const writable = cetWritable(processor);
  if ((low & ~writable) !== 0 || (high !== 0 && !processor.feature('ibt'))) return false;
  if ((low & 0xc00) === 0xc00) return false;
  return isCanonicalForRegister(processor, low, high);
}

/** Whether an IA32_PLi_SSP takes a value. */
export const sspValid = (processor: Processor, low: number, high: number): boolean =>
  isCanonicalForRegister(processor, low, high) && (low & 3) === 0;

function acceptable(c: HostContext, msr: Msr, low: number, high: number): boolean {
  if (msr.accepts) return msr.accepts(c.processor, low, high);
  switch (msr.check) {
    case 'canonical':
      return isCanonicalForRegister(c.processor, low, high);
    case 'ssp':
      return sspValid(c.processor, low, high);
    case 'cet':
      return cetValueValid(c.processor, low, high);
    case 'mask':
      return (low & ~msr.mask![0]) === 0 && (high & ~msr.mask![1]) === 0;
    case 'debugControl': {
      // LBR and BTF; no last-branch record is enumerated for LBR to fill.
      const busLock = c.processor.feature('bus_lock_detect') ? DEBUGCTL.BUS_LOCK_DETECT : 0;
      return (low & ~(DEBUGCTL.LBR | DEBUGCTL.BTF | busLock)) === 0 && high === 0;
    }
    case 'pat':
      return [low, high].every((half) =>
        [0, 8, 16, 24].every((shift) => [0, 1, 4, 5, 6, 7].includes((half >>> shift) & 0xff)),
      );
    case 'xss':
      return high === 0 && (low & ~supervisorComponents(c.processor)) === 0;
    case 'readOnly':
      return false;
    default:
      return true;
  }
}

const EFER_SCE = 1;
const EFER_LME = 0x100;
const EFER_LMA = 0x400;
const EFER_NXE = 0x800;
const CR0_PG = 0x80000000;

function writeEfer(c: HostContext, low: number, high: number): number {
  const { state } = c;
  const old = state.low(STATE.efer);
  const allowed =
    (c.processor.feature('syscall') ? EFER_SCE : 0) |
    (c.processor.feature('lm') ? EFER_LME | EFER_LMA : 0) |
    (c.processor.feature('nx') && !(state.high(STATE.miscEnable) & MISC_ENABLE.XD_DISABLE) ? EFER_NXE : 0);
  if (high !== 0 || low & ~allowed) return gp0(c);
  if ((low ^ old) & EFER_LME && state.low(STATE.cr0) & CR0_PG) return gp0(c);
  // LMA is read-only: WRMSR ignores it.
  state.setHalves(STATE.efer, (low & ~EFER_LMA) | (old & EFER_LMA), 0);
  c.exports.updateContext();
  return relookup(c);
}

function writeMsr(c: HostContext): number {
  const { state } = c;
  if (cpl(c) !== 0) return gp0(c);
  const low = state.low(gpr(RAX));
  const high = state.low(gpr(RDX));
  const index = state.low(gpr(RCX));
  const msr = find(c);
  if (!msr && !isExtendedApic(index)) return gp0(c);
  const live = liveMsr(index);
  if (live) {
    const done = live.write(c, low, high);
    return typeof done === 'number' ? done : done ? LEAVE : gp0(c);
  }
  if (!msr) return gp0(c);
  if (msr.field === STATE.efer) return writeEfer(c, low, high);
  if (!acceptable(c, msr, low, high)) return gp0(c);
  if (msr.field) {
    const [keptLow, keptHigh] = msr.keeps ?? [0, 0];
    const merged = (value: number, old: number, kept: number) => (value & ~kept) | (old & kept);
    state.setHalves(
      msr.field,
      merged(low, state.low(msr.field), keptLow),
      merged(high, state.high(msr.field), keptHigh),
    );
  }
  if (msr.check === 'cet') c.exports.updateContext();
  if (msr.field === STATE.pkrs) c.exports.flushFast();
  return relookup(c);
}

export const modelSpecific: Readonly<Record<string, HostHandler>> = { rdmsr: readMsr, wrmsr: writeMsr };
