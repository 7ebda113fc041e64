/** PT_LOAD headers to segments of guest memory (gABI "Program Loading"). */
import { FormatError, hex } from '../cursor.ts';
import type { Segment } from '../image.ts';
import { type ElfHeader, type ProgramHeader, typeDynamic } from './header.ts';

const typeLoad = 1;
const typeInterpreter = 3;
const executable = 1;
const writable = 2;

/** Position-independent programs that are linked below this are moved up to it, clear of the legacy memory below. */
export const relocatedBase = 0x10_0000n;

export interface LoadedSegments {
  readonly segments: Segment[];
  /** Added to every address of the file; 0 for an executable that is linked to its place. */
  readonly bias: bigint;
  readonly warnings: string[];
}

export function readSegments(bytes: Uint8Array, header: ElfHeader): LoadedSegments {
  const interpreter = header.programHeaders.find(({ type }) => type === typeInterpreter);
  if (interpreter) {
    throw new FormatError(
      'The program has a PT_INTERP segment, so it needs a dynamic loader; expected a program linked with -static or -static-pie.',
    );
  }
  const loads = header.programHeaders.filter(({ type, memorySize }) => type === typeLoad && memorySize > 0n);
  if (loads.length === 0) throw new FormatError('The program has no PT_LOAD segment, expected at least one to load.');
  for (const load of loads) check(load, bytes, header.bits);
  const lowest = [...loads].sort((a, b) => (a.linearAddress < b.linearAddress ? -1 : 1))[0]!.linearAddress;
  const bias = header.type === typeDynamic && lowest < relocatedBase ? relocatedBase : 0n;
  const segments = loads.map((load) => ({
    physicalAddress: load.physicalAddress + bias,
    linearAddress: load.linearAddress + bias,
    data: bytes.subarray(Number(load.offset), Number(load.offset + load.fileSize)),
    memorySize: load.memorySize,
    writable: (load.flags & writable) !== 0,
    executable: (load.flags & executable) !== 0,
  }));
  return { segments, bias, warnings: [...overlaps(segments), ...strayEntry(header.entry + bias, segments)] };
}

function overlaps(segments: readonly Segment[]): string[] {
  const sorted = [...segments].sort((a, b) => (a.physicalAddress < b.physicalAddress ? -1 : 1));
  return sorted.slice(1).flatMap(({ physicalAddress }, index) => {
    const before = sorted[index]!;
    const end = before.physicalAddress + before.memorySize;
    if (physicalAddress >= end) return [];
    return [
      `The segment at physical address ${hex(physicalAddress)} overlaps the one at ${hex(before.physicalAddress)}, expected it at ${hex(end)} or after.`,
    ];
  });
}

/** Kernels that are linked high may have a physical address for their entry. */
function strayEntry(entry: bigint, segments: readonly Segment[]): string[] {
  const holds = (start: bigint, size: bigint) => entry >= start && entry < start + size;
  const found = segments.some(
    ({ linearAddress, physicalAddress, memorySize }) =>
      holds(linearAddress, memorySize) || holds(physicalAddress, memorySize),
  );
  return found
    ? []
    : [`The entry point (e_entry) is ${hex(entry)}, expected an address in one of the program's segments.`];
}

function check(load: ProgramHeader, bytes: Uint8Array, bits: 32 | 64): void {
  const place = `Segment ${load.index} (PT_LOAD)`;
  if (load.offset + load.fileSize > BigInt(bytes.length)) {
    throw new FormatError(
      `${place}: p_offset ${hex(load.offset)} and p_filesz ${hex(load.fileSize)} end at ${hex(load.offset + load.fileSize)}, expected at most the file's ${hex(bytes.length)} bytes.`,
    );
  }
  if (load.fileSize > load.memorySize) {
    throw new FormatError(
      `${place}: p_filesz is ${hex(load.fileSize)}, expected at most p_memsz, ${hex(load.memorySize)}.`,
    );
  }
  const limit = 1n << BigInt(bits);
  for (const [field, address] of [
    ['p_vaddr', load.linearAddress],
    ['p_paddr', load.physicalAddress],
  ] as const) {
    if (address + load.memorySize > limit) {
      throw new FormatError(
        `${place}: ${field} ${hex(address)} and p_memsz ${hex(load.memorySize)} end past ${hex(limit)}, expected an end within ${bits} bits.`,
      );
    }
  }
}

/** Little-endian bytes of the program as loaded, at a linear address; undefined where no segment is. */
export function imageReader(segments: readonly Segment[]): (address: bigint, size: number) => bigint | undefined {
  return (address, size) => {
    const segment = segments.find(
      ({ linearAddress, memorySize }) =>
        address >= linearAddress && address + BigInt(size) <= linearAddress + memorySize,
    );
    if (!segment) return undefined;
    const offset = Number(address - segment.linearAddress);
    let value = 0n;
    for (let index = size - 1; index >= 0; index -= 1) {
      value = (value << 8n) | BigInt(segment.data[offset + index] ?? 0);
    }
    return value;
  };
}
