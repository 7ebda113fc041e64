import type { PortDevice } from './device.ts';

const WORD = 'Shutdown';

/** Bochs's way out: the letters of "Shutdown" to port 8900h, one after the other, switch the machine off. */
export class ShutdownPort implements PortDevice {
  readonly name = 'shutdown';
  readonly ports = [[0x8900, 1]] as const;
  readonly byteWide = true;
  private matched = 0;
  private readonly off: () => void;

  constructor(off: () => void) {
    this.off = off;
  }

  read(): number {
    return 0xff;
  }

  write(_port: number, _size: number, value: number): void {
    const letter = String.fromCharCode(value & 0xff);
    this.matched = letter === WORD[this.matched] ? this.matched + 1 : letter === WORD[0] ? 1 : 0;
    if (this.matched < WORD.length) return;
    this.matched = 0;
    this.off();
  }

  save(): number {
    return this.matched;
  }

  load(state: unknown): void {
    this.matched = state as number;
  }
}
