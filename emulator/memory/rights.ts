import type { Core } from '../cpu/engine/core.ts';
import { get32, STATE } from '../cpu/state.ts';
import { and, eq, eqz, type I32, i32, load32, ne, or, shl, shrU } from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';
import type { FunctionReference } from '../wasm/moduleBuilder.ts';
import { TLB } from './architecturalTlb.ts';

/**
 * An access, as a word of bits. Explicit accesses are user accesses when CPL is 3; implicit ones (descriptor tables,
 * TSS, the interrupt SSP table) are supervisor accesses at any CPL (SDM Vol. 3A §4.6).
 */
export const ACCESS = {
  WRITE: 1,
  FETCH: 2,
  SHADOW: 4,
  /** A user access regardless of CPL (WRUSS). */
  USER: 8,
  /** A supervisor access regardless of CPL. */
  IMPLICIT: 16,
  /** The address came through SS: a non-canonical one is #SS, not #GP. */
  STACK: 32,
  /** The old content is read too. */
  MODIFY: 64,
  /** No #AC: the instruction has its own rule. */
  ANY_ALIGNMENT: 128,
} as const;

const CR0_WP = 1 << 16;
const CR4_PAE = 1 << 5;
const CR4_SMEP = 1 << 20;
const CR4_SMAP = 1 << 21;
const CR4_PKE = 1 << 22;
const CR4_PKS = 1 << 24;
const EFER_LMA = 1 << 10;
const EFER_NXE = 1 << 11;
const RFLAGS_AC = 1 << 18;

const low = (field: { address: number; bits: 32 | 64 }): I32 => load32(i32(0), field.address);
const has = (value: I32, bits: number): I32 => ne(and(value, i32(bits)), i32(0));

/** Whether an access is a user access (1) or a supervisor access (0). */
export function userAccess(access: I32): I32 {
  return or(has(access, ACCESS.USER), and(eqz(and(access, i32(ACCESS.IMPLICIT))), eq(get32(STATE.cpl), i32(3))));
}

/** The bits of a #PF error code that say what the access was (W, U, I, SS), without P. */
export function accessErrorBits(access: I32, user: I32): I32 {
  const executeDisable = and(has(low(STATE.efer), EFER_NXE), has(low(STATE.cr4), CR4_PAE));
  const fetchReported = or(executeDisable, has(low(STATE.cr4), CR4_SMEP));
  return or(
    or(shl(and(access, i32(1)), i32(1)), shl(user, i32(2))),
    or(
      shl(and(fetchReported, and(shrU(access, i32(1)), i32(1))), i32(4)),
      shl(and(shrU(access, i32(2)), i32(1)), i32(6)),
    ),
  );
}

/** Protection keys (SDM Vol. 3A §4.6.2; in IA-32e mode only): non-zero when the key refuses the data access. */
function keyRefuses(f: FunctionBuilder, flags: I32, access: I32, user: I32): Local<'i32'> {
  const refused = f.let(i32(0));
  const check = (rights: I32) => {
    const pair = f.let(shrU(rights, shl(and(shrU(flags, i32(8)), i32(15)), i32(1))));
    const writeRefused = and(and(shrU(pair, i32(1)), i32(1)), and(access, or(user, has(low(STATE.cr0), CR0_WP))));
    f.set(refused, or(and(pair, i32(1)), writeRefused));
  };
  f.if(and(eqz(and(access, i32(ACCESS.FETCH))), has(low(STATE.efer), EFER_LMA)), () => {
    f.if(
      has(flags, TLB.U),
      () => f.if(has(low(STATE.cr4), CR4_PKE), () => check(get32(STATE.pkru))),
      () => f.if(has(low(STATE.cr4), CR4_PKS), () => check(low(STATE.pkrs))),
    );
  });
  return refused;
}

/** Access rights of a translation (SDM Vol. 3A §4.6): 0, or the error code of the #PF. */
export function defineCheckRights(core: Core): FunctionReference<'i32'> {
  const check = core.module.declare('checkRights', ['i32', 'i32'], ['i32']);
  core.module.define(check, (f) => {
    const flags = f.parameter<'i32'>(0);
    const access = f.parameter<'i32'>(1);
    const user = f.let(userAccess(access));
    // The PK bit of the error code tells of the key whatever else refuses (SDM Vol. 3A §4.7).
    const key = keyRefuses(f, flags, and(access, i32(ACCESS.WRITE | ACCESS.FETCH)), user);
    const refuse = () => f.return(or(accessErrorBits(access, user), or(shl(key, i32(5)), i32(1))));
    const isUserPage = f.let(has(flags, TLB.U));
    f.if(
      has(access, ACCESS.FETCH),
      () => {
        f.if(eqz(and(flags, i32(TLB.X))), refuse);
        f.if(and(user, eqz(isUserPage)), refuse);
        f.if(and(eqz(user), and(isUserPage, has(low(STATE.cr4), CR4_SMEP))), refuse);
      },
      () => {
        f.if(
          has(access, ACCESS.SHADOW),
          () => {
            f.if(ne(user, isUserPage), refuse);
            f.if(eqz(and(flags, i32(TLB.SHADOW))), refuse);
          },
          () => {
            f.if(and(user, eqz(isUserPage)), refuse);
            f.if(and(eqz(user), and(isUserPage, has(low(STATE.cr4), CR4_SMAP))), () => {
              const exempt = and(eqz(and(access, i32(ACCESS.IMPLICIT))), has(get32(STATE.rflags), RFLAGS_AC));
              f.if(eqz(exempt), refuse);
            });
            f.if(and(has(access, ACCESS.WRITE), eqz(and(flags, i32(TLB.W)))), () => {
              f.if(or(user, has(low(STATE.cr0), CR0_WP)), refuse);
            });
          },
        );
      },
    );
    f.if(key, refuse);
    f.return(i32(0));
  });
  return check;
}
