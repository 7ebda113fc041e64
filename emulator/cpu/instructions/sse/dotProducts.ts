import { and, type Expression, eqz, i32, i64, shrU, type ValueType, wrap } from '../../../wasm/expressions.ts';
import type { Local } from '../../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { element, replaceElement, ZERO } from './lanes.ts';
import type { Bits } from './native.ts';

/** SDM Vol. 2: DPPS and DPPD (SSE4.1). */

/** A soft-float result, after its exceptions have been dealt with. */
export function concludeWith<T extends ValueType>(e: Emitter, value: Expression<T>): Local<T> {
  const result = e.f.let(value);
  e.f.branchIf(e.f.call(e.core.softfloat.conclude), e.fault);
  return result;
}

/**
 * The dot product of each pair of 128-bit lanes. Exceptions are dealt with after the products and after each sum
 * (SDM Vol. 2A, DPPS: they are determined separately for each multiply and add operation).
 */
export function dotProductsOf(
  e: Emitter,
  bits: Bits,
  pairs: readonly (readonly [Local<'v128'>, Local<'v128'>])[],
): Local<'v128'>[] {
  const { f, core } = e;
  const soft = core.softfloat;
  const control = f.let(wrap(e.immediate()));
  const elements = Array.from({ length: 128 / bits }, (_, at) => at);
  const isSet = (bit: number) => and(shrU(control, i32(bit)), i32(1));
  const conclude = () => f.branchIf(f.call(soft.conclude), e.fault);
  // What is not selected is +0 and raises nothing.
  let sums = pairs.map(([first, second]) =>
    elements.map((at) => {
      const product = f.let<'i64'>(i64(0));
      f.if(isSet(4 + at), () => {
        f.set(product, f.call(soft[`multiply${bits}`], element(bits, first, at), element(bits, second, at), i32(0)));
      });
      return product;
    }),
  );
  conclude();
  while (sums[0]!.length > 1) {
    sums = sums.map((terms) =>
      terms.flatMap((term, at) => (at & 1 ? [f.let(f.call(soft[`add${bits}`], terms[at - 1]!, term, i32(0)))] : [])),
    );
    conclude();
  }
  return sums.map(([total]) => {
    const result = f.let(ZERO);
    for (const at of elements) {
      f.if(eqz(eqz(isSet(at))), () => f.set(result, replaceElement(bits, result, at, total!)));
    }
    return result;
  });
}

const dotProduct = (bits: Bits): Definition => ({
  name: bits === 32 ? 'dpps' : 'dppd',
  sizes: [128],
  shapes: ['vvi', 'vmi'],
  rare: true,
  emit: (e) => {
    const source = e.readVector(1, true);
    const destination = e.readVector(0, true);
    e.writeVector(0, dotProductsOf(e, bits, [[destination, source]])[0]!);
  },
});

export const dotProducts: readonly Definition[] = [dotProduct(32), dotProduct(64)];
