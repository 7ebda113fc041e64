import { PciFunction } from './pciBus.ts';
import { PM_BASE } from './power.ts';

/** The functions of a 440FX and PIIX3/PIIX4 PC that guests look for (Intel data sheets 290549 and 290562). */
export function chipset(): PciFunction[] {
  const hostBridge = new PciFunction({
    ...{ device: 0, function: 0, vendorId: 0x8086, deviceId: 0x1237, classCode: 0x060000, revision: 2 },
    // PAM registers: all of C0000h to FFFFFh is RAM that can be read and written.
    bytes: new Map([0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f].map((offset) => [offset, offset === 0x59 ? 0x30 : 0x33])),
  });
  const isaBridge = new PciFunction({
    ...{ device: 1, function: 0, vendorId: 0x8086, deviceId: 0x7000, classCode: 0x060100, multifunction: true },
    // PIRQ routes: IRQ 10, 10, 11, 11, as firmware sets them.
    bytes: new Map([
      [0x60, 10],
      [0x61, 10],
      [0x62, 11],
      [0x63, 11],
    ]),
    writable: new Map([0x60, 0x61, 0x62, 0x63].map((offset) => [offset, 0x8f])),
  });
  const powerManagement = new PciFunction({
    ...{ device: 1, function: 3, vendorId: 0x8086, deviceId: 0x7113, classCode: 0x068000, revision: 3 },
    bytes: new Map([
      // SCI on IRQ 9, pin A.
      [0x3c, 9],
      [0x3d, 1],
      // PMBA and its enable bit; the address is fixed.
      [0x40, (PM_BASE & 0xff) | 1],
      [0x41, PM_BASE >>> 8],
      [0x80, 1],
    ]),
  });
  return [hostBridge, isaBridge, powerManagement];
}
