import type { RunExit } from '../../emulator/api.ts';
import type { Machine } from '../../emulator/machine.ts';

/** A terminal's control sequence, and the start of one at the end of a text. */
const sequence = new RegExp(`${'\\x1b'}\\[[0-9;?]*[A-Za-z]`, 'g');
const unfinished = new RegExp(`${'\\x1b'}(\\[[0-9;?]*)?$`);

/** A machine's serial port, and somebody who reads and types there. */
export class SerialConsole {
  /** What came over the console; a newline for each sequence that moves on the screen. */
  output = '';
  /** How the last slice of `waitFor` ended. */
  exit: RunExit | undefined;
  private seen = 0;
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
    const decoder = new TextDecoder('latin1');
    let raw = '';
    machine.onSerialOutput((bytes) => {
      raw += decoder.decode(bytes);
      // A sequence may come in parts.
      const complete = raw.replace(unfinished, '');
      this.output += complete.replace(sequence, '\n');
      raw = raw.slice(complete.length);
    });
  }

  /** Runs until the console has shown `text` since the last wait. Throws when that takes more than `millionSteps`. */
  waitFor(text: string, millionSteps: number): void {
    const from = this.seen;
    for (let step = 0; step < millionSteps; step++) {
      const exit = this.machine.run(1_000_000);
      this.exit = exit;
      const at = this.output.indexOf(text, from);
      if (at >= 0) {
        this.seen = at + text.length;
        return;
      }
      if (exit.kind !== 'budget') throw new Error(`The guest ended: ${JSON.stringify(exit)}\n${this.tail()}`);
    }
    throw new Error(`'${text}' did not come within ${millionSteps} million steps:\n${this.tail()}`);
  }

  tail(): string {
    return this.output.slice(-2000);
  }

  type(keys: string): void {
    this.machine.serialInput(new TextEncoder().encode(keys));
  }
}
