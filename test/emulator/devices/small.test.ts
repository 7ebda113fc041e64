import { describe, expect, it } from 'vitest';
import { chipset } from '../../../emulator/devices/chipset.ts';
import { PortBus } from '../../../emulator/devices/device.ts';
import { FirmwareConfiguration } from '../../../emulator/devices/firmwareConfiguration.ts';
import { KeyboardController } from '../../../emulator/devices/keyboardController.ts';
import { PciBus } from '../../../emulator/devices/pciBus.ts';
import { PciTestDevice } from '../../../emulator/devices/pciTestDevice.ts';
import { ShutdownPort } from '../../../emulator/devices/shutdownPort.ts';
import { SystemControl } from '../../../emulator/devices/systemControl.ts';
import { TEST_MEMORY, TestDevice } from '../../../emulator/devices/testDevice.ts';
import { TestLine } from './bench.ts';

/** Saving as JSON and loading changes nothing. */
function roundTrip(device: { save(): unknown; load(state: unknown): void }): void {
  const saved = JSON.parse(JSON.stringify(device.save()));
  device.load(saved);
  expect(JSON.parse(JSON.stringify(device.save()))).toEqual(saved);
}

describe('the port bus', () => {
  it('splits wide accesses to 8-bit devices and floats high elsewhere', () => {
    const seen: [number, number][] = [];
    const device = {
      ...{ name: 'eight', ports: [[0x10, 2]] as const, byteWide: true, save: () => null, load: () => undefined },
      read: (port: number) => port,
      write: (port: number, _: number, value: number) => seen.push([port, value]),
    };
    const bus = new PortBus([{ ...device, write: (p, s, v) => void device.write(p, s, v) }]);
    expect([bus.read(0x10, 2), bus.read(0x10, 4), bus.read(0x20, 1), bus.read(0x20, 4)]).toEqual([
      ...[0x1110, 0xffff1110, 0xff, 0xffffffff],
    ]);
    bus.write(0x10, 4, 0x44332211);
    expect(seen).toEqual([
      [0x10, 0x11],
      [0x11, 0x22],
    ]);
  });
});

describe('PCI', () => {
  function pci() {
    const test = new PciTestDevice(0xfeb00000, 0xc000);
    const bus: PortBus = new PortBus([new PciBus([...chipset(), test.function], () => bus.moved()), test]);
    const select = (device: number, function_: number, offset: number) =>
      bus.write(0xcf8, 4, (0x80000000 | (device << 11) | (function_ << 8) | (offset & ~3)) >>> 0);
    const read = (device: number, function_: number, offset: number, size = 4) => {
      select(device, function_, offset);
      return bus.read(0xcfc + (offset & 3), size);
    };
    const write = (device: number, offset: number, value: number, size = 4) => {
      select(device, 0, offset);
      bus.write(0xcfc + (offset & 3), size, value);
    };
    return { bus, test, read, write };
  }

  it('has the host bridge, the ISA bridge, the power management and the test device', () => {
    const { read } = pci();
    const found: string[] = [];
    for (let device = 0; device < 32; device++) {
      for (let function_ = 0; function_ < 8; function_++) {
        const id = read(device, function_, 0);
        if (id !== 0xffffffff) found.push(`${device}.${function_} ${id.toString(16)}`);
      }
    }
    expect(found).toEqual(['0.0 12378086', '1.0 70008086', '1.3 71138086', '4.0 51b36']);
    expect(read(1, 0, 0x0e, 1)).toBe(0x80);
    expect(read(0, 0, 2, 2)).toBe(0x1237);
  });

  it('answers to doublewords at CF8h only, and to nothing without the enable bit', () => {
    const { bus } = pci();
    bus.write(0xcf8, 4, 0x80000000);
    bus.write(0xcf8, 1, 0x55);
    expect([bus.read(0xcf8, 4), bus.read(0xcfc, 4)]).toEqual([0x80000000, 0x12378086]);
    bus.write(0xcf8, 4, 0);
    expect(bus.read(0xcfc, 4)).toBe(0xffffffff);
  });

  it("takes the address's low bits for a byte or word of a register, as QEMU does", () => {
    const { bus } = pci();
    bus.write(0xcf8, 4, 0x80000002);
    expect([bus.read(0xcfc, 2), bus.read(0xcfe, 2)]).toEqual([0x1237, 0x1237]);
    bus.write(0xcf8, 4, 0x800000ff);
    expect(bus.read(0xcfc, 4)).toBe(0xffffff00);
  });

  it('sizes and moves BARs; a decoder that is off answers nowhere', () => {
    const { bus, test, read, write } = pci();
    write(4, 0x10, 0xffffffff);
    write(4, 0x14, 0xffffffff);
    expect([read(4, 0, 0x10), read(4, 0, 0x14)]).toEqual([0xfffff000, 0xffffff01]);
    write(4, 0x10, 0xe1000000);
    write(4, 0x14, 0xd000);
    expect([test.memory(), test.ports]).toEqual([[[0xe1000000, 0x1000]], [[0xd000, 0x100]]]);
    expect([bus.read(0xc001, 1), bus.read(0xd001, 1)]).toEqual([0xff, 1]);
    write(4, 4, 0, 2);
    expect([test.memory(), bus.read(0xd001, 1)]).toEqual([[], 0xff]);
    roundTrip(test.function);
  });

  it('the test device counts the writes that its test asks for', () => {
    const { bus, test } = pci();
    const name = (index: number) => {
      bus.write(0xc000, 1, index);
      let text = '';
      for (let i = 16; ; i++) {
        const byte = bus.read(0xc000 + i, 1);
        if (byte === 0) return text;
        text += String.fromCharCode(byte);
      }
    };
    expect([0, 1, 2, 3].map(name)).toEqual([
      ...['portio-no-eventfd', 'portio-wildcard-eventfd', 'portio-datamatch-eventfd', ''],
    ]);
    bus.write(0xc000, 1, 0);
    const target = 0xc000 + bus.read(0xc004, 4);
    const data = bus.read(0xc008, 1);
    for (let i = 0; i < 5; i++) bus.write(target, 1, data);
    bus.write(target, 1, data ^ 1);
    bus.write(target + 1, 1, data);
    expect([bus.read(0xc001, 1), bus.read(0xc00c, 4)]).toEqual([1, 5]);
    const header = new Uint8Array(8);
    test.readMemory(0xfeb00000, header);
    expect([...header]).toEqual([0, 1, 0, 0, 0, 8, 0, 0]);
    test.writeMemory(0xfeb00800, Uint8Array.of(data));
    test.readMemory(0xfeb0000c, header);
    expect(header[0]).toBe(1);
    roundTrip(test);
  });
});

describe('the keyboard controller', () => {
  function controller() {
    const did: string[] = [];
    const line = new TestLine();
    const device = new KeyboardController(line.set, new TestLine().set, {
      reset: () => did.push('reset'),
      a20: (on) => did.push(`A20 ${on}`),
    });
    return { did, line, device, out: (port: number, byte: number) => device.write(port, 1, byte) };
  }

  it('tests itself and its keyboard', () => {
    const { device, out, line } = controller();
    out(0x64, 0xaa);
    expect([device.read(0x64) & 9, device.read(0x60), device.read(0x64) & 1]).toEqual([9, 0x55, 0]);
    out(0x60, 0xff);
    expect([device.read(0x64) & 8, device.read(0x60), line.level, device.read(0x60)]).toEqual([0, 0xfa, true, 0xaa]);
    expect([line.level, line.rises]).toEqual([false, 3]);
    out(0x60, 0xf2);
    expect([device.read(0x60), device.read(0x60), device.read(0x60)]).toEqual([0xfa, 0xab, 0x83]);
    roundTrip(device);
  });

  it('writes its command byte, which gates the interrupt', () => {
    const { device, out, line } = controller();
    out(0x64, 0x60);
    out(0x60, 0x00);
    out(0x64, 0x20);
    expect([device.read(0x60), line.rises]).toEqual([0, 0]);
  });

  it('resets by FEh and by the output port, and tells of A20', () => {
    const { did, device, out } = controller();
    out(0x64, 0xfe);
    out(0x64, 0xd0);
    const port = device.read(0x60);
    out(0x64, 0xd1);
    out(0x60, port & ~2);
    out(0x64, 0xdf);
    out(0x64, 0xd1);
    out(0x60, port & ~1);
    expect(did).toEqual(['reset', 'A20 false', 'A20 true', 'reset']);
  });
});

describe('other ways to reset and to end', () => {
  it('port 92h and CF9h reset on a rising bit', () => {
    const did: string[] = [];
    const device = new SystemControl(
      () => did.push('fast'),
      () => did.push('reset'),
      (on) => did.push(`A20 ${on}`),
    );
    expect(device.read(0x92)).toBe(2);
    device.write(0x92, 1, 0);
    device.write(0x92, 1, 3);
    device.write(0x92, 1, 3);
    device.write(0xcf9, 1, 2);
    device.write(0xcf9, 1, 6);
    expect(did).toEqual(['A20 false', 'A20 true', 'fast', 'reset']);
    roundTrip(device);
  });

  it('"Shutdown" switches off, also after a false start', () => {
    let off = 0;
    const device = new ShutdownPort(() => off++);
    for (const letter of 'ShutShutdow') device.write(0x8900, 1, letter.charCodeAt(0));
    roundTrip(device);
    expect(off).toBe(0);
    device.write(0x8900, 1, 'n'.charCodeAt(0));
    expect(off).toBe(1);
  });
});

describe('fw_cfg', () => {
  it('gives its items byte by byte and zeros behind them', () => {
    const device = new FirmwareConfiguration(0x8000000, 3, new Map([['etc/x', Uint8Array.of(1, 2)]]));
    const item = (key: number, size: number) => {
      device.write(0x510, 2, key);
      return Array.from({ length: size }, () => device.read(0x511, 1));
    };
    expect(String.fromCharCode(...item(0, 4))).toBe('QEMU');
    expect(item(5, 3)).toEqual([3, 0, 0]);
    expect(item(3, 8)).toEqual([0, 0, 0, 8, 0, 0, 0, 0]);
    expect(item(0x11, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(item(0x19, 13)).toEqual([0, 0, 0, 1, 0, 0, 0, 2, 0, 0x20, 0, 0, 0x65]);
    expect(item(0x20, 2)).toEqual([1, 2]);
    roundTrip(device);
  });
});

describe("kvm-unit-tests' device", () => {
  it('latches, raises lines and holds 64 KiB', () => {
    const lines = Array.from({ length: 24 }, () => new TestLine());
    const device = new TestDevice(lines.map(({ set }) => set));
    device.write(0xe0, 4, 0x44332211);
    device.write(0xe1, 1, 0xaa);
    device.write(0xe8, 2, 0x6655);
    device.write(0xe4, 4, 0x1000);
    expect([device.read(0xe0, 4), device.read(0xe0, 2), device.read(0xe8, 4)]).toEqual([0x4433aa11, 0xaa11, 0x6655]);
    device.write(0x200b, 4, 1);
    device.write(0x2017, 1, 1);
    expect(lines.flatMap(({ level }, line) => (level ? [line] : []))).toEqual([11, 23]);
    device.writeMemory(TEST_MEMORY + 0xfffe, Uint8Array.of(7, 8));
    roundTrip(device);
    const bytes = new Uint8Array(2);
    device.readMemory(TEST_MEMORY + 0xfffe, bytes);
    expect([...bytes]).toEqual([7, 8]);
  });
});
