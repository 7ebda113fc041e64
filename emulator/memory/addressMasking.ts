import { get32, get64, STATE } from '../cpu/state.ts';
import { and, eq, eqz, type I32, i32, i64, ltS, or, shl, shrS, shrU, wrap } from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';
import { signExtends } from './canonical.ts';
import { CR4_LA57 } from './pagingModes.ts';
import { ACCESS } from './rights.ts';

/**
 * Linear-address masking (SDM Vol. 1 §3.3.7.2): data accesses of 64-bit code ignore the upper bits of a pointer but for
 * bit 63, which tells a user pointer (CR3.LAM_U57, LAM_U48) from a supervisor one (CR4.LAM_SUP). Fetches, the processor's
 * own accesses and those of the shadow stack are not masked. The fast TLB never holds an address with metadata, so that
 * masking is met only here.
 */
const CR4_LAM_SUP = 1 << 28;
const LAM_U57 = 1;
const LAM_U48 = 2;

export function maskLinear(f: FunctionBuilder, linear: Local<'i64'>, access: I32): void {
  f.if(eqz(signExtends(linear, 48)), () => {
    const data = eqz(and(access, i32(ACCESS.FETCH | ACCESS.SHADOW | ACCESS.IMPLICIT)));
    f.if(and(data, eq(and(get32(STATE.context), i32(3)), i32(2))), () => {
      const cr4 = f.let(wrap(get64(STATE.cr4)));
      const user = f.let(and(wrap(shrU(get64(STATE.cr3), i64(61))), i32(3)));
      const mask = (bits: 48 | 57, sign: bigint) => {
        const extended = shrS(shl(linear, i64(64 - bits)), i64(64 - bits));
        f.set(linear, or(and(extended, i64(0x7fff_ffff_ffff_ffffn)), i64(sign)));
      };
      f.if(
        ltS(linear, i64(0)),
        () => {
          f.if(and(cr4, i32(CR4_LAM_SUP)), () => {
            f.if(
              and(cr4, i32(CR4_LA57)),
              () => mask(57, 1n << 63n),
              () => mask(48, 1n << 63n),
            );
          });
        },
        () => {
          f.if(
            and(user, i32(LAM_U57)),
            () => mask(57, 0n),
            () => f.if(and(user, i32(LAM_U48)), () => mask(48, 0n)),
          );
        },
      );
    });
  });
}
