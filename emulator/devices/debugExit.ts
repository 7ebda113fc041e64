import type { PortDevice } from './device.ts';

/** QEMU's isa-debug-exit at F4h: any write ends the run; the process status is `(code << 1) | 1`. */
export class DebugExit implements PortDevice {
  readonly name = 'debug-exit';
  readonly ports = [[0xf4, 4]] as const;
  private readonly exit: (code: number) => void;

  constructor(exit: (code: number) => void) {
    this.exit = exit;
  }

  read(): number {
    return 0;
  }

  write(_port: number, _size: number, value: number): void {
    this.exit(value >>> 0);
  }

  save(): null {
    return null;
  }

  load(): void {}
}
