import { and, eqz, type I32, i32, or, shrU, wrap, xor } from '../../wasm/expressions.ts';
import type { FunctionBuilder } from '../../wasm/functionBuilder.ts';
import type { FunctionReference } from '../../wasm/moduleBuilder.ts';
import type { Core } from '../engine/core.ts';
import { ENGINE, get32, get64, put32, STATE } from '../state.ts';

/** MXCSR (SDM Vol. 1 §10.2.3): sticky exception flags, DAZ, masks, rounding control, FTZ. */
export const INVALID = 1;
export const DENORMAL = 2;
export const DIVIDE_BY_ZERO = 4;
export const OVERFLOW = 8;
export const UNDERFLOW = 16;
export const PRECISION = 32;
export const EXCEPTIONS = 0x3f;
export const DAZ = 0x40;
export const MASK_SHIFT = 7;
export const MASKS = EXCEPTIONS << MASK_SHIFT;
export const ROUNDING_SHIFT = 13;
export const FTZ = 0x8000;
/** Every bit but the sticky exception flags. */
export const CONTROL = 0xffc0;
/** Nearest rounding, all exceptions masked, neither DAZ nor FTZ. */
export const DEFAULT_CONTROL = MASKS;

/** Rounding control (SDM Vol. 1 Table 4-8). */
export const ROUND = { NEAREST: 0, DOWN: 1, UP: 2, TRUNCATE: 3 } as const;

const PRE_COMPUTATION = INVALID | DENORMAL | DIVIDE_BY_ZERO;
const CR4_OSXMMEXCPT = 1 << 10;
const XM = 19;
const UD = 6;

export const mxcsr = (): I32 => get32(STATE.mxcsr);
export const rounding = (): I32 => and(shrU(mxcsr(), i32(ROUNDING_SHIFT)), i32(3));
export const maskOf = (exception: number): I32 => and(mxcsr(), i32(exception << MASK_SHIFT));

/** Notes exceptions of the running instruction; `conclude` takes them to MXCSR. */
export function note(f: FunctionBuilder, exceptions: I32 | number): void {
  const added = typeof exceptions === 'number' ? i32(exceptions) : exceptions;
  put32(f, ENGINE.floatFlags, or(get32(ENGINE.floatFlags), added));
}

/**
 * () → 0, or 1 with the fault recorded: ends the computation of an instruction. Sets the sticky flags; an unmasked
 * exception is #XM, or #UD without CR4.OSXMMEXCPT. An unmasked invalid, denormal or zero-divide exception of any
 * element comes before the computation, so that no other flag is set then (SDM Vol. 1 §11.5.3).
 */
export function defineConclude(core: Core, reference: FunctionReference<'i32'>): void {
  core.module.define(reference, (f) => {
    const noted = f.let(get32(ENGINE.floatFlags));
    f.if(eqz(noted), () => f.return(i32(0)));
    put32(f, ENGINE.floatFlags, i32(0));
    const unmasked = f.let(and(noted, xor(shrU(mxcsr(), i32(MASK_SHIFT)), i32(-1))));
    f.if(and(unmasked, i32(PRE_COMPUTATION)), () => f.set(noted, and(noted, i32(PRE_COMPUTATION))));
    put32(f, STATE.mxcsr, or(mxcsr(), noted));
    f.if(unmasked, () => {
      f.if(
        and(wrap(get64(STATE.cr4)), i32(CR4_OSXMMEXCPT)),
        () => f.run(core.raise, i32(XM)),
        () => f.run(core.raise, i32(UD)),
      );
      f.return(i32(1));
    });
    f.return(i32(0));
  });
}
