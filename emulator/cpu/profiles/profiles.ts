import { refuseMsrOverrides } from '../msrs.ts';
import { ALWAYS, FEATURES, NEEDS } from './features.ts';
import {
  type CpuidOverride,
  type CpuidOverrides,
  featuresOf,
  type MsrOverrides,
  physicalAddressBitsOf,
  readCpuidOverrides,
  readMsrOverrides,
} from './overrides.ts';

/** A processor to be: everything CPUID answers, as data. Features stand by name; the other fields of a leaf are numbers. */
export interface CpuProfile {
  readonly name: string;
  readonly description: string;
  readonly vendor: string;
  readonly brand: string;
  /** CPUID.1:EAX. */
  readonly signature: number;
  /** Highest basic leaf of CPUID. */
  readonly maxLeaf: number;
  readonly physicalAddressBits: number;
  /** Without LA57, which makes it 57. */
  readonly linearAddressBits: number;
  readonly features: readonly string[];
  readonly machineCheckBanks: number;
  /** Multiples of 100 MHz. */
  readonly baseRatio: number;
  readonly efficiencyRatio: number;
  readonly turboRatio: number;
  /** IA32_ARCH_CAPABILITIES, low half. */
  readonly archCapabilities: number;
  /** Crystal frequency in Hz and the TSC's ratio to it: CPUID.15H. */
  readonly tsc: { readonly crystalHz: number; readonly numerator: number; readonly denominator: number };
}

/** Features of all profiles, a topic a line. */
const COMMON = [
  'fpu fdp_excptn_only zero_fcs_fds mmx fxsr',
  'vme de pse pae pge pse36 pat mtrr pcid invpcid',
  'tsc msr cx8 cx16 sep syscall lm cmov',
  'sse sse2 pni ssse3 sse4_1 sse4_2',
  'movbe popcnt bmi1 bmi2 adx abm lahf_lm',
  'clflush clflushopt clwb 3dnowprefetch',
  'erms fsrm',
  'fsgsbase rdtscp rdpid rdrand rdseed',
  'movdiri movdir64b monitor',
  'smep smap umip pku',
  'nx pdpe1gb',
  'apic x2apic tsc_deadline_timer tsc_adjust arat',
  'shstk ibt',
  'xsave xsaveopt xsavec xgetbv1 xsaves avx avx2',
  'mce mca',
  'spec_ctrl stibp ssbd flush_l1d md_clear arch_capabilities',
].flatMap((names) => names.split(' '));

/** RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO (SDM Vol. 4, IA32_ARCH_CAPABILITIES). */
const IMMUNITIES = 0x16b;

export const PROFILES: readonly CpuProfile[] = [
  {
    name: 'tigerlake',
    description: '11th-generation Core: CET, VMX and split-lock #AC, no OS bus-lock detection',
    vendor: 'GenuineIntel',
    brand: '11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz',
    signature: 0x806c1,
    maxLeaf: 0x1b,
    physicalAddressBits: 39,
    linearAddressBits: 48,
    features: COMMON,
    machineCheckBanks: 10,
    baseRatio: 28,
    efficiencyRatio: 4,
    turboRatio: 41,
    archCapabilities: IMMUNITIES,
    tsc: { crystalHz: 38_400_000, numerator: 146, denominator: 2 },
  },
  {
    name: 'sapphirerapids',
    description: '4th-generation Xeon: CET, VMX, split-lock #AC and OS bus-lock detection',
    vendor: 'GenuineIntel',
    brand: 'Intel(R) Xeon(R) Platinum 8480+',
    signature: 0x806f8,
    maxLeaf: 0x20,
    physicalAddressBits: 46,
    linearAddressBits: 48,
    features: [...COMMON, 'la57', 'pks', 'waitpkg', 'cldemote', 'serialize', 'wbnoinvd'],
    machineCheckBanks: 21,
    baseRatio: 20,
    efficiencyRatio: 8,
    turboRatio: 30,
    archCapabilities: IMMUNITIES,
    tsc: { crystalHz: 25_000_000, numerator: 160, denominator: 2 },
  },
];

/** A feature that is asked for by name must have what it needs. */
function refuseMissingNeeds(enabled: ReadonlySet<string>, switches: Readonly<Record<string, boolean>>): void {
  for (const feature of Object.keys(switches).filter((name) => switches[name])) {
    const missing = NEEDS[feature]?.find((need) => !enabled.has(need));
    if (missing) throw new RangeError(`features.${feature} is true, but it needs ${missing}, which is off.`);
  }
}

/** Takes away what needs a feature that is not there. */
function dropDependents(enabled: Set<string>): void {
  for (let again = true; again; ) {
    again = false;
    for (const [feature, needs] of Object.entries(NEEDS)) {
      if (enabled.has(feature) && needs.some((need) => !enabled.has(need))) again = enabled.delete(feature);
    }
  }
}

/** Everything the machine needs to know of its processor: a profile with features switched on or off. */
export class Processor {
  readonly profile: CpuProfile;
  private readonly enabled: ReadonlySet<string>;
  private readonly instructionSets: ReadonlySet<string>;

  /** Raw CPUID bits and MSR values from the launch configuration. */
  readonly cpuidOverrides: readonly CpuidOverride[];
  /** Of RDRAND and RDSEED. */
  readonly seed: number;
  readonly msrOverrides: ReadonlyMap<number, readonly [low: number, high: number]>;

  private constructor(
    profile: CpuProfile,
    enabled: ReadonlySet<string>,
    cpuid: readonly CpuidOverride[],
    msrs: ReadonlyMap<number, readonly [low: number, high: number]>,
    seed: number,
  ) {
    this.profile = profile;
    this.enabled = enabled;
    this.seed = seed;
    this.cpuidOverrides = cpuid;
    this.msrOverrides = msrs;
    this.instructionSets = new Set([
      ...ALWAYS,
      ...FEATURES.filter((f) => enabled.has(f.name)).flatMap((f) => f.instructions ?? []),
    ]);
  }

  /** @throws RangeError with one sentence for an unknown profile or feature, or an override that cannot be */
  static create(
    name: string,
    named: Readonly<Record<string, boolean>> = {},
    overrides: { readonly cpuid?: CpuidOverrides; readonly msrs?: MsrOverrides; readonly seed?: number } = {},
  ): Processor {
    const cpuid = readCpuidOverrides(overrides.cpuid ?? {});
    const switches = { ...named, ...featuresOf(cpuid) };
    const profile = PROFILES.find((p) => p.name === name);
    if (!profile) {
      throw new RangeError(`cpu: there is no profile "${name}"; known are ${PROFILES.map((p) => p.name).join(', ')}.`);
    }
    const enabled = new Set(profile.features);
    for (const [feature, on] of Object.entries(switches)) {
      if (!FEATURES.some((f) => f.name === feature)) {
        throw new RangeError(
          `features.${feature}: the machine has no such feature; known are ${FEATURES.map((f) => f.name).join(', ')}.`,
        );
      }
      if (on) enabled.add(feature);
      else enabled.delete(feature);
    }
    refuseMissingNeeds(enabled, switches);
    dropDependents(enabled);
    const processor = new Processor(
      { ...profile, physicalAddressBits: physicalAddressBitsOf(cpuid, profile.physicalAddressBits) },
      enabled,
      cpuid,
      readMsrOverrides(overrides.msrs ?? {}),
      overrides.seed ?? 0,
    );
    refuseMsrOverrides(processor);
    return processor;
  }

  feature(name: string): boolean {
    return this.enabled.has(name);
  }

  /** For the decoder: by iced's name of an instruction set. */
  has(instructionSet: string): boolean {
    return this.instructionSets.has(instructionSet);
  }

  enabledFeatures(): ReadonlySet<string> {
    return this.enabled;
  }
}
