import { LocalApic } from './apic/localApic.ts';
import { deliver, type InterruptMessage } from './apic/message.ts';
import type { Clock } from './device.ts';
import type { InterruptLines } from './interruptLines.ts';
import { IoApic } from './ioApic.ts';
import { Pic } from './pic.ts';
import type { TimeStampRate } from './timeStampRate.ts';

/** The interrupt controllers and what joins them: lines to 8259s and IOAPIC, messages to local APICs, EOIs back. */
export class Interrupts {
  readonly localApics: readonly LocalApic[];
  readonly ioApic: IoApic;
  readonly pic: Pic;

  constructor(cpus: number, clock: Clock, rate: TimeStampRate, lines: InterruptLines) {
    const send = (message: InterruptMessage) => this.send(message);
    this.localApics = Array.from(
      { length: cpus },
      (_, id) =>
        new LocalApic(id, clock, rate, {
          send,
          sendShorthand: (message, to, sender) =>
            deliver(
              this.localApics.filter(
                (apic) => apic.enabled() && (to === 'all' || (apic === sender) === (to === 'self')),
              ),
              message,
            ),
          endOfInterrupt: (vector) => this.ioApic.endOfInterrupt(vector),
          externalVector: () => this.pic.acknowledge(),
        }),
    );
    this.ioApic = new IoApic(send);
    this.pic = new Pic((level) => {
      for (const apic of this.localApics) apic.setPin(0, level);
    });
    lines.listen(this.pic);
    lines.listen(this.ioApic);
    // As firmware leaves it.
    this.localApics[0]!.wireThrough();
  }

  /** A message that comes over the bus: from an ICR, the IOAPIC, or a device's message-signalled interrupt. */
  send(message: InterruptMessage): void {
    deliver(
      this.localApics.filter((apic) => apic.matches(message)),
      message,
    );
  }

  /** Whether anything could send an NMI to a processor that sleeps with interrupts off. */
  canSendNmi(): boolean {
    return this.ioApic.canSendNmi() || this.localApics.some((apic) => apic.nmiWired());
  }
}
