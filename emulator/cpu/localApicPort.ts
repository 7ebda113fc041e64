/** A local APIC as its processor sees it (`devices/apic/localApic.ts`). Halves are low, then high. */
export interface LocalApicPort {
  readonly id: number;
  /** IA32_APIC_BASE. */
  base(): readonly [low: number, high: number];
  /** False for a change of mode that does not exist; reserved bits are the caller's. */
  writeBase(low: number, high: number): boolean;
  /** IA32_APIC_BASE.EN; then x2APIC mode. */
  enabled(): boolean;
  extended(): boolean;
  /** TPR; CR8 is its upper four bits. */
  taskPriority: number;
  /** MSR 800h + `register`; undefined or false is #GP. */
  readMsr(register: number): [low: number, high: number] | undefined;
  writeMsr(register: number, low: number, high: number): boolean;
  readonly timer: {
    readonly state: { readonly deadline: readonly [low: number, high: number] };
    writeDeadline(low: number, high: number, adjust: readonly [low: number, high: number]): void;
    timeStampMoved(adjust: readonly [low: number, high: number]): void;
  };
  /** A maskable interrupt waits that the priorities let through; taking it gives its vector. */
  interruptRequest(): boolean;
  acknowledge(): number;
  nmiPending: boolean;
  readonly initPending: boolean;
  takeInit(): void;
  /** Vector of the start-up IPI that waits, or -1. */
  readonly sipiVector: number;
  dropSipi(): void;
}

/** `wakeAt` is below 1 MiB. */
export type PowerTransition = 'sleep' | { readonly wakeAt: number };

/** Where numeric errors go that are reported outside the processor (`devices/numericError.ts`). */
export interface NumericErrorPort {
  /** A processor's FERR# changes, and what it is. */
  signal(vcpu: number, level: boolean): void;
  signalled(vcpu: number): boolean;
  /** The level of IGNNE#. */
  readonly ignored: boolean;
}

/** What surrounds the processors beside ports and memory: time and interrupts. */
export interface Surroundings {
  localApic(vcpu: number): LocalApicPort;
  readonly numericErrors: NumericErrorPort;
  /** The step of machine time at which a device next acts; Infinity for never. */
  deadline(): number;
  /** Lets devices act whose time has come. */
  expire(): void;
  /** Set when a device was accessed or acted: deadlines and interrupt requests may have changed. */
  disturbed: boolean;
  /** Whether an NMI or INIT could come from a device. */
  canSendNmi(): boolean;
  /** ACPI S3: no processor runs, and a device may wake them. */
  readonly asleep: boolean;
  /** What the processors have yet to follow, once: falling asleep, or waking in real mode at a physical address. */
  takePowerTransition(): PowerTransition | undefined;
  /** TSC of a processor whose TSC was never written, at a step of machine time. */
  timeStamp(step: number): readonly [low: number, high: number];
  /** TSC ticks a step. */
  readonly timeStampRatio: readonly [numerator: number, denominator: number];
}
