/** A device on the port bus. State is saved and loaded whole, as plain JSON-able data. */
export interface PortDevice {
  readonly name: string;
  /** First port and how many. */
  readonly ports: readonly (readonly [first: number, count: number])[];
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

  constructor(devices: readonly PortDevice[]) {
    this.devices = devices;
  }

  private find(port: number): PortDevice | undefined {
    return this.devices.find((d) => d.ports.some(([first, count]) => port >= first && port < first + count));
  }

  read(port: number, size: number): number {
    const device = this.find(port);
    return device ? device.read(port, size) : size === 4 ? 0xffffffff : (1 << (size * 8)) - 1;
  }

  write(port: number, size: number, value: number): void {
    this.find(port)?.write(port, size, value);
  }
}
