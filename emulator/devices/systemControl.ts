import type { PortDevice } from './device.ts';

const PORT_A = 0x92;
const RESET_CONTROL = 0xcf9;
const PORT_A_RESET = 0x01;
const PORT_A_A20 = 0x02;
const CPU_RESET = 0x04;

/** Port 92h (A20 and a fast reset) and the reset control register CF9h. */
export class SystemControl implements PortDevice {
  readonly name = 'systemControl';
  readonly ports = [
    [PORT_A, 1],
    [RESET_CONTROL, 1],
  ] as const;
  readonly byteWide = true;
  private state = { portA: PORT_A_A20, resetControl: 0 };

  constructor(
    private readonly fastReset: () => void,
    private readonly reset: () => void,
    private readonly a20: (on: boolean) => void,
  ) {}

  read(port: number): number {
    return port === PORT_A ? this.state.portA : this.state.resetControl;
  }

  write(port: number, _size: number, value: number): void {
    const { state } = this;
    if (port === PORT_A) {
      const changed = value ^ state.portA;
      state.portA = value & 0xff;
      if (changed & PORT_A_A20) this.a20((value & PORT_A_A20) !== 0);
      if (changed & value & PORT_A_RESET) this.fastReset();
      return;
    }
    const rises = value & ~state.resetControl & CPU_RESET;
    state.resetControl = value & 0x0a;
    if (rises) this.reset();
  }

  save(): unknown {
    return { ...this.state };
  }

  load(state: unknown): void {
    this.state = { ...(state as typeof this.state) };
  }
}
