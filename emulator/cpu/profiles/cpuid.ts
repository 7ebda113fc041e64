import { MISC_ENABLE } from '../platformMsrs.ts';
import { xsaveLeaf } from '../xsave/components.ts';
import { FEATURES } from './features.ts';
import type { Processor } from './profiles.ts';

export type CpuidResult = readonly [eax: number, ebx: number, ecx: number, edx: number];

const MAX_EXTENDED = 0x80000008;

function text(value: string): number[] {
  const padded = value.padEnd(Math.ceil(value.length / 4) * 4, '\0');
  return Array.from({ length: padded.length / 4 }, (_, i) =>
    [3, 2, 1, 0].reduce((word, byte) => (word << 8) | padded.charCodeAt(i * 4 + byte), 0),
  );
}

/** What CPUID tells of the moment and of the vCPU that asks. */
export interface DynamicState {
  /** Control registers, low halves. */
  readonly cr4: number;
  readonly xcr0: number;
  readonly xss: number;
  readonly apicId: number;
  /** IA32_APIC_BASE.EN. */
  readonly apicEnabled: boolean;
  /** vCPUs: cores of one package, a thread each. */
  readonly cpus: number;
  /** IA32_MISC_ENABLE. */
  readonly miscEnable: readonly [low: number, high: number];
}
const CR4_OSXSAVE = 1 << 18;
const CR4_PKE = 1 << 22;
const OSXSAVE = 1 << 27;
const OSPKE = 1 << 4;
const APIC = 1 << 9;
const HTT = 1 << 28;

/** Leaves 0Bh and 1Fh: threads of a core, cores of the package (SDM Vol. 3A §10.9.1). */
function topology(subleaf: number, { apicId, cpus }: DynamicState): CpuidResult {
  const [SMT, CORE] = [1, 2];
  if (subleaf === 0) return [0, 1, SMT << 8, apicId];
  if (subleaf === 1) return [32 - Math.clz32(cpus - 1), cpus, (CORE << 8) | 1, apicId];
  return [0, 0, subleaf & 0xff, apicId];
}
const REGISTERS = ['eax', 'ebx', 'ecx', 'edx'] as const;
/** What IA32_MISC_ENABLE.LIMIT_CPUID leaves. */
const LIMITED_BASIC = 2;
const NX = 1 << 20;
const MONITOR = 1 << 3;

/**
 * CPUID (SDM Vol. 2, CPUID). Leaves above the highest basic leaf answer like that leaf; known leaves without content
 * are zero.
 *
 * Bits that the launch configuration overrides come last.
 *
 * @param dynamic what follows the moment and the vCPU
 */
export function cpuid(processor: Processor, leaf: number, subleaf: number, dynamic: DynamicState): CpuidResult {
  const result = profileLeaf(processor, leaf, subleaf, dynamic);
  if (processor.cpuidOverrides.length === 0) return result;
  const registers = [...result] as [number, number, number, number];
  for (const override of processor.cpuidOverrides) {
    if (override.leaf !== leaf >>> 0 || (override.subleaf ?? subleaf) !== subleaf) continue;
    const at = REGISTERS.indexOf(override.register);
    registers[at] = (registers[at]! | override.set) & ~override.clear;
  }
  return registers;
}

/** What holds for a processor's whole life, made once: CPUID is executed often. */
interface Fixed {
  /** Feature bits by leaf, then subleaf. */
  readonly words: ReadonlyMap<number, readonly (CpuidResult | undefined)[]>;
  readonly vendor: readonly number[];
  readonly brand: readonly number[];
}
const fixedParts = new WeakMap<Processor, Fixed>();
const NONE: CpuidResult = [0, 0, 0, 0];

function fixedOf(processor: Processor): Fixed {
  let fixed = fixedParts.get(processor);
  if (fixed === undefined) {
    const words = new Map<number, [number, number, number, number][]>();
    for (const { name, leaf, subleaf, register, bit } of FEATURES) {
      if (!processor.feature(name)) continue;
      const ofLeaf = words.get(leaf) ?? [];
      words.set(leaf, ofLeaf);
      ofLeaf[subleaf] ??= [0, 0, 0, 0];
      const at = REGISTERS.indexOf(register);
      ofLeaf[subleaf]![at] = ofLeaf[subleaf]![at]! | (1 << bit);
    }
    const { vendor, brand } = processor.profile;
    fixed = { words, vendor: text(vendor), brand: text(brand.padEnd(48, '\0')) };
    fixedParts.set(processor, fixed);
  }
  return fixed;
}

function profileLeaf(processor: Processor, leaf: number, subleaf: number, dynamic: DynamicState): CpuidResult {
  const { profile } = processor;
  const MAX_BASIC = profile.maxLeaf;
  let wanted = leaf >>> 0;
  if (wanted >= 0x80000000 ? wanted > MAX_EXTENDED : wanted > MAX_BASIC) wanted = MAX_BASIC;
  const fixed = fixedOf(processor);
  const leafWords = fixed.words.get(wanted);
  const [eax, ebx, ecx, edx] = leafWords?.[subleaf >>> 0] ?? NONE;
  /** Leaves without subleaves ignore ECX. */
  const whole = leafWords?.[0] ?? NONE;
  switch (wanted) {
    case 0: {
      const [b, d, c] = fixed.vendor as [number, number, number];
      return [dynamic.miscEnable[0] & MISC_ENABLE.LIMIT_CPUID ? LIMITED_BASIC : MAX_BASIC, b, c, d];
    }
    case 1:
      // EBX: CLFLUSH line of 64 bytes, logical processors, APIC ID.
      return [
        profile.signature,
        (dynamic.apicId << 24) | (dynamic.cpus << 16) | (8 << 8),
        (whole[2] & ~(dynamic.miscEnable[0] & MISC_ENABLE.MONITOR ? 0 : MONITOR)) |
          (dynamic.cr4 & CR4_OSXSAVE ? OSXSAVE : 0),
        (whole[3] & (dynamic.apicEnabled ? -1 : ~APIC)) | (dynamic.cpus > 1 ? HTT : 0),
      ];
    case 4:
      return subleaf === 0 ? [((dynamic.cpus - 1) << 26) | 0x121, 0x02c0003f, 63, 0] : [0, 0, 0, 0];
    case 5:
      // Lines of 64 bytes; extensions enumerated, interrupts as break events; C1 has two sub-states.
      return processor.feature('monitor') ? [64, 64, 3, 0x20] : [0, 0, 0, 0];
    case 6:
      return [eax, 0, 0, 0];
    case 7:
      return subleaf === 0
        ? [leafWords?.[1] ? 1 : 0, ebx, ecx | (dynamic.cr4 & CR4_PKE ? OSPKE : 0), edx]
        : [eax, ebx, ecx, edx];
    case 0xb:
    case 0x1f:
      return topology(subleaf, dynamic);
    case 0xd:
      return xsaveLeaf(processor, subleaf >>> 0, dynamic, eax);
    case 0x15:
      return [profile.tsc.denominator, profile.tsc.numerator, profile.tsc.crystalHz, 0];
    case 0x16: {
      const megahertz = Math.round((profile.tsc.crystalHz * profile.tsc.numerator) / profile.tsc.denominator / 1e6);
      return [megahertz, megahertz, 100, 0];
    }
    case 0x80000000:
      return [MAX_EXTENDED | 0, 0, 0, 0];
    case 0x80000001:
      return [0, 0, whole[2], whole[3] & ~(dynamic.miscEnable[1] & MISC_ENABLE.XD_DISABLE ? NX : 0)];
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: {
      const [a, b, c, d] = fixed.brand.slice((wanted - 0x80000002) * 4) as [number, number, number, number];
      return [a, b, c, d];
    }
    case 0x80000008:
      return [
        profile.physicalAddressBits | ((processor.feature('la57') ? 57 : profile.linearAddressBits) << 8),
        whole[1],
        0,
        0,
      ];
    default:
      return [0, 0, 0, 0];
  }
}
