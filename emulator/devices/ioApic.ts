import type { InterruptMessage } from './apic/message.ts';
import { DELIVERY } from './apic/registers.ts';
import type { MemoryDevice } from './device.ts';
import type { LineListener } from './interruptLines.ts';

const BASE = 0xfec00000;
const PINS = 24;
const [SELECT, WINDOW, EOI] = [0x00, 0x10, 0x40] as const;
/** Version 20h has the EOI register, 11h (82093AA) has not; 24 entries. */
const VERSION = ((PINS - 1) << 16) | 0x20;
const ENTRY = { REMOTE_IRR: 1 << 14, LEVEL: 1 << 15, MASKED: 1 << 16, LOGICAL: 1 << 11, LOW_ACTIVE: 1 << 13 } as const;
/** All but delivery status and remote IRR. */
const WRITABLE = 0x1afff;

interface IoApicState {
  select: number;
  id: number;
  entries: [low: number, high: number][];
  /** Levels of the pins, a bit each. */
  levels: number;
}

/** An I/O APIC with 24 pins (82093AA data sheet; EOI register of the ICH I/O APICs). ISA IRQ 0 comes in on pin 2. */
export class IoApic implements MemoryDevice, LineListener {
  readonly name = 'ioApic';
  private readonly send: (message: InterruptMessage) => void;
  private s: IoApicState = {
    select: 0,
    id: 0,
    entries: Array.from({ length: PINS }, () => [ENTRY.MASKED, 0]),
    levels: 0,
  };

  constructor(send: (message: InterruptMessage) => void) {
    this.send = send;
  }

  memory(): readonly (readonly [first: number, size: number])[] {
    return [[BASE, 0x1000]];
  }

  setLine(line: number, level: boolean): void {
    // Line 2 of the ISA bus is the cascade of the 8259s.
    if (line !== 2) this.setPin(line === 0 ? 2 : line, level);
  }

  private setPin(pin: number, level: boolean): void {
    const bit = 1 << pin;
    const was = (this.s.levels & bit) !== 0;
    this.s.levels = level ? this.s.levels | bit : this.s.levels & ~bit;
    if (this.s.entries[pin]![0] & ENTRY.LEVEL) this.serveLevel(pin);
    else if (level && !was) this.request(pin);
  }

  /** A level-triggered pin that is high and not being served already. */
  private serveLevel(pin: number): void {
    const entry = this.s.entries[pin]!;
    if (!((this.s.levels >>> pin) & 1) || !(entry[0] & ENTRY.LEVEL) || entry[0] & ENTRY.REMOTE_IRR) return;
    if (entry[0] & ENTRY.MASKED) return;
    const delivery = (entry[0] >>> 8) & 7;
    if (delivery === DELIVERY.FIXED || delivery === DELIVERY.LOWEST_PRIORITY) entry[0] |= ENTRY.REMOTE_IRR;
    this.request(pin);
  }

  private request(pin: number): void {
    const [low, high] = this.s.entries[pin]!;
    if (low & ENTRY.MASKED) return;
    this.send({
      vector: low & 0xff,
      delivery: (low >>> 8) & 7,
      level: (low & ENTRY.LEVEL) !== 0,
      logical: (low & ENTRY.LOGICAL) !== 0,
      destination: high >>> 24,
      extended: false,
    });
  }

  /** A local APIC's EOI broadcast, or a write to the EOI register. */
  endOfInterrupt(vector: number): void {
    for (const [pin, entry] of this.s.entries.entries()) {
      if ((entry[0] & 0xff) !== vector || !(entry[0] & ENTRY.REMOTE_IRR)) continue;
      entry[0] &= ~ENTRY.REMOTE_IRR;
      this.serveLevel(pin);
    }
  }

  /** Whether some pin is unmasked for NMI or INIT: what wakes a processor that has interrupts off. */
  canSendNmi(): boolean {
    return this.s.entries.some(([low]) => {
      const delivery = (low >>> 8) & 7;
      return !(low & ENTRY.MASKED) && (delivery === DELIVERY.NMI || delivery === DELIVERY.INIT);
    });
  }

  private read(register: number): number {
    const entry = this.s.entries[(register - 0x10) >>> 1];
    if (register >= 0x10 && entry) return entry[register & 1]!;
    // The arbitration ID is loaded with the ID.
    if (register === 0 || register === 2) return this.s.id << 24;
    return register === 1 ? VERSION : 0;
  }

  private write(register: number, value: number): void {
    if (register === 0) this.s.id = (value >>> 24) & 15;
    const pin = (register - 0x10) >>> 1;
    const entry = this.s.entries[pin];
    if (register < 0x10 || !entry) return;
    if (register & 1) {
      entry[1] = (value & 0xff000000) >>> 0;
      return;
    }
    entry[0] = (value & WRITABLE) | (entry[0] & ENTRY.REMOTE_IRR);
    // Edge-triggered entries have no remote IRR: switching the trigger mode clears it.
    if (!(entry[0] & ENTRY.LEVEL)) entry[0] &= ~ENTRY.REMOTE_IRR;
    this.serveLevel(pin);
  }

  readMemory(address: number, destination: Uint8Array): void {
    destination.fill(0);
    const offset = address - BASE;
    const register = offset & 0xf0;
    const value = register === SELECT ? this.s.select : register === WINDOW ? this.read(this.s.select) : 0;
    const within = offset & 15;
    for (let i = 0; i < destination.length && within + i < 4; i++) destination[i] = value >>> ((within + i) * 8);
  }

  writeMemory(address: number, source: Uint8Array): void {
    const offset = address - BASE;
    const value = (source[0]! | ((source[1] ?? 0) << 8) | ((source[2] ?? 0) << 16) | ((source[3] ?? 0) << 24)) >>> 0;
    if (offset === SELECT) this.s.select = value & 0xff;
    else if (offset === WINDOW) this.write(this.s.select, value);
    else if (offset === EOI) this.endOfInterrupt(value & 0xff);
  }

  save(): unknown {
    return structuredClone(this.s);
  }

  load(state: unknown): void {
    this.s = structuredClone(state as IoApicState);
  }
}
