import type { InterruptLine, PortDevice } from './device.ts';

const STATUS = 0x64;
const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
const STATUS_AUXILIARY = 0x20;
/** The controller's command byte. */
const INTERRUPT_KEYBOARD = 0x01;
const INTERRUPT_AUXILIARY = 0x02;
const KEYBOARD_OFF = 0x10;
const AUXILIARY_OFF = 0x20;
/** The output port: processor reset (active low) and A20. */
const OUTPUT_NO_RESET = 0x01;
const OUTPUT_A20 = 0x02;
const OUTPUT_KEYBOARD_FULL = 0x10;
/** Controller commands whose parameter follows at 60h: command byte, output port, and three that pass it on. */
const PARAMETER_COMMANDS: ReadonlySet<number> = new Set([0x60, 0xd1, 0xd2, 0xd3, 0xd4]);
/** Answers of the controller. */
const CONTROLLER_TESTED = 0x55;
const WIRES_TESTED = 0x00;
const INPUT_PORT = 0x80;
/** Answers of a keyboard. */
const ACKNOWLEDGE = 0xfa;
const RESEND = 0xfe;
const SCAN_CODE_SET = 0xf0;
/** Lights, scan code set, typematic rate. */
const KEYBOARD_PARAMETER_COMMANDS: ReadonlySet<number> = new Set([0xed, SCAN_CODE_SET, 0xf3]);
const KEYBOARD_ANSWERS: ReadonlyMap<number, readonly number[]> = new Map([
  [0xed, [ACKNOWLEDGE]],
  [0xee, [0xee]],
  [SCAN_CODE_SET, [ACKNOWLEDGE]],
  [0xf2, [ACKNOWLEDGE, 0xab, 0x83]],
  [0xf3, [ACKNOWLEDGE]],
  [0xf4, [ACKNOWLEDGE]],
  [0xf5, [ACKNOWLEDGE]],
  [0xf6, [ACKNOWLEDGE]],
  [0xff, [ACKNOWLEDGE, 0xaa]],
]);

interface KeyboardControllerState {
  /** The last write went to 64h. */
  commandWritten: boolean;
  commandByte: number;
  outputPort: number;
  /** The controller command that waits for its byte at 60h. */
  pending: number | undefined;
  /** The keyboard command that waits for its parameter. */
  keyboardPending: number | undefined;
  scanCodeSet: number;
  /** What the guest has not read yet; `auxiliary` for the second port. */
  output: { byte: number; auxiliary: boolean }[];
}

/** What the controller's output port does to the machine. */
export interface OutputPortActions {
  reset(): void;
  a20(on: boolean): void;
}

/** An 8042 with a keyboard on which nobody types, and no mouse. */
export class KeyboardController implements PortDevice {
  readonly name = 'keyboard';
  readonly ports = [
    [0x60, 1],
    [STATUS, 1],
  ] as const;
  readonly byteWide = true;
  private readonly interrupts: { readonly keyboard: InterruptLine; readonly auxiliary: InterruptLine };
  private readonly actions: OutputPortActions;
  private state: KeyboardControllerState = {
    ...{ commandWritten: false, commandByte: INTERRUPT_KEYBOARD | 0x44, pending: undefined },
    ...{ outputPort: 0xdf, keyboardPending: undefined, scanCodeSet: 2, output: [] },
  };

  constructor(keyboard: InterruptLine, auxiliary: InterruptLine, actions: OutputPortActions) {
    this.interrupts = { keyboard, auxiliary };
    this.actions = actions;
  }

  read(port: number): number {
    const { state } = this;
    if (port === STATUS) {
      const first = state.output[0];
      return (
        STATUS_UNLOCKED |
        (state.commandByte & STATUS_SYSTEM) |
        (state.commandWritten ? STATUS_COMMAND : 0) |
        (first ? STATUS_OUTPUT_FULL : 0) |
        (first?.auxiliary ? STATUS_AUXILIARY : 0)
      );
    }
    const byte = state.output.shift()?.byte ?? 0;
    // Each byte is an edge of its own.
    this.interrupts.keyboard(false);
    this.interrupts.auxiliary(false);
    this.update();
    return byte;
  }

  write(port: number, _size: number, value: number): void {
    const { state } = this;
    const byte = value & 0xff;
    state.commandWritten = port === STATUS;
    if (port === STATUS) this.command(byte);
    else if (state.pending !== undefined) this.parameter(byte);
    else {
      state.commandByte &= ~KEYBOARD_OFF;
      this.keyboard(byte);
    }
    this.update();
  }

  private answer(byte: number, auxiliary = false): void {
    this.state.output.push({ byte, auxiliary });
  }

  private command(byte: number): void {
    const { state } = this;
    state.pending = undefined;
    if (PARAMETER_COMMANDS.has(byte)) state.pending = byte;
    else if (byte === 0xa7) state.commandByte |= AUXILIARY_OFF;
    else if (byte === 0xa8) state.commandByte &= ~AUXILIARY_OFF;
    else if (byte === 0xad) state.commandByte |= KEYBOARD_OFF;
    else if (byte === 0xae) state.commandByte &= ~KEYBOARD_OFF;
    else if (byte === 0xdd) this.writeOutputPort(state.outputPort & ~OUTPUT_A20);
    else if (byte === 0xdf) this.writeOutputPort(state.outputPort | OUTPUT_A20);
    // F0h to FFh pulse the low lines of the output port that are 0 in the command.
    else if (byte >= 0xf0) {
      if (!(byte & OUTPUT_NO_RESET)) this.actions.reset();
    } else {
      if (byte === 0xaa) state.output = [];
      const answer = this.commandAnswer(byte);
      if (answer !== undefined) this.answer(answer);
    }
  }

  private commandAnswer(byte: number): number | undefined {
    const { commandByte, outputPort, output } = this.state;
    switch (byte) {
      case 0x20:
        return commandByte;
      case 0xa9:
      case 0xab:
        return WIRES_TESTED;
      case 0xaa:
        return CONTROLLER_TESTED;
      case 0xc0:
        return INPUT_PORT;
      case 0xd0:
        return outputPort | (output.length > 0 ? OUTPUT_KEYBOARD_FULL : 0);
      default:
        return undefined;
    }
  }

  private parameter(byte: number): void {
    const { state } = this;
    const { pending } = state;
    state.pending = undefined;
    if (pending === 0x60) state.commandByte = byte;
    else if (pending === 0xd1) this.writeOutputPort(byte);
    else if (pending === 0xd2 || pending === 0xd3) this.answer(byte, pending === 0xd3);
    // D4h: to the mouse, which is not there and does not answer.
  }

  private writeOutputPort(byte: number): void {
    const { state } = this;
    const a20 = (byte ^ state.outputPort) & OUTPUT_A20;
    state.outputPort = byte;
    if (a20) this.actions.a20((byte & OUTPUT_A20) !== 0);
    if (!(byte & OUTPUT_NO_RESET)) this.actions.reset();
  }

  private keyboard(byte: number): void {
    const { state } = this;
    const command = state.keyboardPending;
    state.keyboardPending = undefined;
    if (command === undefined) {
      if (byte === 0xff) state.scanCodeSet = 2;
      if (KEYBOARD_PARAMETER_COMMANDS.has(byte)) state.keyboardPending = byte;
      for (const each of KEYBOARD_ANSWERS.get(byte) ?? [RESEND]) this.answer(each);
      return;
    }
    this.answer(ACKNOWLEDGE);
    if (command !== SCAN_CODE_SET) return;
    if (byte === 0) this.answer(state.scanCodeSet);
    else state.scanCodeSet = byte;
  }

  private update(): void {
    const { commandByte, output } = this.state;
    const first = output[0];
    this.interrupts.keyboard(first !== undefined && !first.auxiliary && (commandByte & INTERRUPT_KEYBOARD) !== 0);
    this.interrupts.auxiliary(first?.auxiliary === true && (commandByte & INTERRUPT_AUXILIARY) !== 0);
  }

  save(): KeyboardControllerState {
    return structuredClone(this.state);
  }

  load(state: unknown): void {
    this.state = structuredClone(state as KeyboardControllerState);
  }
}
