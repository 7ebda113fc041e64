import { readableAt } from '../../memory/access.ts';
import {
  add,
  and,
  clz,
  ctz,
  eqz,
  extendU,
  geU,
  type I64,
  i32,
  i64,
  loadBits,
  ltU,
  neg,
  not,
  or,
  popcnt,
  rotr,
  select,
  shl,
  shrS,
  shrU,
  sub,
  xor,
} from '../../wasm/expressions.ts';
import type { Local } from '../../wasm/functionBuilder.ts';
import { maskTo, signedFrom } from '../../wasm/width.ts';
import type { Definition, Emitter, Modified } from '../engine/emitter.ts';
import { carryWord, flagShift, setCF, shiftUp } from '../flags.ts';

/** SDM Vol. 2: bit test, bit scan, counts, and BMI1/BMI2. */
const WORDS = [16, 32, 64] as const;
const QUADS = [32, 64] as const;

/**
 * The operand of BT and its kin. With a register bit offset and a memory base the offset reaches beyond the operand:
 * the unit at base + size/8 × (offset ÷ size) is accessed.
 */
function bitString(e: Emitter, write: boolean): Modified & { position: Local<'i64'> } {
  const { f, size } = e;
  const offset = e.read(1);
  const position = f.let(and(offset, i64(size - 1)));
  if (e.form.shape !== 'mr') {
    if (write) return { ...e.modify(0), position };
    const value = e.read(0);
    return { value, write: () => undefined, position };
  }
  const unit = shrS(signedFrom(offset, size), i64(Math.log2(size)));
  const linear = e.linear(0, size, write, shl(unit, i64(Math.log2(size / 8))));
  if (!write) {
    return {
      value: f.let(loadBits(size, readableAt(e, linear, size / 8, e.stackBit()))),
      write: () => undefined,
      position,
    };
  }
  const site = e.modifiable(linear, size / 8);
  return {
    value: f.let(loadBits(size, site.host)),
    write: (value) => {
      f.storeBits(size, site.host, value);
      site.commit();
    },
    position,
  };
}

const bitTest = (name: string, change?: (value: I64, bit: I64) => I64): Definition => ({
  name,
  sizes: WORDS,
  shapes: ['rr', 'mr', 'ri', 'mi'],
  emit: (e) => {
    const operand = bitString(e, change !== undefined);
    const cf = e.f.let(and(shrU(operand.value, operand.position), i64(1)));
    if (change) operand.write(maskTo(change(operand.value, shl(i64(1), operand.position)), e.size));
    setCF(e.flags, cf);
  },
});

/** ZF (and CF for the counting forms) from a scan; the result's other flags follow from a cleared result. */
function setScanFlags(e: Emitter, zf: I64, cf: I64): void {
  e.flags.set(select(eqz(zf), i64(2 ** 40), i64(0)), carryWord(cf, i64(0)), i32(flagShift(e.size)));
}

/** BSF and BSR: a zero source leaves the destination as it is and sets ZF. */
const scan = (name: string, find: (value: I64, size: number) => I64): Definition => ({
  name,
  sizes: WORDS,
  shapes: ['rr', 'rm'],
  emit: (e) => {
    const source = e.read(1);
    const destination = e.modify(0);
    e.f.if(
      eqz(source),
      // Written back only where that clears nothing: a 32-bit destination keeps its upper half.
      () => undefined,
      () => destination.write(find(source, e.size)),
    );
    setScanFlags(e, extendU(eqz(source)), i64(0));
  },
});

const count = (name: string, counted: (value: I64, size: number) => I64): Definition => ({
  name,
  sizes: WORDS,
  shapes: ['rr', 'rm'],
  emit: (e) => {
    const source = e.read(1);
    const result = e.f.let(counted(source, e.size));
    e.writer(0).write(result);
    setScanFlags(e, extendU(eqz(result)), extendU(eqz(source)));
  },
});

const sizeLimited = (value: I64, size: number): I64 => select(geU(value, i64(size)), i64(size), value);

function logicResult(e: Emitter, result: Local<'i64'>, cf: I64): void {
  e.flags.set(shiftUp(result, e.size), carryWord(cf, i64(0)), i32(flagShift(e.size)));
}

/** BLSR, BLSMSK, BLSI: destination from source; CF as each defines it. */
const lowest = (name: string, operate: (x: I64) => I64, cf: (x: I64) => I64): Definition => ({
  name,
  sizes: QUADS,
  shapes: ['rr', 'rm'],
  emit: (e) => {
    const source = e.read(1);
    const result = e.f.let(maskTo(operate(source), e.size));
    e.writer(0).write(result);
    logicResult(e, result, cf(source));
  },
});

/** SARX, SHLX, SHRX: no flags, count from a register. */
const shiftX = (name: string, operate: (value: I64, count: I64, size: number) => I64): Definition => ({
  name,
  sizes: QUADS,
  shapes: ['rrr', 'rmr'],
  emit: (e) => {
    const source = e.read(1);
    const by = e.f.let(and(e.read(2), i64(e.size - 1)));
    e.writer(0).write(maskTo(operate(source, by, e.size), e.size));
  },
});

/** PDEP and PEXT, one mask bit an iteration. */
const scatterGather = (name: string, deposit: boolean): Definition => ({
  name,
  sizes: QUADS,
  shapes: ['rrr', 'rrm'],
  emit: (e) => {
    const { f } = e;
    const source = f.let(e.read(1));
    const mask = f.let(e.read(2));
    const result = f.let(i64(0));
    const position = f.let(i64(0));
    f.block((done) => {
      f.loop((again) => {
        f.branchIf(eqz(mask), done);
        const low = f.let(and(mask, neg(mask)));
        if (deposit) {
          f.if(bitSet(shrU(source, position)), () => f.set(result, or(result, low)));
        } else {
          f.if(eqz(eqz(and(source, low))), () => f.set(result, or(result, shl(i64(1), position))));
        }
        f.set(position, add(position, i64(1)));
        f.set(mask, xor(mask, low));
        f.branch(again);
      });
    });
    e.writer(0).write(result);
  },
});
const bitSet = (value: I64) => eqz(eqz(and(value, i64(1))));

export const bits: readonly Definition[] = [
  bitTest('bt'),
  bitTest('bts', (value, bit) => or(value, bit)),
  bitTest('btr', (value, bit) => and(value, not(bit))),
  bitTest('btc', (value, bit) => xor(value, bit)),
  scan('bsf', (value) => ctz(value)),
  scan('bsr', (value) => sub(i64(63), clz(value))),
  count('tzcnt', (value, size) => sizeLimited(ctz(value), size)),
  count('lzcnt', (value, size) => sub(clz(value), i64(64 - size))),
  {
    name: 'popcnt',
    sizes: WORDS,
    shapes: ['rr', 'rm'],
    emit: (e) => {
      const source = e.read(1);
      e.writer(0).write(popcnt(source));
      // All other flags are cleared, PF too.
      e.flags.set(select(eqz(source), i64(0), i64(0x100)), i64(0), i32(1 << 9));
    },
  },
  {
    name: 'andn',
    sizes: QUADS,
    shapes: ['rrr', 'rrm'],
    emit: (e) => {
      const first = e.read(1);
      const result = e.f.let(maskTo(and(not(first), e.read(2)), e.size));
      e.writer(0).write(result);
      logicResult(e, result, i64(0));
    },
  },
  {
    name: 'bextr',
    sizes: QUADS,
    shapes: ['rrr', 'rmr'],
    emit: (e) => {
      const { f, size } = e;
      const source = e.read(1);
      const control = e.read(2);
      const start = f.let(and(control, i64(0xff)));
      const length = f.let(and(shrU(control, i64(8)), i64(0xff)));
      const shifted = select(ltU(start, i64(size)), shrU(source, start), i64(0));
      const result = f.let(select(ltU(length, i64(size)), and(shifted, sub(shl(i64(1), length), i64(1))), shifted));
      e.writer(0).write(result);
      logicResult(e, result, i64(0));
    },
  },
  {
    name: 'bzhi',
    sizes: QUADS,
    shapes: ['rrr', 'rmr'],
    emit: (e) => {
      const { f, size } = e;
      const source = e.read(1);
      const index = f.let(and(e.read(2), i64(0xff)));
      const inside = f.let(ltU(index, i64(size)));
      const result = f.let(select(inside, and(source, sub(shl(i64(1), index), i64(1))), source));
      e.writer(0).write(result);
      logicResult(e, result, extendU(eqz(inside)));
    },
  },
  lowest(
    'blsr',
    (x) => and(x, sub(x, i64(1))),
    (x) => extendU(eqz(x)),
  ),
  lowest(
    'blsmsk',
    (x) => xor(x, sub(x, i64(1))),
    (x) => extendU(eqz(x)),
  ),
  lowest(
    'blsi',
    (x) => and(x, neg(x)),
    (x) => extendU(eqz(eqz(x))),
  ),
  shiftX('shlx', (value, by) => shl(value, by)),
  shiftX('shrx', (value, by) => shrU(value, by)),
  shiftX('sarx', (value, by, size) => shrS(signedFrom(value, size), by)),
  {
    name: 'rorx',
    sizes: QUADS,
    shapes: ['rri', 'rmi'],
    emit: (e) => {
      const source = e.read(1);
      const by = e.f.let(and(e.immediate(), i64(e.size - 1)));
      const wide = e.size === 64 ? source : or(source, shl(source, i64(32)));
      e.writer(0).write(maskTo(rotr(wide, by), e.size));
    },
  },
  scatterGather('pdep', true),
  scatterGather('pext', false),
];
