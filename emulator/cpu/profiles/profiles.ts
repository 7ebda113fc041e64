import { ALWAYS, FEATURES, NEEDS } from './features.ts';

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
  'fsgsbase rdtscp rdpid',
  'smep smap umip pku',
  'nx pdpe1gb',
  'apic x2apic tsc_deadline_timer tsc_adjust arat',
  'shstk ibt',
  'xsave xsaveopt xsavec xgetbv1 xsaves',
].flatMap((names) => names.split(' '));

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
    features: [...COMMON, 'la57', 'pks'],
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

  private constructor(profile: CpuProfile, enabled: ReadonlySet<string>) {
    this.profile = profile;
    this.enabled = enabled;
    this.instructionSets = new Set([
      ...ALWAYS,
      ...FEATURES.filter((f) => enabled.has(f.name)).flatMap((f) => f.instructions ?? []),
    ]);
  }

  /** @throws RangeError with one sentence for an unknown profile or feature */
  static create(name: string, switches: Readonly<Record<string, boolean>> = {}): Processor {
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
    return new Processor(profile, enabled);
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
