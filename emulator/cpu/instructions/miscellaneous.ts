import { readableAt } from '../../memory/access.ts';
import { isCanonical } from '../../memory/paging.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  type I64,
  i32,
  i64,
  loadBits,
  mul,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { arithmeticFlags, loadArithmeticFlags, ZF } from '../flags.ts';
import { ENGINE, get32, get64, put32, put64, RAX, RBX, RCX, RDX, STATE } from '../state.ts';
import { REFUSES } from '../system/hostTable.ts';
import { waitForExceptions } from '../x87/numericErrors.ts';

/** SDM Vol. 2: NOP and hints, XLAT, CMPXCHG8B/16B, CRC32, UD. */
const UD = 6;
const NM = 7;
const SS = 12;
const GP = 13;

const CR4_OSXSAVE = 1 << 18;
const CR0_EM = 4;
const CR0_TS = 8;

/** ZF alone changes. */
function setZero(e: Emitter, zero: ReturnType<typeof eq>): void {
  const flags = e.f.let(or(and(arithmeticFlags(e.flags), i32(~ZF)), mul(zero, i32(ZF))));
  loadArithmeticFlags(e.flags, flags);
}

/** CMPXCHG8B and CMPXCHG16B: two registers of half the width against memory. */
function compareExchangePair(e: Emitter): void {
  const { f } = e;
  const half = e.size / 2;
  const bytes = e.size / 8;
  const linear = e.linear(0, e.size, true);
  if (bytes === 16) f.if(wrap(and(linear, i64(15))), () => e.raise(GP, 0));
  const site = e.modifiable(linear, bytes);
  const low = f.let(loadBits(half, site.host));
  const high = f.let(loadBits(half, site.host, half / 8));
  const halfOf = (register: number): I64 => (half === 64 ? e.gpr(register) : and(e.gpr(register), i64(0xffff_ffff)));
  const equal = f.let(and(eq(low, halfOf(RAX)), eq(high, halfOf(RDX))));
  f.storeBits(half, site.host, select(equal, e.gpr(RBX), low));
  f.storeBits(half, site.host, select(equal, e.gpr(RCX), high), half / 8);
  site.commit();
  f.if(eqz(equal), () => {
    e.setGpr(RAX, low);
    e.setGpr(RDX, high);
  });
  setZero(e, equal);
}

export const miscellaneous: readonly Definition[] = [
  // Hints with an operand do not access it.
  { name: 'nop', sizes: [0], shapes: [''], emit: () => undefined },
  {
    // A vCPU that waits gives its turn on.
    name: 'pause',
    sizes: [0],
    shapes: [''],
    emit: (e) => {
      e.f.if(get32(ENGINE.othersWait), () => {
        put32(e.f, ENGINE.turnGiven, i32(1));
        e.leave();
      });
      e.finish();
    },
  },
  { name: 'ud', sizes: [0], shapes: [''], emit: (e) => e.raise(UD) },
  { name: 'gp', sizes: [0], shapes: [''], emit: (e) => e.raise(GP, 0) },
  { name: 'nm', sizes: [0], shapes: [''], emit: (e) => e.raise(7) },
  { name: 'cmpxchg8b', sizes: [64], shapes: ['m'], emit: compareExchangePair },
  { name: 'cmpxchg16b', sizes: [128], shapes: ['m'], emit: compareExchangePair },
  {
    name: 'xlat',
    sizes: [8],
    shapes: [''],
    emit: (e) => {
      const { f } = e;
      const offset = add(e.gpr(RBX), and(e.gpr(RAX), i64(0xff)));
      const shift = f.let(extendU(e.addressBits()));
      const bits = f.let(sub(i64(64), shift));
      const masked = shrU(shl(offset, bits), bits);
      const linear = f.let(f.call(e.core.segmentLinear, e.segmentNumber(), masked, i32(1), i32(0)));
      f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), e.fault);
      const value = f.let(loadBits(8, readableAt(e, linear, 1, 0)));
      e.setGpr(RAX, or(and(e.gpr(RAX), i64(~0xffn)), value));
    },
  },
  {
    // CLFLUSH, CLFLUSHOPT, CLWB: the address is translated like that of a byte load; nothing is read.
    name: 'touch',
    sizes: [8],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      const linear = e.linear(0, 8, false);
      e.f.if(eqz(isCanonical(linear)), () => {
        e.f.if(e.stackBit(), () => e.raise(SS, 0));
        e.raise(GP, 0);
      });
      e.f.branchIf(eq(e.f.call(e.core.translate, linear, i32(0)), i64(-1)), e.fault);
    },
  },
  {
    // CRC32: polynomial 11EDC6F41h, reflected. The operand size is the source's.
    name: 'crc32',
    sizes: [8, 16, 32, 64],
    shapes: ['rr', 'rm'],
    emit: (e) => {
      const { f } = e;
      const source = e.read(1);
      const destination = e.modify(0, 32);
      const crc = f.let(destination.value);
      const chunks = e.size === 64 ? [source, shrU(source, i64(32))] : [source];
      for (const chunk of chunks) {
        const bits = Math.min(e.size, 32);
        f.set(crc, xor(crc, and(chunk, i64(2 ** bits - 1))));
        const left = f.let(i32(bits));
        f.loop((again) => {
          const carry = and(crc, i64(1));
          f.set(crc, xor(shrU(crc, i64(1)), mul(carry, i64(0x82f63b78))));
          f.set(left, add(left, i32(-1)));
          f.branchIf(left, again);
        });
      }
      destination.write(crc);
    },
  },
  {
    // Instructions in TypeScript find the linear address of their memory operand in ENGINE.scratch0.
    name: 'host',
    sizes: [0],
    shapes: ['', 'm'],
    rare: true,
    emit: (e) => {
      const { f, core } = e;
      if (e.form.shape === 'm') {
        const access = f.let(wrap(e.immediate(1)));
        f.if(and(access, i32(REFUSES.XSAVE)), () => {
          f.if(eqz(and(wrap(get64(STATE.cr4)), i32(CR4_OSXSAVE))), () => e.raise(UD));
          f.if(and(wrap(get64(STATE.cr0)), i32(CR0_TS)), () => e.raise(NM));
        });
        f.if(and(access, i32(REFUSES.FXSAVE)), () => {
          f.if(and(wrap(get64(STATE.cr0)), i32(CR0_TS | CR0_EM)), () => e.raise(NM));
        });
        f.if(and(access, i32(REFUSES.UNPRIVILEGED)), () => f.if(get32(STATE.cpl), () => e.raise(GP, 0)));
        f.if(and(access, i32(REFUSES.NUMERIC_ERROR)), () => waitForExceptions(e));
        const [bytes, write] = [and(access, i32(0xffff)), and(shrU(access, i32(16)), i32(0xff))];
        const linear = f.let(f.call(core.segmentLinear, e.segmentNumber(), e.offset(0), bytes, write));
        f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), e.fault);
        put64(f, ENGINE.scratch0, linear);
      }
      e.host();
    },
  },
];
