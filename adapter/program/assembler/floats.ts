export type FloatFormat = 'single' | 'double' | 'extended';

/** Mantissa bits (the leading one included), exponent bias and bytes of each format (SDM Vol. 1 §4.2.2). */
const FORMATS = {
  single: { precision: 24, bias: 127, bytes: 4 },
  double: { precision: 53, bias: 1023, bytes: 8 },
  extended: { precision: 64, bias: 16383, bytes: 10 },
} as const;

/**
 * The bytes of a decimal floating-point text, rounded to nearest even. `0f1.5`-like prefixes, `inf` and `nan` are taken.
 * Undefined when the text is no number, or its exponent is absurd.
 */
export function encodeFloat(text: string, format: FloatFormat): Uint8Array | undefined {
  const { precision, bias, bytes } = FORMATS[format];
  const body = text.replace(/^0[a-z]/i, '').toLowerCase();
  const negative = body.startsWith('-');
  const magnitude = body.replace(/^[-+]/, '');
  const top = 2 * bias + 1;
  if (magnitude === 'inf' || magnitude === 'infinity') return pack(negative, top, 1n << BigInt(precision - 1), format);
  if (magnitude === 'nan') return pack(negative, top, 3n << BigInt(precision - 2), format);
  const parts = /^(\d*)\.?(\d*)(?:e([-+]?\d{1,6}))?$/.exec(magnitude);
  if (parts === null || parts[1]! + parts[2]! === '') return undefined;
  const power = Number(parts[3] ?? '0') - parts[2]!.length;
  const digits = BigInt(parts[1]! + parts[2]!);
  if (digits === 0n) return new Uint8Array(bytes).fill(negative ? 0x80 : 0, bytes - 1);
  if (Math.abs(power) > 20000) return undefined;
  const numerator = power > 0 ? digits * 10n ** BigInt(power) : digits;
  const denominator = power < 0 ? 10n ** BigInt(-power) : 1n;
  // Scale so that the quotient has exactly `precision` bits, fewer for a denormal.
  let exponent = numerator.toString(2).length - denominator.toString(2).length;
  if (exponent >= 0 ? numerator < denominator << BigInt(exponent) : numerator << BigInt(-exponent) < denominator)
    exponent--;
  const scale = Math.max(exponent, 1 - bias) - (precision - 1);
  let [top2, bottom] =
    scale >= 0 ? [numerator, denominator << BigInt(scale)] : [numerator << BigInt(-scale), denominator];
  let mantissa = top2 / bottom;
  top2 -= mantissa * bottom;
  bottom = top2 * 2n - bottom;
  if (bottom > 0n || (bottom === 0n && (mantissa & 1n) === 1n)) mantissa++;
  let biased = Math.max(exponent, 1 - bias) + bias;
  if (mantissa >> BigInt(precision) !== 0n) {
    mantissa >>= 1n;
    biased++;
  }
  if (mantissa >> BigInt(precision - 1) === 0n) biased = 0;
  if (biased >= top) return pack(negative, top, 1n << BigInt(precision - 1), format);
  return pack(negative, biased, mantissa, format);
}

function pack(negative: boolean, exponent: number, mantissa: bigint, format: FloatFormat): Uint8Array {
  const { precision, bytes } = FORMATS[format];
  // The extended format stores its leading one; the others leave it out.
  const stored = format === 'extended' ? precision : precision - 1;
  let value = BigInt.asUintN(stored, mantissa) | (BigInt(exponent) << BigInt(stored));
  if (negative) value |= 1n << BigInt(bytes * 8 - 1);
  const out = new Uint8Array(bytes);
  for (let index = 0; index < bytes; index++) {
    out[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  return out;
}
