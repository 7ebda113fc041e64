import type { PortDevice } from './device.ts';

interface SerialState {
  registers: number[];
  divisor: number;
  received: number[];
}

const FCR_CLEAR_RECEIVER = 0x02;
const LCR_DLAB = 0x80;
const LSR_DATA = 0x01;
const LSR_THR_EMPTY = 0x20;
const LSR_IDLE = 0x40;
const MCR_LOOP = 0x10;

/** A 16550 at 3F8h whose transmitter is always ready. Interrupts are not wired yet: IIR says "none pending". */
export class Serial implements PortDevice {
  readonly name = 'serial';
  readonly ports = [[0x3f8, 8]] as const;
  private state: SerialState = Serial.initial();
  private readonly output: (byte: number) => void;

  constructor(output: (byte: number) => void) {
    this.output = output;
  }

  private static initial(): SerialState {
    // IER, FCR, LCR, MCR, LSR, MSR, SCR by register number.
    return { registers: [0, 0, 0, 0, 0, 0, 0, 0], divisor: 1, received: [] };
  }

  receive(bytes: Uint8Array): void {
    this.state.received.push(...bytes);
  }

  private dlab(): boolean {
    return (this.state.registers[3]! & LCR_DLAB) !== 0;
  }

  /** Registers are bytes; wider accesses touch the first one. */
  read(port: number): number {
    const { state } = this;
    const register = port - 0x3f8;
    switch (register) {
      case 0:
        return this.dlab() ? state.divisor & 0xff : (state.received.shift() ?? 0);
      case 1:
        return this.dlab() ? state.divisor >>> 8 : state.registers[1]!;
      case 2:
        return 0x01 | (state.registers[2]! & 1 ? 0xc0 : 0);
      case 5:
        return LSR_THR_EMPTY | LSR_IDLE | (state.received.length > 0 ? LSR_DATA : 0);
      case 6:
        // In loop-back the modem lines follow MCR; otherwise CTS, DSR and DCD are on.
        return state.registers[4]! & MCR_LOOP
          ? ((state.registers[4]! & 3) << 4) | ((state.registers[4]! & 12) << 4)
          : 0xb0;
      default:
        return state.registers[register]!;
    }
  }

  write(port: number, _size: number, value: number): void {
    const { state } = this;
    const register = port - 0x3f8;
    const byte = value & 0xff;
    if (register === 0) {
      if (this.dlab()) state.divisor = (state.divisor & 0xff00) | byte;
      else if (state.registers[4]! & MCR_LOOP) state.received.push(byte);
      else this.output(byte);
    } else if (register === 1 && this.dlab()) {
      state.divisor = (state.divisor & 0xff) | (byte << 8);
    } else {
      if (register === 2 && byte & FCR_CLEAR_RECEIVER) state.received = [];
      state.registers[register] = byte;
    }
  }

  save(): SerialState {
    return structuredClone(this.state);
  }

  load(state: unknown): void {
    this.state = structuredClone(state as SerialState);
  }
}
