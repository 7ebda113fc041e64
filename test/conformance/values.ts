/**
 * Input values: half random, half from the edges where instructions go wrong (0, 1, -1, sign bits,
 * powers of two; zeros, infinities, NaNs, denormals and conversion limits for floats).
 */

import type { Prng } from './prng.ts';

/** What the lanes of an operand hold. The numbers are stored in vector files. */
export const ValueKind = {
  int8: 0,
  int16: 1,
  int32: 2,
  int64: 3,
  float32: 4,
  float64: 5,
  /** Bytes, words, ... that repeat, so that REPE and REPNE run for a while: element size is one byte. */
  runs: 6,
  /** 64-bit lanes that are shift counts, most of them around the widths of packed elements. */
  counts: 7,
  /** Random words without edges, for registers that the instruction does not use. */
  plain: 8,
  /** Strings of bytes or words from a small alphabet, mostly ended by a zero, for PCMPxSTRx. */
  text: 9,
  /** 80-bit floats, in ten bytes. In place of the XMM kind: x87 registers and words are part of the vector. */
  float80: 10,
  /** Packed BCD, in ten bytes. */
  bcd: 11,
} as const;
export type ValueKind = (typeof ValueKind)[keyof typeof ValueKind];

const LANE_BYTES: Readonly<Record<ValueKind, number>> = {
  0: 1,
  1: 2,
  2: 4,
  3: 8,
  4: 4,
  5: 8,
  6: 1,
  7: 8,
  8: 4,
  9: 1,
  10: 10,
  11: 10,
};

/** A 64-bit value as two 32-bit halves, written in place by the generators below. */
export interface Halves {
  lo: number;
  hi: number;
}

/** Puts an edge value of the given width (8, 16, 32 or 64 bits) into the low bits of `out`; the rest stays. */
function integerEdge(prng: Prng, bits: number, out: Halves): void {
  const choice = prng.below(12);
  const shift = prng.below(bits);
  const powerLo = shift < 32 ? (1 << shift) >>> 0 : 0;
  const powerHi = shift >= 32 ? (1 << (shift - 32)) >>> 0 : 0;
  const topLo = bits >= 64 ? 0 : (1 << ((bits - 1) & 31)) >>> 0;
  const topHi = bits >= 64 ? 0x8000_0000 : 0;
  let lo = 0;
  let hi = 0;
  switch (choice) {
    case 0:
      break;
    case 1:
      lo = 1;
      break;
    case 2:
      lo = 2;
      break;
    case 3:
      lo = hi = 0xffff_ffff;
      break;
    case 4:
      lo = 0xffff_fffe;
      hi = 0xffff_ffff;
      break;
    case 5:
      lo = topLo;
      hi = topHi;
      break;
    case 6: // greatest signed
      lo = ~topLo;
      hi = ~topHi;
      if (bits >= 64) lo = 0xffff_ffff;
      break;
    case 7: // least signed plus one
      lo = topLo | 1;
      hi = topHi;
      break;
    case 8:
      lo = powerLo;
      hi = powerHi;
      break;
    case 9:
      lo = ~powerLo;
      hi = ~powerHi;
      break;
    case 10: // 2^n - 1
      lo = shift < 32 ? powerLo - 1 : 0xffff_ffff;
      hi = shift < 32 ? 0 : powerHi - 1;
      break;
    default:
      lo = prng.below(256);
  }
  if (bits === 64) {
    out.lo = lo >>> 0;
    out.hi = hi >>> 0;
  } else if (bits === 32) {
    out.lo = lo >>> 0;
  } else {
    const mask = (1 << bits) - 1;
    out.lo = ((out.lo & ~mask) | (lo & mask)) >>> 0;
  }
}

function float32Edge(prng: Prng): number {
  const sign = (prng.next() & 0x8000_0000) >>> 0;
  const mantissa = prng.next() & 0x7f_ffff;
  switch (prng.below(24)) {
    case 0:
      return sign; // zero
    case 1:
      return sign | 0x7f80_0000; // infinity
    case 2:
      return sign | 0x7fc0_0000 | mantissa; // quiet NaN
    case 3:
      return sign | 0x7f80_0001 | (mantissa & 0x3f_ffff); // signalling NaN
    case 4:
      return sign | mantissa; // denormal
    case 5:
      return sign | (prng.next() & 1 ? 1 : 0x7f_ffff); // least and greatest denormal
    case 6:
      return sign | 0x0080_0000 | (mantissa & 3); // least normal
    case 7:
      return sign | 0x7f7f_ffff; // greatest finite
    case 8:
      return sign | 0x3f80_0000; // 1
    case 9:
      return sign | (0x4f00_0000 + (prng.below(3) - 1)); // around 2^31
    case 10:
      return sign | (0x5f00_0000 + (prng.below(3) - 1)); // around 2^63
    case 11: // a half over an integer: ties in rounding to integer
      return sign | (0x4120_0000 + (prng.below(16) << 19));
    case 12: // a small integer
      return sign | (0x4000_0000 + (prng.below(8) << 21));
    case 13: // just below or above 1
      return sign | (0x3f80_0000 + prng.below(5) - 2);
    default: // ordinary magnitude
      return sign | ((119 + prng.below(17)) << 23) | mantissa;
  }
}

function float64Edge(prng: Prng, out: Halves): void {
  const sign = (prng.next() & 0x8000_0000) >>> 0;
  const mantissa = prng.next() & 0xf_ffff;
  out.lo = prng.next();
  switch (prng.below(25)) {
    case 0:
      out.lo = 0;
      out.hi = sign;
      return;
    case 1:
      out.lo = 0;
      out.hi = sign | 0x7ff0_0000;
      return;
    case 2:
      out.hi = sign | 0x7ff8_0000 | mantissa;
      return;
    case 3:
      out.lo |= 1;
      out.hi = sign | 0x7ff0_0000 | (mantissa & 0x7_ffff);
      return;
    case 4:
      out.hi = sign | mantissa;
      return;
    case 5:
      out.lo = prng.next() & 1 ? 1 : 0xffff_ffff;
      out.hi = sign | (out.lo === 1 ? 0 : 0xf_ffff);
      return;
    case 6:
      out.lo &= 3;
      out.hi = sign | 0x0010_0000;
      return;
    case 7:
      out.lo = 0xffff_ffff;
      out.hi = sign | 0x7fef_ffff;
      return;
    case 8:
      out.lo = 0;
      out.hi = sign | 0x3ff0_0000;
      return;
    case 9: // around 2^31, fractions included
      out.hi = sign | (0x41e0_0000 - (prng.next() & 1));
      out.lo = prng.pick([0, 0x0010_0000, 0x0020_0000, 0xffe0_0000, 0xffc0_0000, 0xffff_ffff]);
      return;
    case 10: // around 2^63
      out.hi = sign | (0x43e0_0000 - (prng.next() & 1));
      out.lo = prng.next() & 1 ? 0 : 0xffff_ffff;
      return;
    case 11:
      out.lo = 0;
      out.hi = sign | (0x4024_0000 + (prng.below(16) << 16));
      return;
    case 12:
      out.lo = 0;
      out.hi = sign | (0x4000_0000 + (prng.below(8) << 18));
      return;
    case 13: // around the single-precision range: overflow, underflow and denormals when narrowed
      out.hi =
        sign |
        (prng.pick([0x47e0_0000, 0x47f0_0000, 0x3810_0000, 0x3800_0000, 0x3690_0000, 0x36a0_0000]) |
          (mantissa & 0xf_ffff));
      return;
    case 14: // a tie when narrowed to single precision
      out.lo = prng.pick([0x1000_0000, 0x3000_0000, 0x1000_0001, 0x0fff_ffff]);
      out.hi = sign | 0x3ff0_0000 | mantissa;
      return;
    default:
      out.hi = sign | ((1015 + prng.below(17)) << 20) | mantissa;
  }
}

/**
 * Fills `bytes` with lanes of one kind: each lane random or an edge value.
 *
 * @param bytes for kind `plain`, aligned to four bytes and a multiple of four long
 */
export function fillLanes(prng: Prng, kind: ValueKind, bytes: Uint8Array): void {
  if (kind === ValueKind.runs) {
    fillRuns(prng, bytes);
    return;
  }
  if (kind === ValueKind.text) {
    for (let at = 0; at < bytes.length; at += 16) fillText(prng, bytes.subarray(at, at + 16));
    return;
  }
  if (kind === ValueKind.float80 || kind === ValueKind.bcd) {
    for (let at = 0; at + 10 <= bytes.length; at += 10) {
      if (kind === ValueKind.float80) fillExtended(prng, bytes.subarray(at, at + 10));
      else fillBcd(prng, bytes.subarray(at, at + 10));
    }
    return;
  }
  if (kind === ValueKind.plain) {
    new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2).forEach((_, i, words) => {
      words[i] = prng.next();
    });
    return;
  }
  const step = LANE_BYTES[kind];
  const lane: Halves = { lo: 0, hi: 0 };
  const integersOnly = kind <= ValueKind.int64;
  for (let at = 0; at < bytes.length; at += step) {
    lane.lo = prng.next();
    lane.hi = prng.next();
    if (integersOnly) {
      if (prng.next() & 1) integerEdge(prng, step * 8, lane);
    } else if (kind === ValueKind.counts) {
      if (prng.below(4) !== 0) {
        lane.lo = prng.below(72);
        lane.hi = 0;
      }
    } else if (prng.below(8) !== 0) {
      if (kind === ValueKind.float32) lane.lo = float32Edge(prng);
      else float64Edge(prng, lane);
    }
    for (let i = 0; i < step && at + i < bytes.length; i++)
      bytes[at + i] = i < 4 ? lane.lo >>> (8 * i) : lane.hi >>> (8 * (i - 4));
  }
}

/** All zero but for at most two bytes; or groups of eight equal bytes out of four values; or single bytes out of four. */
function fillRuns(prng: Prng, bytes: Uint8Array): void {
  const mode = prng.below(4);
  if (mode < 2) {
    for (let others = prng.below(3); others > 0; others--) bytes[prng.below(bytes.length)] = prng.next() >>> 24;
    return;
  }
  let value = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (mode === 3 || (at & 7) === 0) value = (prng.next() >>> 3) & 3;
    bytes[at] = value;
  }
}

function fillText(prng: Prng, bytes: Uint8Array): void {
  const step = prng.below(2) + 1;
  const letters = prng.below(3) + 2;
  const signs = prng.below(4) === 0 ? 0x80 : 0;
  for (let at = 0; at < bytes.length; at += step) {
    bytes[at] = 0x61 + prng.below(letters);
    if (step === 2 && at + 1 < bytes.length) bytes[at + 1] = signs;
    else if (prng.below(2) === 0) bytes[at] = bytes[at]! | signs;
  }
  const end = prng.below(bytes.length + 4) & -step;
  for (let at = end; at < Math.min(end + step, bytes.length); at++) bytes[at] = 0;
}

/** Draws one general register: random, or an edge of the kind's width with the upper bits random, zero or as the edge has them. */
export function drawRegister(prng: Prng, kind: ValueKind, out: Halves): void {
  out.lo = prng.next();
  out.hi = prng.next();
  const how = prng.below(8);
  if (how < 4) return;
  if (how === 4) out.lo = out.hi = 0;
  const bits = 8 * LANE_BYTES[kind];
  integerEdge(prng, how === 7 ? 64 : bits, out);
}

const EXTENDED_EXPONENTS = [
  0, 1, 2, 0x3fbf, 0x3ffe, 0x3fff, 0x4000, 0x403d, 0x403e, 0x43fe, 0x3c01, 0x7ffd, 0x7ffe, 0x7fff,
];

/** An 80-bit float: one half ordinary numbers around 1, the other zeros, denormals, limits, NaNs, unsupported encodings. */
export function fillExtended(prng: Prng, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
  const sign = prng.next() & 0x8000;
  const ordinary = prng.below(2) === 0;
  let exponent = 0x3fff + prng.below(80) - 40;
  let low = prng.next();
  let high = prng.next() | 0x80000000;
  if (!ordinary) {
    exponent = prng.below(4) === 0 ? prng.next() & 0x7fff : prng.pick(EXTENDED_EXPONENTS);
    switch (prng.below(6)) {
      case 0:
        low = 0;
        high = 0x80000000;
        break;
      case 1:
        low = high = 0xffffffff;
        break;
      case 2:
        // Few bits: exact in narrower formats, or a tie.
        low = prng.below(2) === 0 ? 0 : 0x400;
        high &= 0xffffff80 << prng.below(20);
        high |= 0x80000000;
        break;
      case 3:
        low = prng.below(3);
        high = 0x80000000 | (prng.below(2) << 30);
        break;
      default:
        break;
    }
    if (exponent === 0 && prng.below(8) !== 0) high &= 0x7fffffff;
    else if (prng.below(12) === 0) high &= 0x7fffffff;
    if (prng.below(10) === 0) exponent = low = high = 0;
  }
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  view.setUint16(8, exponent | sign, true);
}

/** Packed BCD with decimal digits. */
function fillBcd(prng: Prng, bytes: Uint8Array): void {
  const digits = prng.below(19);
  for (let i = 0; i < 9; i++) {
    const digit = (n: number) => (n < digits ? prng.below(10) : 0);
    bytes[i] = digit(2 * i) | (digit(2 * i + 1) << 4);
  }
  bytes[9] = prng.below(2) << 7;
}
