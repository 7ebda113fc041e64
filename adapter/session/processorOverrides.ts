import {
  type CpuidOverrides,
  type MsrOverrides,
  readCpuidOverrides,
  readMsrOverrides,
} from '../../emulator/cpu/profiles/overrides.ts';

/** Launch fields and command-line options that change single bits of the processor. */
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What the machine takes as it stands; undefined for what is no such object. Its own sentences tell the rest. */
export const cpuidField = (value: unknown): CpuidOverrides | undefined =>
  isObject(value) && Object.values(value).every(isObject) ? (value as CpuidOverrides) : undefined;
export const msrsField = (value: unknown): MsrOverrides | undefined =>
  isObject(value) && Object.values(value).every((one) => typeof one === 'number' || typeof one === 'string')
    ? (value as MsrOverrides)
    : undefined;

export const seedField = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? value : undefined;

/**
 * `--cpuid 7.0.ebx=+0x100-0x8`: masks of bits to set and to clear; may be repeated.
 *
 * @throws RangeError with one sentence
 */
export function readCpuidOptions(texts: readonly string[]): CpuidOverrides {
  const overrides: Record<string, { set?: string; clear?: string }> = {};
  for (const text of texts) {
    const found = /^([^=]+)=((?:[+-](?:0x[0-9a-f]+|\d+))+)$/i.exec(text);
    if (!found) throw new RangeError(`--cpuid is ${text}; LEAF.SUBLEAF.REGISTER=+MASK or -MASK is expected.`);
    const masks: { set?: string; clear?: string } = {};
    for (const [, sign, mask] of found[2]!.matchAll(/([+-])([^+-]+)/g)) masks[sign === '+' ? 'set' : 'clear'] = mask!;
    overrides[found[1]!] = { ...overrides[found[1]!], ...masks };
  }
  readCpuidOverrides(overrides);
  return overrides;
}

/**
 * `--msr 0x3a=0x5`; may be repeated.
 *
 * @throws RangeError with one sentence
 */
export function readMsrOptions(texts: readonly string[]): MsrOverrides {
  const overrides = Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      if (equals <= 0) throw new RangeError(`--msr is ${text}; NUMBER=VALUE is expected.`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
  readMsrOverrides(overrides);
  return overrides;
}
