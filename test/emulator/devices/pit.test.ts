import { describe, expect, it } from 'vitest';
import { PIT_HERTZ, Pit } from '../../../emulator/devices/pit.ts';
import { timeOfTick } from '../../../emulator/devices/timebase.ts';
import { TestClock, TestLine } from './bench.ts';

function pit() {
  const clock = new TestClock();
  const line = new TestLine();
  const device = clock.drive(new Pit(clock, line.set));
  const out = (port: number, value: number) => device.write(port, 1, value);
  let tick = 0;
  return {
    ...{ clock, line, device, out, in: (port: number) => device.read(port) },
    /** Moves on by ticks of the 8254. */
    ticks(count: number) {
      tick += count;
      clock.advance(timeOfTick(tick, PIT_HERTZ) - clock.now());
    },
    /** Programs a counter with a 16-bit count. */
    program(counter: number, mode: number, count: number, bcd = 0) {
      out(0x43, (counter << 6) | 0x30 | (mode << 1) | bcd);
      out(0x40 + counter, count & 0xff);
      out(0x40 + counter, count >>> 8);
    },
    count(counter: number) {
      out(0x43, counter << 6);
      const low = device.read(0x40 + counter);
      return low | (device.read(0x40 + counter) << 8);
    },
    /** OUT and the null-count flag by the read-back command. */
    status(counter: number) {
      out(0x43, 0xe0 | (2 << counter));
      return device.read(0x40 + counter);
    },
  };
}

const GATE_ON = 0x01;
/** Counter 2's output, which port 61h shows. */
const output = (p: ReturnType<typeof pit>) => (p.in(0x61) >>> 5) & 1;

describe('the 8254', () => {
  it('is silent until a count is written', () => {
    const p = pit();
    expect(p.device.deadline()).toBe(Number.POSITIVE_INFINITY);
    p.out(0x43, 0x36);
    p.ticks(100_000);
    expect([p.device.deadline(), p.line.rises]).toEqual([Number.POSITIVE_INFINITY, 1]);
  });

  it('mode 0: the output rises N + 1 ticks after the count and stays; the count goes on from FFFFh', () => {
    const p = pit();
    p.program(0, 0, 10);
    p.ticks(10);
    expect([p.line.level, p.count(0)]).toEqual([false, 1]);
    p.ticks(1);
    expect([p.line.level, p.count(0)]).toEqual([true, 0]);
    p.ticks(3);
    expect([p.line.rises, p.count(0)]).toEqual([1, 0xfffd]);
    p.out(0x40, 5); // The first byte of a new count drops the output.
    expect(p.line.level).toBe(false);
  });

  it('mode 0: the gate holds the count', () => {
    const p = pit();
    p.out(0x61, GATE_ON);
    p.program(2, 0, 100);
    p.ticks(11);
    p.out(0x61, 0);
    p.ticks(500);
    expect([p.count(2), output(p)]).toEqual([90, 0]);
    p.out(0x61, GATE_ON);
    p.ticks(89);
    expect([p.count(2), output(p)]).toEqual([1, 0]);
    p.ticks(1);
    expect(output(p)).toBe(1);
  });

  it('mode 1: each rise of the gate starts a one-shot anew', () => {
    const p = pit();
    p.program(2, 1, 20);
    expect(output(p)).toBe(1);
    p.out(0x61, GATE_ON);
    p.ticks(1);
    expect(output(p)).toBe(0);
    p.ticks(15);
    p.out(0x61, 0);
    p.out(0x61, GATE_ON);
    p.ticks(20);
    expect(output(p)).toBe(0);
    p.ticks(1);
    expect(output(p)).toBe(1);
  });

  it('mode 2: one tick low in N; a new count waits for the end of the period', () => {
    const p = pit();
    p.program(0, 2, 10);
    const before = p.line.rises;
    p.ticks(1 + 9);
    expect([p.line.level, p.count(0)]).toEqual([false, 1]);
    p.ticks(1);
    expect([p.line.level, p.line.rises - before, p.count(0)]).toEqual([true, 1, 10]);
    p.out(0x40, 4);
    p.out(0x40, 0);
    expect(p.status(0) & 0x40).toBe(0x40);
    p.ticks(9);
    expect(p.count(0)).toBe(1);
    p.ticks(1);
    expect([p.count(0), p.status(0)]).toEqual([4, 0x80 | 0x34]);
    p.ticks(4 * 25);
    expect(p.line.rises - before).toBe(2 + 25);
  });

  it('mode 3: a square wave that counts by two, odd counts one tick longer high', () => {
    const p = pit();
    p.out(0x61, GATE_ON);
    p.program(2, 3, 6);
    p.ticks(1);
    const wave = Array.from({ length: 12 }, () => {
      const at = [p.count(2), output(p)];
      p.ticks(1);
      return at;
    });
    const even = [
      [6, 1],
      [4, 1],
      [2, 1],
      [6, 0],
      [4, 0],
      [2, 0],
    ]; // prettier-ignore
    expect(wave).toEqual([...even, ...even]);
    p.program(2, 3, 5);
    p.ticks(1);
    const odd = Array.from({ length: 5 }, () => {
      const at = output(p);
      p.ticks(1);
      return at;
    });
    expect(odd).toEqual([1, 1, 1, 0, 0]);
    p.out(0x61, 0);
    expect(output(p)).toBe(1);
  });

  it.each([4, 5])('mode %i: one low tick when the count has run out', (mode) => {
    const p = pit();
    if (mode === 4) p.out(0x61, GATE_ON);
    p.program(2, mode, 8);
    if (mode === 5) p.out(0x61, GATE_ON);
    const wave = Array.from({ length: 12 }, () => {
      p.ticks(1);
      return output(p);
    });
    expect(wave).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1]);
  });

  it('counts in BCD, 0 standing for 10000', () => {
    const p = pit();
    p.program(0, 2, 0x1000, 1);
    p.ticks(1 + 1);
    expect(p.count(0)).toBe(0x0999);
    p.program(0, 2, 0, 1);
    p.ticks(1 + 1);
    expect(p.count(0)).toBe(0x9999);
  });

  it('latches a count until it is read, and a status before it', () => {
    const p = pit();
    p.program(0, 2, 1000);
    p.ticks(101);
    p.out(0x43, 0xc2); // Count and status of counter 0.
    p.ticks(50);
    expect([p.in(0x40), p.in(0x40) | (p.in(0x40) << 8)]).toEqual([0xb4, 900]);
    expect(p.in(0x40) | (p.in(0x40) << 8)).toBe(850);
  });

  it('ticks 18.2 times a second with count 0, exactly', () => {
    const p = pit();
    p.program(0, 2, 0);
    const before = p.line.rises;
    p.clock.advance(3600e9);
    expect(p.line.rises - before).toBe(Math.floor((3600 * PIT_HERTZ - 1) / 65536));
  });

  it('port 61h shows gate, speaker and a toggling refresh bit', () => {
    const p = pit();
    p.out(0x61, 3);
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      seen.add(p.in(0x61) & 0x1f);
      p.ticks(9);
    }
    expect(seen).toEqual(new Set([0x03, 0x13]));
  });

  it('saves and loads in the middle of a period', () => {
    const p = pit();
    p.program(0, 2, 1000);
    p.program(2, 3, 77);
    p.ticks(300);
    const saved = JSON.parse(JSON.stringify(p.device.save()));
    const deadline = p.device.deadline();
    const other = new Pit(p.clock, new TestLine().set);
    other.load(saved);
    expect([other.save(), other.deadline()]).toEqual([p.device.save(), deadline]);
    for (const port of [0x40, 0x42, 0x61]) expect(other.read(port)).toBe(p.in(port));
  });
});
