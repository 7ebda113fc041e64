import { and, i64, type V128 } from '../../../wasm/expressions.ts';
import type { Local } from '../../../wasm/functionBuilder.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { waitForExceptions } from '../../x87/numericErrors.ts';
import { element, pick, ZERO, zeroExtended } from '../sse/lanes.ts';
import { enterMmx } from './state.ts';

/**
 * MMX forms out of the XMM ones: the XMM semantics run against a view of the emitter in which 64-bit operands are the
 * low halves of vectors, and the result is the low half of theirs.
 */
type Read = () => V128;

export interface Derivation {
  readonly name: string;
  /** The XMM definition's name, if another. */
  readonly from?: string;
  /** XMM shape for each MMX shape. */
  readonly shapes: Readonly<Record<string, string>>;
  /** What the XMM semantics read as operands 0 and 1, out of the two operands; by default these themselves. */
  readonly first?: (a: Read, b: Read) => V128;
  readonly second?: (a: Read, b: Read) => V128;
  /** The result is the high half. */
  readonly high?: boolean;
  /** Bits of operand 1 in memory, if not 64. */
  readonly memoryBits?: 32;
  /** Operand 1 has 128 bits, aligned in memory. */
  readonly wide?: boolean;
  /** Bits of the immediate that are looked at, if not all. */
  readonly immediateMask?: number;
  /** An XMM destination keeps its upper half. */
  readonly keepsUpper?: boolean;
  /**
   * The x87 state becomes MMX's once the source is read, before a SIMD floating-point exception. The SDM leaves it open; an
   * AMD EPYC and Bochs do so.
   */
  readonly early?: boolean;
  /** Shapes that leave the x87 state alone. */
  readonly aloof?: readonly string[];
}

/** Low half `a`, high half `b`. */
const halves = (a: V128, b: V128): V128 => pick(8, a, b, [0, 2]);
export const joined = (a: Read, b: Read): V128 => halves(a(), b());
export const joinedReversed = (a: Read, b: Read): V128 => halves(b(), a());
export const twiceFirst = (a: Read): V128 => halves(a(), a());
export const twiceSecond = (_a: Read, b: Read): V128 => halves(b(), b());
export const nothing = (): V128 => ZERO;

function view(e: Emitter, definition: Definition, how: Derivation): Emitter {
  const { f } = e;
  const { shape } = e.form;
  const xmmShape = how.shapes[shape]!;
  const known = new Map<number, Local<'v128'>>();
  const load = (operand: number): Local<'v128'> => {
    if (how.wide && shape[operand] !== 'q') return e.readVector(operand, true);
    const bits = shape[operand] === 'm' ? (how.memoryBits ?? 64) : 64;
    return f.let(zeroExtended(64, e.read(operand, bits)));
  };
  const operand = (which: number): V128 => {
    const value = known.get(which) ?? load(which);
    known.set(which, value);
    return value;
  };
  const a = (): V128 => operand(0);
  const b = (): V128 => operand(1);
  const readVector = (which: number): Local<'v128'> => {
    const make = which === 0 ? how.first : how.second;
    const value = f.let(make ? make(a, b) : operand(which));
    if (how.early) enterMmx(f);
    return value;
  };
  const writeVector = (_operand: number, value: V128): void => {
    if (shape[0] === 'q') e.writeMmx(0, element(64, value, how.high ? 1 : 0));
    else if (how.keepsUpper) e.writeLow(0, element(64, value, 0), 64);
    else e.writeVector(0, value);
  };
  const size = definition.sizes.includes(128) ? 128 : e.size;
  const { immediateMask } = how;
  const values: Partial<Record<keyof Emitter, unknown>> = {
    form: { ...e.form, name: definition.name, size, shape: xmmShape },
    size,
    readVector,
    writeVector,
    ...(immediateMask === undefined ? {} : { immediate: () => and(e.immediate(), i64(immediateMask)) }),
  };
  return Object.create(
    e,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
  ) as Emitter;
}

/**
 * The MMX definition; one size, that of the operation's element where XMM's has one.
 *
 * @throws Error when there is no such XMM definition
 */
export function derive(how: Derivation, definitions: readonly Definition[]): Definition {
  const from = how.from ?? how.name;
  const xmm = Object.values(how.shapes);
  const definition = definitions.find(({ name, shapes }) => name === from && xmm.every((s) => shapes.includes(s)));
  if (!definition) throw new Error(`no XMM instruction ${from} with ${xmm.join(' ')}`);
  return {
    name: how.name,
    sizes: definition.sizes.includes(128) ? [64] : definition.sizes,
    shapes: Object.keys(how.shapes),
    rare: true,
    emit: (e) => {
      const enters = !how.aloof?.includes(e.form.shape);
      if (enters) waitForExceptions(e);
      definition.emit(view(e, definition, how));
      if (enters && !how.early) enterMmx(e.f);
    },
  };
}
