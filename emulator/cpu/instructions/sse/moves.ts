import { extendU, type I64, simd, type V128 } from '../../../wasm/expressions.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { element, pick, replaceElement, zeroExtended } from './lanes.ts';

/** SDM Vol. 2: moves of whole registers and of halves; masks of sign bits. Names stand for all that do the same. */
const whole = (name: string, aligned: boolean): Definition => ({
  name,
  sizes: [128],
  shapes: ['vv', 'vm', 'mv'],
  emit: (e) => {
    const value = e.readVector(1, aligned);
    e.vectorWriter(0, aligned).write(value);
  },
});

/** MOVSS, MOVSD: between registers the rest is kept, from memory it is cleared. */
const scalar = (name: string, bits: 32 | 64): Definition => ({
  name,
  sizes: [bits],
  shapes: ['vv', 'vm', 'mv'],
  emit: (e) => {
    const value = e.read(1);
    if (e.form.shape === 'vv') e.writeLow(0, value, bits);
    else if (e.form.shape === 'vm') e.writeVector(0, zeroExtended(bits, value));
    else e.writer(0).write(value);
  },
});

/** MOVD and MOVQ: zeros above. */
const integerMove = (name: string, bits: 32 | 64, shapes: readonly string[]): Definition => ({
  name,
  sizes: [bits],
  shapes,
  emit: (e) => {
    const value = e.read(1);
    if (e.form.shape.startsWith('v')) e.writeVector(0, zeroExtended(bits, value));
    else e.writer(0).write(value);
  },
});

const high = (e: Emitter, operand: number): I64 => element(64, e.readVector(operand, false), 1);
const writeHigh = (e: Emitter, value: I64): void =>
  e.writeVector(0, replaceElement(64, e.readVector(0, false), 1, value));

/** MOVMSKPS, MOVMSKPD, PMOVMSKB: zero-extended to 64 bits whatever the destination's name. */
const signMask = (name: string, opcode: number): Definition => ({
  name,
  sizes: [64],
  shapes: ['rv'],
  emit: (e) => {
    e.writer(0, 64).write(extendU(simd('i32', opcode, [e.readVector(1, false)])));
  },
});

/** MOVDDUP, MOVSLDUP, MOVSHDUP: elements of the source, some twice. */
const duplicate = (name: string, size: 64 | 128, bytes: number, elements: readonly number[]): Definition => ({
  name,
  sizes: [size],
  shapes: ['vv', 'vm'],
  rare: true,
  emit: (e) => {
    const source = size === 64 ? e.f.let(zeroExtended(64, e.read(1, 64))) : e.readVector(1, true);
    e.writeVector(0, pick(bytes, source, source, elements));
  },
});

const both = (a: V128, b: V128): V128 => pick(8, a, b, [0, 2]);

export const moves: readonly Definition[] = [
  whole('movdqa', true),
  whole('movdqu', false),
  scalar('movss', 32),
  scalar('movsd', 64),
  integerMove('movd', 32, ['vr', 'vm', 'rv', 'mv']),
  integerMove('movq', 64, ['vr', 'vm', 'rv', 'mv', 'vv']),
  {
    name: 'movlpd',
    sizes: [64],
    shapes: ['vm', 'mv'],
    emit: (e) => {
      const value = e.read(1);
      if (e.form.shape === 'vm') e.writeLow(0, value, 64);
      else e.writer(0).write(value);
    },
  },
  {
    name: 'movhpd',
    sizes: [64],
    shapes: ['vm', 'mv'],
    emit: (e) => {
      if (e.form.shape === 'vm') writeHigh(e, e.read(1));
      else e.writer(0).write(high(e, 1));
    },
  },
  { name: 'movhlps', sizes: [64], shapes: ['vv'], emit: (e) => e.writeLow(0, high(e, 1), 64) },
  {
    name: 'movlhps',
    sizes: [64],
    shapes: ['vv'],
    emit: (e) => e.writeVector(0, both(e.readVector(0, false), e.readVector(1, false))),
  },
  duplicate('movddup', 64, 8, [0, 0]),
  duplicate('movsldup', 128, 4, [0, 0, 2, 2]),
  duplicate('movshdup', 128, 4, [1, 1, 3, 3]),
  signMask('movmskps', 0xa4),
  signMask('movmskpd', 0xc4),
  signMask('pmovmskb', 0x64),
];
