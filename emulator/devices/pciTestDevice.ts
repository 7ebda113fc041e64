import type { MemoryDevice, PortDevice } from './device.ts';
import { PciFunction } from './pciBus.ts';

const MEMORY_BAR = 0;
const IO_BAR = 1;
const MEMORY_SIZE = 0x1000;
const IO_SIZE = 0x100;
/** Of the header that each of the two BARs shows. */
const HEADER = { test: 0, width: 1, offset: 4, data: 8, count: 12, name: 16 } as const;
const SPACES = [
  { prefix: 'mmio', target: MEMORY_SIZE / 2 },
  { prefix: 'portio', target: IO_SIZE / 2 },
] as const;
const DATA = 0xfa;
/** The wildcard test counts writes of any value. */
const TESTS = ['no-eventfd', 'wildcard-eventfd', 'datamatch-eventfd'] as const;
const WILDCARD = 1;

interface TestState {
  /** The test chosen, per space; past the last one the header is empty. */
  test: number;
  count: number;
}

/**
 * QEMU's pci-testdev (docs/specs/pci-testdev): a guest chooses a test by its first byte, writes `data` of `width` bytes
 * at `offset`, and reads how many such writes came. One BAR in memory, one in ports, each with its own tests.
 */
export class PciTestDevice implements PortDevice, MemoryDevice {
  readonly name = 'pci-testdev';
  readonly function: PciFunction;
  private spaces: [memory: TestState, io: TestState] = [
    { test: 0, count: 0 },
    { test: 0, count: 0 },
  ];

  constructor(memoryAddress: number, ioAddress: number) {
    this.function = new PciFunction({
      ...{ device: 4, function: 0, vendorId: 0x1b36, deviceId: 0x0005, classCode: 0x00ff00 },
      bars: [
        { kind: 'memory', size: MEMORY_SIZE, address: memoryAddress },
        { kind: 'io', size: IO_SIZE, address: ioAddress },
      ],
    });
  }

  get ports(): readonly (readonly [number, number])[] {
    const bar = this.function.bar(IO_BAR);
    return bar ? [bar] : [];
  }

  memory(): readonly (readonly [number, number])[] {
    const bar = this.function.bar(MEMORY_BAR);
    return bar ? [bar] : [];
  }

  /** One byte of a space's header. */
  private byte(space: 0 | 1, offset: number): number {
    const { test, count } = this.spaces[space];
    if (offset === HEADER.test) return test;
    if (test >= TESTS.length) return 0;
    const { prefix, target } = SPACES[space];
    if (offset === HEADER.width) return 1;
    const word = (value: number, first: number) => (value >>> ((offset - first) * 8)) & 0xff;
    if (offset >= HEADER.offset && offset < HEADER.data) return word(target + test, HEADER.offset);
    if (offset >= HEADER.data && offset < HEADER.count) return word(DATA, HEADER.data);
    if (offset >= HEADER.count && offset < HEADER.name) return word(count, HEADER.count);
    return offset < HEADER.name ? 0 : `${prefix}-${TESTS[test]}`.charCodeAt(offset - HEADER.name) || 0;
  }

  private access(space: 0 | 1, offset: number, size: number, value: number): void {
    const state = this.spaces[space];
    if (offset === HEADER.test) {
      state.test = value & 0xff;
      state.count = 0;
      return;
    }
    const counted = state.test === WILDCARD || (value & 0xff) === DATA;
    if (state.test < TESTS.length && offset === SPACES[space].target + state.test && size === 1 && counted) {
      state.count = (state.count + 1) >>> 0;
    }
  }

  read(port: number, size: number): number {
    const offset = port - this.function.bar(IO_BAR)![0];
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.byte(1, offset + i) << (i * 8);
    return value >>> 0;
  }

  write(port: number, size: number, value: number): void {
    this.access(1, port - this.function.bar(IO_BAR)![0], size, value);
  }

  readMemory(address: number, destination: Uint8Array): void {
    const offset = address - this.function.bar(MEMORY_BAR)![0];
    for (let i = 0; i < destination.length; i++) destination[i] = this.byte(0, offset + i);
  }

  writeMemory(address: number, source: Uint8Array): void {
    this.access(0, address - this.function.bar(MEMORY_BAR)![0], source.length, source[0]!);
  }

  save(): unknown {
    return structuredClone(this.spaces);
  }

  load(state: unknown): void {
    this.spaces = structuredClone(state as typeof this.spaces);
  }
}
