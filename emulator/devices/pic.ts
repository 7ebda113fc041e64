import type { PortDevice } from './device.ts';
import type { LineListener } from './interruptLines.ts';

/** One 8259A: what its words have set, and its requests. */
interface ChipState {
  /** Which initialization word comes next: 0 none, else 2, 3, 4. */
  expects: number;
  icw1: number;
  base: number;
  automaticEoi: boolean;
  rotateOnAutomaticEoi: boolean;
  specialFullyNested: boolean;
  mask: number;
  request: number;
  service: number;
  levels: number;
  /** IRQ with the lowest priority. */
  lowest: number;
  readService: boolean;
  specialMask: boolean;
  poll: boolean;
  /** Edge/level control register (4D0h, 4D1h). */
  elcr: number;
}

const initial = (): ChipState => ({
  expects: 0,
  icw1: 0,
  base: 0,
  automaticEoi: false,
  rotateOnAutomaticEoi: false,
  specialFullyNested: false,
  mask: 0,
  request: 0,
  service: 0,
  levels: 0,
  lowest: 7,
  readService: false,
  specialMask: false,
  poll: false,
  elcr: 0,
});

const CASCADE = 2;
const LEVEL_TRIGGERED = 8;
const SINGLE = 2;
const WITH_ICW4 = 1;

/** An 8259A (Intel data sheet 231468): priorities, the command words, both sides of its interrupt output. */
class Chip {
  s: ChipState = initial();
  private readonly isMaster: boolean;

  constructor(isMaster: boolean) {
    this.isMaster = isMaster;
  }

  private levelTriggered(irq: number): boolean {
    return (this.s.icw1 & LEVEL_TRIGGERED) !== 0 || ((this.s.elcr >>> irq) & 1) !== 0;
  }

  /**
   * A request by edge stays until it is acknowledged, as QEMU's and KVM's 8259 have it; the chip itself answers with a
   * spurious IRQ 7 when the line has gone low before. By level, and the slave's, it stays while the line is high.
   */
  setLine(irq: number, level: boolean): void {
    const bit = 1 << irq;
    const was = (this.s.levels & bit) !== 0;
    this.s.levels = level ? this.s.levels | bit : this.s.levels & ~bit;
    const follows = this.levelTriggered(irq) || (this.isMaster && irq === CASCADE);
    if (!level) this.s.request &= follows ? ~bit : -1;
    else if (this.levelTriggered(irq) || !was) this.s.request |= bit;
  }

  private byPriority(set: number): number {
    for (let i = 1; i <= 8; i++) {
      const irq = (this.s.lowest + i) & 7;
      if ((set >>> irq) & 1) return irq;
    }
    return -1;
  }

  private rank(irq: number): number {
    return (irq - this.s.lowest - 1) & 7;
  }

  /** The request that the output stands for, -1 for none. */
  pending(): number {
    const { s } = this;
    const irq = this.byPriority(s.request & ~s.mask);
    if (irq < 0) return -1;
    // In special mask mode a level in service stops only itself, and its mask bit lets lower ones through.
    const serving = this.byPriority(s.specialMask ? s.service & ~s.mask : s.service);
    if (serving < 0) return irq;
    const nestedCascade = this.isMaster && s.specialFullyNested && irq === CASCADE && serving === CASCADE;
    return this.rank(irq) < this.rank(serving) || nestedCascade ? irq : -1;
  }

  /** The first INTA: the request goes into service. Without one it is a spurious IRQ 7, which leaves no trace. */
  acknowledge(): number {
    const irq = this.pending();
    if (irq < 0) return -1;
    const bit = 1 << irq;
    if (!this.levelTriggered(irq)) this.s.request &= ~bit;
    if (!this.s.automaticEoi) this.s.service |= bit;
    else if (this.s.rotateOnAutomaticEoi) this.s.lowest = irq;
    return irq;
  }

  command(value: number): void {
    const { s } = this;
    if (value & 0x10) {
      // ICW1 clears the edge detectors, the mask, priorities, special mask mode, and selects IRR for reading.
      this.s = {
        ...initial(),
        expects: 2,
        icw1: value,
        base: s.base,
        levels: s.levels,
        elcr: s.elcr,
        request: this.levelRequests(value),
      };
      return;
    }
    if (value & 0x08) {
      if (value & 0x04) s.poll = true;
      if (value & 0x02) s.readService = (value & 1) !== 0;
      if (value & 0x40) s.specialMask = (value & 0x20) !== 0;
      return;
    }
    this.endOfInterrupt(value);
  }

  private levelRequests(icw1: number): number {
    return icw1 & LEVEL_TRIGGERED ? this.s.levels : this.s.levels & this.s.elcr;
  }

  /** OCW2: R, SL and EOI in bits 7 to 5. */
  private endOfInterrupt(value: number): void {
    const { s } = this;
    const irq = value & 7;
    const highest = this.byPriority(s.specialMask ? s.service & ~s.mask : s.service);
    switch (value >>> 5) {
      case 0:
      case 4:
        s.rotateOnAutomaticEoi = value >>> 5 === 4;
        return;
      case 1:
      case 5:
        if (highest < 0) return;
        s.service &= ~(1 << highest);
        if (value >>> 5 === 5) s.lowest = highest;
        return;
      case 3:
      case 7:
        s.service &= ~(1 << irq);
        if (value >>> 5 === 7) s.lowest = irq;
        return;
      case 6:
        s.lowest = irq;
    }
  }

  data(value: number): void {
    const { s } = this;
    switch (s.expects) {
      case 2:
        s.base = value & 0xf8;
        s.expects = s.icw1 & SINGLE ? (s.icw1 & WITH_ICW4 ? 4 : 0) : 3;
        return;
      case 3:
        s.expects = s.icw1 & WITH_ICW4 ? 4 : 0;
        return;
      case 4:
        s.specialFullyNested = (value & 0x10) !== 0;
        s.automaticEoi = (value & 0x02) !== 0;
        s.expects = 0;
        return;
      default:
        s.mask = value;
    }
  }

  /** The byte that a poll reads: bit 7 says that there was a request; reading acknowledges it. */
  takePoll(): number {
    this.s.poll = false;
    const irq = this.acknowledge();
    return irq < 0 ? 0 : 0x80 | irq;
  }

  readCommand(): number {
    return this.s.readService ? this.s.service : this.s.request;
  }
}

/** IRQ 0, 1, 2, 8 and 13 are edge-triggered whatever the ELCR is told. */
const ELCR_WRITABLE = [0xf8, 0xde] as const;

/** The two cascaded 8259As of a PC; the slave is on the master's IRQ 2. */
export class Pic implements PortDevice, LineListener {
  /** Poll mode. */
  readonly readsAcknowledge = true;
  readonly name = 'pic';
  readonly ports = [
    [0x20, 2],
    [0xa0, 2],
    [0x4d0, 2],
  ] as const;
  private readonly chips = [new Chip(true), new Chip(false)] as const;
  private readonly output: (level: boolean) => void;

  /** @param output the master's interrupt output has changed */
  constructor(output: (level: boolean) => void) {
    this.output = output;
  }

  setLine(line: number, level: boolean): void {
    if (line >= 16 || line === CASCADE) return;
    this.chips[line < 8 ? 0 : 1].setLine(line & 7, level);
    this.update();
  }

  private update(): void {
    const [master, slave] = this.chips;
    master.setLine(CASCADE, slave.pending() >= 0);
    this.output(master.pending() >= 0);
  }

  /** INTA: the vector on the bus. */
  acknowledge(): number {
    const [master, slave] = this.chips;
    const irq = master.acknowledge();
    let vector = master.s.base + (irq < 0 ? 7 : irq);
    if (irq === CASCADE) {
      const second = slave.acknowledge();
      vector = slave.s.base + (second < 0 ? 7 : second);
      // The slave's output falls between its INTAs: another request of it is a new edge.
      master.setLine(CASCADE, false);
    }
    this.update();
    return vector;
  }

  read(port: number, size: number): number {
    // 8-bit registers: a wider access reaches the next port too.
    return size === 1 ? this.readByte(port) : this.readByte(port) | (this.readByte(port + 1) << 8);
  }

  private readByte(port: number): number {
    if (port === 0x4d0 || port === 0x4d1) return this.chips[port === 0x4d0 ? 0 : 1].s.elcr;
    const chip = this.chips[port < 0xa0 ? 0 : 1];
    if (chip.s.poll) {
      const value = chip.takePoll();
      this.update();
      return value;
    }
    return port & 1 ? chip.s.mask : chip.readCommand();
  }

  write(port: number, size: number, value: number): void {
    this.writeByte(port, value & 0xff);
    if (size > 1) this.writeByte(port + 1, (value >>> 8) & 0xff);
  }

  private writeByte(port: number, value: number): void {
    if (port === 0x4d0 || port === 0x4d1) {
      const index = port === 0x4d0 ? 0 : 1;
      this.chips[index].s.elcr = value & ELCR_WRITABLE[index];
    } else {
      const chip = this.chips[port < 0xa0 ? 0 : 1];
      if (port & 1) chip.data(value);
      else chip.command(value);
    }
    this.update();
  }

  save(): unknown {
    return structuredClone(this.chips.map((chip) => chip.s));
  }

  load(state: unknown): void {
    const [master, slave] = structuredClone(state as [ChipState, ChipState]);
    this.chips[0].s = master;
    this.chips[1].s = slave;
  }
}
