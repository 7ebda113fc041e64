import { describe, expect, it } from 'vitest';
import { Serial } from '../../../emulator/devices/serial.ts';
import { TestLine } from './bench.ts';

const [DATA, IER, IIR, FCR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 2, 3, 4, 5, 6, 7].map((n) => 0x3f8 + n) as number[] & {
  length: 9;
} as [number, number, number, number, number, number, number, number, number];

function serial() {
  const line = new TestLine();
  const sent: number[] = [];
  const device = new Serial((byte) => sent.push(byte), line.set);
  const out = (port: number, value: number) => device.write(port, 1, value);
  return { device, line, sent, out, in: (port: number) => device.read(port) };
}

describe('the serial port', () => {
  it('keeps the divisor behind DLAB and the scratch register', () => {
    const s = serial();
    s.out(LCR, 0x83);
    s.out(DATA, 0x34);
    s.out(IER, 0x12);
    expect([s.in(DATA), s.in(IER)]).toEqual([0x34, 0x12]);
    s.out(LCR, 3);
    expect(s.in(IER)).toBe(0);
    s.out(SCR, 0xa5);
    expect([s.in(SCR), s.sent]).toEqual([0xa5, []]);
  });

  it('sends at once and tells so with one interrupt for each character', () => {
    const s = serial();
    s.out(MCR, 0x0b);
    s.out(IER, 0x02);
    expect([s.line.level, s.in(IIR), s.line.level, s.in(IIR)]).toEqual([true, 0x02, false, 0x01]);
    s.out(DATA, 0x41);
    expect([s.sent, s.line.level]).toEqual([[0x41], true]);
    s.out(IER, 0);
    expect([s.line.level, s.in(LSR)]).toEqual([false, 0x60]);
  });

  it('interrupts only with OUT2 on', () => {
    const s = serial();
    s.out(IER, 0x02);
    expect([s.in(LSR), s.line.level]).toEqual([0x60, false]);
    s.out(MCR, 0x08);
    expect(s.line.level).toBe(true);
  });

  it('receives one character at a time without FIFOs', () => {
    const s = serial();
    s.out(MCR, 0x08);
    s.out(IER, 0x01);
    s.device.receive(Uint8Array.of(1, 2));
    expect([s.line.level, s.in(IIR), s.in(LSR)]).toEqual([true, 0x04, 0x61]);
    expect([s.in(DATA), s.line.level, s.in(DATA), s.line.level]).toEqual([1, true, 2, false]);
  });

  it('tells a full FIFO from a character timeout and loses nothing that is still on the line', () => {
    const s = serial();
    s.out(MCR, 0x08);
    s.out(FCR, 0x81); // Trigger level 8.
    s.out(IER, 0x01);
    s.device.receive(Uint8Array.from({ length: 20 }, (_, i) => i));
    const read = [];
    expect(s.in(IIR)).toBe(0xc4);
    for (let i = 0; i < 13; i++) read.push(s.in(DATA));
    expect(s.in(IIR)).toBe(0xcc);
    for (let i = 0; i < 7; i++) read.push(s.in(DATA));
    expect([read, s.in(IIR), s.in(LSR)]).toEqual([Array.from({ length: 20 }, (_, i) => i), 0xc1, 0x60]);
  });

  it('loops back characters, breaks, modem lines, and overruns when nobody reads', () => {
    const s = serial();
    s.out(MCR, 0x1f);
    expect([s.in(MSR), s.in(MSR)]).toEqual([0xf4 & 0xf0, 0xf0]);
    s.out(MCR, 0x10);
    expect([s.in(MSR), s.in(MSR)]).toEqual([0x0f, 0x00]);
    s.out(DATA, 0x55);
    s.out(DATA, 0x66);
    expect([s.in(LSR), s.in(LSR), s.in(DATA), s.sent]).toEqual([0x63, 0x61, 0x66, []]);
    s.out(LCR, 0x43);
    expect([s.in(LSR), s.in(DATA)]).toEqual([0x71, 0]);
  });

  it('orders its interrupts: line status, data, transmitter, modem', () => {
    const s = serial();
    s.out(MCR, 0x18);
    s.in(MSR);
    s.out(IER, 0x0f);
    s.out(DATA, 1);
    s.out(DATA, 2);
    s.out(MCR, 0x1a);
    const seen = [s.in(IIR), s.in(LSR), s.in(IIR), s.in(DATA), s.in(IIR), s.in(IIR), s.in(MSR) & 15, s.in(IIR)];
    expect(seen).toEqual([0x06, 0x63, 0x04, 2, 0x02, 0x00, 0x01, 0x01]);
  });

  it('saves and loads what a guest could see', () => {
    const s = serial();
    s.out(MCR, 0x08);
    s.out(FCR, 0x01);
    s.device.receive(Uint8Array.from({ length: 20 }, (_, i) => i));
    const saved = JSON.parse(JSON.stringify(s.device.save()));
    for (let i = 0; i < 20; i++) s.in(DATA);
    s.device.load(saved);
    expect(s.device.save()).toEqual(saved);
    expect(Array.from({ length: 20 }, () => s.in(DATA))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});
