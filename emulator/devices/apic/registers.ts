/** The local APIC's register numbers: MMIO offset / 16 and x2APIC MSR − 800h (SDM Vol. 3A Tables 10-1 and 10-6). */
export const REGISTER = {
  ID: 0x02,
  VERSION: 0x03,
  TPR: 0x08,
  APR: 0x09,
  PPR: 0x0a,
  EOI: 0x0b,
  RRD: 0x0c,
  LDR: 0x0d,
  DFR: 0x0e,
  SVR: 0x0f,
  ISR: 0x10,
  TMR: 0x18,
  IRR: 0x20,
  ESR: 0x28,
  ICR: 0x30,
  ICR_HIGH: 0x31,
  LVT_TIMER: 0x32,
  LVT_THERMAL: 0x33,
  LVT_PERFORMANCE: 0x34,
  LVT_LINT0: 0x35,
  LVT_LINT1: 0x36,
  LVT_ERROR: 0x37,
  TIMER_INITIAL: 0x38,
  TIMER_CURRENT: 0x39,
  TIMER_DIVIDE: 0x3e,
  SELF_IPI: 0x3f,
} as const;

/** Delivery modes of the ICR, the LVT and the IOAPIC (SDM Vol. 3A §10.5.1, §10.6.1). */
export const DELIVERY = { FIXED: 0, LOWEST_PRIORITY: 1, SMI: 2, NMI: 4, INIT: 5, STARTUP: 6, EXTINT: 7 } as const;

export const LVT = {
  PENDING: 1 << 12,
  LOW_ACTIVE: 1 << 13,
  REMOTE_IRR: 1 << 14,
  LEVEL: 1 << 15,
  MASKED: 1 << 16,
} as const;

export const SVR = { ENABLED: 1 << 8, NO_EOI_BROADCAST: 1 << 12 } as const;

/** Error status bits (SDM Vol. 3A §10.5.3). */
export const ESR = { SEND_ILLEGAL: 1 << 5, RECEIVE_ILLEGAL: 1 << 6, ILLEGAL_REGISTER: 1 << 7 } as const;

/** IA32_APIC_BASE. */
export const BASE = { BSP: 1 << 8, EXTENDED: 1 << 10, ENABLED: 1 << 11 } as const;

/** Bits that software may write in each LVT register; LVT_TIMER is the first. */
export const LVT_WRITABLE: readonly number[] = [0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff];

/**
 * Version 14h, six LVT entries, EOI broadcasts can be suppressed (SDM Vol. 3A §10.4.8): the IOAPIC has an EOI register
 * of its own.
 */
export const VERSION = 0x0105_0014;
