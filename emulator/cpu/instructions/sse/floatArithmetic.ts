import {
  add,
  and,
  ctz,
  eqz,
  type F64,
  geU,
  type I32,
  type I64,
  i32,
  i64,
  ltU,
  op,
  or,
  simd,
  type V128,
} from '../../../wasm/expressions.ts';
import type { Local } from '../../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { DOUBLE, formatOf, magnitude } from '../../softfloat/format.ts';
import { allTrue, andVector, element, orVector, pick, ZERO } from './lanes.ts';
import {
  ADD,
  answer,
  type Bits,
  EQUAL,
  everywhere,
  type Float,
  floatConstant,
  floatOperator,
  floatTest,
  isOrdinary,
  MIN_NORMAL,
  ordinaryElements,
  patternOf,
  SUB,
  toFloat,
  toPattern,
  VECTOR_ABS,
  VECTOR_EQUAL,
  VECTOR_GREATER_OR_EQUAL,
  VECTOR_LESS,
  vectorOperator,
} from './native.ts';

/** SDM Vol. 2: ADD, SUB, MUL, DIV and SQRT of PS, PD, SS and SD. */
interface Operation {
  readonly mnemonic: string;
  readonly soft: 'Add' | 'Multiply' | 'Divide' | 'SquareRoot';
  readonly extra: number;
  /** WebAssembly operators: f32, f64; f32x4, f64x2. */
  readonly scalar: readonly [number, number];
  readonly packed: readonly [number, number];
  /**
   * A result below the smallest normal, or at it after rounding, may be an underflow, but not where one of these
   * operands is zero.
   */
  readonly underflows: readonly (0 | 1)[];
  exact(bits: Bits, a: Float, b: Float, result: Float): I32;
  exactElements(bits: Bits, a: V128, b: V128, result: V128): I32;
}

const VECTOR_ADD = [0xe4, 0xf0] as const;
const VECTOR_SUB = [0xe5, 0xf1] as const;
const VECTOR_MUL = [0xe6, 0xf2] as const;
const PROMOTE_LOW = 0x5f;

const wide = (bits: Bits, x: Float): F64 => (bits === 32 ? op('f64', 0xbb, x) : (x as F64));
const product = (bits: Bits, x: Float, y: Float): F64 => op('f64', 0xa2, wide(bits, x), wide(bits, y));
const same = (bits: Bits, x: F64, y: Float): I32 => op('i32', 0x61, x, wide(bits, y));

/** Whether x × y has at most 53 significant bits; binary32 factors always. Both are normal. */
function productFits(bits: Bits, x: Float, y: Float): I32 {
  if (bits === 32) return i32(1);
  const zeros = (value: Float): I64 => ctz(or(toPattern(64, value), i64(DOUBLE.minNormal)));
  return geU(add(zeros(x), zeros(y)), i64(DOUBLE.fraction + 1));
}

/** The rounding error of a sum (Knuth's TwoSum) is zero. */
function sumIsExact(bits: Bits, a: Float, b: Float, sum: Float): I32 {
  const minus = (x: Float, y: Float) => floatOperator(bits, SUB, x, y);
  const second = minus(sum, a);
  const error = floatOperator(bits, ADD, minus(a, minus(sum, second)), minus(b, second));
  return floatTest(bits, EQUAL, error, floatConstant(bits, 0));
}

function sumsAreExact(bits: Bits, a: V128, b: V128, sum: V128): I32 {
  const minus = (x: V128, y: V128) => vectorOperator(bits, VECTOR_SUB, x, y);
  const second = minus(sum, a);
  const error = vectorOperator(bits, VECTOR_ADD, minus(a, minus(sum, second)), minus(b, second));
  return allTrue(vectorOperator(bits, VECTOR_EQUAL, error, ZERO));
}

/** Every x × y is exactly `xy`. */
function productsAre(bits: Bits, x: V128, y: V128, xy: V128): I32 {
  const equal = (a: V128, b: V128, ab: V128) =>
    vectorOperator(64, VECTOR_EQUAL, vectorOperator(64, VECTOR_MUL, a, b), ab);
  if (bits === 64) {
    const fits = [0, 1].map((lane) =>
      productFits(64, toFloat(64, element(64, x, lane)), toFloat(64, element(64, y, lane))),
    );
    return fits.reduce(and, allTrue(equal(x, y, xy)));
  }
  const low = (a: V128) => simd('v128', PROMOTE_LOW, [a]);
  const high = (a: V128) => low(pick(8, a, a, [1, 1]));
  return allTrue(andVector(equal(low(x), low(y), low(xy)), equal(high(x), high(y), high(xy))));
}

const OPERATIONS: readonly Operation[] = [
  {
    mnemonic: 'add',
    soft: 'Add',
    extra: 0,
    scalar: ADD,
    packed: VECTOR_ADD,
    underflows: [],
    exact: sumIsExact,
    exactElements: sumsAreExact,
  },
  {
    mnemonic: 'sub',
    soft: 'Add',
    extra: 1,
    scalar: SUB,
    packed: VECTOR_SUB,
    underflows: [],
    exact: (bits, a, b, result) => sumIsExact(bits, a, floatOperator(bits, [0x8c, 0x9a], b), result),
    exactElements: (bits, a, b, result) => sumsAreExact(bits, a, vectorOperator(bits, [0xe1, 0xed], b), result),
  },
  {
    mnemonic: 'mul',
    soft: 'Multiply',
    extra: 0,
    scalar: [0x94, 0xa2],
    packed: VECTOR_MUL,
    underflows: [0, 1],
    exact: (bits, a, b, result) => and(productFits(bits, a, b), same(bits, product(bits, a, b), result)),
    exactElements: productsAre,
  },
  {
    mnemonic: 'div',
    soft: 'Divide',
    extra: 0,
    scalar: [0x95, 0xa3],
    packed: [0xe7, 0xf3],
    underflows: [0],
    exact: (bits, a, b, result) => and(productFits(bits, result, b), same(bits, product(bits, result, b), a)),
    exactElements: (bits, a, b, result) => productsAre(bits, result, b, a),
  },
  {
    mnemonic: 'sqrt',
    soft: 'SquareRoot',
    extra: 0,
    scalar: [0x91, 0x9f],
    packed: [0xe3, 0xef],
    underflows: [],
    exact: (bits, a, _b, result) =>
      and(productFits(bits, result, result), same(bits, product(bits, result, result), a)),
    exactElements: (bits, a, _b, result) => productsAre(bits, result, result, a),
  },
];

/** The result is finite, and where it could be one, no underflow. */
function plainResult(operation: Operation, bits: Bits, operands: readonly I64[], result: I64): I32 {
  const F = formatOf(bits);
  const finite = ltU(magnitude(F, result), i64(F.infinity));
  if (operation.underflows.length === 0) return finite;
  const above = geU(magnitude(F, result), i64(F.minNormal * 2n));
  const zero = operation.underflows.map((at) => eqz(magnitude(F, operands[at]!)));
  return and(finite, zero.reduce(or, above));
}

function plainElements(operation: Operation, bits: Bits, operands: readonly V128[], result: V128): V128 {
  const size = vectorOperator(bits, VECTOR_ABS, result);
  const finite = vectorOperator(bits, VECTOR_LESS, size, everywhere(bits, formatOf(bits).infinity));
  if (operation.underflows.length === 0) return finite;
  const minimum = everywhere(bits, patternOf(bits, MIN_NORMAL[bits] * 2));
  const above = vectorOperator(bits, VECTOR_GREATER_OR_EQUAL, size, minimum);
  const zero = operation.underflows.map((at) => vectorOperator(bits, VECTOR_EQUAL, operands[at]!, ZERO));
  return andVector(finite, zero.reduce(orVector, above));
}

function emitScalar(e: Emitter, operation: Operation, bits: Bits): void {
  const { f } = e;
  const unary = operation.soft === 'SquareRoot';
  const source = e.read(1, bits);
  const a = unary ? source : e.read(0, bits);
  const [x, y] = [f.let(toFloat(bits, a)), f.let(toFloat(bits, source))];
  const operands = unary ? [x] : [x, y];
  const name = `${operation.soft[0]!.toLowerCase()}${operation.soft.slice(1)}${bits}` as `add${Bits}`;
  const result = answer(e, {
    native: toPattern(bits, floatOperator(bits, operation.scalar, ...operands)),
    certain: (r) => {
      const ordinary = unary ? isOrdinary(bits, a) : and(isOrdinary(bits, a), isOrdinary(bits, source));
      return and(ordinary, plainResult(operation, bits, [a, source], r));
    },
    exact: (r) => operation.exact(bits, x, y, f.let(toFloat(bits, r))),
    slow: f.call(e.core.softfloat[name], a, source, i32(operation.extra)),
  });
  e.writeLow(0, result, bits);
}

function emitPacked(e: Emitter, operation: Operation, bits: Bits): void {
  const source = e.readVector(1, true);
  const a: Local<'v128'> = operation.soft === 'SquareRoot' ? source : e.readVector(0, true);
  e.writeVector(0, emitPackedOperands(e, operation, bits, a, source));
}

/** The operation for each element of `a` and `source`, exceptions dealt with. */
export function emitPackedOperands(
  e: Emitter,
  operation: Operation,
  bits: Bits,
  a: Local<'v128'>,
  source: Local<'v128'>,
): Local<'v128'> {
  const { f } = e;
  const operands = operation.soft === 'SquareRoot' ? [a] : [a, source];
  return answer(e, {
    native: vectorOperator(bits, operation.packed, ...operands),
    certain: (r) =>
      allTrue(
        operands.map((x) => ordinaryElements(bits, x)).reduce(andVector, plainElements(operation, bits, operands, r)),
      ),
    exact: (r) => operation.exactElements(bits, a, source, r),
    slow: f.call(e.core.softfloat[`packed${operation.soft}${bits}`], a, source, i32(operation.extra)),
  });
}

export const operationNamed = (mnemonic: string): Operation => OPERATIONS.find((o) => o.mnemonic === mnemonic)!;

export const floatArithmetic: readonly Definition[] = OPERATIONS.flatMap((operation) =>
  ([32, 64] as const).flatMap((bits): Definition[] => [
    {
      name: `${operation.mnemonic}s${bits === 32 ? 's' : 'd'}`,
      sizes: [bits],
      shapes: ['vv', 'vm'],
      emit: (e) => emitScalar(e, operation, bits),
    },
    {
      name: `${operation.mnemonic}p${bits === 32 ? 's' : 'd'}`,
      sizes: [128],
      shapes: ['vv', 'vm'],
      emit: (e) => emitPacked(e, operation, bits),
    },
  ]),
);
