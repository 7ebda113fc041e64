import {
  and,
  type Expression,
  eqz,
  type I64,
  i32,
  i64,
  shrU,
  type ValueType,
  wrap,
} from '../../../wasm/expressions.ts';
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

const dotProduct = (bits: Bits): Definition => ({
  name: bits === 32 ? 'dpps' : 'dppd',
  sizes: [128],
  shapes: ['vvi', 'vmi'],
  rare: true,
  emit: (e) => {
    const { f, core } = e;
    const soft = core.softfloat;
    const source = e.readVector(1, true);
    const destination = e.readVector(0, true);
    const control = f.let(wrap(e.immediate()));
    const lanes = Array.from({ length: 128 / bits }, (_, lane) => lane);
    const isSet = (bit: number) => and(shrU(control, i32(bit)), i32(1));
    // What is not selected is +0 and raises nothing.
    const products = lanes.map((lane) => {
      const product = f.let<'i64'>(i64(0));
      f.if(isSet(4 + lane), () => {
        const [a, b] = [element(bits, destination, lane), element(bits, source, lane)];
        f.set(product, f.call(soft[`multiply${bits}`], a, b, i32(0)));
      });
      return product;
    });
    const sum = (a: I64, b: I64): Local<'i64'> => f.let(f.call(soft[`add${bits}`], a, b, i32(0)));
    const pair = (at: number) => sum(products[at]!, products[at + 1]!);
    const total = bits === 64 ? pair(0) : sum(pair(0), pair(2));
    f.branchIf(f.call(soft.conclude), e.fault);
    const result = f.let(ZERO);
    for (const lane of lanes) {
      f.if(eqz(eqz(isSet(lane))), () => f.set(result, replaceElement(bits, result, lane, total)));
    }
    e.writeVector(0, result);
  },
});

export const dotProducts: readonly Definition[] = [dotProduct(32), dotProduct(64)];
