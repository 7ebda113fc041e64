import { hostPhysical, linear } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';

/** Little-endian, as the guest sees memory. */
export function fromBytes(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
  return value;
}

export function toBytes(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) bytes[index] = Number((value >> BigInt(8 * index)) & 0xffn);
  return bytes;
}

/** An unsigned number at a linear address; undefined when some byte cannot be read. */
export function readNumber(machine: MachineApi, address: bigint, size: number): bigint | undefined {
  const { data } = machine.readLinear(linear(address), size);
  return data.length === size ? fromBytes(data) : undefined;
}

/** Like `readNumber`, with the sentence when it cannot be read. */
export function tryReadNumber(
  machine: MachineApi,
  address: bigint,
  size: number,
  physical = false,
): { readonly value: bigint } | { readonly sentence: string } {
  const read = physical
    ? machine.readPhysical(hostPhysical(Number(address)), size)
    : machine.readLinear(linear(address), size);
  if (read.data.length === size) return { value: fromBytes(read.data) };
  return { sentence: read.sentence ?? `0x${address.toString(16)} cannot be read.` };
}
