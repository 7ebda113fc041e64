import { EXCEPTION, INDEFINITE, type Pair } from './stack.ts';
import { STATUS_WORD } from './state.ts';

/** Extended values as exact numbers, and rounding of exact or approximated results (SDM Vol. 1 §4.8, §8.1.5). */
export const BIAS = 16383;
export const SIGN = 0x8000;
export const MAXIMUM = 0x7fff;
const INTEGER_BIT = 1n << 63n;
const QUIET = 1n << 62n;

export type Class = 'zero' | 'denormal' | 'normal' | 'infinity' | 'quiet' | 'signalling' | 'unsupported';

export function classify({ significand, word }: Pair): Class {
  const exponent = word & MAXIMUM;
  if (exponent === 0) return significand === 0n ? 'zero' : 'denormal';
  if (!(significand & INTEGER_BIT)) return 'unsupported';
  if (exponent !== MAXIMUM) return 'normal';
  if (significand === INTEGER_BIT) return 'infinity';
  return significand & QUIET ? 'quiet' : 'signalling';
}

export const isNan = (kind: Class): boolean => kind === 'quiet' || kind === 'signalling';
export const negative = (x: Pair): boolean => (x.word & SIGN) !== 0;

/** mantissa × 2^exponent, the mantissa with 64 bits, for a finite value that is not zero. */
export function decompose({ significand, word }: Pair): { mantissa: bigint; exponent: number } {
  const field = word & MAXIMUM;
  const shift = 64 - significand.toString(2).length;
  return { mantissa: significand << BigInt(shift), exponent: (field || 1) - BIAS - 63 - shift };
}

/** A result: what to store, and exceptions with C1. */
export interface Result {
  readonly value: Pair;
  readonly flags: number;
}

/** The NaN of one or two operands (SDM Vol. 1 Table 4-7), or undefined when there is none. */
export function nanResult(a: Pair, b?: Pair): Result | undefined {
  const kinds = [classify(a), ...(b ? [classify(b)] : [])];
  if (kinds.includes('unsupported')) return { value: INDEFINITE, flags: EXCEPTION.INVALID };
  if (!kinds.some(isNan)) return undefined;
  const flags = kinds.includes('signalling') ? EXCEPTION.INVALID : 0;
  const quiet = (x: Pair): Result => ({ value: { significand: x.significand | QUIET, word: x.word }, flags });
  if (!b || !isNan(kinds[1]!)) return quiet(a);
  if (!isNan(kinds[0]!)) return quiet(b);
  if (kinds[0] !== kinds[1]) return quiet(kinds[0] === 'quiet' ? a : b);
  if (a.significand !== b.significand) return quiet(a.significand > b.significand ? a : b);
  return quiet(negative(a) ? b : a);
}

export const invalid: Result = { value: INDEFINITE, flags: EXCEPTION.INVALID };
export const zero = (sign: boolean): Pair => ({ significand: 0n, word: sign ? SIGN : 0 });
export const infinity = (sign: boolean): Pair => ({ significand: INTEGER_BIT, word: MAXIMUM | (sign ? SIGN : 0) });

export interface Rounding {
  /** ROUND: 0 nearest, 1 down, 2 up, 3 truncate. */
  readonly mode: number;
  /** Significand bits: 24, 53 or 64. */
  readonly bits: number;
  readonly control: number;
}

export function roundingOf(control: number, bits?: number): Rounding {
  const precision = (control >>> 8) & 3;
  return { mode: (control >>> 10) & 3, bits: bits ?? (precision === 0 ? 24 : precision === 2 ? 53 : 64), control };
}

/**
 * mantissa × 2^exponent rounded; `sticky` says that the true value lies a little farther from zero. A result too great
 * or too small with its exception unmasked gets its exponent wrapped by 24576 (SDM Vol. 1 §8.5.4, §8.5.5).
 */
export function round(sign: boolean, mantissa: bigint, exponent: number, sticky: boolean, r: Rounding): Result {
  let wide = sticky ? (mantissa << 130n) | 1n : mantissa << 130n;
  const length = wide.toString(2).length;
  // Leading bit of the value is 2^top.
  let field = exponent - 130 + length - 1 + BIAS;
  let drop = length - r.bits;
  let flags = 0;
  const up = (value: bigint, by: number): { kept: bigint; away: boolean; exact: boolean } => {
    if (by <= 0) return { kept: value << BigInt(-by), away: false, exact: true };
    const kept = value >> BigInt(by);
    const rest = value - (kept << BigInt(by));
    const half = 1n << BigInt(by - 1);
    const away =
      r.mode === 0 ? rest > half || (rest === half && (kept & 1n) === 1n) : rest !== 0n && r.mode === (sign ? 1 : 2);
    return { kept: away ? kept + 1n : kept, away, exact: rest === 0n };
  };
  let rounded = up(wide, drop);
  const full = 1n << BigInt(r.bits);
  let tiny = field < 1 && !(field === 0 && rounded.kept === full);
  if (tiny && !(r.control & EXCEPTION.UNDERFLOW)) {
    flags |= EXCEPTION.UNDERFLOW;
    field += 24576;
    tiny = false;
    if (field < 1) return { value: zero(sign), flags: flags | EXCEPTION.PRECISION };
  } else if (field < 1) {
    drop += 1 - field;
    if (drop > length + 1) {
      wide = 1n;
      drop = 3;
    }
    rounded = up(wide, drop);
    field = 0;
  }
  let significand = rounded.kept << BigInt(64 - r.bits);
  if (significand >> 64n) {
    significand >>= 1n;
    field++;
  }
  if (field === 0 && significand & INTEGER_BIT) field = 1;
  if (field >= MAXIMUM) {
    flags |= EXCEPTION.OVERFLOW;
    if (r.control & EXCEPTION.OVERFLOW) {
      const away = r.mode === 0 || r.mode === (sign ? 1 : 2);
      flags |= EXCEPTION.PRECISION | (away ? STATUS_WORD.C1 : 0);
      const greatest = { significand: (full - 1n) << BigInt(64 - r.bits), word: (MAXIMUM - 1) | (sign ? SIGN : 0) };
      return { value: away ? infinity(sign) : greatest, flags };
    }
    field -= 24576;
    if (field >= MAXIMUM) return { value: infinity(sign), flags: flags | EXCEPTION.PRECISION | STATUS_WORD.C1 };
  }
  if (!rounded.exact)
    flags |= EXCEPTION.PRECISION | (rounded.away ? STATUS_WORD.C1 : 0) | (tiny ? EXCEPTION.UNDERFLOW : 0);
  return { value: { significand, word: field | (sign ? SIGN : 0) }, flags };
}
