import type { RunExit } from '../api.ts';
import type { PowerTransition } from '../cpu/localApicPort.ts';
import { acpiTables } from '../firmware/acpi.ts';
import { INTERRUPT_CONTROLLER_SETUP } from '../firmware/interruptControllers.ts';
import type { LocalApic } from './apic/localApic.ts';
import { DebugExit } from './debugExit.ts';
import {
  type Clock,
  type InterruptLine,
  type MemoryDevice,
  NANOSECONDS_PER_STEP,
  PortBus,
  type PortDevice,
  type TimedDevice,
} from './device.ts';
import { InterruptLines } from './interruptLines.ts';
import { Interrupts } from './interrupts.ts';
import { NumericError } from './numericError.ts';
import { IRQ, pcDevices } from './pcDevices.ts';
import { Power } from './power.ts';
import { Serial } from './serial.ts';
import { TimeStampRate } from './timeStampRate.ts';

/** What devices may know of the machine around them. */
export interface PlatformConfiguration {
  readonly memoryBytes: number;
  /** vCPUs, 1 to 8. */
  readonly cpus: number;
  /** Core crystal and TSC (CPUID.15H). */
  readonly tsc: { readonly crystalHz: number; readonly numerator: number; readonly denominator: number };
}

/** What the machine gives to its devices. */
export interface PlatformHost {
  /** Machine time in steps (idle time included), exact inside an instruction too. */
  time(): number;
  /** The vCPU that runs. */
  currentVcpu(): number;
  /** A doubleword of RAM; ones where there is none. */
  readMemory32(address: number): number;
  serialOutput(byte: number): void;
  /** A sentence for the person who runs the guest. */
  notice(sentence: string): void;
}

/** Anything on the platform: what it offers is told by the members that it has. */
export type Device = { readonly name: string; save(): unknown; load(state: unknown): void } & (
  | PortDevice
  | MemoryDevice
  | TimedDevice
);

const isPortDevice = (device: Device): device is PortDevice => 'ports' in device;
const isMemoryDevice = (device: Device): device is MemoryDevice => 'memory' in device;
const isTimedDevice = (device: Device): device is Device & TimedDevice => 'deadline' in device;

/**
 * The devices around the processors: where they are made and wired. A new device is made in the constructor, gets its
 * interrupt lines with `line(number)` and is put in place with `add`; ports, memory, time, snapshots and reset follow
 * from the members that it has. Power-up state is the state right after construction.
 */
export class Platform {
  readonly clock: Clock;
  readonly configuration: PlatformConfiguration;
  readonly serial: Serial;
  private readonly host: PlatformHost;
  private readonly devices: Device[] = [];
  private readonly timed: TimedDevice[] = [];
  private readonly memoryDevices: MemoryDevice[] = [];
  private readonly ports: PortBus;
  private readonly lines = new InterruptLines();
  private readonly rate: TimeStampRate;
  /** Local APICs, IOAPIC and 8259s; `send` takes message-signalled interrupts. */
  readonly interrupts: Interrupts;
  private readonly powerUp: unknown;
  private readonly power: Power;
  /** FERR# and IGNNE# of the processors. */
  readonly numericErrors: NumericError;
  private powerTransition: PowerTransition | undefined;
  private nextDeadline: number | undefined;
  private end: RunExit | undefined;
  /** A device was accessed or acted: the run loop looks at deadlines and interrupts again. */
  disturbed = true;

  constructor(configuration: PlatformConfiguration, host: PlatformHost) {
    this.configuration = configuration;
    this.host = host;
    this.clock = {
      now: () => host.time() * NANOSECONDS_PER_STEP,
      changed: () => {
        this.nextDeadline = undefined;
        this.disturbed = true;
      },
    };
    this.rate = new TimeStampRate(configuration.tsc);
    this.interrupts = new Interrupts(configuration.cpus, this.clock, this.rate, this.lines);
    // Console input raises its line between runs.
    this.lines.listen({
      setLine: () => {
        this.disturbed = true;
      },
    });
    for (const apic of this.interrupts.localApics) this.addTimed(apic);
    this.add(this.interrupts.ioApic);
    this.add(this.interrupts.pic);
    this.serial = this.add(new Serial((byte) => host.serialOutput(byte), this.line(IRQ.serial)));
    this.numericErrors = this.add(new NumericError(this.line(IRQ.numericError)));
    this.add(new DebugExit((code) => this.stop({ kind: 'debugExit', code })));
    const devices = pcDevices({
      ...{ clock: this.clock, memoryBytes: configuration.memoryBytes, cpus: configuration.cpus },
      line: (number) => this.line(number),
      stop: (exit) => this.stop(exit),
      notice: (sentence) => host.notice(sentence),
      portsMoved: () => this.ports.moved(),
      sleep: { sleep: () => this.changePower('sleep'), wake: () => this.wake() },
    });
    for (const device of devices) this.add(device);
    this.power = devices.find((device) => device instanceof Power)!;
    this.ports = new PortBus(this.devices.filter(isPortDevice), () => {
      this.disturbed = true;
    });
    for (const [port, byte] of INTERRUPT_CONTROLLER_SETUP) this.ports.write(port, 1, byte);
    this.powerUp = this.save();
  }

  private add<T extends Device>(device: T): T {
    if (this.devices.some(({ name }) => name === device.name)) throw new Error(`two devices named ${device.name}`);
    this.devices.push(device);
    if (isMemoryDevice(device)) this.memoryDevices.push(device);
    if (isTimedDevice(device)) this.timed.push(device);
    return device;
  }

  /** A local APIC: in memory it is there for its own vCPU alone. */
  private addTimed(device: Device & TimedDevice): void {
    this.devices.push(device);
    this.timed.push(device);
  }

  localApic(vcpu: number): LocalApic {
    return this.interrupts.localApics[vcpu]!;
  }

  canSendNmi(): boolean {
    return this.interrupts.canSendNmi();
  }

  get timeStampRatio(): readonly [numerator: number, denominator: number] {
    return this.rate.tsc;
  }

  timeStamp(step: number): readonly [low: number, high: number] {
    return this.rate.timeStamp(step);
  }

  /**
   * A device's own connection to a line: 0–15 are the ISA IRQs (both 8259s; the IOAPIC's pin of the same number, IRQ 0
   * on pin 2), 16–23 reach the IOAPIC alone. Several devices on one line: it is high while one of them drives it.
   */
  line(number: number): InterruptLine {
    return this.lines.connect(number);
  }

  get asleep(): boolean {
    return this.power.asleep;
  }

  takePowerTransition(): PowerTransition | undefined {
    const transition = this.powerTransition;
    this.powerTransition = undefined;
    return transition;
  }

  /** Local APICs lose their state with their processors; the other devices stay powered. */
  private changePower(transition: PowerTransition): void {
    this.powerTransition = transition;
    for (const apic of this.interrupts.localApics) apic.takeInit();
    if (transition !== 'sleep') this.interrupts.localApics[0]!.wireThrough();
    this.clock.changed();
  }

  /** As firmware resumes from S3: to where the guest's FACS says. */
  private wake(): void {
    const wakeAt = this.host.readMemory32(acpiTables(this.configuration.cpus).wakingVector);
    if (wakeAt > 0 && wakeAt < 0x10_0000) this.changePower({ wakeAt });
    else {
      const sentence = `The guest woke from S3 with the waking vector 0x${wakeAt.toString(16)} in its FACS; an address below 1 MiB is expected.`;
      this.stop({ kind: 'reset', sentence });
    }
  }

  /** Ends the run after the instruction that runs now. */
  stop(exit: RunExit): void {
    this.end ??= exit;
    this.disturbed = true;
  }

  /** The end that a device asked for, once. */
  exitRequest(): RunExit | undefined {
    const { end } = this;
    this.end = undefined;
    return end;
  }

  /** What a read changes, its device says: by a line, by the clock, or by `readsAcknowledge`. */
  portIn(port: number, size: number): number {
    return this.ports.read(port, size);
  }

  portOut(port: number, size: number, value: number): void {
    this.disturbed = true;
    this.ports.write(port, size, value);
  }

  private memoryAt(address: number): MemoryDevice | undefined {
    const apic = this.localApic(this.host.currentVcpu());
    if (apic.claims(address)) return apic;
    return this.memoryDevices.find((device) =>
      device.memory().some(([first, size]) => address >= first && address < first + size),
    );
  }

  /** Where no device answers, the bus floats high. */
  mmioRead(low: number, high: number, _size: number, destination: Uint8Array): void {
    const address = (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
    this.disturbed = true;
    const device = this.memoryAt(address);
    if (device) device.readMemory(address, destination);
    else destination.fill(0xff);
  }

  mmioWrite(low: number, high: number, _size: number, source: Uint8Array): void {
    const address = (high >>> 0) * 0x1_0000_0000 + (low >>> 0);
    this.disturbed = true;
    this.memoryAt(address)?.writeMemory(address, source);
  }

  /** The step of machine time at which a device next acts; Infinity for never. */
  deadline(): number {
    if (this.nextDeadline === undefined) {
      let earliest = Number.POSITIVE_INFINITY;
      for (const device of this.timed) earliest = Math.min(earliest, device.deadline());
      this.nextDeadline = Math.ceil(earliest / NANOSECONDS_PER_STEP);
    }
    return this.nextDeadline;
  }

  /** Lets every device act whose time has come. */
  expire(): void {
    const time = this.host.time();
    while (this.deadline() <= time) {
      const now = time * NANOSECONDS_PER_STEP;
      this.nextDeadline = undefined;
      for (const device of this.timed) if (device.deadline() <= now) device.expire(now);
    }
  }

  reset(): void {
    this.load(this.powerUp);
  }

  save(): unknown {
    return { lines: this.lines.save(), devices: Object.fromEntries(this.devices.map((d) => [d.name, d.save()])) };
  }

  load(state: unknown): void {
    const { lines, devices } = state as { lines: unknown; devices: Record<string, unknown> };
    this.lines.load(lines);
    for (const device of this.devices) device.load(devices[device.name]);
    this.nextDeadline = undefined;
    this.disturbed = true;
    this.end = undefined;
    this.powerTransition = undefined;
  }
}
