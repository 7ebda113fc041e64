import type { InterruptLine, PortDevice } from './device.ts';

interface SerialState {
  interruptEnable: number;
  fifoControl: number;
  lineControl: number;
  modemControl: number;
  /** Error bits of the line status: overrun, break. */
  lineErrors: number;
  /** Low nibble of the modem status: what changed since it was last read. */
  modemChanges: number;
  scratch: number;
  divisor: number;
  /** The transmitter's interrupt waits to be seen. */
  transmitterEmpty: boolean;
  /** Characters that the guest can read. */
  fifo: number[];
  /** Characters on their way that found no room yet. */
  line: number[];
}

/** Registers by offset (National PC16550D data sheet, table II). */
const DATA = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;

const IER_RECEIVED = 0x01;
const IER_TRANSMITTER = 0x02;
const IER_LINE_STATUS = 0x04;
const IER_MODEM_STATUS = 0x08;
const IIR_NONE = 0x01;
const IIR_MODEM_STATUS = 0x00;
const IIR_TRANSMITTER = 0x02;
const IIR_RECEIVED = 0x04;
const IIR_LINE_STATUS = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFOS = 0xc0;
const FCR_ENABLE = 0x01;
const FCR_CLEAR_RECEIVER = 0x02;
const FCR_STORED = 0xc9;
const FIFO_SIZE = 16;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;
const LCR_BREAK = 0x40;
const LCR_DLAB = 0x80;
const LSR_DATA = 0x01;
const LSR_OVERRUN = 0x02;
const LSR_BREAK = 0x10;
const LSR_TRANSMITTER_IDLE = 0x60;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;
/** CTS, DSR and DCD are on: somebody listens. */
const MSR_CONNECTED = 0xb0;

/**
 * A PC16550D at 3F8h on an infinitely fast line: a character written is out at once, and characters that come in fill
 * the FIFO as soon as there is room. Because nothing more can follow then, a FIFO below its trigger level is a
 * character timeout at once.
 */
export class Serial implements PortDevice {
  readonly name = 'serial';
  readonly ports = [[0x3f8, 8]] as const;
  readonly byteWide = true;
  private state: SerialState = Serial.initial();
  private readonly output: (byte: number) => void;
  private readonly interrupt: InterruptLine;

  constructor(output: (byte: number) => void, interrupt: InterruptLine = () => undefined) {
    this.output = output;
    this.interrupt = interrupt;
  }

  private static initial(): SerialState {
    return {
      ...{ interruptEnable: 0, fifoControl: 0, lineControl: 0, modemControl: 0, lineErrors: 0, modemChanges: 0 },
      ...{ scratch: 0, divisor: 1, transmitterEmpty: false, fifo: [], line: [] },
    };
  }

  /** Characters from outside; they wait until the guest has taken those before them. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.state.line.push(byte);
    this.update();
  }

  read(port: number): number {
    const { state } = this;
    switch (port & 7) {
      case DATA: {
        if (this.divisorLatch()) return state.divisor & 0xff;
        const byte = state.fifo.shift() ?? 0;
        this.update();
        return byte;
      }
      case IER:
        return this.divisorLatch() ? state.divisor >>> 8 : state.interruptEnable;
      case IIR_FCR: {
        const identification = this.identification();
        if (identification === IIR_TRANSMITTER) {
          state.transmitterEmpty = false;
          this.update();
        }
        return identification | (state.fifoControl & FCR_ENABLE ? IIR_FIFOS : 0);
      }
      case LCR:
        return state.lineControl;
      case MCR:
        return state.modemControl;
      case LSR: {
        const value = LSR_TRANSMITTER_IDLE | state.lineErrors | (state.fifo.length > 0 ? LSR_DATA : 0);
        state.lineErrors = 0;
        this.update();
        return value;
      }
      case MSR: {
        const value = this.modemLines() | state.modemChanges;
        state.modemChanges = 0;
        this.update();
        return value;
      }
      default:
        return state.scratch;
    }
  }

  write(port: number, _size: number, value: number): void {
    const { state } = this;
    const byte = value & 0xff;
    switch (port & 7) {
      case DATA:
        if (this.divisorLatch()) state.divisor = (state.divisor & 0xff00) | byte;
        else this.transmit(byte);
        break;
      case IER:
        if (this.divisorLatch()) state.divisor = (state.divisor & 0xff) | (byte << 8);
        else {
          // Enabling the transmitter's interrupt while it is empty raises it.
          if (byte & ~state.interruptEnable & IER_TRANSMITTER) state.transmitterEmpty = true;
          state.interruptEnable = byte & 0xf;
        }
        break;
      case IIR_FCR:
        this.writeFifoControl(byte);
        break;
      case LCR:
        if (byte & ~state.lineControl & LCR_BREAK && state.modemControl & MCR_LOOP) {
          this.loopBack(0);
          state.lineErrors |= LSR_BREAK;
        }
        state.lineControl = byte;
        break;
      case MCR: {
        const before = this.modemLines();
        state.modemControl = byte & 0x1f;
        this.modemLinesMoved(before);
        break;
      }
      case LSR:
      case MSR:
        // Factory tests only; the data sheet tells not to write here.
        break;
      default:
        state.scratch = byte;
    }
    this.update();
  }

  private divisorLatch(): boolean {
    return (this.state.lineControl & LCR_DLAB) !== 0;
  }

  private transmit(byte: number): void {
    if (this.state.modemControl & MCR_LOOP) this.loopBack(byte);
    else this.output(byte);
    this.state.transmitterEmpty = true;
  }

  private room(): number {
    return this.state.fifoControl & FCR_ENABLE ? FIFO_SIZE : 1;
  }

  /** The transmitter feeds the receiver; a character that finds no room is lost. */
  private loopBack(byte: number): void {
    const { state } = this;
    if (state.fifo.length < this.room()) state.fifo.push(byte);
    else {
      state.lineErrors |= LSR_OVERRUN;
      // Without FIFOs the buffer register is overwritten.
      if (!(state.fifoControl & FCR_ENABLE)) state.fifo[0] = byte;
    }
  }

  private writeFifoControl(byte: number): void {
    const { state } = this;
    const switched = (byte ^ state.fifoControl) & FCR_ENABLE;
    if (switched || byte & FCR_CLEAR_RECEIVER) state.fifo = [];
    // The other bits count only while the FIFOs are on.
    state.fifoControl = byte & FCR_ENABLE ? byte & FCR_STORED : 0;
  }

  /** CTS, DSR, RI, DCD: from outside, or in loop-back from RTS, DTR, OUT1 and OUT2. */
  private modemLines(): number {
    const { modemControl } = this.state;
    if (!(modemControl & MCR_LOOP)) return MSR_CONNECTED;
    const [dtr, rts, out1, out2] = [0, 1, 2, 3].map((bit) => (modemControl >>> bit) & 1) as [
      number,
      number,
      number,
      number,
    ];
    return (rts << 4) | (dtr << 5) | (out1 << 6) | (out2 << 7);
  }

  private modemLinesMoved(before: number): void {
    const after = this.modemLines();
    const moved = (before ^ after) >>> 4;
    // RI counts only when it goes off.
    this.state.modemChanges |= (moved & 0b1011) | (before & ~after & 0x40 ? 0b0100 : 0);
  }

  private identification(): number {
    const { state } = this;
    const { interruptEnable: enabled, fifo, fifoControl } = state;
    if (enabled & IER_LINE_STATUS && state.lineErrors) return IIR_LINE_STATUS;
    if (enabled & IER_RECEIVED && fifo.length > 0) {
      const trigger = fifoControl & FCR_ENABLE ? TRIGGER_LEVELS[fifoControl >>> 6]! : 1;
      return fifo.length >= trigger ? IIR_RECEIVED : IIR_TIMEOUT;
    }
    if (enabled & IER_TRANSMITTER && state.transmitterEmpty) return IIR_TRANSMITTER;
    if (enabled & IER_MODEM_STATUS && state.modemChanges) return IIR_MODEM_STATUS;
    return IIR_NONE;
  }

  /** Takes characters from the line and sets the interrupt line, which a PC gates with OUT2. */
  private update(): void {
    const { state } = this;
    if (!(state.modemControl & MCR_LOOP)) {
      while (state.line.length > 0 && state.fifo.length < this.room()) state.fifo.push(state.line.shift()!);
    }
    this.interrupt(this.identification() !== IIR_NONE && (state.modemControl & MCR_OUT2) !== 0);
  }

  save(): SerialState {
    return structuredClone(this.state);
  }

  load(state: unknown): void {
    this.state = structuredClone(state as SerialState);
  }
}
