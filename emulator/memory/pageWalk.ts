import type { Core } from '../cpu/engine/core.ts';
import { ENGINE, get32, get64, STATE } from '../cpu/state.ts';
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
  shrU,
  wrap,
  xor,
} from '../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../wasm/functionBuilder.ts';
import type { FunctionReference } from '../wasm/moduleBuilder.ts';
import { TLB, TLB_PAT_SHIFT } from './architecturalTlb.ts';
import {
  CR4_LA57,
  CR4_PAE,
  FIVE_LEVEL,
  FOUR_LEVEL,
  levelShift,
  PAE,
  PAGING_FEATURE,
  type PagingMode,
  THIRTY_TWO_BIT,
} from './pagingModes.ts';
import { ACCESS, accessErrorBits, userAccess } from './rights.ts';
import { insertStructure, STRUCTURE, structureMatches, structurePlace } from './structureCaches.ts';

/** Page walks (SDM Vol. 3A §4.3–4.5): emitted code for each paging mode. */
const CR4_PSE = 1 << 4;
const CR4_PGE = 1 << 7;
const EFER_LMA = 1 << 10;
const EFER_NXE = 1 << 11;
const PTE = { P: 1, RW: 2, US: 4, A: 32, D: 64, PS: 128, G: 256 } as const;
const FRAME = 0x000f_ffff_ffff_f000n;

const low = (field: { address: number; bits: 32 | 64 }): I32 => load32(i32(0), field.address);
const has = (value: I32, bits: number): I32 => ne(and(value, i32(bits)), i32(0));
const lacks = (feature: number): I32 => eqz(and(get32(ENGINE.pagingFeatures), i32(feature)));

interface Entry {
  readonly level: number;
  readonly address: Local<'i64'>;
  readonly value: Local<'i64'>;
  /** Where the entry leads, and the rights of the way so far (`TLB` W, U, X). */
  next?: { readonly table: Local<'i64'>; readonly rights: Local<'i32'> };
}

interface WalkFunctions {
  readonly checkRights: FunctionReference<'i32'>;
  /** The walk itself, to begin again. */
  readonly self: FunctionReference<'i64'>;
  /** (linear): drops the structure entries that a walk would start from. */
  readonly dropStructures: FunctionReference;
}

/**
 * Walks the tables of one mode: (linear, access) → physical address, or -1 with #PF recorded. It starts from the lowest
 * level that the paging-structure caches have; what they have leads to no fault: the walk then begins again at the root.
 */
class Walk {
  readonly f: FunctionBuilder;
  readonly core: Core;
  readonly mode: PagingMode;
  readonly functions: WalkFunctions;
  readonly linear: Local<'i64'>;
  readonly access: Local<'i32'>;
  /** Flags of the translation (`TLB`), narrowed entry by entry. */
  readonly flags: Local<'i32'>;
  readonly physical: Local<'i64'>;
  readonly sizeClass: Local<'i32'>;
  /** Level of the first entry that is read, and the table it is in. */
  readonly start: Local<'i32'>;
  readonly table: Local<'i64'>;
  readonly entries: Entry[] = [];

  constructor(f: FunctionBuilder, core: Core, mode: PagingMode, functions: WalkFunctions) {
    this.functions = functions;
    this.f = f;
    this.core = core;
    this.mode = mode;
    this.linear = f.parameter<'i64'>(0);
    this.access = f.parameter<'i32'>(1);
    this.flags = f.let(i32(TLB.W | TLB.U | TLB.X));
    this.physical = f.local('i64');
    this.sizeClass = f.local('i32');
    this.start = f.local('i32');
    this.table = f.local('i64');
  }

  fault(code: I32): void {
    const { f, access } = this;
    this.orAgain();
    f.run(this.core.raisePageFault, this.linear, or(code, accessErrorBits(access, userAccess(access))));
    f.return(i64(-1));
  }

  /** Begins again at the root, if it was not from there that the walk came. */
  private orAgain(): void {
    const { f, mode, functions, linear, access } = this;
    f.if(ne(this.start, i32(mode.levels)), () => {
      f.run(functions.dropStructures, linear);
      f.returnCall(functions.self, linear, access);
    });
  }

  /** Sets `start` and `table`. */
  private begin(): void {
    const { f, mode, linear, start, table, flags } = this;
    f.block((found) => {
      for (let level = 2; level <= mode.levels; level++) {
        const place = f.let(structurePlace(mode, level, linear));
        f.if(structureMatches(mode, level, linear, place), () => {
          const entry = f.let(load64(place, STRUCTURE.table));
          f.set(table, and(entry, i64(-4096)));
          f.set(flags, and(wrap(entry), i32(TLB.W | TLB.U | TLB.X)));
          f.set(start, i32(level - 1));
          f.branch(found);
        });
      }
      f.set(start, i32(mode.levels));
      f.set(table, this.root());
    });
  }

  /** Bits that must be clear in every present entry. */
  private reserved(): I64 {
    if (this.mode.entryBytes === 4) return i64(0);
    const executeDisable = select(has(low(STATE.efer), EFER_NXE), i64(0), i64(1n << 63n));
    // Above MAXPHYADDR; in PAE paging up to bit 62.
    const upTo = this.mode === PAE ? 0x7fff_ffff_ffff_f000n : FRAME;
    return this.f.let(or(and(xor(get64(ENGINE.maxPhysicalMask), i64(-1)), i64(upTo)), executeDisable));
  }

  private root(): I64 {
    const { f, mode } = this;
    if (mode === THIRTY_TWO_BIT) return and(get64(STATE.cr3), i64(0xffff_f000));
    if (mode !== PAE) return and(get64(STATE.cr3), and(get64(ENGINE.maxPhysicalMask), i64(-4096)));
    // The PDPTE registers, loaded with CR3, have no access rights.
    const register = shl(and(wrap(shrU(this.linear, i64(30))), i32(3)), i32(3));
    const pdpte = f.let(load64(register, STATE.pdpte0.address));
    f.if(eqz(and(wrap(pdpte), i32(PTE.P))), () => this.fault(i32(0)));
    return and(pdpte, i64(FRAME));
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

  private leafFlags(value: I64, pat: number): void {
    const { f, flags, mode } = this;
    const v = f.let(wrap(value));
    // A shadow-stack page: R/W=0 and D=1 here, R/W=1 in every entry above (so W is still set in `flags`).
    f.if(and(eqz(and(v, i32(PTE.RW))), and(has(v, PTE.D), has(flags, TLB.W))), () => {
      f.set(flags, or(flags, i32(TLB.SHADOW)));
    });
    f.if(has(v, PTE.D), () => f.set(flags, or(flags, i32(TLB.D))));
    f.if(and(has(v, PTE.G), has(low(STATE.cr4), CR4_PGE)), () => f.set(flags, or(flags, i32(TLB.G))));
    const cacheControl = or(and(shrU(v, i32(3)), i32(3)), shl(has(v, pat), i32(2)));
    f.set(flags, or(flags, shl(cacheControl, i32(TLB_PAT_SHIFT))));
    if (mode !== THIRTY_TWO_BIT) f.set(flags, or(flags, shl(and(wrap(shrU(value, i64(59))), i32(15)), i32(8))));
  }

  /** The entry maps a page of 2^shift bytes. */
  private leaf(level: number, shift: number, value: Local<'i64'>): void {
    const { f, mode, linear } = this;
    let frame = and(value, i64(FRAME & -(1n << BigInt(shift))));
    if (mode === THIRTY_TWO_BIT && level === 2) {
      // PSE-36: bits 20:13 are the page's bits 39:32, as far as MAXPHYADDR goes; bit 21 is reserved.
      const upper = f.let(shl(and(shrU(value, i64(13)), i64(0x1ff)), i64(32)));
      const allowed = select(
        lacks(PAGING_FEATURE.PSE36),
        i64(0),
        and(get64(ENGINE.maxPhysicalMask), i64(0xff_ffff_ffff)),
      );
      f.if(eqz(eqz(and(upper, xor(allowed, i64(-1))))), () => this.fault(i32(9)));
      frame = or(frame, upper);
    } else if (level > 1) {
      // Bits between the page-size bit's PAT (12) and the frame are reserved in a large page.
      f.if(eqz(eqz(and(value, i64(2 ** shift - 2 ** 13)))), () => this.fault(i32(9)));
    }
    const pat = level === 1 ? 1 << 7 : 1 << 12;
    f.if(has(wrap(value), pat), () => f.if(lacks(PAGING_FEATURE.PAT), () => this.fault(i32(9))));
    this.leafFlags(value, pat);
    this.narrow(value);
    f.set(this.physical, or(frame, and(linear, i64(2 ** shift - 1))));
    // A 4-MiB page is held in the TLB as one of 2 MiB.
    f.set(this.sizeClass, i32(level - 1));
  }

  private descend(): void {
    const { f, mode, linear, table, start } = this;
    const reserved = this.reserved();
    f.block((found) => {
      for (let level = mode.levels; level >= 1; level--) {
        f.if(geU(start, i32(level)), () => {
          const shift = levelShift(mode, level);
          const index = and(shrU(linear, i64(shift)), i64(2 ** mode.indexBits - 1));
          const address = f.let(add(table, shl(index, i64(Math.log2(mode.entryBytes)))));
          const value = this.readEntry(address);
          const entry: Entry = { level, address, value };
          this.entries.push(entry);
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
          if (level > 3) f.if(large, () => this.fault(i32(9)));
          else if (mode === THIRTY_TWO_BIT) f.if(and(large, has(low(STATE.cr4), CR4_PSE)), mapPage);
          else {
            f.if(large, () => {
              if (level === 3) f.if(lacks(PAGING_FEATURE.GIGABYTE_PAGES), () => this.fault(i32(9)));
              mapPage();
            });
          }
          this.narrow(value);
          f.set(table, and(value, i64(FRAME)));
          entry.next = { table: f.let(table), rights: f.let(this.flags) };
        });
      }
    });
  }

  /** Accessed bits on the way, the dirty bit of the leaf for a write. */
  private mark(): void {
    const { f, flags, sizeClass, access } = this;
    for (const entry of this.entries) {
      const { level, value } = entry;
      f.if(and(geU(i32(level - 1), sizeClass), geU(this.start, i32(level))), () => {
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

  /** The entries that led further down are walked from next time. Their accessed bits are set by now. */
  private remember(): void {
    const { f, mode, linear } = this;
    for (const { level, next } of this.entries) {
      if (!next) continue;
      f.if(and(geU(i32(level - 2), this.sizeClass), geU(this.start, i32(level))), () => {
        insertStructure(f, mode, level, linear, next.table, extendU(next.rights));
      });
    }
  }

  emit(): void {
    const { f, core, flags, access, linear } = this;
    this.begin();
    this.descend();
    const code = f.let(f.call(this.functions.checkRights, flags, access));
    f.if(code, () => {
      this.orAgain();
      f.run(core.raisePageFault, linear, code);
      f.return(i64(-1));
    });
    this.mark();
    this.remember();
    f.run(core.tlbInsert, linear, this.physical, flags, this.sizeClass);
    f.return(this.physical);
  }
}

/**
 * Walks the tables, checks the access, sets accessed and dirty bits and fills the architectural TLB: (linear, access) →
 * physical address, or -1 with #PF recorded.
 */
export function defineWalks(core: Core, checkRights: FunctionReference<'i32'>): FunctionReference<'i64'> {
  const m = core.module;
  const define = (mode: PagingMode) => {
    const self = m.declare(`walk ${mode.name}`, ['i64', 'i32'], ['i64']);
    const dropStructures = m.declare(`drop structures ${mode.name}`, ['i64']);
    m.define(dropStructures, (f) => {
      const linear = f.parameter<'i64'>(0);
      for (let level = 2; level <= mode.levels; level++) {
        const place = f.let(structurePlace(mode, level, linear));
        f.if(structureMatches(mode, level, linear, place), () => f.store64(place, i64(0), STRUCTURE.tag));
      }
    });
    m.define(self, (f) => new Walk(f, core, mode, { checkRights, self, dropStructures }).emit());
    return self;
  };
  const [fiveLevel, fourLevel, pae, thirtyTwoBit] = [
    define(FIVE_LEVEL),
    define(FOUR_LEVEL),
    define(PAE),
    define(THIRTY_TWO_BIT),
  ];
  const walk = m.declare('walk', ['i64', 'i32'], ['i64']);
  m.define(walk, (f) => {
    const linear = f.parameter<'i64'>(0);
    const access = f.parameter<'i32'>(1);
    f.if(has(low(STATE.efer), EFER_LMA), () => {
      f.if(has(low(STATE.cr4), CR4_LA57), () => f.returnCall(fiveLevel, linear, access));
      f.returnCall(fourLevel, linear, access);
    });
    f.if(has(low(STATE.cr4), CR4_PAE), () => f.returnCall(pae, linear, access));
    f.returnCall(thirtyTwoBit, linear, access);
  });
  return walk;
}
