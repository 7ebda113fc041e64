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

  save(): unknown[] {
    return this.devices.map((d) => d.save());
  }

  load(states: readonly unknown[]): void {
    for (const [i, device] of this.devices.entries()) device.load(states[i]);
  }
}
