/**
 * What firmware writes to the 8259s, port and byte: vectors 08h and 70h, slave on IRQ 2, 8086 mode, no line masked
 * (no device interrupts before the guest has told it to).
 */
export const INTERRUPT_CONTROLLER_SETUP: readonly (readonly [port: number, byte: number])[] = [
  [0x20, 0x11],
  [0x21, 0x08],
  [0x21, 0x04],
  [0x21, 0x01],
  [0xa0, 0x11],
  [0xa1, 0x70],
  [0xa1, 0x02],
  [0xa1, 0x01],
];
