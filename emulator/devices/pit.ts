import type { Clock, InterruptLine, PortDevice, TimedDevice } from './device.ts';
import { PitCounter, type PitCounterState } from './pitCounter.ts';
import { ticksAt, timeOfTick } from './timebase.ts';

export const PIT_HERTZ = 1_193_182;

interface PitState {
  counters: PitCounterState[];
  /** Port 61h bits 0 to 3: gate of counter 2, speaker, and two enables for parity checks that never fail. */
  systemControl: number;
  /** The tick up to which counter 0's edges went to its interrupt line. */
  signalled: number;
}

const CONTROL = 0x43;
const SYSTEM_CONTROL = 0x61;
const GATE_2 = 0x01;
const REFRESH = 0x10;
const OUT_2 = 0x20;
/** A PC refreshes a row of its memory every 18 ticks. */
const REFRESH_TICKS = 18;
const READ_BACK = 3;

/**
 * The 8254 of a PC and the part of port 61h that belongs to it. Counter 0 drives IRQ 0, counter 2 the speaker. No
 * counter counts before the guest writes a count, unlike behind a BIOS, so that a guest that never asked for ticks has none.
 */
export class Pit implements PortDevice, TimedDevice {
  readonly name = 'pit';
  readonly ports = [
    [0x40, 4],
    [SYSTEM_CONTROL, 1],
  ] as const;
  readonly byteWide = true;
  private readonly clock: Clock;
  private readonly interrupt: InterruptLine;
  private readonly counters = [new PitCounter(true), new PitCounter(true), new PitCounter(false)];
  private systemControl = 0;
  private signalled = 0;

  constructor(clock: Clock, interrupt: InterruptLine) {
    this.clock = clock;
    this.interrupt = interrupt;
  }

  private ticks(): number {
    return ticksAt(this.clock.now(), PIT_HERTZ);
  }

  read(port: number): number {
    const now = this.ticks();
    if (port === SYSTEM_CONTROL) {
      const refresh = Math.floor(now / REFRESH_TICKS) & 1 ? REFRESH : 0;
      return this.systemControl | refresh | (this.counters[2]!.output(now) ? OUT_2 : 0);
    }
    return port === CONTROL ? 0xff : this.counters[port & 3]!.read(now);
  }

  write(port: number, _size: number, value: number): void {
    const now = this.ticks();
    const byte = value & 0xff;
    if (port === SYSTEM_CONTROL) {
      this.systemControl = byte & 0xf;
      this.counters[2]!.setGate((byte & GATE_2) !== 0, now);
      return;
    }
    this.signal(now);
    if (port === CONTROL) this.control(byte, now);
    else this.counters[port & 3]!.write(byte, now);
    this.signal(now);
    this.clock.changed();
  }

  private control(byte: number, now: number): void {
    const select = byte >>> 6;
    const access = (byte >>> 4) & 3;
    if (select === READ_BACK) {
      for (const [index, counter] of this.counters.entries()) {
        if (!((byte >>> (index + 1)) & 1)) continue;
        if (!(byte & 0x20)) counter.latchCount(now);
        if (!(byte & 0x10)) counter.latchStatus(now);
      }
    } else if (access === 0) this.counters[select]!.latchCount(now);
    else this.counters[select]!.control(access, (byte >>> 1) & 7, (byte & 1) !== 0);
  }

  /** Puts counter 0's output on its line, with an edge for what went up and down again since the last look. */
  private signal(now: number): void {
    const counter = this.counters[0]!;
    for (let change = counter.nextChange(this.signalled); change <= now; ) {
      this.interrupt(counter.output(change));
      // A run of many periods is one edge: the controller remembers no more.
      const skip = now - change > 0x2_0000 ? now - 0x2_0000 : change;
      this.signalled = skip;
      change = counter.nextChange(skip);
    }
    this.signalled = now;
    this.interrupt(counter.output(now));
  }

  deadline(): number {
    const change = this.counters[0]!.nextChange(this.signalled);
    return Number.isFinite(change) ? timeOfTick(change, PIT_HERTZ) : change;
  }

  expire(now: number): void {
    this.signal(ticksAt(now, PIT_HERTZ));
  }

  save(): PitState {
    const counters = this.counters.map(({ state }) => structuredClone(state));
    return { counters, systemControl: this.systemControl, signalled: this.signalled };
  }

  load(saved: unknown): void {
    const { counters, systemControl, signalled } = saved as PitState;
    for (const [index, state] of counters.entries()) this.counters[index]!.state = structuredClone(state);
    this.systemControl = systemControl;
    this.signalled = signalled;
  }
}
