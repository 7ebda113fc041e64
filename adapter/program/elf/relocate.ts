/**
 * Relative relocations of a static PIE, applied as a loader would (gABI "Dynamic Section"; RELR: gABI "Relocation
 * Table"). Segments that change get a copy of their data; the file's bytes stay as they are.
 */
import { Cursor, FormatError, hex } from '../cursor.ts';
import type { Segment } from '../image.ts';
import type { ProgramHeader } from './header.ts';

const typeDynamicSegment = 2;
const relative = 8;
const indirectRelative = { 32: 42, 64: 37 } as const;

const tag = {
  needed: 1,
  rela: 7,
  relaSize: 8,
  rel: 17,
  relSize: 18,
  jumpRel: 23,
  pltRelSize: 2,
  pltRel: 20,
  relr: 36,
  relrSize: 35,
};

/** Changes `segments` in place; answers warnings. A relocation that cannot be done is a FormatError. */
export function relocate(
  segments: Segment[],
  headers: readonly ProgramHeader[],
  bits: 32 | 64,
  bias: bigint,
): string[] {
  const dynamic = headers.find(({ type }) => type === typeDynamicSegment);
  if (!dynamic) return [];
  const memory = new Patcher(segments, bits);
  const width = bits === 64 ? 8 : 4;
  const entries = readDynamic(memory, dynamic, bias, width);
  const table = (address: number, size: number, name: string) => {
    const at = entries.get(address);
    const length = entries.get(size) ?? 0n;
    return at === undefined || length === 0n ? undefined : memory.cursor(at + bias, length, name);
  };
  const state = { memory, bits, bias, indirect: 0 };
  const rela = table(tag.rela, tag.relaSize, 'The DT_RELA table');
  if (rela) applyEntries(rela, true, state);
  const rel = table(tag.rel, tag.relSize, 'The DT_REL table');
  if (rel) applyEntries(rel, false, state);
  const plt = table(tag.jumpRel, tag.pltRelSize, 'The DT_JMPREL table');
  if (plt) applyEntries(plt, entries.get(tag.pltRel) === BigInt(tag.rela), state);
  const relr = table(tag.relr, tag.relrSize, 'The DT_RELR table');
  if (relr) applyRelr(relr, state);
  if (state.indirect === 0) return [];
  return [
    `${state.indirect} relocations of the program call a resolver (IRELATIVE); they are left to the program's own start-up code.`,
  ];
}

interface State {
  readonly memory: Patcher;
  readonly bits: 32 | 64;
  readonly bias: bigint;
  indirect: number;
}

function readDynamic(memory: Patcher, segment: ProgramHeader, bias: bigint, width: 4 | 8): Map<number, bigint> {
  const cursor = memory.cursor(segment.linearAddress + bias, segment.fileSize, 'The PT_DYNAMIC segment');
  const entries = new Map<number, bigint>();
  while (cursor.left >= 2 * width) {
    const name = cursor.unsigned(width, 'd_tag');
    const value = cursor.unsigned(width, 'd_val');
    if (name === 0n) break;
    if (name === BigInt(tag.needed)) {
      throw new FormatError(
        'The program needs a shared library (DT_NEEDED), expected a program linked with -static or -static-pie.',
      );
    }
    if (name < 64n) entries.set(Number(name), value);
  }
  return entries;
}

function applyEntries(cursor: Cursor, withAddend: boolean, state: State): void {
  const { memory, bits, bias } = state;
  const width = bits === 64 ? 8 : 4;
  const typeMask = bits === 64 ? 0xffff_ffffn : 0xffn;
  while (cursor.left > 0) {
    const at = cursor.offset;
    const address = cursor.unsigned(width, 'r_offset') + bias;
    const type = Number(cursor.unsigned(width, 'r_info') & typeMask);
    const addend = withAddend ? cursor.signed(width, 'r_addend') : undefined;
    if (type === relative) memory.write(address, (addend ?? memory.read(address)) + bias);
    else if (type === indirectRelative[bits]) state.indirect += 1;
    else if (type !== 0) cursor.wrong('the relocation type', type, `${relative} (relative); link with -static-pie`, at);
  }
}

function applyRelr(cursor: Cursor, { memory, bits, bias }: State): void {
  const width = bits === 64 ? 8 : 4;
  let next = 0n;
  while (cursor.left > 0) {
    const entry = cursor.unsigned(width, 'the RELR entry');
    if ((entry & 1n) === 0n) {
      memory.write(entry + bias, memory.read(entry + bias) + bias);
      next = entry + BigInt(width);
      continue;
    }
    for (let bit = 1; bit < bits; bit += 1) {
      if (((entry >> BigInt(bit)) & 1n) === 0n) continue;
      const address = next + BigInt((bit - 1) * width) + bias;
      memory.write(address, memory.read(address) + bias);
    }
    next += BigInt((bits - 1) * width);
  }
}

/** The loaded segments as one writable memory of pointers. */
class Patcher {
  private readonly copied = new Set<number>();
  private recent = 0;

  constructor(
    private readonly segments: Segment[],
    private readonly bits: 32 | 64,
  ) {}

  cursor(address: bigint, size: bigint, name: string): Cursor {
    const found = this.find(address, size, name);
    const { data } = this.segments[found.index]!;
    if (found.offset + Number(size) > data.length) {
      throw new FormatError(
        `${name} at ${hex(address)} of ${hex(size)} bytes lies past the file's part of its segment.`,
      );
    }
    return new Cursor(data, name, found.offset, found.offset + Number(size));
  }

  read(address: bigint): bigint {
    const { index, offset } = this.find(address, BigInt(this.bits / 8), 'The target of a relocation');
    return new Cursor(this.segments[index]!.data, 'The target of a relocation', offset).unsigned(this.bits / 8, 'it');
  }

  write(address: bigint, value: bigint): void {
    const { index, offset } = this.find(address, BigInt(this.bits / 8), 'The target of a relocation');
    const segment = this.segments[index]!;
    if (!this.copied.has(index)) {
      this.segments[index] = { ...segment, data: segment.data.slice() };
      this.copied.add(index);
    }
    const { data } = this.segments[index]!;
    if (offset + this.bits / 8 > data.length) {
      throw new FormatError(`The target of a relocation, ${hex(address)}, lies past the file's part of its segment.`);
    }
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (this.bits === 64) view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  }

  private find(address: bigint, size: bigint, name: string): { index: number; offset: number } {
    const holds = ({ linearAddress, memorySize }: Segment) =>
      address >= linearAddress && address + size <= linearAddress + memorySize;
    const last = this.segments[this.recent];
    if (!last || !holds(last)) this.recent = this.segments.findIndex(holds);
    const segment = this.segments[this.recent];
    if (!segment) {
      this.recent = 0;
      throw new FormatError(`${name}, ${hex(address)} with ${hex(size)} bytes, lies in no segment of the program.`);
    }
    return { index: this.recent, offset: Number(address - segment.linearAddress) };
  }
}
