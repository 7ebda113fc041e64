import { and, extendU, type I32, i32, i64, ne, neg, select, shrU, type V128, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { RELATION, relationsOf } from '../../softfloat/compare.ts';
import { formatOf } from '../../softfloat/format.ts';
import { allTrue, andNotVector, andVector, orVector, splat32 } from './lanes.ts';
import {
  type Bits,
  EQUAL,
  exactAnswer,
  floatTest,
  isOrdinary,
  LESS,
  ordinaryElements,
  toFloat,
  VECTOR_EQUAL,
  VECTOR_LESS,
  vectorOperator,
} from './native.ts';

/** The SSE forms' predicates, 0 to 7, come masked from the decoder. SDM Vol. 2: CMP, COMI, UCOMI, MIN and MAX. None rounds, so only denormals and NaNs concern MXCSR. */
const predicate = (e: Emitter): I32 => and(wrap(e.immediate()), i32(31));
const letters = { 32: 's', 64: 'd' } as const;

function scalarOperands(e: Emitter, bits: Bits) {
  const b = e.read(1, bits);
  const a = e.read(0, bits);
  const certain = () => and(isOrdinary(bits, a), isOrdinary(bits, b));
  const [x, y] = [toFloat(bits, a), toFloat(bits, b)];
  return { a, b, certain, less: floatTest(bits, LESS, x, y), equal: floatTest(bits, EQUAL, x, y), x, y };
}

function vectorOperands(e: Emitter, bits: Bits) {
  const b = e.readVector(1, true);
  const a = e.readVector(0, true);
  const certain = () => allTrue(andVector(ordinaryElements(bits, a), ordinaryElements(bits, b)));
  return { a, b, certain };
}

/** RELATION of two ordered values. */
const relation = (less: I32, equal: I32): I32 =>
  select(equal, i32(RELATION.EQUAL), select(less, i32(RELATION.LESS), i32(RELATION.GREATER)));

function emitScalarCompare(e: Emitter, bits: Bits): void {
  const { a, b, certain, less, equal } = scalarOperands(e, bits);
  const holds = ne(and(relation(less, equal), relationsOf(predicate(e))), i32(0));
  const result = exactAnswer(e, {
    native: and(neg(extendU(holds)), i64(formatOf(bits).sign * 2n - 1n)),
    certain,
    slow: e.f.call(e.core.softfloat[`compare${bits}`], a, b, predicate(e)),
  });
  e.writeLow(0, result, bits);
}

function emitPackedCompare(e: Emitter, bits: Bits): void {
  const { f } = e;
  const { a, b, certain } = vectorOperands(e, bits);
  const wanted = f.let(relationsOf(predicate(e)));
  const less = f.let(vectorOperator(bits, VECTOR_LESS, a, b));
  const equal = f.let(vectorOperator(bits, VECTOR_EQUAL, a, b));
  /** All ones when the relation is wanted. */
  const when = (bit: number): V128 => splat32(neg(and(shrU(wanted, i32(bit)), i32(1))));
  const native = orVector(
    orVector(andVector(less, when(0)), andVector(equal, when(1))),
    andNotVector(andNotVector(when(2), less), equal),
  );
  const slow = f.call(e.core.softfloat[`packedCompare${bits}`], a, b, predicate(e));
  e.writeVector(0, exactAnswer(e, { native, certain, slow }));
}

/** CF without OF in a carry word. */
const CARRY = i64(3n << 62n);
const WITHOUT_PARITY = 1 << 9;

/** COMI and UCOMI: ZF, PF and CF from the relation; OF, SF and AF are cleared. */
function emitOrder(e: Emitter, bits: Bits, signalsQuiet: boolean): void {
  const { f } = e;
  const { a, b, certain, less, equal } = scalarOperands(e, bits);
  const [result, carry, word] = [f.local('i64'), f.local('i64'), f.local('i32')];
  f.if(
    certain(),
    () => {
      f.set(result, select(equal, i64(0), i64(0x100)));
      f.set(carry, select(less, CARRY, i64(0)));
      f.set(word, i32(WITHOUT_PARITY));
    },
    () => {
      const found = f.let(f.call(e.core.softfloat[`order${bits}`], a, b, i32(signalsQuiet ? 1 : 0)));
      f.branchIf(f.call(e.core.softfloat.conclude), e.fault);
      const any = (relations: number): I32 => and(found, i32(relations));
      f.set(result, select(any(RELATION.EQUAL | RELATION.UNORDERED), i64(0), i64(0x100)));
      f.set(carry, select(any(RELATION.LESS | RELATION.UNORDERED), CARRY, i64(0)));
      f.set(word, select(any(RELATION.UNORDERED), i32(0), i32(WITHOUT_PARITY)));
    },
  );
  e.flags.set(result, carry, word);
}

const order = (name: string, signalsQuiet: boolean, bits: Bits): Definition => ({
  name,
  sizes: [bits],
  shapes: ['vv', 'vm'],
  emit: (e) => emitOrder(e, bits, signalsQuiet),
});

/** WebAssembly's pmin(b, a) is a < b ? a : b, as MINPS has it. */
const PMIN = [0xea, 0xf6] as const;
const PMAX = [0xeb, 0xf7] as const;

function emitScalarExtreme(e: Emitter, bits: Bits, greater: boolean): void {
  const { a, b, certain, less, x, y } = scalarOperands(e, bits);
  const first = greater ? floatTest(bits, LESS, y, x) : less;
  const result = exactAnswer(e, {
    native: select(first, a, b),
    certain,
    slow: e.f.call(e.core.softfloat[`extreme${bits}`], a, b, i32(greater ? 1 : 0)),
  });
  e.writeLow(0, result, bits);
}

function emitPackedExtreme(e: Emitter, bits: Bits, greater: boolean): void {
  const { a, b, certain } = vectorOperands(e, bits);
  const native = vectorOperator(bits, greater ? PMAX : PMIN, b, a);
  const slow = e.f.call(e.core.softfloat[`packedExtreme${bits}`], a, b, i32(greater ? 1 : 0));
  e.writeVector(0, exactAnswer(e, { native, certain, slow }));
}

const pair = (
  name: string,
  bits: Bits,
  shapes: readonly string[],
  scalar: (e: Emitter) => void,
  packed: (e: Emitter) => void,
): Definition[] => [
  { name: `${name}s${letters[bits]}`, sizes: [bits], shapes, emit: scalar },
  { name: `${name}p${letters[bits]}`, sizes: [128], shapes, emit: packed },
];

export const floatCompare: readonly Definition[] = ([32, 64] as const).flatMap((bits) => [
  ...pair(
    'cmp',
    bits,
    ['vvi', 'vmi'],
    (e) => emitScalarCompare(e, bits),
    (e) => emitPackedCompare(e, bits),
  ),
  ...pair(
    'min',
    bits,
    ['vv', 'vm'],
    (e) => emitScalarExtreme(e, bits, false),
    (e) => emitPackedExtreme(e, bits, false),
  ),
  ...pair(
    'max',
    bits,
    ['vv', 'vm'],
    (e) => emitScalarExtreme(e, bits, true),
    (e) => emitPackedExtreme(e, bits, true),
  ),
  order(`ucomis${letters[bits]}`, false, bits),
  order(`comis${letters[bits]}`, true, bits),
]);
