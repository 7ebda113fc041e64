import { MEMORY_TYPE_MSRS } from './memoryTypeMsrs.ts';
import { PLATFORM_MSRS } from './platformMsrs.ts';
import type { Processor } from './profiles/profiles.ts';
import { type Field, FS, GS, STATE, type StateView, segment } from './state.ts';

/** A model-specific register: where its value lives and what WRMSR accepts (SDM Vol. 4). */
export interface Msr {
  readonly index: number;
  readonly name: string;
  /** Absent for registers with a fixed value, and for those of `system/host/apicRegisters.ts`. */
  readonly field?: Field;
  /** Feature that must be on; one of several. */
  readonly features?: readonly string[];
  readonly check?: 'canonical' | 'ssp' | 'cet' | 'mask' | 'readOnly' | 'pat' | 'xss' | 'debugControl';
  /** For `mask`: the bits that may be set, low and high half. */
  readonly mask?: readonly [low: number, high: number];
  readonly fixed?: MsrValue;
  /** The same, by profile. */
  readonly value?: (processor: Processor) => MsrValue;
  /** The value after reset; zero when absent. */
  readonly initial?: (processor: Processor) => MsrValue;
  /** Whether the profile has it, besides `features`. */
  readonly present?: (processor: Processor) => boolean;
  /** Whether WRMSR takes a value (unsigned halves). */
  readonly accepts?: (processor: Processor, low: number, high: number) => boolean;
  /** Bits that WRMSR leaves as they are. */
  readonly keeps?: MsrValue;
  /** RDMSR raises #GP(0). */
  readonly writeOnly?: boolean;
}

export type MsrValue = readonly [low: number, high: number];

const CET = ['shstk', 'ibt'];

export const MSRS: readonly Msr[] = [
  ...PLATFORM_MSRS,
  { index: 0x10, name: 'IA32_TIME_STAMP_COUNTER' },
  { index: 0x17, name: 'IA32_PLATFORM_ID', check: 'readOnly', fixed: [0, 0] },
  { index: 0x1b, name: 'IA32_APIC_BASE', features: ['apic'] },
  { index: 0x3a, name: 'IA32_FEATURE_CONTROL', check: 'readOnly', fixed: [1, 0] },
  { index: 0x3b, name: 'IA32_TSC_ADJUST', features: ['tsc_adjust'] },
  { index: 0x8b, name: 'IA32_BIOS_SIGN_ID', check: 'mask', mask: [0, 0], fixed: [0, 0xa4] },
  { index: 0x174, name: 'IA32_SYSENTER_CS', field: STATE.sysenterCs, check: 'mask', mask: [-1, 0], features: ['sep'] },
  { index: 0x175, name: 'IA32_SYSENTER_ESP', field: STATE.sysenterEsp, check: 'canonical', features: ['sep'] },
  { index: 0x176, name: 'IA32_SYSENTER_EIP', field: STATE.sysenterEip, check: 'canonical', features: ['sep'] },
  { index: 0x1d9, name: 'IA32_DEBUGCTL', field: STATE.debugCtl, check: 'debugControl' },
  { index: 0x277, name: 'IA32_PAT', field: STATE.pat, check: 'pat', features: ['pat'] },
  { index: 0x6e0, name: 'IA32_TSC_DEADLINE', features: ['tsc_deadline_timer'] },
  ...MEMORY_TYPE_MSRS,
  { index: 0x6e1, name: 'IA32_PKRS', field: STATE.pkrs, check: 'mask', mask: [-1, 0], features: ['pks'] },
  { index: 0x6a0, name: 'IA32_U_CET', field: STATE.uCet, check: 'cet', features: CET },
  { index: 0x6a2, name: 'IA32_S_CET', field: STATE.sCet, check: 'cet', features: CET },
  { index: 0x6a4, name: 'IA32_PL0_SSP', field: STATE.pl0Ssp, check: 'ssp', features: ['shstk'] },
  { index: 0x6a5, name: 'IA32_PL1_SSP', field: STATE.pl1Ssp, check: 'ssp', features: ['shstk'] },
  { index: 0x6a6, name: 'IA32_PL2_SSP', field: STATE.pl2Ssp, check: 'ssp', features: ['shstk'] },
  { index: 0x6a7, name: 'IA32_PL3_SSP', field: STATE.pl3Ssp, check: 'ssp', features: ['shstk'] },
  {
    index: 0x6a8,
    name: 'IA32_INTERRUPT_SSP_TABLE_ADDR',
    field: STATE.interruptSspTableAddr,
    check: 'canonical',
    features: ['shstk'],
  },
  { index: 0xda0, name: 'IA32_XSS', field: STATE.xss, check: 'xss', features: ['xsaves'] },
  { index: 0xc0000080, name: 'IA32_EFER', field: STATE.efer },
  { index: 0xc0000081, name: 'IA32_STAR', field: STATE.star, features: ['syscall'] },
  { index: 0xc0000082, name: 'IA32_LSTAR', field: STATE.lstar, check: 'canonical', features: ['lm'] },
  { index: 0xc0000083, name: 'IA32_CSTAR', field: STATE.cstar, check: 'canonical', features: ['lm'] },
  { index: 0xc0000084, name: 'IA32_FMASK', field: STATE.sfmask, check: 'mask', mask: [-1, 0], features: ['lm'] },
  { index: 0xc0000100, name: 'IA32_FS_BASE', field: segment(FS).base, check: 'canonical', features: ['lm'] },
  { index: 0xc0000101, name: 'IA32_GS_BASE', field: segment(GS).base, check: 'canonical', features: ['lm'] },
  { index: 0xc0000102, name: 'IA32_KERNEL_GS_BASE', field: STATE.kernelGsBase, check: 'canonical', features: ['lm'] },
  { index: 0xc0000103, name: 'IA32_TSC_AUX', field: STATE.tscAux, check: 'mask', mask: [-1, 0], features: ['rdtscp'] },
];

/** Whether the profile has the register. */
export const hasMsr = (processor: Processor, { features, present }: Msr): boolean =>
  (features === undefined || features.some((f) => processor.feature(f))) &&
  (present === undefined || present(processor));

/** @throws RangeError with one sentence for an override that the machine cannot have */
export function refuseMsrOverrides(processor: Processor): void {
  for (const [index, [low, high]] of processor.msrOverrides) {
    const name = `msrs.0x${index.toString(16)}`;
    const msr = MSR_BY_INDEX.get(index);
    if (!msr || !hasMsr(processor, msr)) throw new RangeError(`${name}: the processor has no such MSR.`);
    const constant = !msr.field && (msr.value !== undefined || msr.fixed !== undefined);
    if (msr.writeOnly || !(constant || msr.field)) throw new RangeError(`${name}: ${msr.name} has no value at reset.`);
    if (msr.accepts && !msr.accepts(processor, low, high)) {
      const value = `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`;
      throw new RangeError(`${name} is ${value}, which ${msr.name} cannot hold.`);
    }
  }
}

/** Values after reset, where they are not zero; what the launch configuration asks for comes last. */
export function resetMsrs(state: StateView, processor: Processor): void {
  for (const { field, initial } of MSRS) if (field && initial) state.setHalves(field, ...initial(processor));
  for (const [index, value] of processor.msrOverrides) {
    const field = MSR_BY_INDEX.get(index)?.field;
    if (field) state.setHalves(field, ...value);
  }
}

export const MSR_BY_INDEX: ReadonlyMap<number, Msr> = new Map(MSRS.map((m) => [m.index, m]));
