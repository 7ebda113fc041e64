import type { RunExit } from '../api.ts';
import { cmosContents } from '../firmware/cmos.ts';
import { chipset } from './chipset.ts';
import type { Clock, InterruptLine } from './device.ts';
import { FirmwareConfiguration } from './firmwareConfiguration.ts';
import { KeyboardController } from './keyboardController.ts';
import { PciBus } from './pciBus.ts';
import { PciTestDevice } from './pciTestDevice.ts';
import { Pit } from './pit.ts';
import type { Device } from './platform.ts';
import { Power, type PowerActions } from './power.ts';
import { DEFAULT_START_TIME, Rtc } from './rtc.ts';
import { ShutdownPort } from './shutdownPort.ts';
import { SystemControl } from './systemControl.ts';
import { TestDevice } from './testDevice.ts';

/** IRQs of a PC. */
export const IRQ = { timer: 0, keyboard: 1, serial: 4, rtc: 8, power: 9, mouse: 12, numericError: 13 } as const;
/** Lines that the test device reaches: all pins of the IOAPIC. */
const TEST_LINES = 24;
const PCI_TEST_MEMORY = 0xfeb0_0000;
const PCI_TEST_PORTS = 0xc000;

/** What the devices of a PC need of the platform. */
export interface PcWiring {
  readonly clock: Clock;
  readonly memoryBytes: number;
  readonly cpus: number;
  line(number: number): InterruptLine;
  /** Ends the run after the instruction that runs now. */
  stop(exit: RunExit): void;
  /** Something worth a sentence to the person who runs the guest. */
  notice(sentence: string): void;
  /** Ports of a device may have moved. */
  portsMoved(): void;
  readonly sleep: Pick<PowerActions, 'sleep' | 'wake'>;
}

/** The devices of a PC beside the serial port and the interrupt controllers. */
export function pcDevices(wiring: PcWiring): Device[] {
  const { clock, memoryBytes, cpus } = wiring;
  const a20 = (on: boolean) => {
    if (!on) wiring.notice('The guest masked address line A20; on this machine it stays on.');
  };
  const resetBy = (what: string) => () =>
    wiring.stop({ kind: 'reset', sentence: `The guest reset the machine ${what}.` });
  const off = () => wiring.stop({ kind: 'poweredOff', sentence: 'The guest switched the machine off.' });

  const power = new Power(clock, wiring.line(IRQ.power), { off, ...wiring.sleep });
  const testDevice = new PciTestDevice(PCI_TEST_MEMORY, PCI_TEST_PORTS);
  return [
    new Pit(clock, wiring.line(IRQ.timer)),
    new Rtc(clock, wiring.line(IRQ.rtc), DEFAULT_START_TIME, cmosContents(memoryBytes, cpus), () => power.rtcAlarm()),
    power,
    new KeyboardController(wiring.line(IRQ.keyboard), wiring.line(IRQ.mouse), {
      reset: resetBy('through the keyboard controller (port 64h)'),
      a20,
    }),
    new SystemControl(resetBy('through port 92h'), resetBy('through port CF9h'), a20),
    new FirmwareConfiguration(memoryBytes, cpus),
    new PciBus([...chipset(), testDevice.function], () => wiring.portsMoved()),
    testDevice,
    new TestDevice(Array.from({ length: TEST_LINES }, (_, line) => wiring.line(line))),
    new ShutdownPort(off),
  ];
}
