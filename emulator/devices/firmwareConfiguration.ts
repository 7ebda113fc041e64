import type { PortDevice } from './device.ts';

/** Keys of QEMU's fw_cfg interface. */
const KEY = {
  signature: 0x00,
  id: 0x01,
  ramSize: 0x03,
  noGraphics: 0x04,
  cpus: 0x05,
  maxCpus: 0x0f,
  directory: 0x19,
  firstFile: 0x20,
} as const;
const NAME_BYTES = 56;
/** Selecting sets bit 14 to write, which this device does not allow. */
const KEY_MASK = 0xbfff;

/** QEMU's fw_cfg by ports: a word to 510h selects an item, each byte read from 511h is its next; past its end zeros. */
export class FirmwareConfiguration implements PortDevice {
  readonly name = 'fw_cfg';
  readonly ports = [[0x510, 2]] as const;
  private readonly items: ReadonlyMap<number, Uint8Array>;
  private key = 0;
  private offset = 0;

  /** `files`: further items by name, for the directory. */
  constructor(memoryBytes: number, cpus: number, files: ReadonlyMap<string, Uint8Array> = new Map()) {
    const items = new Map<number, Uint8Array>([
      [KEY.signature, new TextEncoder().encode('QEMU')],
      // Bit 0: the traditional interface; no DMA.
      [KEY.id, little(1, 4)],
      [KEY.ramSize, little(memoryBytes, 8)],
      [KEY.noGraphics, little(1, 2)],
      [KEY.cpus, little(cpus, 2)],
      [KEY.maxCpus, little(cpus, 2)],
      [KEY.directory, directory([...files])],
    ]);
    for (const [index, data] of [...files.values()].entries()) items.set(KEY.firstFile + index, data);
    this.items = items;
  }

  read(port: number, size: number): number {
    if (port === 0x510 && size === 1) return 0;
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.next() << (i * 8);
    return value >>> 0;
  }

  private next(): number {
    return this.items.get(this.key)?.[this.offset++] ?? 0;
  }

  write(port: number, size: number, value: number): void {
    if (port !== 0x510 || size !== 2) return;
    this.key = value & KEY_MASK;
    this.offset = 0;
  }

  save(): { key: number; offset: number } {
    return { key: this.key, offset: this.offset };
  }

  load(state: unknown): void {
    ({ key: this.key, offset: this.offset } = state as { key: number; offset: number });
  }
}

function little(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** i) % 256);
}

/** A count and 64 bytes a file: size, key, two bytes of nothing, name; numbers are big-endian. */
function directory(files: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const bytes = new Uint8Array(4 + files.length * 64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files.length);
  for (const [index, [name, data]] of files.entries()) {
    const at = 4 + index * 64;
    view.setUint32(at, data.length);
    view.setUint16(at + 4, KEY.firstFile + index);
    bytes.set(new TextEncoder().encode(name).subarray(0, NAME_BYTES - 1), at + 8);
  }
  return bytes;
}
