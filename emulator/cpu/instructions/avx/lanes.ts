import { type I64, i64, load64, load128, shrU, type V128 } from '../../../wasm/expressions.ts';
import type { Local } from '../../../wasm/functionBuilder.ts';
import type { Core } from '../../engine/core.ts';
import type { Definition, Emitter } from '../../engine/emitter.ts';
import { element, replaceElement, ZERO } from '../sse/lanes.ts';

/**
 * VEX forms out of the SSE ones: the SSE semantics run once for each 128 bits, against a view of the emitter in which
 * operand 0 reads the first source and its writes are kept until every lane is done.
 */
export interface Derivation {
  /** The VEX operand that SSE operand 0 and 1 read. */
  readonly operands: readonly [first: number, second: number];
  /** Bits that each lane's copy of the immediate is moved by. */
  readonly immediateShift?: number;
  /** The second source is 128 bits for both lanes: shift counts. */
  readonly sharedSource?: boolean;
  /** Of the second source, a lane takes 64 bits: conversions to wider elements. */
  readonly halfSource?: boolean;
}

type Vector = Local<'v128'>;

/** A core whose `conclude` leaves what was noted for the one that ends the instruction. */
function deferring(core: Core): Core {
  const softfloat = Object.create(core.softfloat, { conclude: { get: () => core.softfloat.defer } });
  return Object.create(core, { softfloat: { value: softfloat } }) as Core;
}

function laneView(
  e: Emitter,
  definition: Definition,
  shape: string,
  lane: 0 | 1,
  memory: Local<'i32'> | undefined,
  core: Core,
  how: Derivation,
  keep: (value: V128) => void,
): Emitter {
  const size = definition.sizes.includes(128) ? 128 : definition.sizes.includes(e.size) ? e.size : definition.sizes[0]!;
  const isMemory = (operand: number): boolean => shape[operand] === 'm';
  const from = (operand: number): number => how.operands[operand as 0 | 1];
  const laneOf = (operand: number): 0 | 1 => (operand === 1 && how.sharedSource ? 0 : lane);
  const vector = (operand: number): Vector =>
    e.f.let(
      isMemory(operand) && memory
        ? load128(memory, laneOf(operand) * 16)
        : e.vectorLane(from(operand), laneOf(operand)),
    );
  const read = (operand: number, bits = size): Local<'i64'> => {
    if (operand === 1 && how.halfSource) {
      return e.f.let(memory ? load64(memory, lane * 8) : element(64, e.vectorLane(from(1), 0), lane));
    }
    if (lane === 1 && !isMemory(operand)) return e.f.let(element(64, e.vectorLane(from(operand), 1), 0));
    if (lane === 1 && memory) return e.f.let(load64(memory, 16));
    return e.read(from(operand), bits);
  };
  const immediate = (): I64 =>
    lane === 1 && how.immediateShift ? shrU(e.immediate(), i64(how.immediateShift)) : e.immediate();
  const values: Partial<Record<keyof Emitter, unknown>> = {
    form: { name: definition.name, size, shape },
    size,
    core,
    read,
    readVector: vector,
    writeVector: (_operand: number, value: V128) => keep(value),
    writeLow: (_operand: number, value: I64, bits: 32 | 64) => keep(replaceElement(bits, vector(0), 0, value)),
    immediate,
  };
  return Object.create(
    e,
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }])),
  ) as Emitter;
}

/**
 * Runs SSE semantics for every lane of the form's size.
 *
 * @param shape the SSE form's shape
 */
export function lanesOf(e: Emitter, definition: Definition, shape: string, how: Derivation): Vector[] {
  const { f } = e;
  const wide = e.size === 256;
  const at = e.form.shape.indexOf('m');
  const packed = definition.sizes.includes(128);
  const bytes = how.halfSource ? e.size / 8 : packed || wide ? (how.sharedSource ? 16 : wide ? 32 : 16) : 0;
  const memory = at >= 0 && bytes > 0 ? e.source(at, bytes, false) : undefined;
  const lanes = (how.halfSource ? e.size === 128 : wide) ? ([0, 1] as const) : ([0] as const);
  const core = lanes.length === 2 ? deferring(e.core) : e.core;
  const results = lanes.map((lane) => {
    let result: Vector | undefined;
    definition.emit(
      laneView(e, definition, shape, lane, memory, core, how, (value) => {
        result = f.let(value);
      }),
    );
    if (!result) throw new Error(`${definition.name} writes no vector`);
    return result;
  });
  if (lanes.length === 2) f.branchIf(f.call(e.core.softfloat.conclude), e.fault);
  return results;
}

/** Writes the destination whole: bits above the last lane become zero. */
export function writeLanes(e: Emitter, [low, high]: readonly V128[]): void {
  e.writeVectorLane(0, 0, low!);
  e.writeVectorLane(0, 1, high ?? ZERO);
}
