import type { PortDevice } from './device.ts';

/** Offsets in configuration space (PCI Local Bus Specification 3.0, §6.1). */
const COMMAND = 0x04;
const BARS = 0x10;
const COMMAND_IO = 0x1;
const COMMAND_MEMORY = 0x2;
const SPACE_BYTES = 256;

export interface BarDescription {
  readonly kind: 'memory' | 'io';
  /** A power of two. */
  readonly size: number;
  /** Where firmware put it. */
  readonly address: number;
}

export interface PciFunctionDescription {
  readonly device: number;
  readonly function: number;
  readonly vendorId: number;
  readonly deviceId: number;
  /** Base class, subclass and programming interface: CCSSPPh. */
  readonly classCode: number;
  readonly revision?: number;
  readonly multifunction?: boolean;
  readonly bars?: readonly BarDescription[];
  /** Bytes that are neither zero nor told above, by offset. */
  readonly bytes?: ReadonlyMap<number, number>;
  /** Bits of the device's own area (from 40h on) that can be written, by offset. */
  readonly writable?: ReadonlyMap<number, number>;
}

/** Configuration space of one function: 256 bytes and which of their bits can be written. */
export class PciFunction {
  readonly description: PciFunctionDescription;
  private bytes: Uint8Array;
  private readonly mask = new Uint8Array(SPACE_BYTES);

  constructor(description: PciFunctionDescription) {
    this.description = description;
    this.bytes = new Uint8Array(SPACE_BYTES);
    const view = new DataView(this.bytes.buffer);
    const mask = new DataView(this.mask.buffer);
    const { vendorId, deviceId, classCode, revision = 0, multifunction = false, bars = [] } = description;
    view.setUint16(0x00, vendorId, true);
    view.setUint16(0x02, deviceId, true);
    view.setUint32(0x08, ((classCode << 8) | revision) >>> 0, true);
    view.setUint8(0x0e, multifunction ? 0x80 : 0);
    // Firmware left the decoders on.
    view.setUint16(COMMAND, COMMAND_IO | COMMAND_MEMORY, true);
    // I/O and memory space, bus master, parity, SERR#, INTx.
    mask.setUint16(COMMAND, 0x0547, true);
    mask.setUint8(0x0c, 0xff);
    mask.setUint8(0x0d, 0xff);
    mask.setUint8(0x3c, 0xff);
    for (const [index, { kind, size, address }] of bars.entries()) {
      view.setUint32(BARS + index * 4, (address | (kind === 'io' ? 1 : 0)) >>> 0, true);
      mask.setUint32(BARS + index * 4, -size >>> 0, true);
    }
    for (const [offset, value] of description.bytes ?? []) view.setUint8(offset, value);
    for (const [offset, value] of description.writable ?? []) mask.setUint8(offset, value);
  }

  /** Where BAR `index` answers; undefined while the guest has its decoder off. */
  bar(index: number): readonly [first: number, size: number] | undefined {
    const { kind, size } = this.description.bars![index]!;
    const view = new DataView(this.bytes.buffer);
    if (!(view.getUint16(COMMAND, true) & (kind === 'io' ? COMMAND_IO : COMMAND_MEMORY))) return undefined;
    const value = view.getUint32(BARS + index * 4, true);
    const first = (value & -size) >>> 0;
    // Ports have 16 address bits.
    return kind === 'io' && first > 0xffff ? undefined : [first, size];
  }

  read(offset: number): number {
    return this.bytes[offset]!;
  }

  write(offset: number, byte: number): void {
    const mask = this.mask[offset]!;
    this.bytes[offset] = (this.bytes[offset]! & ~mask) | (byte & mask);
  }

  save(): number[] {
    return [...this.bytes];
  }

  load(state: unknown): void {
    this.bytes = Uint8Array.from(state as number[]);
  }
}

/**
 * Bus 0 behind configuration mechanism #1: a doubleword address at CF8h, data at CFCh. As on QEMU, the two low bits of the
 * address count, too; kvm-unit-tests selects a register's word or byte by them.
 */
export class PciBus implements PortDevice {
  readonly name = 'pci';
  readonly ports = [
    [0xcf8, 1],
    [0xcfa, 6],
  ] as const;
  private address = 0;
  private readonly functions: readonly PciFunction[];
  private readonly moved: () => void;

  /** `moved` is told when BARs may answer elsewhere. */
  constructor(functions: readonly PciFunction[], moved: () => void) {
    this.functions = functions;
    this.moved = moved;
  }

  private selected(): PciFunction | undefined {
    const { address } = this;
    if (address >>> 31 === 0 || (address >>> 16) & 0xff) return undefined;
    const [device, function_] = [(address >>> 11) & 31, (address >>> 8) & 7];
    return this.functions.find(({ description: d }) => d.device === device && d.function === function_);
  }

  /** The address register answers only to doublewords; narrower accesses pass it by. */
  read(port: number, size: number): number {
    if (port < 0xcfc)
      return port === 0xcf8 && size === 4 ? this.address : size === 4 ? -1 >>> 0 : (1 << (size * 8)) - 1;
    const function_ = this.selected();
    let value = 0;
    for (let i = 0; i < size; i++) {
      const offset = ((this.address | (port & 3)) & 0xff) + i;
      const byte = function_ === undefined || offset > 0xff ? 0xff : function_.read(offset);
      value |= byte << (i * 8);
    }
    return value >>> 0;
  }

  write(port: number, size: number, value: number): void {
    if (port < 0xcfc) {
      if (port === 0xcf8 && size === 4) this.address = (value & 0x80ff_ffff) >>> 0;
      return;
    }
    const function_ = this.selected();
    if (function_ === undefined) return;
    const first = (this.address | (port & 3)) & 0xff;
    for (let i = 0; i < size && first + i <= 0xff; i++) {
      function_.write(first + i, (value >>> (i * 8)) & 0xff);
    }
    this.moved();
  }

  save(): unknown {
    return { address: this.address, functions: this.functions.map((each) => each.save()) };
  }

  load(state: unknown): void {
    const { address, functions } = state as { address: number; functions: unknown[] };
    this.address = address;
    for (const [index, each] of this.functions.entries()) each.load(functions[index]);
    this.moved();
  }
}
