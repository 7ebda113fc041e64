import { describe, expect, it } from 'vitest';
import { Deliveries } from '../../../emulator/cpu/deliveries.ts';
import { EVENT } from '../../../emulator/cpu/events.ts';
import { DELIVERIES_BASE, DELIVERIES_SIZE } from '../../../emulator/memory/map.ts';
import { guest } from '../guest.ts';
import { put64 } from '../tables.ts';

const MEMORY = DELIVERIES_BASE + DELIVERIES_SIZE;

describe('the count of deliveries', () => {
  it('goes by where events come from, not by their vectors', () => {
    const deliveries = new Deliveries(new ArrayBuffer(MEMORY));
    for (const [vector, kind] of [
      [8, EVENT.EXTERNAL],
      [8, EVENT.FAULT],
      [8, EVENT.EXTERNAL],
      [2, EVENT.EXTERNAL],
      [3, EVENT.SOFTWARE_EXCEPTION],
      [3, EVENT.SOFTWARE],
      [1, EVENT.TRAP],
      [1, EVENT.PRIVILEGED],
      [255, EVENT.SOFTWARE],
    ] as const)
      deliveries.count(vector, kind);
    expect(Object.fromEntries(deliveries.exceptions())).toEqual({ 1: 2, 3: 1, 8: 1 });
    expect(Object.fromEntries(deliveries.interrupts())).toEqual({ 2: 1, 3: 1, 8: 2, 255: 1 });
  });

  it('goes past 32 bits, and is saved, loaded and cleared', () => {
    const memory = new ArrayBuffer(MEMORY);
    const deliveries = new Deliveries(memory);
    new DataView(memory).setUint32(DELIVERIES_BASE + 6 * 8, 0xffff_ffff, true);
    deliveries.count(6, EVENT.FAULT);
    expect(deliveries.exceptions().get(6)).toBe(2 ** 32);
    const saved = deliveries.save();
    deliveries.clear();
    expect(deliveries.exceptions().size).toBe(0);
    deliveries.load(saved);
    expect(deliveries.exceptions().get(6)).toBe(2 ** 32);
  });

  it('has an interrupt of the 8259 with a vector below 32 among the interrupts', async () => {
    // ICW1 to ICW4 with vectors from 8 on; the PIT's line, in mode 0.
    const out = (port: number, value: number) => `movb $${value}, %al; outb %al, $${port}; `;
    const pic = out(0x20, 0x11) + out(0x21, 8) + out(0x21, 4) + out(0x21, 1) + out(0x21, 0xfe);
    const pit = out(0x43, 0x30) + out(0x40, 20) + out(0x40, 0);
    const { machine, at } = await guest(`_start: ${pic}${pit}sti; hlt; cli; 1: jmp 1b; handler: iretq`);
    const gate = 0x18_0000n + 8n * 16n;
    put64(machine, gate, (at('handler') & 0xffffn) | (8n << 16n) | (0x8en << 40n) | ((at('handler') >> 16n) << 48n));
    machine.writeRegister('idtr.base', 0x18_0000n);
    machine.writeRegister('idtr.limit', 0xfffn);
    expect(machine.run(100_000)).toEqual({ kind: 'budget' });
    expect([...machine.interrupts]).toEqual([[8, 1]]);
    expect([...machine.exceptions]).toEqual([]);
  });
});
