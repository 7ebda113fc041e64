import { eq, eqz, i32, i64, or } from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { floatOperator, floatTest, toFloat, toPattern } from '../instructions/sse/native.ts';
import { acquire, type Format, isNan, isSignalling } from './format.ts';
import { INVALID, note, PRECISION, ROUND } from './mxcsr.ts';

/** WebAssembly's operators for a rounding, binary32 and binary64. */
const OPERATORS: readonly (readonly [mode: number, opcodes: readonly [number, number]])[] = [
  [ROUND.DOWN, [0x8e, 0x9c]],
  [ROUND.UP, [0x8d, 0x9b]],
  [ROUND.TRUNCATE, [0x8f, 0x9d]],
];
const NEAREST = [0x90, 0x9e] as const;
const NOT_EQUAL = [0x5c, 0x62] as const;

/** (value, ROUND, 1 to leave the precision exception out) → the integral value. Denormals are no exception here. */
export function defineRoundIntegral(core: Core, F: Format, reference: FunctionReference<'i64'>): void {
  core.module.define(reference, (f) => {
    const x = acquire(f, F, f.parameter<'i64'>(0));
    const mode = f.parameter<'i32'>(1);
    f.if(isNan(F, x), () => {
      f.if(isSignalling(F, x), () => note(f, INVALID));
      f.return(or(x, i64(F.quiet)));
    });
    const value = f.let(toFloat(F.bits, x));
    const result = f.let(floatOperator(F.bits, NEAREST, value));
    for (const [which, opcodes] of OPERATORS) {
      f.if(eq(mode, i32(which)), () => f.set(result, floatOperator(F.bits, opcodes, value)));
    }
    f.if(eqz(f.parameter<'i32'>(2)), () => f.if(floatTest(F.bits, NOT_EQUAL, result, value), () => note(f, PRECISION)));
    f.return(toPattern(F.bits, result));
  });
}
