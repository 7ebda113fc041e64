import { describe, expect, it } from 'vitest';
import { Power } from '../../../emulator/devices/power.ts';
import { Rtc } from '../../../emulator/devices/rtc.ts';
import { TestClock, TestLine } from './bench.ts';

const START = Date.UTC(2024, 1, 28, 23, 59, 58) / 1000;
const SECOND = 1e9;
const [A, B, C] = [10, 11, 12];

function rtc(start = START) {
  const clock = new TestClock();
  const line = new TestLine();
  const alarms: number[] = [];
  const device = clock.drive(new Rtc(clock, line.set, start - 1, new Map([[0x14, 2]]), () => alarms.push(clock.now())));
  // To the first update.
  clock.advance(SECOND / 64);
  const read = (index: number) => {
    device.write(0x70, 1, index);
    return device.read(0x71);
  };
  const write = (index: number, value: number) => {
    device.write(0x70, 1, index);
    device.write(0x71, 1, value);
  };
  const time = () => [0x32, 9, 8, 7, 6, 4, 2, 0].map((index) => read(index).toString(16)).join(' ');
  return { clock, line, device, alarms, read, write, time };
}

describe('the RTC', () => {
  it('tells the time in BCD and goes over a leap day', () => {
    const r = rtc();
    expect(r.time()).toBe('20 24 2 28 4 23 59 58');
    r.clock.advance(2 * SECOND);
    expect(r.time()).toBe('20 24 2 29 5 0 0 0');
    r.clock.advance(86_400 * SECOND);
    expect(r.time()).toBe('20 24 3 1 6 0 0 0');
  });

  it('tells it in binary and in twelve hours', () => {
    const r = rtc();
    r.write(B, 0x04);
    expect([r.read(0), r.read(4)]).toEqual([58, 0x80 | 11]);
    r.write(B, 0x00);
    r.clock.advance(2 * SECOND);
    expect(r.read(4)).toBe(0x12);
    r.clock.advance(12 * 3600 * SECOND);
    expect(r.read(4)).toBe(0x92);
  });

  it('is set under SET, which holds the clock', () => {
    const r = rtc();
    r.write(B, 0x82);
    for (const [index, value] of [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x12],
      [7, 0x31],
      [4, 0x23],
      [2, 0x59],
      [0, 0x59],
    ] as const) {
      r.write(index, value);
    }
    r.clock.advance(5 * SECOND);
    expect(r.read(0)).toBe(0x59);
    r.write(B, 0x02);
    r.clock.advance(SECOND);
    expect(r.time()).toBe('20 0 1 1 7 0 0 0');
  });

  it('starts half a second before an update when the divider is let go', () => {
    const r = rtc();
    r.write(A, 0x60);
    r.clock.advance(10 * SECOND);
    expect(r.read(0)).toBe(0x58);
    r.write(A, 0x26);
    r.clock.advance(0.4 * SECOND);
    expect(r.read(0)).toBe(0x58);
    r.clock.advance(0.2 * SECOND);
    expect(r.read(0)).toBe(0x59);
  });

  it('shows the update in progress once a second, before the seconds change', () => {
    const r = rtc();
    expect(r.read(A)).toBe(0x26);
    r.clock.advance(SECOND - 2e6);
    expect([r.read(A), r.read(0)]).toEqual([0xa6, 0x58]);
    r.clock.advance(2e6);
    expect([r.read(A), r.read(0)]).toEqual([0x26, 0x59]);
  });

  it('interrupts at its rate until register C is read', () => {
    const r = rtc();
    r.read(C);
    r.write(B, 0x42); // 1024 Hz.
    r.clock.advance(SECOND / 1024 - 1e3);
    expect(r.line.level).toBe(false);
    r.clock.advance(2e3);
    expect([r.line.level, r.read(C), r.line.level, r.read(C)]).toEqual([true, 0xc0, false, 0x00]);
    r.write(A, 0x2f); // 2 Hz.
    for (let i = 0; i < 1000; i++) {
      r.clock.advance(SECOND / 100);
      r.read(C);
    }
    expect(r.line.rises).toBe(1 + 20);
  });

  it('interrupts after each update, not while SET is on', () => {
    const r = rtc();
    r.write(B, 0x12);
    r.clock.advance(SECOND);
    expect([r.line.level, r.read(C) & 0xb0]).toEqual([true, 0x90]);
    r.write(B, 0x92);
    expect(r.read(B)).toBe(0x82);
  });

  it('alarms at the time set, and every second with bytes from C0h on', () => {
    const r = rtc();
    r.write(1, 0x01);
    r.write(3, 0x00);
    r.write(5, 0x00);
    r.write(B, 0x22);
    r.clock.advance(2.9 * SECOND);
    expect([r.alarms, r.line.level]).toEqual([[], false]);
    r.clock.advance(0.2 * SECOND);
    expect([r.alarms, r.read(C)]).toEqual([[3 * SECOND + SECOND / 64], 0xf0]);
    r.clock.advance(86_399 * SECOND);
    expect(r.alarms.length).toBe(1);
    r.clock.advance(SECOND);
    expect(r.alarms.length).toBe(2);
    for (const index of [1, 3, 5]) r.write(index, 0xff);
    r.clock.advance(5 * SECOND);
    expect(r.alarms.length).toBe(7);
  });

  it('never alarms at a time that does not exist', () => {
    const r = rtc();
    r.write(1, 0x75);
    r.write(B, 0x22);
    expect(r.device.deadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('keeps 128 bytes and what firmware left there', () => {
    const r = rtc();
    r.write(0x7f, 0xab);
    expect([r.read(0x14), r.read(0x7f), r.read(13)]).toEqual([2, 0xab, 0x80]);
  });

  it('saves and loads with an interrupt pending', () => {
    const r = rtc();
    r.write(B, 0x72);
    r.clock.advance(1.5 * SECOND);
    const saved = JSON.parse(JSON.stringify(r.device.save()));
    const other = new Rtc(r.clock, new TestLine().set, 0);
    other.load(saved);
    expect([other.save(), other.deadline()]).toEqual([r.device.save(), r.device.deadline()]);
    other.write(0x70, 1, C);
    expect(other.read(0x71)).toBe(r.read(C));
  });
});

describe('power management', () => {
  function power() {
    const clock = new TestClock();
    const line = new TestLine();
    const did: string[] = [];
    const act = (what: string) => () => did.push(what);
    const device = clock.drive(new Power(clock, line.set, { off: act('off'), sleep: act('sleep'), wake: act('wake') }));
    return { clock, line, did, device };
  }

  it('counts 24 bits at 3.579545 MHz and interrupts when the top bit changes', () => {
    const p = power();
    p.clock.advance(SECOND);
    expect(p.device.read(0x608, 4)).toBe(3_579_545);
    p.device.write(0x602, 2, 0x0001);
    p.clock.advance(1.3 * SECOND);
    expect(p.line.level).toBe(false);
    p.clock.advance(0.1 * SECOND);
    expect([p.line.level, p.device.read(0x600, 2)]).toEqual([true, 1]);
    p.device.write(0x600, 2, 1);
    expect([p.line.level, p.device.read(0x600, 2)]).toEqual([false, 0]);
    p.clock.advance(3 * SECOND);
    expect(p.device.read(0x608, 4)).toBe(Math.floor(5.4 * 3_579_545) % 2 ** 24);
  });

  it('switches off, and sleeps until an alarm that is enabled', () => {
    const p = power();
    p.device.write(0x604, 2, 0x2400);
    expect(p.did).toEqual(['sleep']);
    p.device.rtcAlarm();
    expect(p.did).toEqual(['sleep']);
    p.device.write(0x602, 2, 0x0400);
    expect([p.did, p.device.read(0x600, 2), p.line.level]).toEqual([['sleep', 'wake'], 0x8400, false]);
    p.device.write(0x604, 2, 0x2001);
    expect([p.did, p.line.level]).toEqual([['sleep', 'wake', 'off'], true]);
    expect(p.device.read(0x604, 2)).toBe(0x0001);
    const saved = JSON.parse(JSON.stringify(p.device.save()));
    p.device.write(0x600, 2, 0xffff);
    p.device.load(saved);
    expect(p.device.read(0x600, 2)).toBe(0x8400);
  });
});
