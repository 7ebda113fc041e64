import { linear } from '../../../emulator/addresses.ts';
import type { MachineApi } from '../../../emulator/api.ts';
import type { MarkMachine } from './marks.ts';

/** More than any guest here takes; a run that does not end is an error, not a hang. */
const STEP_LIMIT = 20_000_000;

/** This project's machine, to be compared with a recording. The guest is loaded already. */
export class ComparedMachine implements MarkMachine {
  /** EAX of the write to the debug-exit port, once the guest ended. */
  exitCode: number | undefined;
  readonly #machine: MachineApi;
  #serial = '';
  #started = false;

  constructor(machine: MachineApi) {
    this.#machine = machine;
    machine.onSerialOutput((bytes) => {
      this.#serial += new TextDecoder('latin1').decode(bytes);
    });
  }

  /** Throws when the guest neither gets there nor ends by the debug-exit port. */
  runTo(addresses: readonly bigint[]): bigint | undefined {
    this.#machine.setBreakpoints(addresses.map(linear));
    const exit = this.#machine.run(STEP_LIMIT, { ignoreBreakpointAtStart: this.#started });
    this.#started = true;
    if (exit.kind === 'breakpoint') return this.#machine.instructionAddress();
    if (exit.kind === 'debugExit') {
      this.exitCode = exit.code;
      return undefined;
    }
    const why = 'sentence' in exit ? exit.sentence : exit.kind;
    throw new Error(`The guest stopped at 0x${this.#machine.instructionAddress().toString(16)}: ${why}`);
  }

  register(name: string): bigint {
    return this.#machine.readRegister(name);
  }

  read(address: bigint, length: number): Uint8Array {
    return this.#machine.readLinear(linear(address), length).data;
  }

  serial(): string {
    return this.#serial;
  }
}
