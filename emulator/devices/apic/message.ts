import { DELIVERY } from './registers.ts';

/** An interrupt on its way to local APICs: from an ICR, an IOAPIC, or a message-signalled interrupt. */
export interface InterruptMessage {
  readonly vector: number;
  /** `DELIVERY`. */
  readonly delivery: number;
  readonly level: boolean;
  readonly logical: boolean;
  /** 8 bits from xAPICs and IOAPICs, 32 from x2APICs. */
  readonly destination: number;
  /** From an x2APIC: a broadcast is all 32 bits. */
  readonly extended: boolean;
}

/** What routing needs of a local APIC. */
export interface MessageTarget {
  /** Whether the message is for it (SDM Vol. 3A §10.6.2). */
  matches(message: InterruptMessage): boolean;
  /** Whether it takes part in lowest-priority arbitration: enabled by hardware and software. */
  acceptsFixed(): boolean;
  processorPriority(): number;
  receive(delivery: number, vector: number, level: boolean): void;
}

/**
 * Brings a message to those of `targets`. Lowest priority: to the one with the lowest processor priority, the first of
 * equals, so that runs repeat.
 */
export function deliver(targets: readonly MessageTarget[], { delivery, vector, level }: InterruptMessage): void {
  if (delivery !== DELIVERY.LOWEST_PRIORITY) {
    for (const target of targets) target.receive(delivery, vector, level);
    return;
  }
  const taking = targets.filter((target) => target.acceptsFixed());
  const lowest = Math.min(...taking.map((target) => target.processorPriority()));
  taking.find((target) => target.processorPriority() === lowest)?.receive(DELIVERY.FIXED, vector, level);
}
