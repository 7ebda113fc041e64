/** A device on the port bus. State is saved and loaded whole, as plain JSON-able data. */
export interface PortDevice {
  readonly name: string;
  /** First port and how many. */
  readonly ports: readonly (readonly [first: number, count: number])[];
  /** On an 8-bit bus: a wider access becomes accesses of one byte to ports one after the other. */
  readonly byteWide?: boolean;
  /** Reading may change what interrupts wait, other than by a line of the device. */
  readonly readsAcknowledge?: boolean;
  read(port: number, size: number): number;
  write(port: number, size: number, value: number): void;
  save(): unknown;
  load(state: unknown): void;
}

/** A device that answers in guest-physical memory. */
export interface MemoryDevice {
  readonly name: string;
  /** Where it answers now: guests move BARs and the local APIC. Addresses lie below 2^53. */
  memory(): readonly (readonly [first: number, size: number])[];
  /** Fills `destination` (1 to 64 bytes) from `address` on. */
  readMemory(address: number, destination: Uint8Array): void;
  writeMemory(address: number, source: Uint8Array): void;
  save(): unknown;
  load(state: unknown): void;
}

/**
 * A device that acts at a time. What it will do next follows from its saved state alone, so that a snapshot needs no
 * list of callbacks. Times are nanoseconds since reset (`Clock`).
 */
export interface TimedDevice {
  /** When `expire` must next be called; Infinity for never. */
  deadline(): number;
  /** Called at the first instruction boundary at or after `deadline()`. */
  expire(now: number): void;
}

/** The machine's time as devices see it; derived from steps, so that a run repeats exactly. */
export interface Clock {
  /** Nanoseconds since reset: `NANOSECONDS_PER_STEP` times the steps taken, exact inside an instruction too. */
  now(): number;
  /** A device's `deadline()` may have changed. */
  changed(): void;
}

/**
 * One step lasts 4 ns: a guest that runs at the speed of this machine (200 to 250 million steps a second) sees its timers
 * in about real time.
 */
export const NANOSECONDS_PER_STEP = 4;

/** An interrupt line of a device: level, not edge; the controllers behind it decide. */
export type InterruptLine = (level: boolean) => void;

/** Routes port accesses. A port without a device reads as ones and swallows writes, as an empty bus does. */
export class PortBus {
  private readonly devices: readonly PortDevice[];
  /** Which device answers at a port that was used before. */
  private readonly known = new Map<number, PortDevice | undefined>();

  private readonly acknowledged: () => void;

  /** @param acknowledged called when a device was read that tells so by `readsAcknowledge` */
  constructor(devices: readonly PortDevice[], acknowledged: () => void = () => undefined) {
    this.devices = devices;
    this.acknowledged = acknowledged;
  }

  private find(port: number): PortDevice | undefined {
    let device = this.known.get(port);
    if (device === undefined && !this.known.has(port)) {
      device = this.devices.find((d) => d.ports.some(([first, count]) => port >= first && port < first + count));
      this.known.set(port, device);
    }
    return device;
  }

  /** A device's ports may have moved. */
  moved(): void {
    this.known.clear();
  }

  read(port: number, size: number): number {
    const device = this.find(port);
    if (device === undefined) return size === 4 ? 0xffffffff : (1 << (size * 8)) - 1;
    if (device.readsAcknowledge) this.acknowledged();
    if (size === 1 || !device.byteWide) return device.read(port, size);
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.read((port + i) & 0xffff, 1) << (i * 8);
    return value >>> 0;
  }

  write(port: number, size: number, value: number): void {
    const device = this.find(port);
    if (device === undefined) return;
    if (size === 1 || !device.byteWide) device.write(port, size, value);
    else for (let i = 0; i < size; i++) this.write((port + i) & 0xffff, 1, (value >>> (i * 8)) & 0xff);
  }
}
