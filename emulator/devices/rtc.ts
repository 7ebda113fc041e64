import type { Clock, InterruptLine, PortDevice, TimedDevice } from './device.ts';
import { type CalendarFormat, fromRegisters, nextAlarm, toRegisters } from './rtcCalendar.ts';
import { ticksAt, timeOfTick } from './timebase.ts';

/** When the clock of a machine starts unless the launch configuration tells: 2025-01-01 00:00:00 UTC. */
export const DEFAULT_START_TIME = Date.UTC(2025, 0, 1) / 1000;

const HERTZ = 32_768;
/** The first update comes so soon after reset: a guest that waits for one does not wait a second's worth of steps. */
const FIRST_UPDATE_TICKS = HERTZ / 64;
/** UIP is on for so many ticks before the update ends: 244 µs of warning and 1984 µs of update. */
const UPDATE_TICKS = 73;

/** Registers A to D (Motorola MC146818A data sheet). */
const A = 10;
const B = 11;
const C = 12;
const D = 13;
const A_UPDATE_IN_PROGRESS = 0x80;
const A_DIVIDER = 0x70;
const A_DIVIDER_32K = 0x20;
const A_RATE = 0x0f;
const B_SET = 0x80;
const B_PERIODIC = 0x40;
const B_ALARM = 0x20;
const B_UPDATE = 0x10;
const B_BINARY = 0x04;
const B_24_HOURS = 0x02;
const C_REQUEST = 0x80;
const C_PERIODIC = 0x40;
const C_ALARM = 0x20;
const C_UPDATE = 0x10;
const D_VALID = 0x80;
const CENTURY = 0x32;
const CMOS_BYTES = 128;

interface RtcState {
  index: number;
  /** All 128 bytes; the time's are stale while the clock runs. */
  bytes: number[];
  /** Seconds since 1970 at the oscillator's tick `origin`; the clock runs unless `stopped`. */
  seconds: number;
  origin: number;
  stopped: boolean;
  /** Register C without its request bit: what happened up to the tick `seen`. */
  flags: number;
  seen: number;
}

/** The MC146818 at 70h and 71h with 128 bytes of battery-backed RAM. */
export class Rtc implements PortDevice, TimedDevice {
  readonly name = 'rtc';
  readonly ports = [[0x70, 2]] as const;
  readonly byteWide = true;
  private state: RtcState;
  private readonly clock: Clock;
  private readonly interrupt: InterruptLine;
  private readonly alarm: () => void;

  /**
   * `contents`: what firmware leaves in the RAM, by index. `alarm` is told of each alarm that
   * may interrupt: a PC wires it to its power management.
   */
  constructor(
    clock: Clock,
    interrupt: InterruptLine,
    startTime: number,
    contents: ReadonlyMap<number, number> = new Map(),
    alarm: () => void = () => undefined,
  ) {
    this.clock = clock;
    this.interrupt = interrupt;
    this.alarm = alarm;
    const bytes = Array.from({ length: CMOS_BYTES }, (_, index) => contents.get(index) ?? 0);
    bytes[A] = A_DIVIDER_32K | 6;
    bytes[B] = B_24_HOURS;
    bytes[D] = D_VALID;
    this.state = {
      index: 0,
      bytes,
      seconds: startTime,
      origin: FIRST_UPDATE_TICKS - HERTZ,
      stopped: false,
      flags: 0,
      seen: 0,
    };
  }

  private now(): number {
    return ticksAt(this.clock.now(), HERTZ);
  }

  private format(): CalendarFormat {
    const b = this.state.bytes[B]!;
    return { binary: (b & B_BINARY) !== 0, hours24: (b & B_24_HOURS) !== 0 };
  }

  private secondsAt(tick: number): number {
    const { seconds, origin, stopped } = this.state;
    return stopped ? seconds : seconds + Math.floor((tick - origin) / HERTZ);
  }

  /** Brings the bytes of the time to `tick`. */
  private refresh(tick: number): void {
    const { state } = this;
    if (state.stopped) return;
    const { registers, century } = toRegisters(this.secondsAt(tick), this.format());
    for (const [index, value] of registers) state.bytes[index] = value;
    state.bytes[CENTURY] = century;
  }

  read(port: number): number {
    const { state } = this;
    if (port === 0x70) return 0xff;
    const now = this.now();
    if (isTime(state.index)) this.refresh(now);
    if (state.index === A) return state.bytes[A]! | (this.updating(now) ? A_UPDATE_IN_PROGRESS : 0);
    if (state.index === C) {
      this.follow(now);
      const { flags } = state;
      state.flags = 0;
      this.interrupt(false);
      this.clock.changed();
      return flags | this.request(flags);
    }
    return state.bytes[state.index]!;
  }

  private updating(tick: number): boolean {
    const { stopped, origin } = this.state;
    return !stopped && HERTZ - ((tick - origin) % HERTZ) <= UPDATE_TICKS;
  }

  write(port: number, _size: number, value: number): void {
    const { state } = this;
    const byte = value & 0xff;
    if (port === 0x70) {
      // Bit 7 masks NMIs, of which this machine's devices have none.
      state.index = byte & 0x7f;
      return;
    }
    const now = this.now();
    this.follow(now);
    const { index } = state;
    if (index === A || index === B) this.writeControl(index, byte, now);
    else if (isTime(index)) this.writeTime(index, byte, now);
    else if (index !== C && index !== D) state.bytes[index] = byte;
    this.signal();
    this.clock.changed();
  }

  private writeTime(index: number, byte: number, now: number): void {
    const { state } = this;
    this.refresh(now);
    state.bytes[index] = byte;
    if (!state.stopped) this.setClock(now - ((now - state.origin) % HERTZ));
  }

  private writeControl(index: number, byte: number, now: number): void {
    const { state } = this;
    this.refresh(now);
    const wasSet = (state.bytes[B]! & B_SET) !== 0;
    const wasHeld = this.dividerHeld();
    // SET clears the update-ended interrupt's enable.
    const kept = index === A ? byte & ~A_UPDATE_IN_PROGRESS : byte & B_SET ? byte & ~B_UPDATE : byte;
    // With SET off, the time's bytes follow a change of format; with it on, they are the guest's own.
    const running = !state.stopped;
    const seconds = this.secondsAt(now);
    state.bytes[index] = kept;
    const stopped = (state.bytes[B]! & B_SET) !== 0 || this.dividerHeld();
    if (running) {
      if (stopped) state.seconds = seconds;
      state.stopped = stopped;
      return;
    }
    if (stopped) return;
    state.stopped = false;
    // The divider starts half a second before the first update.
    if (wasHeld) this.setClock(now - HERTZ / 2);
    else if (wasSet) this.setClock(now - ((now - state.origin) % HERTZ));
  }

  private dividerHeld(): boolean {
    return (this.state.bytes[A]! & A_DIVIDER) !== A_DIVIDER_32K;
  }

  /** The clock shows what the bytes say; its second began at tick `origin`. */
  private setClock(origin: number): void {
    const { state } = this;
    state.seconds = fromRegisters((index) => state.bytes[index]!, state.bytes[CENTURY]!, this.format());
    state.origin = origin;
  }

  /** Ticks between periodic events; undefined for none. */
  private period(): number | undefined {
    const rate = this.state.bytes[A]! & A_RATE;
    if (rate === 0 || this.dividerHeld()) return undefined;
    return rate < 3 ? 1 << (rate + 6) : 1 << (rate - 1);
  }

  /** Sets the flags of register C for what happened since the last look. */
  private follow(now: number): void {
    const { state } = this;
    const { seen } = state;
    if (now <= seen) return;
    const period = this.period();
    if (period !== undefined && Math.floor(now / period) > Math.floor(seen / period)) state.flags |= C_PERIODIC;
    if (!state.stopped) {
      const [before, after] = [this.secondsAt(seen), this.secondsAt(now)];
      if (after > before) {
        state.flags |= C_UPDATE;
        if (this.alarmAfter(before) <= after) {
          state.flags |= C_ALARM;
          if (state.bytes[B]! & B_ALARM) this.alarm();
        }
      }
    }
    state.seen = now;
    this.signal();
  }

  private alarmAfter(second: number): number {
    return nextAlarm(second, (index) => this.state.bytes[index]!, this.format());
  }

  private request(flags: number): number {
    return flags & this.state.bytes[B]! & (B_PERIODIC | B_ALARM | B_UPDATE) ? C_REQUEST : 0;
  }

  private signal(): void {
    this.interrupt(this.request(this.state.flags) !== 0);
  }

  /** The next tick at which an interrupt or an alarm is due. What nobody waits for is caught up with when it is read. */
  deadline(): number {
    const { state } = this;
    const { seen, stopped, origin } = state;
    const b = state.bytes[B]!;
    const pending = this.request(state.flags) !== 0;
    let tick = Number.POSITIVE_INFINITY;
    const period = this.period();
    if (b & B_PERIODIC && !pending && period !== undefined) tick = (Math.floor(seen / period) + 1) * period;
    if (!stopped && b & (B_UPDATE | B_ALARM)) {
      const second = this.secondsAt(seen);
      const tickOf = (at: number) => origin + (at - state.seconds) * HERTZ;
      if (b & B_UPDATE && !pending) tick = Math.min(tick, tickOf(second + 1));
      if (b & B_ALARM) tick = Math.min(tick, tickOf(this.alarmAfter(second)));
    }
    return Number.isFinite(tick) ? timeOfTick(tick, HERTZ) : tick;
  }

  expire(now: number): void {
    this.follow(ticksAt(now, HERTZ));
  }

  /** A byte of the battery-backed RAM, for what firmware looks at. */
  byte(index: number): number {
    return this.state.bytes[index]!;
  }

  save(): RtcState {
    return structuredClone(this.state);
  }

  load(state: unknown): void {
    this.state = structuredClone(state as RtcState);
  }
}

function isTime(index: number): boolean {
  return index === 0 || index === 2 || index === 4 || (index >= 6 && index <= 9) || index === CENTURY;
}
