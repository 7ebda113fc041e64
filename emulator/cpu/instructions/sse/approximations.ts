import { add, and, type I64, i64, ltU, ne, or, type V128 } from '../../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { isDenormal, isNan, isZero, magnitude, SINGLE, signOf } from '../../softfloat/format.ts';
import { element, replaceElement } from './lanes.ts';
import { floatConstant, floatOperator, toFloat, toPattern } from './native.ts';

/**
 * SDM Vol. 2: RCP and RSQRT of SS and PS. The SDM fixes a relative error of at most 1.5 × 2^-12 and leaves the bits to
 * the processor: here the quotient rounded to 12 significant bits. MXCSR is neither read nor written; denormals count
 * as zeros.
 */
const DROPPED = 12;

/** 12 significant bits, ties up. */
const shortened = (x: I64): I64 => and(add(x, i64(2 ** (DROPPED - 1))), i64(-(2 ** DROPPED)));

function approximate(f: FunctionBuilder, x: Local<'i64'>, root: boolean): Local<'i64'> {
  const one = floatConstant(32, 1);
  const value = toFloat(32, x);
  const divisor = root ? floatOperator(32, [0x91, 0x9f], value) : value;
  const result = f.let(shortened(toPattern(32, floatOperator(32, [0x95, 0xa3], one, divisor))));
  const sign = signOf(SINGLE, x);
  f.if(ltU(magnitude(SINGLE, result), i64(SINGLE.minNormal)), () => f.set(result, sign));
  if (root) f.if(ne(sign, i64(0)), () => f.set(result, i64(SINGLE.defaultNan)));
  f.if(or(isZero(SINGLE, x), isDenormal(SINGLE, x)), () => f.set(result, or(sign, i64(SINGLE.infinity))));
  f.if(isNan(SINGLE, x), () => f.set(result, or(x, i64(SINGLE.quiet))));
  return result;
}

function emitPacked(e: Emitter, root: boolean): void {
  const { f } = e;
  const source = e.readVector(1, true);
  const result = f.let<'v128'>(source as V128);
  for (const lane of [0, 1, 2, 3]) {
    const value = approximate(f, f.let(element(32, source, lane)), root);
    f.set(result, replaceElement(32, result, lane, value));
  }
  e.writeVector(0, result);
}

export const approximations: readonly Definition[] = [false, true].flatMap((root): Definition[] => [
  {
    name: root ? 'rsqrtss' : 'rcpss',
    sizes: [32],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => e.writeLow(0, approximate(e.f, e.read(1), root), 32),
  },
  {
    name: root ? 'rsqrtps' : 'rcpps',
    sizes: [128],
    shapes: ['vv', 'vm'],
    rare: true,
    emit: (e) => emitPacked(e, root),
  },
]);
