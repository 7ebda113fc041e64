import { STATE_BASE } from '../memory/map.ts';
import type { Msr, MsrValue } from './msrs.ts';
import type { Processor } from './profiles/profiles.ts';
import { type Field, STATE } from './state.ts';

/** Model-specific registers of machine check, speculation control and the platform (SDM Vol. 4). */
const nothing: MsrValue = [0, 0];
const within =
  (allowedLow: number, allowedHigh = 0) =>
  (_processor: Processor, low: number, high: number): boolean =>
    (low & ~allowedLow) === 0 && (high & ~allowedHigh) === 0;
const zeroOnly = within(0);

/** Bits that features bring, together. */
const bitsOf = (processor: Processor, bits: Readonly<Record<string, number>>): number =>
  Object.entries(bits).reduce((mask, [feature, bit]) => (processor.feature(feature) ? mask | bit : mask), 0);

const SPEC_CTRL = { spec_ctrl: 1, stibp: 2, ssbd: 4 } as const;

/** Machine-check banks (SDM Vol. 3B ch. 16): four registers each, in the state. */
const BANKS_BASE = STATE_BASE + 0xb00;
const MAX_BANKS = 32;
const MCG_TES_P = 1 << 11;
const bankField = (bank: number, which: number): Field => ({ address: BANKS_BASE + bank * 32 + which * 8, bits: 64 });

function bank(number: number): Msr[] {
  const index = 0x400 + number * 4;
  const present = (processor: Processor) => number < processor.profile.machineCheckBanks;
  const row = (which: number, suffix: string, accepts: NonNullable<Msr['accepts']>): Msr => ({
    index: index + which,
    name: `IA32_MC${number}_${suffix}`,
    features: ['mca'],
    present,
    field: bankField(number, which),
    accepts,
  });
  return [
    // All ones or all zeros (§16.3.2.1); a status is only cleared (§16.3.2.2).
    row(0, 'CTL', (_p, low, high) => low === high && (low === 0 || low === 0xffffffff)),
    row(1, 'STATUS', zeroOnly),
    row(2, 'ADDR', () => true),
    row(3, 'MISC', () => true),
  ];
}

/** IA32_MISC_ENABLE: fast strings, thermal control, EIST, MONITOR, CPUID limit, xTPR; XD and turbo disable. */
export const MISC_ENABLE = {
  MONITOR: 1 << 18,
  LIMIT_CPUID: 1 << 22,
  /** In the high half: bit 34. */
  XD_DISABLE: 1 << 2,
} as const;
const MISC_ENABLE_WRITABLE: MsrValue = [0x00c50009, 0x44];
/** Performance monitoring, BTS and PEBS: read-only; the latter two unavailable. */
const MISC_ENABLE_READ_ONLY = 0x1880;

/** CPUID faulting: MSR_PLATFORM_INFO tells it, MSR_MISC_FEATURES_ENABLES turns it on. */
const CPUID_FAULTING = 0x80000000;
export const MISC_FEATURES_CPUID_FAULTING = 1;

const readOnly = (index: number, name: string, value: Msr['value'], features?: readonly string[]): Msr => ({
  index,
  name,
  check: 'readOnly',
  ...(value && { value }),
  ...(features && { features }),
});

const command = (index: number, name: string, mask: number, features: readonly string[]): Msr => ({
  index,
  name,
  features,
  writeOnly: true,
  accepts: within(mask),
  value: () => nothing,
});

export const PLATFORM_MSRS: readonly Msr[] = [
  readOnly(0x34, 'MSR_SMI_COUNT', () => nothing),
  {
    index: 0x48,
    name: 'IA32_SPEC_CTRL',
    features: Object.keys(SPEC_CTRL),
    field: STATE.specCtrl,
    accepts: (processor, low, high) => within(bitsOf(processor, SPEC_CTRL))(processor, low, high),
  },
  command(0x49, 'IA32_PRED_CMD', 1, ['spec_ctrl']),
  readOnly(0xce, 'MSR_PLATFORM_INFO', ({ profile }) => [
    ((profile.baseRatio << 8) | CPUID_FAULTING) >>> 0,
    // Maximum efficiency ratio, bits 47:40.
    profile.efficiencyRatio << 8,
  ]),
  // Locked: no package C-state deeper than C0.
  // Bit 0: no C0.2; from bit 2 a time limit, which is not reached.
  {
    index: 0xe1,
    name: 'IA32_UMWAIT_CONTROL',
    features: ['waitpkg'],
    field: STATE.umwaitControl,
    accepts: within(0xfffffffd),
  },
  readOnly(0xe2, 'MSR_PKG_CST_CONFIG_CONTROL', () => [0x8000, 0]),
  readOnly(0x10a, 'IA32_ARCH_CAPABILITIES', ({ profile }) => [profile.archCapabilities, 0], ['arch_capabilities']),
  command(0x10b, 'IA32_FLUSH_CMD', 1, ['flush_l1d']),
  {
    index: 0x140,
    name: 'MSR_MISC_FEATURES_ENABLES',
    field: STATE.miscFeaturesEnables,
    accepts: within(MISC_FEATURES_CPUID_FAULTING),
  },
  readOnly(0x179, 'IA32_MCG_CAP', ({ profile }) => [profile.machineCheckBanks | MCG_TES_P, 0], ['mca']),
  { index: 0x17a, name: 'IA32_MCG_STATUS', features: ['mca'], field: STATE.mcgStatus, accepts: within(0xf) },
  {
    index: 0x1a0,
    name: 'IA32_MISC_ENABLE',
    field: STATE.miscEnable,
    accepts: within(MISC_ENABLE_WRITABLE[0] | MISC_ENABLE_READ_ONLY, MISC_ENABLE_WRITABLE[1]),
    keeps: [MISC_ENABLE_READ_ONLY, 0],
    initial: (processor) => [0x11809 | (processor.feature('monitor') ? MISC_ENABLE.MONITOR : 0), 0],
  },
  // 100 °C.
  readOnly(0x1a2, 'MSR_TEMPERATURE_TARGET', () => [100 << 16, 0]),
  { index: 0x1a4, name: 'MSR_MISC_FEATURE_CONTROL', field: STATE.miscFeatureControl, accepts: within(0xf) },
  readOnly(0x1ad, 'MSR_TURBO_RATIO_LIMIT', ({ profile }) => {
    const each = profile.turboRatio * 0x01010101;
    return [each, each];
  }),
  { index: 0x1fc, name: 'MSR_POWER_CTL', field: STATE.powerCtl, accepts: within(-1), initial: () => [0x4005b, 0] },
  ...Array.from({ length: MAX_BANKS }, (_, number) => bank(number)).flat(),
];
