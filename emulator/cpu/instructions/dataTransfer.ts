import {
  and,
  eq,
  extend8S,
  extend16S,
  extend32S,
  extendU,
  type I64,
  i32,
  i64,
  or,
  rotl,
  select,
  shl,
  shrS,
  shrU,
  sub,
} from '../../wasm/expressions.ts';
import type { Definition, Emitter } from '../engine/emitter.ts';
import { condition, flagShift, shiftUp, subtractionBorrows } from '../flags.ts';
import { RAX, RDX } from '../state.ts';

/** SDM Vol. 2: MOV and its relatives, exchanges, conversions, conditional moves and sets. */
const SIZES = [8, 16, 32, 64] as const;
const WORDS = [16, 32, 64] as const;

const signExtend = (value: I64, bits: number): I64 =>
  bits === 8 ? extend8S(value) : bits === 16 ? extend16S(value) : bits === 32 ? extend32S(value) : value;

/** MOVZX and MOVSX/MOVSXD, by source width: `movzx8`, `movsx16` … */
function widening(name: string, sourceBits: number, sizes: readonly number[], signed: boolean): Definition {
  return {
    name: `${name}${sourceBits}`,
    sizes,
    shapes: ['rr', 'rm'],
    emit: (e) => {
      const value = e.read(1, sourceBits);
      e.writer(0).write(signed ? signExtend(value, sourceBits) : value);
    },
  };
}

/** Reverses the bytes of the low `bits`. */
export function byteSwap(value: I64, bits: number): I64 {
  if (bits === 16) return or(and(shrU(value, i64(8)), i64(0xff)), shl(and(value, i64(0xff)), i64(8)));
  const pairs = or(
    and(shrU(value, i64(8)), i64(0x00ff_00ff_00ff_00ffn)),
    shl(and(value, i64(0x00ff_00ff_00ff_00ffn)), i64(8)),
  );
  const words = or(
    and(shrU(pairs, i64(16)), i64(0x0000_ffff_0000_ffffn)),
    shl(and(pairs, i64(0x0000_ffff_0000_ffffn)), i64(16)),
  );
  return bits === 32 ? and(words, i64(0xffff_ffff)) : rotl(words, i64(32));
}

const CONDITION_NAMES = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');

const conditional: Definition[] = CONDITION_NAMES.flatMap((suffix, code) => [
  {
    name: `cmov${suffix}`,
    sizes: WORDS,
    shapes: ['rr', 'rm'],
    emit: (e: Emitter) => {
      // The source is read, and a 32-bit destination cleared above, whatever the condition says.
      const source = e.read(1);
      const destination = e.modify(0);
      destination.write(select(condition(e.flags, code), source, destination.value));
    },
  },
  {
    name: `set${suffix}`,
    sizes: [8],
    shapes: ['r', 'm'],
    emit: (e: Emitter) => {
      const destination = e.writer(0);
      destination.write(extendU(condition(e.flags, code)));
    },
  },
]);

export const dataTransfer: readonly Definition[] = [
  {
    name: 'mov',
    sizes: SIZES,
    shapes: ['rr', 'rm', 'mr', 'ri', 'mi'],
    emit: (e) => {
      const source = e.read(1);
      e.writer(0).write(source);
    },
  },
  widening('movzx', 8, WORDS, false),
  widening('movzx', 16, WORDS, false),
  widening('movsx', 8, WORDS, true),
  widening('movsx', 16, WORDS, true),
  widening('movsx', 32, WORDS, true),
  {
    name: 'lea',
    sizes: WORDS,
    shapes: ['rm'],
    emit: (e) => e.writer(0).write(e.offset(1)),
  },
  {
    name: 'xchg',
    sizes: SIZES,
    shapes: ['rr', 'mr'],
    emit: (e) => {
      const a = e.modify(0);
      const b = e.modify(1);
      b.write(a.value);
      a.write(b.value);
    },
  },
  {
    name: 'cmpxchg',
    sizes: SIZES,
    shapes: ['rr', 'mr'],
    emit: (e) => {
      // The destination is written in both cases, so that a read-only page faults (SDM Vol. 2, CMPXCHG).
      const { f } = e;
      const destination = e.modify(0);
      const source = e.read(1);
      const all = f.let(e.gpr(RAX));
      const accumulator = f.let(shiftUp(all, e.size));
      const value = f.let(shiftUp(destination.value, e.size));
      const result = f.let(sub(accumulator, value));
      const equal = f.let(eq(accumulator, value));
      f.if(
        equal,
        () => destination.write(source),
        () => {
          // Memory is written back; a register destination is not touched (seen on hardware with 32 bits).
          if (e.form.shape === 'mr') destination.write(destination.value);
          const keep = e.size === 8 ? ~0xffn : ~0xffffn;
          e.setGpr(RAX, e.size >= 32 ? destination.value : or(and(all, i64(keep)), destination.value));
        },
      );
      e.flags.set(result, subtractionBorrows(accumulator, value, result), i32(flagShift(e.size)));
    },
  },
  {
    name: 'bswap',
    sizes: WORDS,
    shapes: ['r'],
    emit: (e) => {
      const operand = e.modify(0);
      operand.write(e.size === 16 ? i64(0) : byteSwap(operand.value, e.size));
    },
  },
  {
    name: 'movbe',
    sizes: WORDS,
    shapes: ['rm', 'mr'],
    emit: (e) => {
      const source = e.read(1);
      e.writer(0).write(byteSwap(source, e.size));
    },
  },
  // CBW CWDE CDQE, CWD CDQ CQO by operand size.
  {
    name: 'cbw',
    sizes: WORDS,
    shapes: [''],
    emit: (e) => {
      const rax = e.f.let(e.gpr(RAX));
      const value = signExtend(rax, e.size / 2);
      if (e.size === 64) e.setGpr(RAX, value);
      else if (e.size === 32) e.setGpr(RAX, and(value, i64(0xffff_ffff)));
      else e.setGpr(RAX, or(and(rax, i64(~0xffffn)), and(value, i64(0xffff))));
    },
  },
  {
    name: 'cwd',
    sizes: WORDS,
    shapes: [''],
    emit: (e) => {
      const sign = shrS(shl(e.gpr(RAX), i64(64 - e.size)), i64(63));
      if (e.size === 64) e.setGpr(RDX, sign);
      else if (e.size === 32) e.setGpr(RDX, and(sign, i64(0xffff_ffff)));
      else e.setGpr(RDX, or(and(e.gpr(RDX), i64(~0xffffn)), and(sign, i64(0xffff))));
    },
  },
  ...conditional,
];
