import { describe, expect, it } from 'vitest';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { readLinux } from '../../../adapter/program/linux.ts';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { LoadError } from '../../../emulator/loaders/image.ts';
import { defaultStart, loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';

/** A kernel of boot protocol 2.12 whose protected-mode part is `code`; `patch` changes the file's header. */
function kernel(code: readonly number[], patch: (view: DataView) => void = () => undefined): Uint8Array {
  const file = new Uint8Array(1024 + Math.max(code.length, 1));
  const view = new DataView(file.buffer);
  view.setUint8(0x1f1, 1);
  view.setUint16(0x1fe, 0xaa55, true);
  view.setUint8(0x201, 0x66);
  view.setUint32(0x202, 0x53726448, true);
  view.setUint16(0x206, 0x020c, true);
  view.setUint8(0x211, 1);
  view.setUint32(0x214, 0x100000, true);
  view.setUint32(0x22c, 0x1ffffff, true);
  view.setUint16(0x236, 1, true);
  view.setUint32(0x238, 20, true);
  view.setBigUint64(0x258, 0x200000n, true);
  view.setUint32(0x260, 0x3000, true);
  file.set(code, 1024);
  patch(view);
  return file;
}

const read = (...parameters: Parameters<typeof kernel>): ProgramImage => readLinux(kernel(...parameters))!;

function load(image: ProgramImage, start: 'linux' | 'linux64', options = {}) {
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 64 << 20 });
  loadGuest(machine, image, start, options);
  const parameters = Number(machine.readRegister('rsi'));
  const bytes = (address: number, length: number) => machine.readPhysical(hostPhysical(address), length).data;
  const view = new DataView(bytes(parameters, 4096).slice().buffer);
  return { machine, bytes, view };
}

describe('a Linux kernel image', () => {
  it('is known by its header and goes where it prefers', () => {
    const image = read([0xf4]);
    expect(defaultStart(image)).toBe('linux');
    expect(image.segments).toMatchObject([{ physicalAddress: 0x200000n, memorySize: 0x3000n }]);
    expect(readLinux(new Uint8Array(4096))).toBeUndefined();
    expect(readLinux(kernel([1]).subarray(0, 0x250))).toBeUndefined();
  });

  it.each<[string, (view: DataView) => void, RegExp]>([
    ['an old protocol', (view) => view.setUint16(0x206, 0x0200, true), /speaks version 2\.00 .*; 2\.02 or later/],
    ['a zImage', (view) => view.setUint8(0x211, 0), /protected-mode part above 1 MiB/],
    ['no kernel behind the setup', (view) => view.setUint8(0x1f1, 200), /ends before its protected-mode part/],
  ])('with %s is refused in a sentence', (_, patch, sentence) => {
    expect(() => readLinux(kernel([0xf4], patch))).toThrow(sentence);
  });

  it('starts by its 32-bit entry with boot_params, command line and RAM disk', () => {
    const ramdisk = Uint8Array.of(1, 2, 3, 4, 5);
    const image = read([0xf4]);
    const options = { commandLine: 'console=ttyS0', modules: [{ data: ramdisk, commandLine: 'initrd' }] };
    const { machine, bytes, view } = load(image, 'linux', options);
    const register = (name: string) => machine.readRegister(name);
    expect(['rip', 'cs', 'ds', 'ss', 'cr0', 'rbp', 'rdi', 'rbx', 'rflags'].map(register)).toEqual([
      ...[0x200000n, 0x10n, 0x18n, 0x18n, 0x11n, 0n, 0n, 0n, 2n],
    ]);
    // The GDT says what the hidden parts say.
    const gdt = new DataView(bytes(Number(register('gdtr.base')), 32).slice().buffer);
    expect([gdt.getBigUint64(0x10, true), gdt.getBigUint64(0x18, true)]).toEqual([
      ...[0xcf9b000000ffffn, 0xcf93000000ffffn],
    ]);
    expect(view.getUint32(0x202, true)).toBe(0x53726448);
    expect(view.getUint8(0x210)).toBe(0xff);
    const commandLine = bytes(view.getUint32(0x228, true), 14);
    expect(new TextDecoder().decode(commandLine)).toBe('console=ttyS0\0');
    const at = view.getUint32(0x218, true);
    expect([at % 4096, view.getUint32(0x21c, true), [...bytes(at, 5)]]).toEqual([0, 5, [...ramdisk]]);
    expect(at + 5).toBeLessThanOrEqual(0x2000000);
    // Memory map: the last range ends where RAM does.
    const last = 0x2d0 + (view.getUint8(0x1e8) - 1) * 20;
    expect(view.getBigUint64(last, true) + view.getBigUint64(last + 8, true)).toBe(64n << 20n);
    expect(new TextDecoder().decode(bytes(view.getUint32(0x70, true), 8))).toBe('RSD PTR ');
  });

  it('starts by its 64-bit entry and runs', () => {
    // mov %rsi,%rax; out %al,$0xf4 at the 64-bit entry 200h behind the other.
    const image = read([...new Array(0x200).fill(0xcc), 0x48, 0x89, 0xf0, 0xe6, 0xf4]);
    const { machine } = load(image, 'linux64');
    const parameters = machine.readRegister('rsi');
    expect(machine.run(10)).toEqual({ kind: 'debugExit', code: Number(parameters & 0xffn) });
    expect(machine.readRegister('rax')).toBe(parameters);
    const without = read([0xf4], (view) => view.setUint16(0x236, 0, true));
    expect(() => load(without, 'linux64')).toThrow(/no 64-bit entry/);
  });

  it.each<[object, RegExp]>([
    [{ commandLine: 'x'.repeat(21) }, /^The command line has 21 bytes; this kernel takes at most 20\.$/],
    [{ modules: [1, 2].map(() => ({ data: new Uint8Array(1), commandLine: '' })) }, /^2 modules were given/],
  ])('%#: what it cannot take is refused in a sentence', (options, sentence) => {
    expect(() => load(read([0xf4]), 'linux', options)).toThrow(LoadError);
    expect(() => load(read([0xf4]), 'linux', options)).toThrow(sentence);
  });
});
