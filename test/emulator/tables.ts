import { hostPhysical } from '../../emulator/addresses.ts';
import type { Machine } from '../../emulator/machine.ts';

/** Bits of paging-structure entries (SDM Vol. 3A §4.5). */
export const P = 1n;
export const RW = 2n;
export const US = 4n;
export const A = 0x20n;
export const D = 0x40n;
export const PS = 0x80n;
export const G = 0x100n;
export const NX = 1n << 63n;
export const key = (n: bigint): bigint => n << 59n;

type Size = 0x1000n | 0x20_0000n | 0x4000_0000n;

export function put64(machine: Machine, address: bigint, value: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  const refused = machine.writePhysical(hostPhysical(Number(address)), bytes);
  if (refused) throw new Error(refused);
}

export function physical64(machine: Machine, address: bigint): bigint {
  const { data } = machine.readPhysical(hostPhysical(Number(address)), 8);
  return new DataView(data.buffer).getBigUint64(0, true);
}

/** Four-level tables in guest memory, made by the test. Upper levels allow everything unless changed. */
export class Tables {
  readonly root: bigint;
  private next: bigint;
  private readonly machine: Machine;

  constructor(machine: Machine, base = 0x20_0000n) {
    this.machine = machine;
    this.root = base;
    this.next = base + 0x1000n;
  }

  /** Physical address of the entry that maps `address` at a level (1: PTE … 4: PML4E); tables on the way are made. */
  entry(address: bigint, level: number): bigint {
    let table = this.root;
    for (let l = 4; ; l--) {
      const at = table + ((address >> BigInt(12 + (l - 1) * 9)) & 511n) * 8n;
      if (l === level) return at;
      let value = physical64(this.machine, at);
      if (!(value & P)) {
        value = this.next | P | RW | US;
        this.next += 0x1000n;
        put64(this.machine, at, value);
      }
      table = value & 0x000f_ffff_ffff_f000n;
    }
  }

  map(address: bigint, physical: bigint, flags: bigint, size: Size = 0x1000n): void {
    const level = size === 0x1000n ? 1 : size === 0x20_0000n ? 2 : 3;
    put64(this.machine, this.entry(address, level), physical | flags | (level > 1 ? PS : 0n));
  }

  leaf(address: bigint, level = 1): bigint {
    return physical64(this.machine, this.entry(address, level));
  }
}
