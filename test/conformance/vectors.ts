/**
 * Reader of instruction vectors recorded from a processor. No Node module is used, so it runs
 * wherever the emulator does.
 */

import { ByteReader } from './codec.ts';
import { MAGIC, type RecordedOn, readEncodingHead, readGroupHead, readOutcome, readVectorPlan } from './fileFormat.ts';
import type { EncodingPlan, GroupPlan, Shape, VectorPlan } from './plan.ts';
import { type CpuImage, deriveInput } from './state.ts';
import { undefinedState } from './undefinedFlags.ts';
import { applyMemory, DATA_BACKGROUND, type MemoryBytes, STACK_BACKGROUND } from './windows.ts';

export type { RecordedOn } from './fileFormat.ts';
export type { Shape } from './plan.ts';
export type { CpuImage } from './state.ts';

/** One instruction executed once. */
export interface Vector {
  /** 'Add_rm32_r32 64-bit memory', with the variant behind it. */
  readonly group: string;
  readonly codeName: string;
  readonly bitness: 32 | 64;
  readonly shape: Shape;
  readonly variant: string;
  /** Position in its group, from 0. */
  readonly index: number;
  readonly code: Uint8Array;
  /** Linear address of the first code byte. */
  readonly ip: number;
  readonly before: CpuImage;
  /** State after the instruction and, for REP, after all its iterations; with a fault, the state that the handler is given. */
  readonly after: CpuImage;
  /** Exception vector number when the instruction faults. */
  readonly fault: number | undefined;
  /** Bits of RFLAGS that the SDM leaves undefined after this instruction with these operands. */
  readonly undefinedFlags: number;
  /** Bit i set: general register i is left undefined. */
  readonly undefinedGprs: number;
  /** Memory that differs from the windows' background before the instruction, in order of writing. */
  readonly memoryBefore: readonly MemoryBytes[];
  /** Bytes that the instruction changed. */
  readonly memoryChanged: readonly MemoryBytes[];
}

export interface VectorFile extends Iterable<Vector> {
  readonly recordedOn: RecordedOn;
  /** Plans without outcomes, as the recorder was given them. */
  plans(): GroupPlan[];
}

/**
 * Decompresses a committed vector file.
 *
 * @param gzip contents of a `*.bin.gz`
 */
export async function unpack(gzip: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([gzip as BlobPart]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Reads an unpacked vector file. Vectors are made one at a time as the iterable is walked; vectors
 * with the same code bytes follow each other.
 *
 * @throws RangeError when the bytes are not a vector file or end early
 */
export function loadVectors(bytes: Uint8Array): VectorFile {
  const start = new ByteReader(bytes);
  const length = bytes[0] === MAGIC.length ? start.varint() : -1;
  if (length < 0 || new TextDecoder().decode(start.raw(length)) !== MAGIC)
    throw new RangeError(`Not a vector file: it does not start with '${MAGIC}'.`);
  const recordedOn = JSON.parse(start.string()) as RecordedOn;
  const body = bytes.subarray(start.position);
  return {
    recordedOn,
    [Symbol.iterator]: () => walk(new ByteReader(body)),
    plans: () => readPlans(new ByteReader(body)),
  };
}

/** Reads plans; the consumer reads each vector's outcome, which lies behind its plan, before it asks for the next. */
function* readGroups(
  input: ByteReader,
): Generator<{ group: GroupPlan; encodingIndex: number; vectorIndex: number; first: number }> {
  while (!input.atEnd) {
    const { head, encodings: encodingCount } = readGroupHead(input);
    const encodings: EncodingPlan[] = [];
    const group: GroupPlan = { ...head, encodings };
    let index = 0;
    for (let e = 0; e < encodingCount; e++) {
      const { head: encodingHead, vectors: vectorCount } = readEncodingHead(input);
      const vectors: VectorPlan[] = [];
      encodings.push({ ...encodingHead, vectors });
      for (let v = 0; v < vectorCount; v++) {
        vectors.push(readVectorPlan(input));
        yield { group, encodingIndex: e, vectorIndex: v, first: index++ };
      }
    }
  }
}

function* walk(input: ByteReader): Generator<Vector> {
  for (const { group, encodingIndex, vectorIndex, first } of readGroups(input)) {
    const encoding = group.encodings[encodingIndex]!;
    const { cpu: before, memory } = deriveInput(group, encodingIndex, vectorIndex);
    const { fault, cpu: after, changed } = readOutcome(input, before, encoding.code.length);
    const undefinedAfter = undefinedState(group, encoding, before, after, fault);
    yield {
      group: groupName(group),
      codeName: group.codeName,
      bitness: group.bitness,
      shape: group.shape,
      variant: group.variant,
      index: first,
      code: encoding.code,
      ip: encoding.ip,
      before,
      after,
      fault,
      undefinedFlags: undefinedAfter.flags,
      undefinedGprs: undefinedAfter.gprs,
      memoryBefore: memory,
      memoryChanged: changed,
    };
  }
}

function readPlans(input: ByteReader): GroupPlan[] {
  const plans: GroupPlan[] = [];
  for (const { group, encodingIndex, vectorIndex } of readGroups(input)) {
    if (plans.at(-1) !== group) plans.push(group);
    const { cpu } = deriveInput(group, encodingIndex, vectorIndex);
    readOutcome(input, cpu, group.encodings[encodingIndex]!.code.length);
  }
  return plans;
}

export function groupName(group: Pick<GroupPlan, 'codeName' | 'bitness' | 'shape' | 'variant'>): string {
  return `${group.codeName} ${group.bitness}-bit ${group.shape}${group.variant === '' ? '' : ` ${group.variant}`}`;
}

/** Writes the data and stack windows (8192 bytes each) as they are before the vector's instruction. */
export function fillWindowsBefore(vector: Vector, data: Uint8Array, stack: Uint8Array): void {
  data.set(DATA_BACKGROUND);
  stack.set(STACK_BACKGROUND);
  applyMemory(vector.memoryBefore, data, stack);
}

/** Writes the data and stack windows as they are after the vector's instruction. */
export function fillWindowsAfter(vector: Vector, data: Uint8Array, stack: Uint8Array): void {
  fillWindowsBefore(vector, data, stack);
  applyMemory(vector.memoryChanged, data, stack);
}
