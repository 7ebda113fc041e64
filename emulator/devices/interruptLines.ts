import type { InterruptLine } from './device.ts';

/** What listens to the lines: an interrupt controller. */
export interface LineListener {
  /** The line changed to `level`. */
  setLine(line: number, level: boolean): void;
}

export const LINES = 24;

/** The interrupt lines between devices and controllers: wired-OR, a bit of `drivers` for each connection. */
export class InterruptLines {
  private drivers: number[] = new Array<number>(LINES).fill(0);
  private readonly connections: number[] = new Array<number>(LINES).fill(0);
  private readonly listeners: LineListener[] = [];

  listen(listener: LineListener): void {
    this.listeners.push(listener);
  }

  connect(line: number): InterruptLine {
    if (!(line >= 0 && line < LINES)) throw new Error(`there is no interrupt line ${line}`);
    const bit = 1 << this.connections[line]!++;
    return (level) => {
      const before = this.drivers[line]!;
      const after = level ? before | bit : before & ~bit;
      if (after === before) return;
      this.drivers[line] = after;
      if ((before !== 0) === (after !== 0)) return;
      for (const listener of this.listeners) listener.setLine(line, level);
    };
  }

  save(): unknown {
    return [...this.drivers];
  }

  load(state: unknown): void {
    this.drivers = [...(state as number[])];
  }
}
