import { FEATURES, type Feature } from './features.ts';

/**
 * What a launch configuration changes of a profile besides features by name: raw CPUID bits, as
 * `{ "7.0.ebx": { "set": "0x100", "clear": 8 } }` (leaf, subleaf, register; numbers from 10 to 16 as `0xd` or `13`), and
 * MSRs after reset, as `{ "0x3a": 5 }`. Numbers, or texts with decimal or 0x-hexadecimal digits.
 */
export type NumberOrText = number | string;
export type CpuidOverrides = Readonly<Record<string, Readonly<{ set?: NumberOrText; clear?: NumberOrText }>>>;
export type MsrOverrides = Readonly<Record<string, NumberOrText>>;

export interface CpuidOverride {
  readonly leaf: number;
  /** Absent: every subleaf. */
  readonly subleaf?: number;
  readonly register: Feature['register'];
  readonly set: number;
  readonly clear: number;
}

const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;
const PLACE = /^(0x[0-9a-f]+|\d+)(?:\.(0x[0-9a-f]+|\d+))?\.(eax|ebx|ecx|edx)$/i;

/** A value of at most `bits` bits, or undefined. */
function numberOf(value: unknown, bits: 32 | 64): bigint | undefined {
  if (typeof value === 'number' && !(Number.isSafeInteger(value) && value >= 0)) return undefined;
  if (typeof value === 'string' && !NUMBER.test(value)) return undefined;
  if (typeof value !== 'number' && typeof value !== 'string') return undefined;
  const number = BigInt(value);
  return number >> BigInt(bits) === 0n ? number : undefined;
}

/** @throws RangeError with one sentence */
export function readCpuidOverrides(given: CpuidOverrides): CpuidOverride[] {
  return Object.entries(given).map(([place, masks]) => {
    const found = PLACE.exec(place);
    if (!found) {
      throw new RangeError(`cpuid.${place}: a leaf, a subleaf and a register, such as "7.0.ebx", are expected.`);
    }
    const mask = (name: 'set' | 'clear'): number => {
      const value = masks?.[name] ?? 0;
      const number = numberOf(value, 32);
      if (number === undefined) {
        throw new RangeError(`cpuid.${place}.${name} is ${JSON.stringify(value)}; a mask of 32 bits is expected.`);
      }
      return Number(number);
    };
    const stranger = Object.keys(masks ?? {}).find((name) => name !== 'set' && name !== 'clear');
    if (stranger !== undefined) throw new RangeError(`cpuid.${place}.${stranger}: "set" or "clear" is expected.`);
    const [set, clear] = [mask('set'), mask('clear')];
    if (set & clear) throw new RangeError(`cpuid.${place}: the same bit is in "set" and in "clear".`);
    return {
      leaf: Number(found[1]),
      ...(found[2] !== undefined && { subleaf: Number(found[2]) }),
      register: found[3]!.toLowerCase() as Feature['register'],
      set,
      clear,
    };
  });
}

/** The features that overrides switch by their bits, so that instructions and control registers follow CPUID. */
export function featuresOf(overrides: readonly CpuidOverride[]): Record<string, boolean> {
  const switches: Record<string, boolean> = {};
  for (const { leaf, subleaf, register, set, clear } of overrides) {
    for (const { name, bit, ...at } of FEATURES) {
      if (at.leaf !== leaf || at.register !== register || (subleaf !== undefined && at.subleaf !== subleaf)) continue;
      if ((set >>> bit) & 1) switches[name] = true;
      if ((clear >>> bit) & 1) switches[name] = false;
    }
  }
  return switches;
}

const ADDRESS_SIZES = 0x80000008;
const PHYSICAL_BITS = { lowest: 32, highest: 52 } as const;

/**
 * MAXPHYADDR after the overrides, so that reserved bits follow CPUID.
 *
 * @throws RangeError with one sentence
 */
export function physicalAddressBitsOf(overrides: readonly CpuidOverride[], ofProfile: number): number {
  const bits = overrides
    .filter(({ leaf, register, subleaf }) => leaf === ADDRESS_SIZES && register === 'eax' && !subleaf)
    .reduce((old, { set, clear }) => (old | (set & 0xff)) & ~clear, ofProfile);
  if (bits >= PHYSICAL_BITS.lowest && bits <= PHYSICAL_BITS.highest) return bits;
  const range = `${PHYSICAL_BITS.lowest} to ${PHYSICAL_BITS.highest} are expected`;
  throw new RangeError(`cpuid.0x80000008.eax: physical addresses of ${bits} bits cannot be had; ${range}.`);
}

/**
 * MSR numbers to values in halves.
 *
 * @throws RangeError with one sentence
 */
export function readMsrOverrides(given: MsrOverrides): Map<number, readonly [low: number, high: number]> {
  return new Map(
    Object.entries(given).map(([place, value]) => {
      const index = numberOf(place, 32);
      if (index === undefined)
        throw new RangeError(`msrs.${place}: the number of an MSR, such as "0x3a", is expected.`);
      const number = numberOf(value, 64);
      if (number === undefined) {
        throw new RangeError(`msrs.${place} is ${JSON.stringify(value)}; a value of 64 bits is expected.`);
      }
      return [Number(index), [Number(number & 0xffffffffn), Number(number >> 32n)]] as const;
    }),
  );
}
