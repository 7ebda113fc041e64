/** A local APIC by itself: priorities, modes, registers, errors (SDM Vol. 3A ch. 10). */
import { beforeEach, describe, expect, it } from 'vitest';
import { LocalApic } from '../../../../emulator/devices/apic/localApic.ts';
import type { InterruptMessage } from '../../../../emulator/devices/apic/message.ts';
import { DELIVERY } from '../../../../emulator/devices/apic/registers.ts';
import { NANOSECONDS_PER_STEP } from '../../../../emulator/devices/device.ts';
import { TimeStampRate } from '../../../../emulator/devices/timeStampRate.ts';

const BASE = 0xfee00000;
const rate = new TimeStampRate({ crystalHz: 25_000_000, numerator: 160, denominator: 2 });
let step = 0;
let sent: (InterruptMessage & { to?: string })[] = [];
let ended: number[] = [];
let apic: LocalApic;

function make(id = 1): LocalApic {
  const clock = { now: () => step * NANOSECONDS_PER_STEP, changed: () => {} };
  return new LocalApic(id, clock, rate, {
    send: (message) => sent.push(message),
    sendShorthand: (message, to) => sent.push({ ...message, to }),
    endOfInterrupt: (vector) => ended.push(vector),
    externalVector: () => 0x77,
  });
}

const read = (offset: number, from = apic): number => {
  const bytes = new Uint8Array(4);
  from.readMemory(BASE + offset, bytes);
  return new DataView(bytes.buffer).getUint32(0, true);
};
function write(offset: number, value: number, to = apic): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  to.writeMemory(BASE + offset, bytes);
}

beforeEach(() => {
  step = 0;
  sent = [];
  ended = [];
  apic = make();
  write(0xf0, 0x1ff);
});

describe('priorities', () => {
  it('lets the highest class above PPR through, one vector after the other', () => {
    for (const vector of [0x31, 0x82, 0x35]) apic.receive(DELIVERY.FIXED, vector, false);
    expect(apic.interruptRequest()).toBe(true);
    expect(apic.acknowledge()).toBe(0x82);
    expect(read(0xa0)).toBe(0x80);
    expect(apic.interruptRequest()).toBe(false);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x35);
    // 31h is of the same class as what is in service.
    expect(apic.interruptRequest()).toBe(false);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x31);
    write(0xb0, 0);
    expect([apic.interruptRequest(), read(0xa0)]).toEqual([false, 0]);
  });

  it('holds back what TPR is not below, and answers a lost request with the spurious vector', () => {
    apic.receive(DELIVERY.FIXED, 0x45, false);
    apic.taskPriority = 0x40;
    expect([apic.interruptRequest(), read(0xa0), apic.acknowledge()]).toEqual([false, 0x40, 0xff]);
    expect(read(0x100)).toBe(0);
    write(0x80, 0x3f);
    expect([apic.taskPriority, apic.interruptRequest(), apic.acknowledge()]).toEqual([0x3f, true, 0x45]);
  });

  it('collapses requests of one vector, and keeps one beside the one in service', () => {
    for (let i = 0; i < 3; i++) apic.receive(DELIVERY.FIXED, 0x60, false);
    expect(apic.acknowledge()).toBe(0x60);
    apic.receive(DELIVERY.FIXED, 0x60, false);
    expect([read(0x130) >>> 0, read(0x230) >>> 0]).toEqual([1, 1]);
    write(0xb0, 0);
    expect(apic.acknowledge()).toBe(0x60);
    write(0xb0, 0);
    expect(apic.interruptRequest()).toBe(false);
  });

  it('broadcasts the EOI of level-triggered vectors unless SVR says not to', () => {
    apic.receive(DELIVERY.FIXED, 0x50, true);
    apic.acknowledge();
    write(0xb0, 0);
    apic.receive(DELIVERY.FIXED, 0x51, false);
    apic.acknowledge();
    write(0xb0, 0);
    expect(ended).toEqual([0x50]);
    write(0xf0, 0x11ff);
    apic.receive(DELIVERY.FIXED, 0x50, true);
    apic.acknowledge();
    write(0xb0, 0);
    expect(ended).toEqual([0x50]);
  });
});

describe('errors', () => {
  it('tells of illegal vectors and registers by ESR after a write to it, and by the error interrupt once', () => {
    write(0x370, 0xfe);
    apic.receive(DELIVERY.FIXED, 3, false);
    write(0x300, 0x4005);
    expect(sent).toEqual([]);
    read(0x40);
    expect(read(0x280)).toBe(0);
    write(0x280, 0);
    expect(read(0x280)).toBe(0xe0);
    expect(apic.acknowledge()).toBe(0xfe);
    write(0x280, 0);
    expect(read(0x280)).toBe(0);
  });
});

describe('IPIs', () => {
  it.each([
    [0x4041, 0x03000000, { vector: 0x41, delivery: 0, logical: false, destination: 3 }],
    [0x4841, 0x0f000000, { vector: 0x41, delivery: 0, logical: true, destination: 0x0f }],
    [0x4141, 0xff000000, { vector: 0x41, delivery: 1, destination: 0xff }],
    [0x4400, 0x02000000, { delivery: 4, destination: 2 }],
    [0x4500, 0x02000000, { delivery: 5, destination: 2 }],
    [0x4608, 0x02000000, { vector: 8, delivery: 6, destination: 2 }],
    [0x44041, 0, { vector: 0x41, to: 'self' }],
    [0x84041, 0, { vector: 0x41, to: 'all' }],
    [0xc4041, 0, { vector: 0x41, to: 'others' }],
  ])('ICR %i', (low, high, message) => {
    write(0x310, high);
    write(0x300, low);
    expect(sent).toEqual([expect.objectContaining(message)]);
  });

  it('drops the INIT level de-assert', () => {
    write(0x300, 0x8500);
    expect(sent).toEqual([]);
  });

  it('matches destinations in flat and cluster model, and broadcasts', () => {
    const message = (destination: number, logical: boolean) =>
      apic.matches({ vector: 0, delivery: 0, level: false, logical, destination, extended: false });
    expect([message(1, false), message(2, false), message(0xff, false)]).toEqual([true, false, true]);
    write(0xd0, 0x24000000);
    expect([message(0x04, true), message(0x20, true), message(0x13, true)]).toEqual([true, true, false]);
    write(0xe0, 0);
    expect([message(0x24, true), message(0x34, true), message(0x23, true), message(0xf4, true)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('modes', () => {
  const EN = 0x800;
  const EXTD = 0x400;
  const change = (bits: number) => apic.writeBase((BASE | bits) >>> 0, 0);

  it('goes from disabled to xAPIC to x2APIC and from each to disabled, no other way', () => {
    expect([change(EXTD), change(EN | EXTD), change(EN), change(EXTD)]).toEqual([false, true, false, false]);
    expect([change(0), change(EN | EXTD), change(EXTD), change(EN)]).toEqual([true, false, false, true]);
  });

  it('is out of memory in x2APIC mode, where registers are MSRs with #GP for reserved bits', () => {
    expect(apic.claims(BASE)).toBe(true);
    expect(apic.readMsr(2)).toBeUndefined();
    change(EN | EXTD);
    expect(apic.claims(BASE)).toBe(false);
    expect(apic.readMsr(2)).toEqual([1, 0]);
    // Cluster 0, bit 1.
    expect(apic.readMsr(0xd)).toEqual([2, 0]);
    for (const register of [0xb, 0xe, 0x9, 0x31, 0x3f, 0x40, 0x2f]) expect(apic.readMsr(register)).toBeUndefined();
    for (const [register, low, high] of [
      [2, 0, 0],
      [8, 0x100, 0],
      [8, 0, 1],
      [0xb, 1, 0],
      [0xd, 2, 0],
      [0xf, 0x10000, 0],
      [0x28, 1, 0],
      [0x30, 0x2000, 0],
      [0x32, 0x80000, 0],
      [0x39, 0, 0],
      [0x3e, 4, 0],
      [0x3f, 0x100, 0],
    ] as const) {
      expect(apic.writeMsr(register, low, high), `register ${register.toString(16)}`).toBe(false);
    }
    expect(apic.writeMsr(0x3f, 0x66, 0)).toBe(true);
    expect(apic.acknowledge()).toBe(0x66);
    expect(apic.writeMsr(0x30, 0x4041, 0x12345)).toBe(true);
    expect(sent).toEqual([expect.objectContaining({ destination: 0x12345, extended: true })]);
  });

  it('masks every LVT entry while software has it off, and takes no fixed interrupt', () => {
    write(0x320, 0x30);
    write(0xf0, 0xff);
    expect(read(0x320)).toBe(0x10030);
    write(0x320, 0x30);
    expect(read(0x320)).toBe(0x10030);
    apic.receive(DELIVERY.FIXED, 0x40, false);
    expect(apic.interruptRequest()).toBe(false);
    apic.receive(DELIVERY.NMI, 0, false);
    expect(apic.nmiPending).toBe(true);
  });

  it('passes the 8259s through LINT0 as ExtINT, and around itself while disabled', () => {
    apic.setPin(0, true);
    expect(apic.interruptRequest()).toBe(false);
    write(0x350, 0x700);
    expect([apic.interruptRequest(), apic.acknowledge()]).toEqual([true, 0x77]);
    write(0x350, 0x10700);
    expect(apic.interruptRequest()).toBe(false);
    change(0);
    expect([apic.interruptRequest(), apic.acknowledge()]).toEqual([true, 0x77]);
  });
});

describe('timer', () => {
  const due = () => apic.deadline() / NANOSECONDS_PER_STEP;

  it('counts crystal ticks over the divide value and fires once', () => {
    // 25 MHz: a tick is ten steps. Divide by 4.
    step = 7;
    write(0x3e0, 1);
    write(0x320, 0x40);
    write(0x380, 100);
    expect(due()).toBe(4000);
    step = 1999;
    expect(read(0x390)).toBe(51);
    step = 2000;
    expect(read(0x390)).toBe(50);
    step = 4000;
    apic.expire();
    expect([apic.acknowledge(), due(), read(0x390), read(0x380)]).toEqual([0x40, Number.POSITIVE_INFINITY, 0, 100]);
  });

  it('repeats on its grid however late it is looked at', () => {
    write(0x3e0, 0xb);
    write(0x320, 0x20040);
    write(0x380, 3);
    expect(due()).toBe(30);
    step = 77;
    apic.expire();
    expect(due()).toBe(90);
  });

  it('goes on counting when the mode changes between one-shot and periodic, and stays at zero once there', () => {
    write(0x3e0, 0xb);
    write(0x320, 0x40);
    write(0x380, 10);
    step = 40;
    write(0x320, 0x20040);
    expect(read(0x390)).toBe(6);
    step = 100;
    apic.expire();
    expect(due()).toBe(200);
    write(0x320, 0x40);
    step = 200;
    apic.expire();
    write(0x320, 0x20040);
    expect([read(0x390), due()]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('in TSC-deadline mode fires at the first step that reaches the deadline, and is disarmed then', () => {
    apic.timer.writeDeadline(800, 0, [0, 0]);
    expect(apic.timer.state.deadline).toEqual([0, 0]);
    write(0x320, 0x40041);
    write(0x380, 50);
    expect([read(0x380), due()]).toEqual([0, Number.POSITIVE_INFINITY]);
    // 2 GHz: eight ticks a step.
    apic.timer.writeDeadline(801, 0, [0, 0]);
    expect(due()).toBe(101);
    apic.timer.timeStampMoved([400, 0]);
    expect(due()).toBe(51);
    step = 51;
    apic.expire();
    expect([apic.acknowledge(), due(), apic.timer.state.deadline]).toEqual([0x41, Number.POSITIVE_INFINITY, [0, 0]]);
    apic.timer.writeDeadline(900, 0, [0, 0]);
    write(0x320, 0x41);
    expect(due()).toBe(Number.POSITIVE_INFINITY);
  });
});

it('saves and loads all of it', () => {
  apic.receive(DELIVERY.FIXED, 0x81, true);
  apic.acknowledge();
  apic.receive(DELIVERY.FIXED, 0x91, false);
  write(0x320, 0x20044);
  write(0x380, 1000);
  const saved = apic.save();
  const other = make();
  other.load(saved);
  expect(other.save()).toEqual(saved);
  apic.acknowledge();
  expect(other.acknowledge()).toBe(0x91);
  expect(other.deadline()).toBe(apic.deadline());
});
