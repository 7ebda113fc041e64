/** 8259s and IOAPIC by themselves. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { InterruptMessage } from '../../../emulator/devices/apic/message.ts';
import { IoApic } from '../../../emulator/devices/ioApic.ts';
import { Pic } from '../../../emulator/devices/pic.ts';

describe('8259s', () => {
  let output = false;
  let pic: Pic;
  const out = (port: number, ...values: number[]) => {
    for (const value of values) pic.write(port, 1, value);
  };
  const pulse = (line: number) => {
    pic.setLine(line, true);
    pic.setLine(line, false);
  };
  /** Vectors 20h and 28h, nothing masked; ICW4 as given. */
  function initialise(icw1 = 0x11, icw4 = 1): void {
    out(0x20, icw1);
    out(0x21, 0x20, 4, icw4, 0);
    out(0xa0, icw1);
    out(0xa1, 0x28, 2, icw4, 0);
  }
  const take = (): number => (output ? pic.acknowledge() : -1);

  beforeEach(() => {
    output = false;
    pic = new Pic((level) => {
      output = level;
    });
    initialise();
  });

  it('serves by priority, nested, and lower ones after the EOI', () => {
    for (const line of [5, 3, 14]) pulse(line);
    expect(take()).toBe(0x2e);
    pulse(9);
    // The slave's better request waits for the EOI of the master's cascade level.
    expect(take()).toBe(-1);
    out(0x20, 0x20);
    expect(take()).toBe(0x29);
    out(0xa0, 0x20);
    out(0xa0, 0x20);
    out(0x20, 0x20);
    expect(take()).toBe(0x23);
    expect(take()).toBe(-1);
    pulse(1);
    expect(take()).toBe(0x21);
    out(0x20, 0x61);
    out(0x20, 0x63);
    expect(take()).toBe(0x25);
  });

  it('takes an edge once, a level as long as it is high', () => {
    pic.setLine(4, true);
    expect(take()).toBe(0x24);
    out(0x20, 0x20);
    expect(take()).toBe(-1);
    pic.setLine(4, false);
    out(0x4d0, 0xff);
    expect(pic.read(0x4d0, 1)).toBe(0xf8);
    pic.setLine(5, true);
    expect(take()).toBe(0x25);
    out(0x20, 0x20);
    expect(take()).toBe(0x25);
    pic.setLine(5, false);
    out(0x20, 0x20);
    expect(take()).toBe(-1);
  });

  it('answers with a spurious IRQ 7 or 15, which is not in service', () => {
    out(0x4d0, 0x08);
    pic.setLine(3, true);
    pic.setLine(3, false);
    expect(pic.acknowledge()).toBe(0x27);
    out(0x20, 0x0b);
    expect(pic.read(0x20, 1)).toBe(0);
    pulse(10);
    expect(output).toBe(true);
    // The slave's request is gone between the INTAs; the master's cascade level stays in service.
    const slave = (pic.save() as { request: number }[])[1]!;
    expect(slave.request).toBe(4);
    const [master] = pic.save() as object[];
    pic.load([master, { ...slave, request: 0 }]);
    expect(pic.acknowledge()).toBe(0x2f);
    expect(pic.read(0x20, 1)).toBe(4);
  });

  it('masks, and reads back the mask, requests and services', () => {
    out(0x21, 0x02);
    pulse(1);
    expect(take()).toBe(-1);
    expect([pic.read(0x21, 1), pic.read(0x20, 1)]).toEqual([2, 2]);
    out(0x21, 0);
    expect(take()).toBe(0x21);
    out(0x20, 0x0b);
    expect(pic.read(0x20, 1)).toBe(2);
    out(0x20, 0x0a);
    expect(pic.read(0x20, 1)).toBe(0);
  });

  it('lets lower requests through in special mask mode', () => {
    pulse(3);
    expect(take()).toBe(0x23);
    pulse(6);
    expect(take()).toBe(-1);
    out(0x21, 0x08);
    out(0x20, 0x68);
    expect(take()).toBe(0x26);
    out(0x20, 0x48);
  });

  it('rotates priorities with the EOI, and by command', () => {
    pulse(2 + 1);
    expect(take()).toBe(0x23);
    out(0x20, 0xa0);
    for (const line of [3, 4]) pulse(line);
    // IRQ 3 has the lowest priority now.
    expect(take()).toBe(0x24);
    out(0x20, 0x20);
    expect(take()).toBe(0x23);
    out(0x20, 0x20, 0xc6);
    for (const line of [6, 7]) pulse(line);
    expect(take()).toBe(0x27);
  });

  it('ends interrupts by itself with automatic EOI', () => {
    initialise(0x11, 3);
    pulse(5);
    pulse(6);
    expect([take(), take(), take()]).toEqual([0x25, 0x26, -1]);
  });

  it('is polled', () => {
    pulse(4);
    out(0x20, 0x0c);
    expect(pic.read(0x20, 1)).toBe(0x84);
    out(0x20, 0x0c);
    expect(pic.read(0x20, 1)).toBe(0);
    out(0x20, 0x0b);
    expect(pic.read(0x20, 1)).toBe(0x10);
  });

  it('saves and loads', () => {
    pulse(9);
    pic.setLine(3, true);
    const saved = pic.save();
    expect(take()).toBe(0x29);
    pic.load(saved);
    expect(pic.save()).toEqual(saved);
    expect(pic.acknowledge()).toBe(0x29);
  });
});

describe('IOAPIC', () => {
  let sent: InterruptMessage[] = [];
  let io: IoApic;
  const put = (offset: number, value: number) => {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    io.writeMemory(0xfec00000 + offset, bytes);
  };
  const read = (register: number): number => {
    put(0, register);
    const bytes = new Uint8Array(4);
    io.readMemory(0xfec00010, bytes);
    return new DataView(bytes.buffer).getUint32(0, true);
  };
  const write = (register: number, value: number) => {
    put(0, register);
    put(0x10, value);
  };
  const entry = (pin: number, low: number, high = 0) => {
    write(0x11 + pin * 2, high);
    write(0x10 + pin * 2, low);
  };

  beforeEach(() => {
    sent = [];
    io = new IoApic((message) => sent.push(message));
  });

  it('has 24 masked pins, version 20h, and an ID that its arbitration register follows', () => {
    expect([read(1), read(0x10), read(0x3e), read(0x40)]).toEqual([0x170020, 0x10000, 0x10000, 0]);
    write(0, 0xffffffff);
    write(2, 0);
    expect([read(0), read(2)]).toEqual([0x0f000000, 0x0f000000]);
  });

  it('sends an edge once, where its entry says; one that came while masked is lost', () => {
    entry(5, 0x1_0955, 0x03000000);
    io.setLine(5, true);
    expect(sent).toEqual([]);
    entry(5, 0x0955, 0x03000000);
    expect(sent).toEqual([]);
    io.setLine(5, false);
    io.setLine(5, true);
    expect(sent).toEqual([{ vector: 0x55, delivery: 1, level: false, logical: true, destination: 3, extended: false }]);
    expect(read(0x1a)).toBe(0x0955);
  });

  it('sends a level again after each EOI of its vector while the line is high', () => {
    entry(11, 0x8061);
    io.setLine(11, true);
    expect([sent.length, read(0x26)]).toEqual([1, 0xc061]);
    io.endOfInterrupt(0x62);
    expect(sent.length).toBe(1);
    io.endOfInterrupt(0x61);
    expect([sent.length, read(0x26)]).toEqual([2, 0xc061]);
    io.setLine(11, false);
    // By the EOI register.
    put(0x40, 0x61);
    expect([sent.length, read(0x26)]).toEqual([2, 0x8061]);
  });

  it('serves a level that rose while masked once it is unmasked', () => {
    entry(11, 0x18061);
    io.setLine(11, true);
    expect(sent).toEqual([]);
    entry(11, 0x8061);
    expect(sent.length).toBe(1);
  });

  it('has ISA IRQ 0 on pin 2 and nothing of IRQ 2', () => {
    entry(2, 0x40);
    entry(0, 0x41);
    io.setLine(2, true);
    expect(sent).toEqual([]);
    io.setLine(0, true);
    expect(sent.map(({ vector }) => vector)).toEqual([0x40]);
  });
});
