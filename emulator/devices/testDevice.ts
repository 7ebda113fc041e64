import type { InterruptLine, MemoryDevice, PortDevice } from './device.ts';

const LATCH = 0xe0;
const FLUSH = 0xe4;
const BYTE_LATCH = 0xe8;
const LINES = 0x2000;
export const TEST_MEMORY = 0xff00_0000;
const TEST_MEMORY_BYTES = 0x1_0000;

/**
 * QEMU's pc-testdev: a doubleword that keeps what was written at E0h and one at E8h, E4h (asks for a page to be mapped
 * anew, which here is always so), an interrupt line behind each port from 2000h on, and 64 KiB at FF000000h that are
 * reached as a device's registers are.
 */
export class TestDevice implements PortDevice, MemoryDevice {
  readonly name = 'pc-testdev';
  readonly ports: readonly (readonly [number, number])[];
  private readonly lines: readonly InterruptLine[];
  private readonly latches = new Uint8Array(8);
  private readonly bytes = new Uint8Array(TEST_MEMORY_BYTES);

  constructor(lines: readonly InterruptLine[]) {
    this.lines = lines;
    this.ports = [
      [LATCH, 12],
      [LINES, lines.length],
    ];
  }

  /** Where a latch's byte for `port` is kept; undefined at E4h to E7h. */
  private latch(port: number): number | undefined {
    if (port < FLUSH) return port - LATCH;
    return port >= BYTE_LATCH && port < BYTE_LATCH + 4 ? 4 + port - BYTE_LATCH : undefined;
  }

  read(port: number, size: number): number {
    if (port >= LINES) return 0;
    let value = 0;
    for (let i = 0; i < size; i++) {
      const index = this.latch(port + i);
      value |= (index === undefined ? 0 : this.latches[index]!) << (i * 8);
    }
    return value >>> 0;
  }

  write(port: number, size: number, value: number): void {
    if (port >= LINES) {
      this.lines[port - LINES]!(value !== 0);
      return;
    }
    for (let i = 0; i < size; i++) {
      const index = this.latch(port + i);
      if (index !== undefined) this.latches[index] = value >>> (i * 8);
    }
  }

  memory(): readonly (readonly [number, number])[] {
    return [[TEST_MEMORY, TEST_MEMORY_BYTES]];
  }

  readMemory(address: number, destination: Uint8Array): void {
    const offset = address - TEST_MEMORY;
    destination.set(this.bytes.subarray(offset, offset + destination.length));
  }

  writeMemory(address: number, source: Uint8Array): void {
    const offset = address - TEST_MEMORY;
    this.bytes.set(source.subarray(0, TEST_MEMORY_BYTES - offset), offset);
  }

  save(): unknown {
    // Most guests never touch the memory.
    const used = this.bytes.findLastIndex((byte) => byte !== 0) + 1;
    return { latches: [...this.latches], bytes: [...this.bytes.subarray(0, used)] };
  }

  load(state: unknown): void {
    const { latches, bytes } = state as { latches: number[]; bytes: number[] };
    this.latches.set(latches);
    this.bytes.fill(0);
    this.bytes.set(bytes);
  }
}
