/** A clock that a test moves, and lines that remember what went over them. */
import type { Clock, InterruptLine, TimedDevice } from '../../../emulator/devices/device.ts';

export class TestClock implements Clock {
  private time = 0;
  private readonly timed: TimedDevice[] = [];

  now(): number {
    return this.time;
  }

  changed(): void {}

  drive<T extends TimedDevice>(device: T): T {
    this.timed.push(device);
    return device;
  }

  /** Moves on, letting devices act at each deadline on the way, as the machine does. */
  advance(nanoseconds: number): void {
    const end = this.time + nanoseconds;
    for (;;) {
      const next = Math.min(...this.timed.map((d) => d.deadline()));
      if (next > end) break;
      this.time = Math.max(next, this.time);
      for (const device of this.timed) if (device.deadline() <= this.time) device.expire(this.time);
    }
    this.time = end;
  }
}

/** A line and how often it rose. */
export class TestLine {
  level = false;
  rises = 0;
  readonly set: InterruptLine = (level) => {
    if (level && !this.level) this.rises++;
    this.level = level;
  };
}
