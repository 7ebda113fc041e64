import {
  add,
  and,
  extendS,
  type I32,
  type I64,
  i32,
  i64,
  leU,
  op,
  simd,
  type V128,
  wrap,
} from '../../../wasm/expressions.ts';
import type { Local } from '../../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { ROUND, rounding } from '../../softfloat/mxcsr.ts';
import { allTrue, andVector, constant32, orVector, zeroExtended } from './lanes.ts';
import {
  ABS,
  answer,
  type Bits,
  EQUAL,
  everywhere,
  exactAnswer,
  type Float,
  floatConstant,
  floatOperator,
  floatTest,
  isOrdinary,
  LESS,
  LESS_OR_EQUAL,
  MIN_NORMAL,
  ordinaryElements,
  patternOf,
  toFloat,
  toPattern,
  VECTOR_ABS,
  VECTOR_EQUAL,
  VECTOR_GREATER_OR_EQUAL,
  VECTOR_LESS_OR_EQUAL,
  vectorOperator,
} from './native.ts';

/** SDM Vol. 2: CVT of every pair among signed integers, binary32 and binary64 (XMM forms). */
const NEAREST = [0x90, 0x9e] as const;
const TRUNCATE = [0x8f, 0x9d] as const;
const VECTOR_NEAREST = [0x6a, 0x94] as const;
const VECTOR_TRUNCATE = [0x69, 0x7a] as const;
/** Greatest binary32 value. */
const MAX_SINGLE = (2 - 2 ** -23) * 2 ** 127;
const letters = { 32: 's', 64: 'd' } as const;

/** WebAssembly's saturating truncations: the 0xFC space. */
const truncated = (from: Bits, to: Bits, x: Float): I64 => {
  const opcode = (to === 32 ? 0 : 4) + (from === 32 ? 0 : 2);
  const type = to === 32 ? 'i32' : 'i64';
  const value = {
    type,
    emit: (w: Parameters<Float['emit']>[0]) => {
      x.emit(w);
      w.u8(0xfc);
      w.u32(opcode);
    },
  } as const;
  return to === 32 ? op('i64', 0xad, value) : (value as I64);
};

/** CVT(T)SS2SI and CVT(T)SD2SI. */
const toInteger = (from: Bits, truncate: boolean): Definition => ({
  name: `cvt${truncate ? 't' : ''}s${letters[from]}2si`,
  sizes: [32, 64],
  shapes: ['rv', 'rm'],
  emit: (e) => {
    const { f } = e;
    const to = e.size as Bits;
    const pattern = e.read(1, from);
    const x = f.let(toFloat(from, pattern));
    const whole = f.let(floatOperator(from, truncate ? TRUNCATE : NEAREST, x));
    const bound = floatConstant(from, 2 ** (to - 2));
    const mode = truncate ? i32(ROUND.TRUNCATE) : rounding();
    const result = answer(e, {
      native: truncated(from, to, whole),
      certain: () => floatTest(from, LESS, floatOperator(from, ABS, x), bound),
      exact: () => floatTest(from, EQUAL, whole, x),
      slow: f.call(e.core.softfloat[`toInteger${from}`], pattern, i32(to), mode),
    });
    e.writer(0, to).write(result);
  },
});

/** CVTSI2SS and CVTSI2SD; the size is the integer's. */
const fromInteger = (to: Bits): Definition => ({
  name: `cvtsi2s${letters[to]}`,
  sizes: [32, 64],
  shapes: ['vr', 'vm'],
  emit: (e) => {
    const source = e.read(1);
    if (e.size === 32 && to === 64) {
      e.writeLow(0, toPattern(64, op('f64', 0xb7, wrap(source))), 64);
      return;
    }
    const value = e.f.let(e.size === 32 ? extendS(wrap(source)) : source);
    // Every integer up to 2^24 or 2^53 is a value of the format.
    const limit = to === 32 ? 2 ** 24 : 2 ** 53;
    const result = answer(e, {
      native: toPattern(to, to === 32 ? op('f32', 0xb4, value) : op('f64', 0xb9, value)),
      certain: () => i32(1),
      exact: () => leU(add(value, i64(limit)), i64(2 * limit)),
      slow: e.f.call(e.core.softfloat[`fromInteger${to}`], value),
    });
    e.writeLow(0, result, to);
  },
});

function vectorSource(e: Emitter, bits: 64 | 128): Local<'v128'> {
  return bits === 128 ? e.readVector(1, true) : e.f.let(zeroExtended(64, e.read(1, 64)));
}

/** CVT(T)PS2DQ and CVT(T)PD2DQ. */
const packedToInteger = (from: Bits, truncate: boolean): Definition => ({
  name: `cvt${truncate ? 't' : ''}p${letters[from]}2dq`,
  sizes: [128],
  shapes: ['vv', 'vm'],
  emit: (e) => {
    const { f } = e;
    const x = vectorSource(e, 128);
    const whole = f.let(vectorOperator(from, truncate ? VECTOR_TRUNCATE : VECTOR_NEAREST, x));
    const bound = everywhere(from, patternOf(from, from === 32 ? 2 ** 31 - 128 : 2 ** 31 - 1));
    const result = answer(e, {
      native: simd('v128', from === 32 ? 0xf8 : 0xfc, [whole]),
      certain: () => allTrue(vectorOperator(from, VECTOR_LESS_OR_EQUAL, vectorOperator(from, VECTOR_ABS, x), bound)),
      exact: () => allTrue(vectorOperator(from, VECTOR_EQUAL, whole, x)),
      slow: f.call(e.core.softfloat[`packedToInteger${from}`], x, truncate ? i32(ROUND.TRUNCATE) : rounding()),
    });
    e.writeVector(0, result);
  },
});

/** Doubles that become normal singles, or are zeros. */
function narrowable(x: V128): V128 {
  const size = vectorOperator(64, VECTOR_ABS, x);
  const fits = andVector(
    vectorOperator(64, VECTOR_GREATER_OR_EQUAL, size, everywhere(64, patternOf(64, MIN_NORMAL[32] * 2))),
    vectorOperator(64, VECTOR_LESS_OR_EQUAL, size, everywhere(64, patternOf(64, MAX_SINGLE))),
  );
  return orVector(fits, vectorOperator(64, VECTOR_EQUAL, x, everywhere(64, 0n)));
}

function isNarrowable(e: Emitter, x: Float): I32 {
  const size = e.f.let(floatOperator(64, ABS, x));
  const fits = and(
    floatTest(64, LESS_OR_EQUAL, floatConstant(64, MIN_NORMAL[32] * 2), size),
    floatTest(64, LESS_OR_EQUAL, size, floatConstant(64, MAX_SINGLE)),
  );
  return op('i32', 0x72, fits, floatTest(64, EQUAL, size, floatConstant(64, 0)));
}

const promoted = (x: V128): V128 => simd('v128', 0x5f, [x]);

export const conversions: readonly Definition[] = [
  ...([32, 64] as const).flatMap((bits) => [
    toInteger(bits, false),
    toInteger(bits, true),
    fromInteger(bits),
    packedToInteger(bits, false),
    packedToInteger(bits, true),
  ]),
  {
    name: 'cvtss2sd',
    sizes: [32],
    shapes: ['vv', 'vm'],
    emit: (e) => {
      const source = e.read(1, 32);
      const result = exactAnswer(e, {
        native: toPattern(64, op('f64', 0xbb, toFloat(32, source))),
        certain: () => isOrdinary(32, source),
        slow: e.f.call(e.core.softfloat.widen, source),
      });
      e.writeLow(0, result, 64);
    },
  },
  {
    name: 'cvtsd2ss',
    sizes: [64],
    shapes: ['vv', 'vm'],
    emit: (e) => {
      const source = e.read(1, 64);
      const x = e.f.let(toFloat(64, source));
      const result = answer(e, {
        native: toPattern(32, op('f32', 0xb6, x)),
        certain: () => isNarrowable(e, x),
        exact: (r) => floatTest(64, EQUAL, op('f64', 0xbb, toFloat(32, r)), x),
        slow: e.f.call(e.core.softfloat.narrow, source),
      });
      e.writeLow(0, result, 32);
    },
  },
  {
    name: 'cvtps2pd',
    sizes: [64],
    shapes: ['vv', 'vm'],
    emit: (e) => {
      const source = vectorSource(e, 64);
      const result = exactAnswer(e, {
        native: promoted(source),
        certain: () => allTrue(ordinaryElements(32, source)),
        slow: e.f.call(e.core.softfloat.packedWiden, source),
      });
      e.writeVector(0, result);
    },
  },
  {
    name: 'cvtpd2ps',
    sizes: [128],
    shapes: ['vv', 'vm'],
    emit: (e) => {
      const source = vectorSource(e, 128);
      const result = answer(e, {
        native: simd('v128', 0x5e, [source]),
        certain: () => allTrue(narrowable(source)),
        exact: (r) => allTrue(vectorOperator(64, VECTOR_EQUAL, promoted(r), source)),
        slow: e.f.call(e.core.softfloat.packedNarrow, source),
      });
      e.writeVector(0, result);
    },
  },
  {
    name: 'cvtdq2ps',
    sizes: [128],
    shapes: ['vv', 'vm'],
    emit: (e) => {
      const source = vectorSource(e, 128);
      const result = answer(e, {
        native: simd('v128', 0xfa, [source]),
        certain: () => i32(1),
        // |x| up to 2^24.
        exact: () =>
          allTrue(simd('v128', 0x3e, [simd('v128', 0xae, [source, constant32(2 ** 24)]), constant32(2 ** 25)])),
        slow: e.f.call(e.core.softfloat.packedFromInteger32, source),
      });
      e.writeVector(0, result);
    },
  },
  {
    name: 'cvtdq2pd',
    sizes: [64],
    shapes: ['vv', 'vm'],
    emit: (e) => e.writeVector(0, simd('v128', 0xfe, [vectorSource(e, 64)])),
  },
];
