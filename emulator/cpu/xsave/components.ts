import type { Processor } from '../profiles/profiles.ts';

/**
 * The state components of the XSAVE feature set (SDM Vol. 1 §13.1, §13.4, §13.5) as CPUID.0DH tells them: sizes in
 * bytes, places in the standard format. The first two lie in the legacy region.
 */
export interface StateComponent {
  readonly number: number;
  readonly name: string;
  readonly bytes: number;
  /** Offset in the standard format; supervisor components have none. */
  readonly offset: number;
  /** Managed by IA32_XSS, not by XCR0. */
  readonly supervisor: boolean;
  /** The component exists when the profile has one of these. */
  readonly features: readonly string[];
}

export const X87 = 1 << 0;
export const SSE = 1 << 1;
export const AVX = 1 << 2;
export const PKRU = 1 << 9;
export const CET_U = 1 << 11;
export const CET_S = 1 << 12;

const user = (number: number, name: string, bytes: number, offset: number, feature: string): StateComponent => ({
  number,
  name,
  bytes,
  offset,
  supervisor: false,
  features: [feature],
});
const supervisor = (number: number, name: string, bytes: number, features: readonly string[]): StateComponent => ({
  number,
  name,
  bytes,
  offset: 0,
  supervisor: true,
  features,
});

export const STATE_COMPONENTS: readonly StateComponent[] = [
  user(0, 'x87', 160, 0, 'xsave'),
  user(1, 'SSE', 256, 160, 'xsave'),
  user(2, 'AVX', 256, 576, 'avx'),
  user(9, 'PKRU', 8, 2688, 'pku'),
  supervisor(11, 'CET_U', 16, ['shstk', 'ibt']),
  supervisor(12, 'CET_S', 24, ['shstk', 'ibt']),
];

/** Legacy region and header. */
export const EXTENDED_REGION = 576;
export const HEADER = 512;

function supported(processor: Processor, wanted: (component: StateComponent) => boolean): number {
  if (!processor.feature('xsave')) return 0;
  return STATE_COMPONENTS.filter((c) => wanted(c) && c.features.some((f) => processor.feature(f))).reduce(
    (mask, { number }) => mask | (1 << number),
    0,
  );
}

/** The bits that XCR0 may have. */
export const userComponents = (processor: Processor): number => supported(processor, (c) => !c.supervisor);
/** The bits that IA32_XSS may have. */
export const supervisorComponents = (processor: Processor): number =>
  processor.feature('xsaves') ? supported(processor, (c) => c.supervisor) : 0;

/** Whether XSETBV takes a value (SDM Vol. 1 §13.3). */
export const xcr0Valid = (processor: Processor, low: number, high: number): boolean =>
  high === 0 && (low & ~userComponents(processor)) === 0 && (low & X87) !== 0 && (!(low & AVX) || (low & SSE) !== 0);

/** Bytes of an XSAVE area in the standard format that holds the given components. */
export const standardSize = (mask: number): number =>
  STATE_COMPONENTS.filter(({ number }) => mask & (1 << number)).reduce(
    (size, { offset, bytes }) => Math.max(size, offset + bytes),
    EXTENDED_REGION,
  );

/** Where each component lies in the compacted format (SDM Vol. 1 §13.4.3); none of them asks for alignment. */
export function compactedPlaces(mask: number): { readonly places: ReadonlyMap<number, number>; readonly size: number } {
  const places = new Map<number, number>();
  let size = EXTENDED_REGION;
  for (const { number, offset, bytes } of STATE_COMPONENTS) {
    if (!(mask & (1 << number))) continue;
    const legacy = number < 2;
    places.set(number, legacy ? offset : size);
    if (!legacy) size += bytes;
  }
  return { places, size };
}

/** CPUID.0DH (SDM Vol. 2, CPUID; Vol. 1 §13.2): EAX, EBX, ECX, EDX. */
export function xsaveLeaf(
  processor: Processor,
  subleaf: number,
  current: { readonly xcr0: number; readonly xss: number },
  features: number,
): readonly [number, number, number, number] {
  const [users, supervisors] = [userComponents(processor), supervisorComponents(processor)];
  if (users === 0) return [0, 0, 0, 0];
  if (subleaf === 0) return [users, standardSize(current.xcr0), standardSize(users), 0];
  if (subleaf === 1) {
    const compacts = processor.feature('xsavec') || processor.feature('xsaves');
    return [features, compacts ? compactedPlaces(current.xcr0 | current.xss).size : 0, supervisors, 0];
  }
  const component = STATE_COMPONENTS.find(({ number }) => number === subleaf);
  if (!component || subleaf > 31 || !((users | supervisors) & (1 << subleaf))) return [0, 0, 0, 0];
  return [component.bytes, component.offset, component.supervisor ? 1 : 0, 0];
}
