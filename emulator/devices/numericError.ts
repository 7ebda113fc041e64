import type { NumericErrorPort } from '../cpu/localApicPort.ts';
import type { InterruptLine, PortDevice } from './device.ts';

/** What a write to F0h answers on an ISA bridge without a register behind it: the bus floats high. */
const NOTHING = 0xff;

/**
 * The chipset's side of numeric errors of processors with CR0.NE = 0 (SDM Vol. 1 §8.7, appendix D; Intel 290562 §3.3):
 * FERR# raises IRQ 13. A write to port F0h takes the IRQ back and asserts IGNNE#, which lasts until FERR# falls. The
 * processors' FERR# outputs are wired together, and IGNNE# reaches all of them.
 */
export class NumericError implements PortDevice, NumericErrorPort {
  readonly name = 'numericError';
  readonly ports = [[0xf0, 1]] as const;
  readonly byteWide = true;
  /** A bit for each processor that drives FERR#. */
  private drivers = 0;
  private ignores = false;
  private readonly line: InterruptLine;

  constructor(line: InterruptLine) {
    this.line = line;
  }

  signalled(vcpu: number): boolean {
    return ((this.drivers >>> vcpu) & 1) !== 0;
  }

  signal(vcpu: number, level: boolean): void {
    const before = this.drivers;
    this.drivers = level ? before | (1 << vcpu) : before & ~(1 << vcpu);
    if (before === 0 && this.drivers !== 0) this.line(true);
    if (this.drivers !== 0) return;
    this.ignores = false;
    this.line(false);
  }

  get ignored(): boolean {
    return this.ignores;
  }

  read(): number {
    return NOTHING;
  }

  write(): void {
    if (this.drivers === 0) return;
    this.ignores = true;
    this.line(false);
  }

  save(): unknown {
    return [this.drivers, this.ignores];
  }

  load(state: unknown): void {
    const [drivers, ignores] = state as [number, boolean];
    this.drivers = drivers;
    this.ignores = ignores;
  }
}
