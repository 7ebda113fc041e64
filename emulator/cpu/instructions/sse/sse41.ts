import {
  add,
  and,
  extendU,
  type I32,
  i32,
  i64,
  ltU,
  or,
  select,
  shl,
  shrU,
  simd,
  type V128,
  wrap,
} from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { ROUND, rounding } from '../../softfloat/mxcsr.ts';
import { concludeWith } from './dotProducts.ts';
import {
  andNotVector,
  andVector,
  element,
  orVector,
  pick,
  replaceElement,
  splat8,
  swizzle,
  ZERO,
  zeroExtended,
} from './lanes.ts';
import type { Bits } from './native.ts';
import { binary, operator, POSITIONS } from './packedInteger.ts';

/** SDM Vol. 2: the rest of SSE4.1, and PCMPGTQ of SSE4.2. */
const rare = (definition: Definition): Definition => ({ ...definition, rare: true });

export const EXTENSIONS = {
  s: { 8: 0x87, 16: 0xa7, 32: 0xc7 },
  z: { 8: 0x89, 16: 0xa9, 32: 0xc9 },
} as const;

/** PMOVSX and PMOVZX: the source is as wide as its elements need. */
function extension(letter: 's' | 'z', from: 8 | 16 | 32, to: 16 | 32 | 64): Definition {
  const names = { 8: 'b', 16: 'w', 32: 'd', 64: 'q' } as const;
  const size = (128 / to) * from;
  return {
    name: `pmov${letter}x${names[from]}${names[to]}`,
    sizes: [size],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => {
      let value: V128 = zeroExtended(64, e.read(1));
      for (let bits: 8 | 16 | 32 | 64 = from; bits < to; bits = (bits * 2) as 16 | 32 | 64) {
        value = simd('v128', EXTENSIONS[letter][bits as 8 | 16 | 32], [value]);
      }
      e.writeVector(0, value);
    },
  };
}

const SUPPRESS_PRECISION = 8;
const BY_MXCSR = 4;

/** ROUND: the immediate's rounding mode, or MXCSR's. */
function roundingOf(e: Emitter): { mode: I32; quiet: I32 } {
  const control = e.f.let(wrap(e.immediate()));
  return {
    mode: e.f.let(select(and(control, i32(BY_MXCSR)), rounding(), and(control, i32(ROUND.TRUNCATE)))),
    quiet: and(control, i32(SUPPRESS_PRECISION)),
  };
}

function roundScalar(bits: Bits): Definition {
  return {
    name: bits === 32 ? 'roundss' : 'roundsd',
    sizes: [bits],
    shapes: ['vvi', 'vmi'],
    rare: true,
    emit: (e) => {
      const { mode, quiet } = roundingOf(e);
      const result = e.f.call(e.core.softfloat[`roundIntegral${bits}`], e.read(1), mode, quiet);
      e.writeLow(0, concludeWith(e, result), bits);
    },
  };
}

function roundPacked(bits: Bits): Definition {
  return {
    name: bits === 32 ? 'roundps' : 'roundpd',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    rare: true,
    emit: (e) => {
      const { f } = e;
      const source = e.readVector(1, true);
      const { mode, quiet } = roundingOf(e);
      const result = f.let(ZERO);
      for (let lane = 0; lane < 128 / bits; lane++) {
        const value = f.call(e.core.softfloat[`roundIntegral${bits}`], element(bits, source, lane), mode, quiet);
        f.set(result, replaceElement(bits, result, lane, value));
      }
      e.writeVector(0, concludeWith(e, result));
    },
  };
}

/** CF without OF in a carry word. */
const CARRY = i64(3n << 62n);
const WITHOUT_PARITY = 1 << 9;
const anyTrue = (value: V128): I32 => simd('i32', 0x53, [value]);

/** ZF: no bit of `both` is set; CF: none of `rest`. The other arithmetic flags are cleared. */
export function setTestFlags(e: Emitter, both: V128, rest: V128): void {
  e.flags.set(select(anyTrue(both), i64(0x100), i64(0)), select(anyTrue(rest), i64(0), CARRY), i32(WITHOUT_PARITY));
}

export const sse41: readonly Definition[] = [
  ...(['s', 'z'] as const).flatMap((letter) => [
    extension(letter, 8, 16),
    extension(letter, 8, 32),
    extension(letter, 8, 64),
    extension(letter, 16, 32),
    extension(letter, 16, 64),
    extension(letter, 32, 64),
  ]),
  roundScalar(32),
  roundScalar(64),
  roundPacked(32),
  roundPacked(64),
  operator('packusdw', 0x86),
  operator('pcmpeqq', 0xd6),
  operator('pcmpgtq', 0xd9),
  operator('pminsb', 0x76),
  operator('pminsd', 0xb6),
  operator('pminuw', 0x97),
  operator('pminud', 0xb7),
  operator('pmaxsb', 0x78),
  operator('pmaxsd', 0xb8),
  operator('pmaxuw', 0x99),
  operator('pmaxud', 0xb9),
  operator('pmulld', 0xb5),
  binary('pmuldq', (a, b) => simd('v128', 0xdc, [pick(4, a, a, [0, 2, 0, 2]), pick(4, b, b, [0, 2, 0, 2])])),
].map(rare);

/** Sums of four absolute byte differences at eight places: bits 1:0 pick the source's block, bit 2 where `a` begins. */
function sumsOfDifferences(e: Emitter, a: V128, b: V128, control: I32): V128 {
  const { f } = e;
  const from = f.let(and(control, i32(4)));
  const block = f.let(shl(and(control, i32(3)), i32(2)));
  const sums = f.let(ZERO);
  for (let j = 0; j < 4; j++) {
    const here = f.let(swizzle(a, simd('v128', 0x6e, [POSITIONS, splat8(add(from, i32(j)))])));
    const there = f.let(swizzle(b, splat8(add(block, i32(j)))));
    const difference = orVector(simd('v128', 0x73, [here, there]), simd('v128', 0x73, [there, here]));
    f.set(sums, simd('v128', 0x8e, [sums, simd('v128', 0x89, [difference])]));
  }
  return sums;
}

export const sse41Special: readonly Definition[] = [
  {
    name: 'mpsadbw',
    sizes: [128],
    shapes: ['vvi', 'vmi'],
    rare: true,
    emit: (e) => {
      const source = e.readVector(1, true);
      e.writeVector(0, sumsOfDifferences(e, e.readVector(0, true), source, wrap(e.immediate())));
    },
  },
  {
    // The least word and, above it, its number.
    name: 'phminposuw',
    sizes: [128],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => {
      const { f } = e;
      const source = e.readVector(1, true);
      const least = f.let(i32(-1));
      for (let lane = 0; lane < 8; lane++) {
        const candidate = f.let(or(shl(simd('i32', 0x19, [source], [lane]), i32(3)), i32(lane)));
        f.set(least, select(ltU(candidate, least), candidate, least));
      }
      const result = or(shrU(least, i32(3)), shl(and(least, i32(7)), i32(16)));
      e.writeVector(0, zeroExtended(64, extendU(result)));
    },
  },
  {
    name: 'ptest',
    sizes: [128],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => {
      const source = e.readVector(1, true);
      const destination = e.readVector(0, true);
      setTestFlags(e, andVector(source, destination), andNotVector(source, destination));
    },
  },
];
