import {
  add,
  and,
  clz,
  eq,
  eqz,
  extendU,
  geU,
  gtU,
  type I32,
  i32,
  i64,
  leS,
  ltS,
  ltU,
  ne,
  not,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { type Format, shiftRightJam } from './format.ts';
import { FTZ, maskOf, mxcsr, note, OVERFLOW, PRECISION, ROUND, rounding, UNDERFLOW } from './mxcsr.ts';

/**
 * (sign pattern, exponent, significand) → the value significand × 2^(exponent - 62) in the format, rounded as MXCSR
 * says. The significand is not zero; bit 0 is sticky when it lies below the precision.
 */
export function defineRound(core: Core, F: Format, reference: FunctionReference<'i64'>): void {
  const dropped = 63 - F.fraction;
  const belowMask = 2n ** BigInt(dropped) - 1n;
  const half = 2n ** BigInt(dropped - 1);
  core.module.define(reference, (f) => {
    const sign = f.parameter<'i64'>(0);
    const zeros = f.let(wrap(clz(f.parameter<'i64'>(2))));
    const significand = f.let(shl(f.parameter<'i64'>(2), extendU(zeros)));
    // Bit 63 is the leading one now; `field` is the biased exponent.
    const field = f.let(add(sub(f.parameter<'i32'>(1), zeros), i32(F.bias + 1)));
    const mode = f.let(rounding());
    const away: I32 = eq(mode, select(eqz(eqz(sign)), i32(ROUND.DOWN), i32(ROUND.UP)));
    const increment = f.let(select(away, i64(belowMask), select(eq(mode, i32(ROUND.NEAREST)), i64(half), i64(0))));
    const tiny = f.let(i32(0));
    f.if(leS(field, i32(0)), () => {
      // Tiny after rounding to the full precision with an unbounded exponent (SDM Vol. 1 §4.9.1.5).
      const carries = ltU(add(significand, increment), significand);
      f.set(tiny, or(ltS(field, i32(0)), eqz(carries)));
      f.if(and(tiny, eqz(maskOf(UNDERFLOW))), () => {
        // The handler would get the result with an unbounded exponent: that one's exactness counts (SDM Vol. 1 §E.4.3).
        note(f, UNDERFLOW);
        f.if(ne(and(significand, i64(belowMask)), i64(0)), () => note(f, PRECISION));
        f.return(sign);
      });
      f.if(and(tiny, ne(and(mxcsr(), i32(FTZ)), i32(0))), () => {
        note(f, UNDERFLOW | PRECISION);
        f.return(sign);
      });
      f.set(significand, shiftRightJam(f, significand, f.let(sub(i32(1), field))));
      f.set(field, i32(1));
    });
    const below = f.let(and(significand, i64(belowMask)));
    f.if(ne(below, i64(0)), () => {
      note(f, PRECISION);
      f.if(tiny, () => note(f, UNDERFLOW));
    });
    const rounded = f.let(add(shrU(significand, i64(dropped)), extendU(gtU(add(below, increment), i64(belowMask)))));
    f.if(and(eq(mode, i32(ROUND.NEAREST)), eq(below, i64(half))), () => f.set(rounded, and(rounded, not(i64(1)))));
    // The leading one adds 1 to the exponent field; a carry adds another.
    const result = f.let(add(shl(extendU(sub(field, i32(1))), i64(F.fraction)), rounded));
    f.if(geU(result, i64(F.infinity)), () => {
      note(f, OVERFLOW);
      f.if(maskOf(OVERFLOW), () => note(f, PRECISION));
      f.set(result, sub(i64(F.infinity), extendU(eqz(increment))));
    });
    f.return(or(result, sign));
  });
}
