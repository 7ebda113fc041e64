import { readableAt, writableAt } from '../../../memory/access.ts';
import { and, eqz, extendS, i32, i64, load16U, load64, select, shl, shrS, wrap } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { ROUND } from '../../softfloat/mxcsr.ts';
import { type Extended, getWord, INDEFINITE, rounding } from '../../x87/extended.ts';
import { waitForExceptions } from '../../x87/numericErrors.ts';
import {
  BEFORE_MEMORY,
  BEFORE_REGISTER,
  isEmpty,
  noteUnderflow,
  pop,
  readSt,
  writeIndefinite,
  writeSt,
} from '../../x87/operations.ts';
import { detail, opcode, record } from './access.ts';

/** SDM Vol. 2: FLD, FST(P), FILD, FIST(P), FISTTP, and arithmetic with memory. `detail` bit 0 pops, bit 1 truncates. */
const POP = 1;
const TRUNCATE = 2;
/** FSTPNCE: an empty ST(0) is only popped. */
const SILENT = 16;

/** A binary32 or binary64 operand as a pair. */
export function readFloat(e: Emitter): Extended {
  const pattern = e.read(0);
  const { softfloat } = e.core;
  const significand = e.f.let(e.f.call(e.size === 32 ? softfloat.from32X : softfloat.from64X, pattern));
  return { significand, word: e.f.let(getWord()) };
}

function readInteger(e: Emitter): Extended {
  const value = e.read(0);
  const signed = e.size === 64 ? value : shrS(shl(value, i64(64 - e.size)), i64(64 - e.size));
  const significand = e.f.let(e.f.call(e.core.softfloat.fromIntegerX, signed));
  return { significand, word: e.f.let(getWord()) };
}

const operate = (name: string, sizes: readonly number[], read: (e: Emitter) => Extended): Definition => ({
  name,
  sizes,
  shapes: ['m'],
  rare: true,
  emit: (e) => {
    waitForExceptions(e);
    const { significand, word } = read(e);
    record(e);
    e.f.run(e.core.softfloat.operateX87, detail(e), significand, word, opcode(e));
  },
});

const push = (e: Emitter, x: Extended): void => e.f.run(e.core.softfloat.pushX87, x.significand, x.word, opcode(e));

const popIf = (e: Emitter): void => e.f.if(and(detail(e), i32(POP)), () => pop(e.f));

export const loads: readonly Definition[] = [
  operate('x87.f', [32, 64], readFloat),
  operate('x87.i', [16, 32], readInteger),
  {
    name: 'fld.f',
    sizes: [32, 64],
    shapes: ['m'],
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      const x = readFloat(e);
      record(e);
      f.set(x.significand, f.call(e.core.softfloat.settleX, x.significand, x.word));
      f.set(x.word, getWord());
      push(e, x);
    },
  },
  {
    name: 'fild',
    sizes: [16, 32, 64],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      waitForExceptions(e);
      const x = readInteger(e);
      record(e);
      push(e, x);
    },
  },
  {
    name: 'fld.x',
    sizes: [80],
    shapes: ['m'],
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      const host = readableAt(e, e.linear(0, 80, false), 10, e.stackBit());
      const x = { significand: f.let(load64(host)), word: f.let(load16U(host, 8)) };
      record(e);
      push(e, x);
    },
  },
  {
    name: 'fst.f',
    sizes: [32, 64],
    shapes: ['m'],
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      const destination = e.writer(0);
      record(e);
      const { softfloat } = e.core;
      const value = f.let(i64(e.size === 32 ? 0xffc0_0000n : 0xfff8_0000_0000_0000n));
      f.if(
        isEmpty(i32(0)),
        () => noteUnderflow(f),
        () => {
          const x = readSt(f, i32(0));
          f.set(value, f.call(e.size === 32 ? softfloat.to32X : softfloat.to64X, x.significand, x.word));
        },
      );
      f.if(f.call(softfloat.concludeX87, i32(BEFORE_MEMORY), opcode(e)), () => {
        destination.write(value);
        popIf(e);
      });
    },
  },
  {
    name: 'fist',
    sizes: [16, 32, 64],
    shapes: ['m'],
    rare: true,
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      const destination = e.writer(0);
      record(e);
      const { softfloat } = e.core;
      const value = f.let(i64(1n << BigInt(e.size - 1)));
      f.if(
        isEmpty(i32(0)),
        () => noteUnderflow(f),
        () => {
          const x = readSt(f, i32(0));
          const mode = select(and(detail(e), i32(TRUNCATE)), i32(ROUND.TRUNCATE), rounding());
          f.set(value, f.call(softfloat.toIntegerX, x.significand, x.word, i32(e.size), mode));
        },
      );
      f.if(f.call(softfloat.concludeX87, i32(BEFORE_MEMORY), opcode(e)), () => {
        destination.write(value);
        popIf(e);
      });
    },
  },
  {
    name: 'fstp.x',
    sizes: [80],
    shapes: ['m'],
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      const site = writableAt(e, e.linear(0, 80, true), 10, e.stackBit());
      record(e);
      const x = readSt(f, i32(0));
      f.if(isEmpty(i32(0)), () => {
        noteUnderflow(f);
        f.set(x.significand, i64(INDEFINITE.significand));
        f.set(x.word, i32(INDEFINITE.word));
      });
      f.if(f.call(e.core.softfloat.concludeX87, i32(BEFORE_MEMORY), opcode(e)), () => {
        f.store64(site.host, x.significand);
        f.store16(site.host, x.word, 8);
        site.commit();
        pop(f);
      });
    },
  },
  {
    name: 'x87.r',
    sizes: [80],
    shapes: [''],
    emit: (e) => {
      waitForExceptions(e);
      record(e);
      e.f.run(e.core.softfloat.operateX87, detail(e), i64(0), i32(0), opcode(e));
    },
  },
  {
    name: 'fld.r',
    sizes: [80],
    shapes: [''],
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      record(e);
      const x = readSt(f, detail(e));
      f.if(isEmpty(detail(e)), () => {
        // An overflow of the stack comes first: `push` forgets this one then.
        noteUnderflow(f);
        f.set(x.significand, i64(INDEFINITE.significand));
        f.set(x.word, i32(INDEFINITE.word));
      });
      push(e, x);
    },
  },
  {
    name: 'fst.r',
    sizes: [80],
    shapes: [''],
    emit: (e) => {
      const { f } = e;
      waitForExceptions(e);
      record(e);
      // The register's number is above the bit that pops.
      const to = f.let(wrap(and(shrS(extendS(detail(e)), i64(1)), i64(7))));
      const missing = f.let(isEmpty(i32(0)));
      const x = readSt(f, i32(0));
      const silent = f.let(and(detail(e), i32(SILENT)));
      f.if(and(missing, eqz(silent)), () => noteUnderflow(f));
      f.if(f.call(e.core.softfloat.concludeX87, i32(BEFORE_REGISTER), opcode(e)), () => {
        f.if(
          eqz(missing),
          () => writeSt(f, to, x.significand, x.word),
          () => f.if(eqz(silent), () => writeIndefinite(f, to)),
        );
        popIf(e);
      });
    },
  },
];
