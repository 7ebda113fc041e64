import { extendS, type I64, i32, type V128, wrap } from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import type { Core } from '../engine/core.ts';
import { element, replaceElement, ZERO } from '../instructions/sse/lanes.ts';

/** Builds a vector from elements computed one after the other, lowest first. */
function collect(f: FunctionBuilder, bits: 32 | 64, values: readonly (() => I64)[]): Local<'v128'> {
  const result = f.let(ZERO);
  for (const [lane, value] of values.entries()) f.set(result, replaceElement(bits, result, lane, value()));
  return result;
}

const lanes = (bits: 32 | 64): number[] => Array.from({ length: 128 / bits }, (_, lane) => lane);

/** The packed forms: the scalar function for each element (SDM Vol. 1 §11.5.2: flags are those of all elements). */
export function definePacked(core: Core): void {
  const { module, softfloat: s } = core;
  for (const bits of [32, 64] as const) {
    for (const name of ['Add', 'Multiply', 'Divide', 'SquareRoot', 'Extreme', 'Compare'] as const) {
      const scalarName = `${name[0]!.toLowerCase()}${name.slice(1)}` as Uncapitalize<typeof name>;
      const one = s[`${scalarName}${bits}`];
      module.define(s[`packed${name}${bits}`], (f) => {
        const [a, b, extra] = [f.parameter<'v128'>(0), f.parameter<'v128'>(1), f.parameter<'i32'>(2)];
        const values = lanes(bits).map(
          (lane) => () => f.call(one, element(bits, a, lane), element(bits, b, lane), extra),
        );
        f.return(collect(f, bits, values));
      });
    }
  }
  for (const bits of [32, 64] as const) {
    module.define(s[`packedAddSubtract${bits}`], (f) => {
      const [a, b] = [f.parameter<'v128'>(0), f.parameter<'v128'>(1)];
      const values = lanes(bits).map(
        (lane) => () =>
          f.call(s[`add${bits}`], element(bits, a, lane), element(bits, b, lane), i32(lane % 2 === 0 ? 1 : 0)),
      );
      f.return(collect(f, bits, values));
    });
  }
  const unary = (
    reference: typeof s.packedWiden,
    to: 32 | 64,
    count: number,
    value: (a: V128, lane: number, f: FunctionBuilder) => I64,
  ) =>
    module.define(reference, (f) => {
      const values = Array.from({ length: count }, (_, lane) => () => value(f.parameter<'v128'>(0), lane, f));
      f.return(collect(f, to, values));
    });
  for (const bits of [32, 64] as const) {
    unary(s[`packedToInteger${bits}`], 32, 128 / bits, (a, lane, f) =>
      f.call(s[`toInteger${bits}`], element(bits, a, lane), i32(32), f.parameter<'i32'>(1)),
    );
  }
  unary(s.packedFromInteger32, 32, 4, (a, lane, f) => f.call(s.fromInteger32, extendS(wrap(element(32, a, lane)))));
  unary(s.packedWiden, 64, 2, (a, lane, f) => f.call(s.widen, element(32, a, lane)));
  unary(s.packedNarrow, 32, 2, (a, lane, f) => f.call(s.narrow, element(64, a, lane)));
}
