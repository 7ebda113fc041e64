import { readableAt, writableAt } from '../../../memory/access.ts';
import {
  add,
  and,
  type I32,
  i32,
  i64,
  load128,
  loadBits,
  ltU,
  or,
  select,
  shl,
  shrU,
  simd,
  type V128,
  wrap,
} from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { xmmAddress, YMM_HIGH_OFFSET } from '../../state.ts';
import { elementMask } from '../sse/blends.ts';
import { compareStrings } from '../sse/compareStrings.ts';
import {
  andNotVector,
  andVector,
  choose,
  constant32,
  constant64,
  element,
  orVector,
  pick,
  replaceElement,
  splat8,
  splat16,
  splat32,
  swizzle,
  ZERO,
  zeroExtended,
} from '../sse/lanes.ts';
import { setTestFlags } from '../sse/sse41.ts';
import { writeLanes } from './lanes.ts';

/** SDM Vol. 2: AVX and AVX2 instructions that SSE has nothing like, and moves, whose memory forms are their own. */
type Size = 128 | 256;
const lanesOf = (size: number): readonly (0 | 1)[] => (size === 256 ? [0, 1] : [0]);

/** Both halves of a source, from a register or memory. */
function sources(e: Emitter, operand: number, aligned = false): V128[] {
  if (e.form.shape[operand] !== 'm') return lanesOf(e.size).map((lane) => e.f.let(e.vectorLane(operand, lane)));
  const host = e.source(operand, e.size / 8, aligned);
  return lanesOf(e.size).map((lane) => e.f.let(load128(host, lane * 16)));
}

function store(e: Emitter, values: readonly V128[], aligned: boolean): void {
  const site = e.target(0, values.length * 16, aligned);
  for (const [lane, value] of values.entries()) e.f.store128(site.host, value, lane * 16);
  site.commit();
}

const whole = (name: string, aligned: boolean): Definition => ({
  name,
  sizes: [128, 256],
  shapes: ['vv', 'vm', 'mv'],
  rare: true,
  emit: (e) => {
    const values = sources(e, 1, aligned);
    if (e.form.shape === 'mv') store(e, values, aligned);
    else writeLanes(e, values);
  },
});

const scalar = (name: string, bits: 32 | 64): Definition => ({
  name,
  sizes: [bits],
  shapes: ['vvv', 'vm'],
  rare: true,
  emit: (e) => {
    if (e.form.shape === 'vm') writeLanes(e, [e.f.let(zeroExtended(bits, e.read(1)))]);
    else writeLanes(e, [e.f.let(replaceElement(bits, e.vectorLane(1, 0), 0, element(bits, e.vectorLane(2, 0), 0)))]);
  },
});

const perLane = (
  name: string,
  shapes: readonly string[],
  sizes: readonly Size[],
  operate: (e: Emitter, lane: 0 | 1, operands: readonly V128[]) => V128,
): Definition => ({
  name,
  sizes,
  shapes,
  rare: true,
  emit: (e) => {
    const operands = [...e.form.shape].map((letter, at) => (at > 0 && /[vm]/.test(letter) ? sources(e, at) : []));
    const results = lanesOf(e.size).map((lane) =>
      e.f.let(
        operate(
          e,
          lane,
          operands.filter((o) => o.length > 0).map((o) => o[lane]!),
        ),
      ),
    );
    writeLanes(e, results);
  },
});

/** The mask of blends by register: its register's address is the immediate. */
const maskOf = (e: Emitter, lane: 0 | 1): V128 => load128(wrap(e.immediate()), lane * YMM_HIGH_OFFSET);
const SIGNS = { vpblendvb: [0x6c, 7], vblendvps: [0xac, 31], vblendvpd: [0xcc, 63] } as const;

const signMask = (name: string, opcode: number, bitsOfLane: number): Definition => ({
  name,
  sizes: [256],
  shapes: ['rv'],
  rare: true,
  emit: (e) => {
    const bits = (lane: 0 | 1): I32 => simd('i32', opcode, [e.vectorLane(1, lane)]);
    const both = or(bits(0), shl(bits(1), i32(bitsOfLane)));
    e.writer(0, 64).write(
      and(
        {
          type: 'i64',
          emit: (w) => {
            both.emit(w);
            w.u8(0xad);
          },
        },
        i64(0xffff_ffffn),
      ),
    );
  },
});

const test = (name: string, sizes: readonly Size[], mask: V128 | undefined): Definition => ({
  name,
  sizes,
  shapes: ['vv', 'vm'],
  rare: true,
  emit: (e) => {
    const b = sources(e, 1);
    const a = lanesOf(e.size).map((lane) => e.f.let(e.vectorLane(0, lane)));
    const only = (value: V128): V128 => (mask ? andVector(value, mask) : value);
    const all = (each: (at: number) => V128): V128 => a.map((_, at) => only(each(at))).reduce(orVector);
    setTestFlags(
      e,
      all((at) => andVector(b[at]!, a[at]!)),
      all((at) => andNotVector(b[at]!, a[at]!)),
    );
  },
});

const splat = (bits: 8 | 16 | 32 | 64, value: ReturnType<Emitter['read']>): V128 =>
  bits === 64 ? simd('v128', 0x12, [value]) : { 8: splat8, 16: splat16, 32: splat32 }[bits](wrap(value));

/** The size is the destination's; the element's is in the name. */
const broadcast = (name: string, bits: 8 | 16 | 32 | 64): Definition => ({
  name,
  sizes: [128, 256],
  shapes: ['vv', 'vm'],
  rare: true,
  emit: (e) => {
    const value = e.form.shape === 'vm' ? e.read(1, bits) : e.f.let(element(64, e.vectorLane(1, 0), 0));
    const all = e.f.let(splat(bits, value));
    writeLanes(e, e.size === 256 ? [all, all] : [all]);
  },
});

const immediateBits = (e: Emitter, from: number, mask: number): I32 =>
  and(shrU(wrap(e.immediate()), i32(from)), i32(mask));

/** One half out of four by a field of the immediate; bit 3 gives zeros. */
function permutedHalf(e: Emitter, halves: readonly V128[], from: number): V128 {
  const which = e.f.let(immediateBits(e, from, 15));
  const pair = (low: number) => select(and(which, i32(1)), halves[low + 1]!, halves[low]!);
  return select(and(which, i32(8)), ZERO, select(and(which, i32(2)), pair(2), pair(0)));
}

const DWORD_BYTES = constant32(0x03020100);

/** Dwords of `value` by the two low bits of each dword of `index`. */
const permutedDwords = (value: V128, index: V128): V128 => {
  const selector = simd('v128', 0xb5, [andVector(index, constant32(3)), constant32(0x04040404)]);
  return swizzle(value, simd('v128', 0x6e, [selector, DWORD_BYTES]));
};
/** Qwords of `value` where bit 1 of each qword of `index` says. */
const permutedQwords = (value: V128, index: V128): V128 => {
  const high = simd('v128', 0xcb, [index, i32(62)]);
  return choose(simd('v128', 0xcc, [high, i32(63)]), pick(8, value, value, [1, 1]), pick(8, value, value, [0, 0]));
};

/** A masked move touches only the elements whose mask has its top bit set. */
const masked = (name: string, bits: 32 | 64): Definition => ({
  name,
  sizes: [128, 256],
  shapes: ['vvm', 'mvv'],
  rare: true,
  emit: (e) => {
    const { f } = e;
    const count = e.size / bits;
    const at = (operand: number, i: number) =>
      element(bits, e.vectorLane(operand, (i * bits >= 128 ? 1 : 0) as 0 | 1), i % (128 / bits));
    const isSet = (i: number): I32 => wrap(shrU(at(1, i), i64(bits - 1)));
    const load = e.form.shape === 'vvm';
    const memory = load ? 2 : 0;
    const start = e.linear(memory, bits, !load);
    const linear = (i: number) => add(start, i64((i * bits) / 8));
    if (load) {
      const results = lanesOf(e.size).map(() => f.let(ZERO));
      for (let i = 0; i < count; i++) {
        f.if(isSet(i), () => {
          const value = loadBits(bits, readableAt(e, linear(i), bits / 8, e.stackBit()));
          const result = results[i * bits >= 128 ? 1 : 0]!;
          f.set(result, replaceElement(bits, result, i % (128 / bits), value));
        });
      }
      writeLanes(e, results);
      return;
    }
    // Every element is probed before the first is written.
    for (let i = 0; i < count; i++) f.if(isSet(i), () => void writableAt(e, linear(i), bits / 8, e.stackBit()));
    for (let i = 0; i < count; i++) {
      f.if(isSet(i), () => {
        const site = writableAt(e, linear(i), bits / 8, e.stackBit());
        f.storeBits(bits, site.host, at(2, i));
        site.commit();
      });
    }
  },
});

/** Shifts by each element's own count; greater counts give zeros or the sign. */
function variableShift(name: string, bits: 32 | 64, kind: 'left' | 'right' | 'sign'): Definition {
  return perLane(name, ['vvv', 'vvm'], [128, 256], (e, _lane, [value, counts]) => {
    const result = e.f.let(ZERO);
    for (let i = 0; i < 128 / bits; i++) {
      const count = e.f.let(element(bits, counts!, i));
      const inside = ltU(count, i64(bits));
      const x = e.f.let(element(bits, value!, i));
      const signed = shl(x, i64(64 - bits));
      const shifted =
        kind === 'left'
          ? select(inside, shl(x, count), i64(0))
          : kind === 'right'
            ? select(inside, shrU(x, count), i64(0))
            : {
                type: 'i64' as const,
                emit: (w: Parameters<typeof x.emit>[0]) => {
                  signed.emit(w);
                  add(i64(64 - bits), select(inside, count, i64(bits - 1))).emit(w);
                  w.u8(0x87);
                },
              };
      e.f.set(result, replaceElement(bits, result, i, shifted));
    }
    return result;
  });
}

/** PCMPxSTRM's result goes to XMM0: what is above it becomes zero. */
const stringMask = (name: string, sizes: readonly number[]): Definition => ({
  name: `v${name}`,
  sizes,
  shapes: ['vvi', 'vmi'],
  rare: true,
  emit: (e) => {
    compareStrings.find((definition) => definition.name === name)!.emit(e);
    e.f.store128(i32(0), ZERO, xmmAddress(0) + YMM_HIGH_OFFSET);
  },
});

export const avxMoves: readonly Definition[] = [
  stringMask('pcmpestrm', [32, 64]),
  stringMask('pcmpistrm', [128]),
  whole('vmovdqa', true),
  whole('vmovdqu', false),
  scalar('vmovss', 32),
  scalar('vmovsd', 64),
  ...(['vpblendvb', 'vblendvps', 'vblendvpd'] as const).map((name) =>
    perLane(name, ['vvv', 'vvm'], [128, 256], (e, lane, [a, b]) => {
      const [opcode, count] = SIGNS[name];
      return choose(simd('v128', opcode, [maskOf(e, lane), i32(count)]), b!, a!);
    }),
  ),
  signMask('vmovmskps', 0xa4, 4),
  signMask('vmovmskpd', 0xc4, 2),
  signMask('vpmovmskb', 0x64, 16),
  test('vptest', [128, 256], undefined),
  test('vtestps', [128, 256], constant32(0x80000000)),
  test('vtestpd', [128, 256], constant64(1n << 63n)),
  broadcast('vpbroadcastb', 8),
  broadcast('vpbroadcastw', 16),
  broadcast('vpbroadcastd', 32),
  broadcast('vpbroadcastq', 64),
  {
    name: 'vbroadcastf128',
    sizes: [256],
    shapes: ['vm'],
    rare: true,
    emit: (e) => {
      const value = e.f.let(load128(e.source(1, 16, false)));
      writeLanes(e, [value, value]);
    },
  },
  {
    name: 'vinsertf128',
    sizes: [256],
    shapes: ['vvvi', 'vvmi'],
    rare: true,
    emit: (e) => {
      const part = e.f.let(e.form.shape === 'vvmi' ? load128(e.source(2, 16, false)) : e.vectorLane(2, 0));
      const [low, high] = [e.f.let(e.vectorLane(1, 0)), e.f.let(e.vectorLane(1, 1))];
      const upper = immediateBits(e, 0, 1);
      writeLanes(e, [e.f.let(select(upper, low, part)), e.f.let(select(upper, part, high))]);
    },
  },
  {
    name: 'vextractf128',
    sizes: [256],
    shapes: ['vvi', 'mvi'],
    rare: true,
    emit: (e) => {
      const value = e.f.let(select(immediateBits(e, 0, 1), e.vectorLane(1, 1), e.vectorLane(1, 0)));
      if (e.form.shape === 'mvi') store(e, [value], false);
      else writeLanes(e, [value]);
    },
  },
  {
    name: 'vperm2f128',
    sizes: [256],
    shapes: ['vvvi', 'vvmi'],
    rare: true,
    emit: (e) => {
      const halves = [...sources(e, 1), ...sources(e, 2)];
      writeLanes(e, [e.f.let(permutedHalf(e, halves, 0)), e.f.let(permutedHalf(e, halves, 4))]);
    },
  },
  perLane('vpermilps', ['vvv', 'vvm'], [128, 256], (_e, _lane, [a, b]) => permutedDwords(a!, b!)),
  perLane('vpermilpd', ['vvv', 'vvm'], [128, 256], (_e, _lane, [a, b]) => permutedQwords(a!, b!)),
  perLane('vpermilpdi', ['vvi', 'vmi'], [128, 256], (e, lane, [a]) => {
    const chosen = (bit: number) => select(immediateBits(e, lane * 2 + bit, 1), element(64, a!, 1), element(64, a!, 0));
    return replaceElement(64, replaceElement(64, ZERO, 0, chosen(0)), 1, chosen(1));
  }),
  perLane('vpblendd', ['vvvi', 'vvmi'], [128, 256], (e, lane, [a, b]) =>
    choose(elementMask(4, immediateBits(e, lane * 4, 15)), b!, a!),
  ),
  {
    name: 'vpermd',
    sizes: [256],
    shapes: ['vvv', 'vvm'],
    rare: true,
    emit: (e) => {
      const [low, high] = sources(e, 2);
      const results = ([0, 1] as const).map((lane) => {
        const index = e.f.let(e.vectorLane(1, lane));
        const upper = simd('v128', 0xac, [simd('v128', 0xab, [index, i32(29)]), i32(31)]);
        return e.f.let(choose(upper, permutedDwords(high!, index), permutedDwords(low!, index)));
      });
      writeLanes(e, results);
    },
  },
  {
    name: 'vpermq',
    sizes: [256],
    shapes: ['vvi', 'vmi'],
    rare: true,
    emit: (e) => {
      const [low, high] = sources(e, 1);
      const chosen = (field: number) => {
        const which = immediateBits(e, field * 2, 3);
        const from = e.f.let(select(and(which, i32(2)), high!, low!));
        return e.f.let(select(and(which, i32(1)), element(64, from, 1), element(64, from, 0)));
      };
      const all = [0, 1, 2, 3].map(chosen);
      const half = (at: number) => e.f.let(replaceElement(64, replaceElement(64, ZERO, 0, all[at]!), 1, all[at + 1]!));
      writeLanes(e, [half(0), half(2)]);
    },
  },
  masked('vmaskmovps', 32),
  masked('vmaskmovpd', 64),
  variableShift('vpsllvd', 32, 'left'),
  variableShift('vpsllvq', 64, 'left'),
  variableShift('vpsrlvd', 32, 'right'),
  variableShift('vpsrlvq', 64, 'right'),
  variableShift('vpsravd', 32, 'sign'),
  ...['vzeroupper', 'vzeroall'].map(
    (name): Definition => ({
      name,
      sizes: [0, 64],
      shapes: [''],
      emit: (e) => {
        // Outside 64-bit mode the first eight registers alone.
        const count = e.size === 64 ? 16 : 8;
        for (let index = 0; index < count; index++) {
          if (name === 'vzeroall') e.f.store128(i32(0), ZERO, xmmAddress(index));
          e.f.store128(i32(0), ZERO, xmmAddress(index) + YMM_HIGH_OFFSET);
        }
      },
    }),
  ),
];
