import type { Core } from '../cpu/engine/core.ts';
import { CS, ENGINE, get32, get64, put32, put64, STATE, segment } from '../cpu/state.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  geU,
  type I32,
  type I64,
  i32,
  i64,
  load32,
  load64,
  ltS,
  ne,
  or,
  select,
  shl,
  shrS,
  shrU,
  sub,
  wrap,
  xor,
} from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';
import { markFetched, TLB, TLB_ENTRY } from './architecturalTlb.ts';

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
} as const;

const CR0_WP = 1 << 16;
const CR4_PGE = 1 << 7;
const CR4_SMEP = 1 << 20;
const CR4_SMAP = 1 << 21;
const CR4_PKE = 1 << 22;
const CR4_PKS = 1 << 24;
const EFER_NXE = 1 << 11;
const RFLAGS_AC = 1 << 18;

const PTE = { P: 1, RW: 2, US: 4, A: 32, D: 64, PS: 128, G: 256 } as const;
const low = (field: { address: number; bits: 32 | 64 }): I32 => load32(i32(0), field.address);
const has = (value: I32, bits: number): I32 => ne(and(value, i32(bits)), i32(0));

/** Whether an access is a user access (1) or a supervisor access (0). */
export function userAccess(access: I32): I32 {
  return or(has(access, ACCESS.USER), and(eqz(and(access, i32(ACCESS.IMPLICIT))), eq(get32(STATE.cpl), i32(3))));
}

/** The bits of a #PF error code that say what the access was (W, U, I, SS), without P. */
function accessErrorBits(access: I32, user: I32): I32 {
  const fetchReported = or(has(low(STATE.efer), EFER_NXE), has(low(STATE.cr4), CR4_SMEP));
  return or(
    or(shl(and(access, i32(1)), i32(1)), shl(user, i32(2))),
    or(
      shl(and(fetchReported, and(shrU(access, i32(1)), i32(1))), i32(4)),
      shl(and(shrU(access, i32(2)), i32(1)), i32(6)),
    ),
  );
}

/** Protection keys (SDM Vol. 3A §4.6.2): non-zero when the key refuses the data access. */
function keyRefuses(f: FunctionBuilder, flags: I32, access: I32, user: I32): Local<'i32'> {
  const refused = f.let(i32(0));
  const check = (rights: I32) => {
    const pair = f.let(shrU(rights, shl(and(shrU(flags, i32(8)), i32(15)), i32(1))));
    const writeRefused = and(and(shrU(pair, i32(1)), i32(1)), and(access, or(user, has(low(STATE.cr0), CR0_WP))));
    f.set(refused, or(and(pair, i32(1)), writeRefused));
  };
  f.if(eqz(and(access, i32(ACCESS.FETCH))), () => {
    f.if(
      has(flags, TLB.U),
      () => f.if(has(low(STATE.cr4), CR4_PKE), () => check(get32(STATE.pkru))),
      () => f.if(has(low(STATE.cr4), CR4_PKS), () => check(low(STATE.pkrs))),
    );
  });
  return refused;
}

/** Access rights of a translation (SDM Vol. 3A §4.6): 0, or the error code of the #PF. */
function defineCheckRights(core: Core) {
  const check = core.module.declare('checkRights', ['i32', 'i32'], ['i32']);
  core.module.define(check, (f) => {
    const flags = f.parameter<'i32'>(0);
    const access = f.parameter<'i32'>(1);
    const user = f.let(userAccess(access));
    const refuse = () => f.return(or(accessErrorBits(access, user), i32(1)));
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
    const key = keyRefuses(f, flags, and(access, i32(ACCESS.WRITE | ACCESS.FETCH)), user);
    f.if(key, () => f.return(or(or(accessErrorBits(access, user), i32(1)), i32(1 << 5))));
    f.return(i32(0));
  });
  return check;
}

/**
 * Walks the 4-level tables (SDM Vol. 3A §4.5), checks the access, sets accessed and dirty bits and fills the
 * architectural TLB. Returns the physical address, or -1 with #PF recorded.
 */
function defineWalk(core: Core, checkRights: ReturnType<typeof defineCheckRights>) {
  const walk = core.module.declare('walk', ['i64', 'i32'], ['i64']);
  core.module.define(walk, (f) => {
    const linear = f.parameter<'i64'>(0);
    const access = f.parameter<'i32'>(1);
    const fault = (code: I32) => {
      f.run(core.raisePageFault, linear, or(code, accessErrorBits(access, userAccess(access))));
      f.return(i64(-1));
    };
    const table = f.let(and(get64(STATE.cr3), and(get64(ENGINE.maxPhysicalMask), i64(-4096))));
    const flags = f.let(i32(TLB.W | TLB.U | TLB.X));
    // Bits that must be clear in every present entry: above MAXPHYADDR, and XD without EFER.NXE.
    const reserved = f.let(
      or(
        and(xor(get64(ENGINE.maxPhysicalMask), i64(-1)), i64(0x000f_ffff_ffff_f000n)),
        select(has(low(STATE.efer), EFER_NXE), i64(0), i64(1n << 63n)),
      ),
    );
    const physical = f.local('i64');
    const sizeClass = f.local('i32');
    const entries: { address: Local<'i64'>; value: Local<'i64'> }[] = [];
    const leafFlags = (value: I64) => {
      const v = f.let(wrap(value));
      // A shadow-stack page: R/W=0 and D=1 here, R/W=1 in every entry above (so W is still set in `flags`).
      f.if(and(eqz(and(v, i32(PTE.RW))), and(has(v, PTE.D), has(flags, TLB.W))), () => {
        f.set(flags, or(flags, i32(TLB.SHADOW)));
      });
      f.if(has(v, PTE.D), () => f.set(flags, or(flags, i32(TLB.D))));
      f.if(and(has(v, PTE.G), has(low(STATE.cr4), CR4_PGE)), () => f.set(flags, or(flags, i32(TLB.G))));
      f.set(flags, or(flags, shl(and(wrap(shrU(value, i64(59))), i32(15)), i32(8))));
    };
    const narrow = (value: I64) => {
      f.if(eqz(and(wrap(value), i32(PTE.RW))), () => f.set(flags, and(flags, i32(~TLB.W))));
      f.if(eqz(and(wrap(value), i32(PTE.US))), () => f.set(flags, and(flags, i32(~TLB.U))));
      f.if(ltS(value, i64(0)), () => f.set(flags, and(flags, i32(~TLB.X))));
    };
    f.block((found) => {
      for (let level = 4; level >= 1; level--) {
        const shift = 12 + (level - 1) * 9;
        const address = f.let(add(table, shl(and(shrU(linear, i64(shift)), i64(511)), i64(3))));
        const value = f.let(f.call(core.physicalRead64, address));
        entries.push({ address, value });
        f.if(eqz(and(wrap(value), i32(PTE.P))), () => fault(i32(0)));
        f.if(eqz(eqz(and(value, reserved))), () => fault(i32(9)));
        if (level === 4) f.if(and(wrap(value), i32(PTE.PS)), () => fault(i32(9)));
        const leaf = () => {
          // Bits between the page-size bit's PAT (12) and the frame are reserved in a large page.
          if (level > 1) {
            f.if(eqz(eqz(and(value, i64(2 ** shift - 2 ** 13)))), () => fault(i32(9)));
          }
          leafFlags(value);
          narrow(value);
          const frame = and(value, i64(0x000f_ffff_ffff_f000n & -(1n << BigInt(shift))));
          f.set(physical, or(frame, and(linear, i64(2 ** shift - 1))));
          f.set(sizeClass, i32(level - 1));
          f.branch(found);
        };
        if (level === 1) leaf();
        else {
          if (level <= 3) f.if(and(wrap(value), i32(PTE.PS)), leaf);
          narrow(value);
          f.set(table, and(value, i64(0x000f_ffff_ffff_f000n)));
        }
      }
    });
    const code = f.let(f.call(checkRights, flags, access));
    f.if(code, () => {
      f.run(core.raisePageFault, linear, code);
      f.return(i64(-1));
    });
    entries.forEach(({ address, value }, index) => {
      const levelsDown = 3 - index;
      f.if(geU(i32(levelsDown), sizeClass), () => {
        f.if(eqz(and(wrap(value), i32(PTE.A))), () => {
          f.set(value, or(value, i64(PTE.A)));
          f.run(core.physicalWrite64, address, value);
        });
        f.if(
          and(and(eq(sizeClass, i32(levelsDown)), has(access, ACCESS.WRITE)), eqz(and(wrap(value), i32(PTE.D)))),
          () => {
            f.run(core.physicalWrite64, address, or(value, i64(PTE.D)));
            f.set(flags, or(flags, i32(TLB.D)));
          },
        );
      });
    });
    f.run(core.tlbInsert, linear, physical, flags, sizeClass);
    f.return(physical);
  });
  return walk;
}

/** Bits 63:47 all equal (4-level paging; SDM Vol. 1 §3.3.7.1). */
export const isCanonical = (address: I64): I32 => eq(shrS(shl(address, i64(16)), i64(16)), address);

export function definePaging(core: Core): void {
  const checkRights = defineCheckRights(core);
  const walk = defineWalk(core, checkRights);

  core.module.define(core.translate, (f) => {
    const linear = f.parameter<'i64'>(0);
    const access = f.parameter<'i32'>(1);
    f.if(eqz(and(low(STATE.cr0), i32(1 << 31))), () => {
      f.return(and(linear, i64(0xffff_ffff)));
    });
    const entry = f.let(f.call(core.tlbFind, linear));
    f.if(entry, () => {
      const flags = f.let(load32(entry, TLB_ENTRY.flags));
      // A write through a clean translation walks again to set D; so does a refused access, since the tables may have
      // been loosened since (SDM Vol. 3A §4.10.4.3).
      const dirty = or(eqz(and(access, i32(ACCESS.WRITE))), has(flags, TLB.D));
      f.if(and(dirty, eqz(f.call(checkRights, flags, access))), () => {
        f.if(has(access, ACCESS.FETCH), () => markFetched(f, entry));
        const offsetMask = f.let(
          sub(shl(i64(1), extendU(add(i32(12), mulNine(and(shrU(flags, i32(12)), i32(3)))))), i64(1)),
        );
        f.return(or(load64(entry, TLB_ENTRY.physical), and(linear, offsetMask)));
      });
      f.run(core.tlbInvalidateEntry, entry);
    });
    const physical = f.let(f.call(walk, linear, access));
    f.if(and(has(access, ACCESS.FETCH), ne(wrap(physical), i32(-1))), () => {
      markFetched(f, f.call(core.tlbFind, linear));
    });
    f.return(physical);
  });

  core.module.define(core.fetch, (f) => {
    const linear = f.let(add(get64(STATE.rip), get64(segment(CS).base)));
    const samePage = eqz(shrU(xor(linear, get64(STATE.fetchLinear)), i64(12)));
    f.if(and(samePage, ne(get32(STATE.fetchPage), i32(-1))), () => {
      f.return(or(shl(get32(STATE.fetchPage), i32(12)), and(wrap(linear), i32(0xfff))));
    });
    f.if(eqz(isCanonical(linear)), () => {
      f.run(core.raiseError, i32(13), i32(0));
      f.return(i32(-1));
    });
    const physical = f.let(f.call(core.translate, linear, i32(ACCESS.FETCH)));
    f.if(eq(physical, i64(-1)), () => f.return(i32(-1)));
    f.if(geU(physical, get64(ENGINE.ramSize)), () => f.return(i32(-2)));
    put32(f, STATE.fetchPage, wrap(shrU(physical, i64(12))));
    put64(f, STATE.fetchLinear, and(linear, i64(-4096)));
    f.return(wrap(physical));
  });
}

/** 9 × n for n below 4: the shift between page sizes. */
const mulNine = (n: I32): I32 => add(shl(n, i32(3)), n);
