import { hostPhysical, linear } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';
import { shortHex } from '../expressions/format.ts';
import { fromBytes } from './memoryAccess.ts';

const LONGEST_STRING = 256;
const BYTES_PER_LINE = 16;

/** A zero-terminated string, cut at 256 bytes; what cannot be read ends it too. */
export function readString(machine: MachineApi, address: bigint): string {
  const { data } = machine.readLinear(linear(address), LONGEST_STRING);
  const end = data.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? data : data.subarray(0, end));
}

export interface DumpOptions {
  /** Bytes of one item: 1, 2, 4 or 8. */
  readonly size: number;
  readonly count: number;
  /** As in expressions: x, d, u, o, b, c. */
  readonly format: string;
  readonly physical: boolean;
}

/** Lines of `address: items`, 16 bytes a line; ends with the sentence where memory cannot be read. */
export function dumpMemory(machine: MachineApi, address: bigint, options: DumpOptions): string {
  const { size, count, format, physical } = options;
  const length = size * count;
  const { data, sentence } = physical
    ? machine.readPhysical(hostPhysical(Number(address)), length)
    : machine.readLinear(linear(address), length);
  const lines: string[] = [];
  for (let at = 0; at + size <= data.length; at += BYTES_PER_LINE) {
    const items: string[] = [];
    for (let item = at; item < at + BYTES_PER_LINE && item + size <= data.length; item += size) {
      items.push(show(fromBytes(data.subarray(item, item + size)), size * 8, format));
    }
    lines.push(`${shortHex(address + BigInt(at))}: ${items.join(' ')}`);
  }
  if (data.length < length) lines.push(sentence ?? `${shortHex(address + BigInt(data.length))} cannot be read.`);
  return lines.join('\n');
}

function show(value: bigint, bits: number, format: string): string {
  switch (format) {
    case 'd':
      return `${BigInt.asIntN(bits, value)}`;
    case 'u':
      return `${value}`;
    case 'o':
      return value.toString(8);
    case 'b':
      return value.toString(2).padStart(bits, '0');
    case 'c':
      return value >= 0x20n && value < 0x7fn
        ? `'${String.fromCharCode(Number(value))}'`
        : `\\x${value.toString(16).padStart(2, '0')}`;
    default:
      return `0x${value.toString(16).padStart(bits / 4, '0')}`;
  }
}
