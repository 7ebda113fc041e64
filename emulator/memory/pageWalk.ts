import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get64, STATE } from '../cpu/state.ts';
import {
  add,
  and,
  eq,
  eqz,
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
  shrU,
  wrap,
  xor,
} from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';
import type { FunctionReference } from '../wasm/moduleBuilder.ts';
import { TLB } from './architecturalTlb.ts';
import { ACCESS, accessErrorBits, userAccess } from './rights.ts';

/** Page walks in the three paging modes of a processor without 5-level paging (SDM Vol. 3A §4.3–4.5). */
const CR4_PSE = 1 << 4;
const CR4_PAE = 1 << 5;
const CR4_PGE = 1 << 7;
const EFER_LMA = 1 << 10;
const EFER_NXE = 1 << 11;
const PTE = { P: 1, RW: 2, US: 4, A: 32, D: 64, PS: 128, G: 256 } as const;
const FRAME = 0x000f_ffff_ffff_f000n;

const low = (field: { address: number; bits: 32 | 64 }): I32 => load32(i32(0), field.address);
const has = (value: I32, bits: number): I32 => ne(and(value, i32(bits)), i32(0));

interface Mode {
  readonly name: string;
  /** Levels of tables in memory: 1 is the one with PTEs. */
  readonly levels: number;
  readonly indexBits: 9 | 10;
  readonly entryBytes: 4 | 8;
  /** Whether an entry at a level above 1 may map a page. */
  largeAt(level: number): boolean;
}

const FOUR_LEVEL: Mode = {
  name: 'walk4Level',
  levels: 4,
  indexBits: 9,
  entryBytes: 8,
  largeAt: (level) => level <= 3,
};
const PAE: Mode = { name: 'walkPae', levels: 2, indexBits: 9, entryBytes: 8, largeAt: () => true };
const THIRTY_TWO_BIT: Mode = { name: 'walk32Bit', levels: 2, indexBits: 10, entryBytes: 4, largeAt: () => true };

interface Entry {
  readonly level: number;
  readonly address: Local<'i64'>;
  readonly value: Local<'i64'>;
}

/** Walks the tables of one mode: (linear, access) → physical address, or -1 with #PF recorded. */
class Walk {
  readonly f: FunctionBuilder;
  readonly core: Core;
  readonly mode: Mode;
  readonly linear: Local<'i64'>;
  readonly access: Local<'i32'>;
  /** Flags of the translation (`TLB`), narrowed entry by entry. */
  readonly flags: Local<'i32'>;
  readonly physical: Local<'i64'>;
  readonly sizeClass: Local<'i32'>;
  readonly entries: Entry[] = [];

  constructor(f: FunctionBuilder, core: Core, mode: Mode) {
    this.f = f;
    this.core = core;
    this.mode = mode;
    this.linear = f.parameter<'i64'>(0);
    this.access = f.parameter<'i32'>(1);
    this.flags = f.let(i32(TLB.W | TLB.U | TLB.X));
    this.physical = f.local('i64');
    this.sizeClass = f.local('i32');
  }

  fault(code: I32): void {
    const { f, access } = this;
    f.run(this.core.raisePageFault, this.linear, or(code, accessErrorBits(access, userAccess(access))));
    f.return(i64(-1));
  }

  /** Bits that must be clear in every present entry. */
  private reserved(): I64 {
    if (this.mode.entryBytes === 4) return i64(0);
    const executeDisable = select(has(low(STATE.efer), EFER_NXE), i64(0), i64(1n << 63n));
    // Above MAXPHYADDR; in PAE paging up to bit 62.
    const upTo = this.mode === PAE ? 0x7fff_ffff_ffff_f000n : FRAME;
    return this.f.let(or(and(xor(get64(ENGINE.maxPhysicalMask), i64(-1)), i64(upTo)), executeDisable));
  }

  private table(): Local<'i64'> {
    const { f, mode } = this;
    if (mode === THIRTY_TWO_BIT) return f.let(and(get64(STATE.cr3), i64(0xffff_f000)));
    if (mode === FOUR_LEVEL) return f.let(and(get64(STATE.cr3), and(get64(ENGINE.maxPhysicalMask), i64(-4096))));
    // The PDPTE registers, loaded with CR3, have no access rights.
    const register = shl(and(wrap(shrU(this.linear, i64(30))), i32(3)), i32(3));
    const pdpte = f.let(load64(register, STATE.pdpte0.address));
    f.if(eqz(and(wrap(pdpte), i32(PTE.P))), () => this.fault(i32(0)));
    return f.let(and(pdpte, i64(FRAME)));
  }

  private readEntry(address: Local<'i64'>): Local<'i64'> {
    const { f, core } = this;
    if (this.mode.entryBytes === 8) return f.let(f.call(core.physicalRead64, address));
    const both = f.call(core.physicalRead64, and(address, i64(-8)));
    return f.let(and(shrU(both, shl(and(address, i64(4)), i64(3))), i64(0xffff_ffff)));
  }

  private writeEntry({ address, value }: Entry, bit: number): void {
    const { f, core } = this;
    if (this.mode.entryBytes === 8) f.run(core.physicalWrite64, address, or(value, i64(bit)));
    else {
      // Both entries of the quadword, as they are now.
      const at = f.let(and(address, i64(-8)));
      const shifted = shl(i64(bit), shl(and(address, i64(4)), i64(3)));
      f.run(core.physicalWrite64, at, or(f.call(core.physicalRead64, at), shifted));
    }
  }

  private narrow(value: I64): void {
    const { f, flags } = this;
    f.if(eqz(and(wrap(value), i32(PTE.RW))), () => f.set(flags, and(flags, i32(~TLB.W))));
    f.if(eqz(and(wrap(value), i32(PTE.US))), () => f.set(flags, and(flags, i32(~TLB.U))));
    f.if(ltS(value, i64(0)), () => f.set(flags, and(flags, i32(~TLB.X))));
  }

  private leafFlags(value: I64): void {
    const { f, flags } = this;
    const v = f.let(wrap(value));
    // A shadow-stack page: R/W=0 and D=1 here, R/W=1 in every entry above (so W is still set in `flags`).
    f.if(and(eqz(and(v, i32(PTE.RW))), and(has(v, PTE.D), has(flags, TLB.W))), () => {
      f.set(flags, or(flags, i32(TLB.SHADOW)));
    });
    f.if(has(v, PTE.D), () => f.set(flags, or(flags, i32(TLB.D))));
    f.if(and(has(v, PTE.G), has(low(STATE.cr4), CR4_PGE)), () => f.set(flags, or(flags, i32(TLB.G))));
    f.set(flags, or(flags, shl(and(wrap(shrU(value, i64(59))), i32(15)), i32(8))));
  }

  /** The entry maps a page of 2^shift bytes. */
  private leaf(level: number, shift: number, value: Local<'i64'>): void {
    const { f, mode, linear } = this;
    let frame = and(value, i64(FRAME & -(1n << BigInt(shift))));
    if (mode === THIRTY_TWO_BIT && level === 2) {
      // PSE-36: bits 20:13 are the page's bits 39:32, as far as MAXPHYADDR goes; bit 21 is reserved.
      const upper = f.let(shl(and(shrU(value, i64(13)), i64(0x1ff)), i64(32)));
      const tooHigh = xor(and(get64(ENGINE.maxPhysicalMask), i64(0xff_ffff_ffff)), i64(-1));
      f.if(eqz(eqz(and(upper, tooHigh))), () => this.fault(i32(9)));
      frame = or(frame, upper);
    } else if (level > 1) {
      // Bits between the page-size bit's PAT (12) and the frame are reserved in a large page.
      f.if(eqz(eqz(and(value, i64(2 ** shift - 2 ** 13)))), () => this.fault(i32(9)));
    }
    this.leafFlags(value);
    this.narrow(value);
    f.set(this.physical, or(frame, and(linear, i64(2 ** shift - 1))));
    // A 4-MiB page is held in the TLB as one of 2 MiB.
    f.set(this.sizeClass, i32(level - 1));
  }

  private descend(): void {
    const { f, mode, linear } = this;
    const table = this.table();
    const reserved = this.reserved();
    f.block((found) => {
      for (let level = mode.levels; level >= 1; level--) {
        const shift = 12 + (level - 1) * mode.indexBits;
        const index = and(shrU(linear, i64(shift)), i64(2 ** mode.indexBits - 1));
        const address = f.let(add(table, shl(index, i64(Math.log2(mode.entryBytes)))));
        const value = this.readEntry(address);
        this.entries.push({ level, address, value });
        f.if(eqz(and(wrap(value), i32(PTE.P))), () => this.fault(i32(0)));
        if (mode.entryBytes === 8) f.if(eqz(eqz(and(value, reserved))), () => this.fault(i32(9)));
        const mapPage = () => {
          this.leaf(level, shift, value);
          f.branch(found);
        };
        if (level === 1) {
          mapPage();
          return;
        }
        const large = has(wrap(value), PTE.PS);
        if (!mode.largeAt(level)) f.if(large, () => this.fault(i32(9)));
        else if (mode === THIRTY_TWO_BIT) f.if(and(large, has(low(STATE.cr4), CR4_PSE)), mapPage);
        else f.if(large, mapPage);
        this.narrow(value);
        f.set(table, and(value, i64(FRAME)));
      }
    });
  }

  /** Accessed bits on the way, the dirty bit of the leaf for a write. */
  private mark(): void {
    const { f, flags, sizeClass, access } = this;
    for (const entry of this.entries) {
      const { level, value } = entry;
      f.if(geU(i32(level - 1), sizeClass), () => {
        f.if(eqz(and(wrap(value), i32(PTE.A))), () => {
          f.set(value, or(value, i64(PTE.A)));
          this.writeEntry(entry, PTE.A);
        });
        const clean = and(has(access, ACCESS.WRITE), eqz(and(wrap(value), i32(PTE.D))));
        f.if(and(eq(sizeClass, i32(level - 1)), clean), () => {
          this.writeEntry(entry, PTE.D);
          f.set(flags, or(flags, i32(TLB.D)));
        });
      });
    }
  }

  emit(checkRights: FunctionReference<'i32'>): void {
    const { f, core, flags, access, linear } = this;
    this.descend();
    const code = f.let(f.call(checkRights, flags, access));
    f.if(code, () => {
      f.run(core.raisePageFault, linear, code);
      f.return(i64(-1));
    });
    this.mark();
    f.run(core.tlbInsert, linear, this.physical, flags, this.sizeClass);
    f.return(this.physical);
  }
}

/**
 * Walks the tables, checks the access, sets accessed and dirty bits and fills the architectural TLB: (linear, access) →
 * physical address, or -1 with #PF recorded.
 */
export function defineWalks(core: Core, checkRights: FunctionReference<'i32'>): FunctionReference<'i64'> {
  const [fourLevel, pae, thirtyTwoBit] = [FOUR_LEVEL, PAE, THIRTY_TWO_BIT].map((mode) => {
    const walk = core.module.declare(mode.name, ['i64', 'i32'], ['i64']);
    core.module.define(walk, (f) => new Walk(f, core, mode).emit(checkRights));
    return walk;
  }) as [FunctionReference<'i64'>, FunctionReference<'i64'>, FunctionReference<'i64'>];
  const walk = core.module.declare('walk', ['i64', 'i32'], ['i64']);
  core.module.define(walk, (f) => {
    const linear = f.parameter<'i64'>(0);
    const access = f.parameter<'i32'>(1);
    f.if(has(low(STATE.efer), EFER_LMA), () => f.returnCall(fourLevel, linear, access));
    f.if(has(low(STATE.cr4), CR4_PAE), () => f.returnCall(pae, linear, access));
    f.returnCall(thirtyTwoBit, linear, access);
  });
  return walk;
}
