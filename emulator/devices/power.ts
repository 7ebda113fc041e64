import type { Clock, InterruptLine, PortDevice, TimedDevice } from './device.ts';
import { ticksAt, timeOfTick } from './timebase.ts';

/** Where the registers lie; the ACPI tables and the PM device's configuration space say the same. */
export const PM_BASE = 0x600;
export const PM_EVENT = PM_BASE;
export const PM_CONTROL = PM_BASE + 4;
export const PM_TIMER = PM_BASE + 8;
/** SLP_TYP of the sleep states that the machine has; the DSDT says the same. */
export const SLEEP_TYPES = { s3: 1, s5: 0 } as const;

const HERTZ = 3_579_545;
const TIMER_MASK = 0xff_ffff;
/** TMR_STS is set whenever the counter's top bit changes. */
const HALF_TURN = 0x80_0000;

/** PM1 status and enable bits (ACPI 6.5 §4.8.3.1). */
const TIMER = 0x0001;
const GLOBAL = 0x0020;
const POWER_BUTTON = 0x0100;
const SLEEP_BUTTON = 0x0200;
const RTC = 0x0400;
const WAKE = 0x8000;
const STATUS_BITS = TIMER | GLOBAL | POWER_BUTTON | SLEEP_BUTTON | RTC | WAKE;
const ENABLE_BITS = TIMER | GLOBAL | POWER_BUTTON | SLEEP_BUTTON | RTC;
/** PM1 control bits (§4.8.3.2). */
const SCI_ENABLE = 0x0001;
const SLEEP_TYPE = 0x1c00;
const SLEEP_ENABLE = 0x2000;
const CONTROL_STORED = SCI_ENABLE | 0x0002 | SLEEP_TYPE;

interface PowerState {
  status: number;
  enable: number;
  control: number;
  asleep: boolean;
  /** The tick up to which the timer's carries are in the status. */
  seen: number;
}

/** What the power management asks of the machine. */
export interface PowerActions {
  /** S5. */
  off(): void;
  /** S3: processors lose their state, memory keeps its own, until `wake`. */
  sleep(): void;
  wake(): void;
}

/** ACPI fixed hardware as a PIIX4 has it: PM1a event and control registers and the 24-bit PM timer; SCI on IRQ 9. */
export class Power implements PortDevice, TimedDevice {
  readonly name = 'power';
  readonly ports = [[PM_BASE, 12]] as const;
  private state: PowerState = { status: 0, enable: 0, control: SCI_ENABLE, asleep: false, seen: 0 };
  private readonly clock: Clock;
  private readonly interrupt: InterruptLine;
  private readonly actions: PowerActions;

  constructor(clock: Clock, interrupt: InterruptLine, actions: PowerActions) {
    this.clock = clock;
    this.interrupt = interrupt;
    this.actions = actions;
  }

  /** In S3. */
  get asleep(): boolean {
    return this.state.asleep;
  }

  private now(): number {
    return ticksAt(this.clock.now(), HERTZ);
  }

  /** The RTC's alarm: a wake-up event, and an SCI if it is enabled. */
  rtcAlarm(): void {
    this.state.status |= RTC;
    this.update();
    this.clock.changed();
  }

  private follow(now: number): void {
    const { state } = this;
    if (Math.floor(now / HALF_TURN) > Math.floor(state.seen / HALF_TURN)) state.status |= TIMER;
    state.seen = Math.max(now, state.seen);
  }

  private update(): void {
    const { state } = this;
    const events = state.status & state.enable & ENABLE_BITS;
    if (state.asleep && events) {
      state.asleep = false;
      state.status |= WAKE;
      this.actions.wake();
    }
    this.interrupt(events !== 0 && (state.control & SCI_ENABLE) !== 0);
  }

  read(port: number, size: number): number {
    const now = this.now();
    this.follow(now);
    this.update();
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.byte(port + i - PM_BASE, now) << (i * 8);
    return value >>> 0;
  }

  private byte(offset: number, now: number): number {
    const { status, enable, control } = this.state;
    if (offset >= 8) return offset < 12 ? ((now & TIMER_MASK) >>> ((offset - 8) * 8)) & 0xff : 0xff;
    return ([status, enable, control, 0][offset >>> 1]! >>> ((offset & 1) * 8)) & 0xff;
  }

  write(port: number, size: number, value: number): void {
    this.follow(this.now());
    for (let i = 0; i < size; i++) this.writeByte(port + i - PM_BASE, (value >>> (i * 8)) & 0xff);
    this.update();
    this.clock.changed();
  }

  private writeByte(offset: number, byte: number): void {
    const { state } = this;
    const shift = (offset & 1) * 8;
    const bits = byte << shift;
    const kept = ~(0xff << shift);
    if (offset < 2) state.status &= ~(bits & STATUS_BITS);
    else if (offset < 4) state.enable = ((state.enable & kept) | bits) & ENABLE_BITS;
    else if (offset < 6) {
      state.control = ((state.control & kept) | bits) & CONTROL_STORED;
      if (bits & SLEEP_ENABLE) this.sleep((state.control & SLEEP_TYPE) >>> 10);
    }
  }

  private sleep(type: number): void {
    if (type === SLEEP_TYPES.s5) this.actions.off();
    if (type !== SLEEP_TYPES.s3) return;
    this.state.asleep = true;
    this.actions.sleep();
  }

  deadline(): number {
    const { seen, enable, status } = this.state;
    if (!(enable & TIMER) || status & TIMER) return Number.POSITIVE_INFINITY;
    return timeOfTick((Math.floor(seen / HALF_TURN) + 1) * HALF_TURN, HERTZ);
  }

  expire(now: number): void {
    this.follow(ticksAt(now, HERTZ));
    this.update();
  }

  save(): PowerState {
    return { ...this.state };
  }

  load(state: unknown): void {
    this.state = { ...(state as PowerState) };
  }
}
