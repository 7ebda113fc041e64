import type { Clock, TimedDevice } from '../device.ts';
import type { TimeStampRate } from '../timeStampRate.ts';
import type { InterruptMessage, MessageTarget } from './message.ts';
import { BASE, DELIVERY, ESR, LVT, LVT_WRITABLE, REGISTER, SVR, VERSION } from './registers.ts';
import { ApicTimer, type ApicTimerState } from './timer.ts';
import { VectorSet } from './vectorSet.ts';

/** The wires of a local APIC. */
export interface ApicBus {
  send(message: InterruptMessage): void;
  /** To all (`all`), all but the sender (`others`) or the sender alone (`self`). */
  sendShorthand(message: InterruptMessage, to: 'self' | 'all' | 'others', sender: MessageTarget): void;
  endOfInterrupt(vector: number): void;
  /** INTA to the 8259s: the vector that they answer with. */
  externalVector(): number;
}

interface LocalApicState {
  base: [low: number, high: number];
  /** The ID that xAPIC mode goes by: software may write it. */
  id: number;
  tpr: number;
  ldr: number;
  dfr: number;
  svr: number;
  /** What ESR reads as, and what the next write to it will show. */
  esr: number;
  errors: number;
  icr: [low: number, high: number];
  lvt: number[];
  /** Levels of LINT0 and LINT1. */
  lint: [boolean, boolean];
  externalPending: boolean;
  nmiPending: boolean;
  initPending: boolean;
  sipiVector: number;
}

const DEFAULT_BASE = 0xfee00000;
export const LEGAL_VECTOR = 16;

export const isLvt = (register: number): boolean => register >= REGISTER.LVT_TIMER && register <= REGISTER.LVT_ERROR;

/**
 * A local APIC (SDM Vol. 3A ch. 10) but for the ways to its registers (`localApic.ts`): priorities, IPIs, local interrupts,
 * and the signals that it passes to its processor. There is no SMM: SMIs are dropped.
 */
export class ApicCore implements TimedDevice, MessageTarget {
  readonly name: string;
  /** Initial and x2APIC ID. */
  readonly id: number;
  readonly timer: ApicTimer;
  private readonly bus: ApicBus;
  protected readonly irr = new VectorSet();
  protected readonly isr = new VectorSet();
  private readonly tmr = new VectorSet();
  protected s: LocalApicState;

  constructor(id: number, clock: Clock, rate: TimeStampRate, bus: ApicBus) {
    this.id = id;
    this.name = `localApic${id}`;
    this.bus = bus;
    this.timer = new ApicTimer(clock, rate);
    this.s = this.initial();
  }

  /** Power-up state (SDM Vol. 3A §10.4.7.1). */
  private initial(): LocalApicState {
    return {
      base: [(DEFAULT_BASE | BASE.ENABLED | (this.id === 0 ? BASE.BSP : 0)) >>> 0, 0],
      id: this.id,
      tpr: 0,
      ldr: 0,
      dfr: -1 >>> 0,
      svr: 0xff,
      esr: 0,
      errors: 0,
      icr: [0, 0],
      lvt: LVT_WRITABLE.map(() => LVT.MASKED),
      lint: [false, false],
      externalPending: false,
      nmiPending: false,
      initPending: false,
      sipiVector: -1,
    };
  }

  /** Back to power-up state but for what INIT and the global enable bit leave: base address, levels of the pins. */
  private clear(): void {
    const { base, lint } = this.s;
    this.s = { ...this.initial(), base, lint };
    this.timer.state = ApicTimer.initial();
    for (const set of [this.irr, this.isr, this.tmr]) set.clear();
    if (this.extended()) this.s.ldr = this.extendedLdr();
  }

  /** An INIT has reached the processor (SDM Vol. 3A §10.4.7.3). */
  takeInit(): void {
    this.clear();
  }

  /**
   * Virtual wire mode, in which firmware hands the bootstrap processor over (MultiProcessor Specification 1.4 §3.6.2.2):
   * the 8259s come in through LINT0, NMI through LINT1.
   */
  wireThrough(): void {
    this.s.svr |= SVR.ENABLED;
    this.setLvt(REGISTER.LVT_LINT0, DELIVERY.EXTINT << 8);
    this.setLvt(REGISTER.LVT_LINT1, DELIVERY.NMI << 8);
  }

  private setLvt(register: number, value: number): void {
    this.s.lvt[register - REGISTER.LVT_TIMER] = value;
  }

  private lvt(register: number): number {
    return this.s.lvt[register - REGISTER.LVT_TIMER]!;
  }

  // The processor's side.

  enabled(): boolean {
    return (this.s.base[0] & BASE.ENABLED) !== 0;
  }

  extended(): boolean {
    return (this.s.base[0] & BASE.EXTENDED) !== 0;
  }

  base(): readonly [low: number, high: number] {
    return this.s.base;
  }

  /**
   * IA32_APIC_BASE, whose reserved bits are known to be clear. False for a transition that does not exist (SDM Vol. 3A
   * Fig. 10-27).
   */
  writeBase(low: number, high: number): boolean {
    const mode = (value: number) => value & (BASE.ENABLED | BASE.EXTENDED);
    const [from, to] = [mode(this.s.base[0]), mode(low)];
    const both = BASE.ENABLED | BASE.EXTENDED;
    if (to === BASE.EXTENDED || (to === both && from === 0) || (to === BASE.ENABLED && from === both)) return false;
    this.s.base = [low >>> 0, high >>> 0];
    // Disabled and enabled again, it is as after power-up; CR8 stays what it was.
    if (to === 0 && from !== 0) {
      const { tpr } = this.s;
      this.clear();
      this.s.tpr = tpr;
    }
    if (to === both && from !== both) this.s.ldr = this.extendedLdr();
    return true;
  }

  private extendedLdr(): number {
    return (((this.id >>> 4) << 16) | (1 << (this.id & 15))) >>> 0;
  }

  /** CR8 is TPR[7:4]. */
  get taskPriority(): number {
    return this.s.tpr;
  }

  set taskPriority(value: number) {
    this.s.tpr = value & 0xff;
  }

  processorPriority(): number {
    const inService = Math.max(0, this.isr.highest()) & 0xf0;
    return (this.s.tpr & 0xf0) >= inService ? this.s.tpr : inService;
  }

  /** The 8259s ask for the processor: through LINT0 as ExtINT, or directly while the APIC is disabled. */
  private externalRequest(): boolean {
    if (this.s.externalPending) return true;
    if (!this.s.lint[0]) return false;
    if (!this.enabled()) return true;
    const entry = this.lvt(REGISTER.LVT_LINT0);
    return (entry & LVT.MASKED) === 0 && ((entry >>> 8) & 7) === DELIVERY.EXTINT;
  }

  /** A maskable interrupt waits that the priorities let through. */
  interruptRequest(): boolean {
    if (this.externalRequest()) return true;
    return this.enabled() && this.irr.highest() >>> 4 > this.processorPriority() >>> 4 && this.irr.highest() >= 0;
  }

  /** The processor takes the interrupt: its vector. */
  acknowledge(): number {
    if (this.externalRequest()) {
      this.s.externalPending = false;
      return this.bus.externalVector();
    }
    const vector = this.irr.highest();
    if (vector < 0 || vector >>> 4 <= this.processorPriority() >>> 4) return this.s.svr & 0xff;
    this.irr.set(vector, false);
    this.isr.set(vector, true);
    return vector;
  }

  get nmiPending(): boolean {
    return this.s.nmiPending;
  }

  set nmiPending(value: boolean) {
    this.s.nmiPending = value;
  }

  get initPending(): boolean {
    return this.s.initPending;
  }

  /** Vector of the start-up IPI that waits, -1 for none. It is taken in the wait-for-SIPI state and dropped in others. */
  get sipiVector(): number {
    return this.s.sipiVector;
  }

  dropSipi(): void {
    this.s.sipiVector = -1;
  }

  /** Whether a device could send this processor an NMI: LINT0 passes the 8259s on as one. Nothing drives LINT1. */
  nmiWired(): boolean {
    const entry = this.lvt(REGISTER.LVT_LINT0);
    return (entry & LVT.MASKED) === 0 && ((entry >>> 8) & 7) === DELIVERY.NMI;
  }

  // Interrupts that come in.

  acceptsFixed(): boolean {
    return this.enabled() && (this.s.svr & SVR.ENABLED) !== 0;
  }

  matches({ logical, destination, extended }: InterruptMessage): boolean {
    if (!this.enabled()) return false;
    if (destination === (extended ? 0xffffffff : 0xff)) return true;
    if (!logical) return destination === (this.extended() ? this.id : this.s.id);
    if (this.extended()) return destination >>> 16 === this.s.ldr >>> 16 && (destination & this.s.ldr & 0xffff) !== 0;
    const own = this.s.ldr >>> 24;
    if (destination > 0xff) return false;
    if (this.s.dfr >>> 28 === 0xf) return (destination & own) !== 0;
    const cluster = destination >>> 4;
    return (cluster === 0xf || cluster === own >>> 4) && (destination & own & 0xf) !== 0;
  }

  receive(delivery: number, vector: number, level: boolean): void {
    switch (delivery) {
      case DELIVERY.FIXED:
      case DELIVERY.LOWEST_PRIORITY:
        if (!this.acceptsFixed()) return;
        if (vector < LEGAL_VECTOR) {
          this.error(ESR.RECEIVE_ILLEGAL);
          return;
        }
        this.irr.set(vector, true);
        this.tmr.set(vector, level);
        return;
      case DELIVERY.NMI:
        this.s.nmiPending = true;
        return;
      case DELIVERY.INIT:
        this.s.initPending = true;
        this.s.sipiVector = -1;
        return;
      case DELIVERY.STARTUP:
        this.s.sipiVector = vector;
        return;
      case DELIVERY.EXTINT:
        this.s.externalPending = true;
    }
  }

  /** LINT0 (0) or LINT1 (1) changed. Through a disabled APIC they are the processor's INTR and NMI pins. */
  setPin(pin: 0 | 1, level: boolean): void {
    const rose = level && !this.s.lint[pin];
    this.s.lint[pin] = level;
    if (!this.enabled()) {
      if (pin === 1 && rose) this.s.nmiPending = true;
      return;
    }
    const entry = this.lvt(REGISTER.LVT_LINT0 + pin);
    const levelSensitive = (entry & LVT.LEVEL) !== 0 && ((entry >>> 8) & 7) === DELIVERY.FIXED;
    if (rose && !levelSensitive) this.localInterrupt(REGISTER.LVT_LINT0 + pin);
    if (levelSensitive) this.levelPin(pin);
  }

  private levelPin(pin: 0 | 1): void {
    const register = REGISTER.LVT_LINT0 + pin;
    const entry = this.lvt(register);
    if (!this.s.lint[pin] || entry & (LVT.REMOTE_IRR | LVT.MASKED) || !(entry & LVT.LEVEL)) return;
    if (((entry >>> 8) & 7) !== DELIVERY.FIXED || !this.acceptsFixed()) return;
    this.setLvt(register, entry | LVT.REMOTE_IRR);
    this.receive(DELIVERY.FIXED, entry & 0xff, true);
  }

  private localInterrupt(register: number): void {
    const entry = this.lvt(register);
    if (entry & LVT.MASKED) return;
    const delivery = register === REGISTER.LVT_TIMER ? DELIVERY.FIXED : (entry >>> 8) & 7;
    // ExtINT follows the pin: `externalRequest`.
    if (delivery !== DELIVERY.EXTINT) this.receive(delivery, entry & 0xff, false);
  }

  protected error(bit: number): void {
    const known = (this.s.errors & bit) !== 0;
    this.s.errors |= bit;
    if (!known) this.localInterrupt(REGISTER.LVT_ERROR);
  }

  private endOfInterrupt(): void {
    const vector = this.isr.highest();
    if (vector < 0) return;
    this.isr.set(vector, false);
    if (!this.tmr.has(vector)) return;
    for (const pin of [0, 1] as const) {
      const register = REGISTER.LVT_LINT0 + pin;
      const entry = this.lvt(register);
      if (!(entry & LVT.REMOTE_IRR) || (entry & 0xff) !== vector) continue;
      this.setLvt(register, entry & ~LVT.REMOTE_IRR);
      this.levelPin(pin);
    }
    if (!(this.s.svr & SVR.NO_EOI_BROADCAST)) this.bus.endOfInterrupt(vector);
  }

  // Interrupts that go out.

  protected sendIpi(low: number, high: number): void {
    const message: InterruptMessage = {
      vector: low & 0xff,
      delivery: (low >>> 8) & 7,
      // IPIs are edge-triggered (SDM Vol. 3A §10.6.1).
      level: false,
      logical: (low & 0x800) !== 0,
      destination: this.extended() ? high : high >>> 24,
      extended: this.extended(),
    };
    const { delivery, vector } = message;
    // INIT level de-assert does nothing on processors since the Pentium 4; 3 and 7 are reserved.
    if (delivery === DELIVERY.INIT && !(low & 0x4000)) return;
    if (delivery === 3 || delivery === DELIVERY.EXTINT) return;
    if ((delivery === DELIVERY.FIXED || delivery === DELIVERY.LOWEST_PRIORITY) && vector < LEGAL_VECTOR) {
      this.error(ESR.SEND_ILLEGAL);
      return;
    }
    const shorthand = (low >>> 18) & 3;
    if (shorthand === 0) this.bus.send(message);
    else this.bus.sendShorthand(message, (['self', 'all', 'others'] as const)[shorthand - 1]!, this);
  }

  // Registers.

  protected read(register: number): number | undefined {
    if (isLvt(register)) return this.lvt(register);
    if (register >= REGISTER.ISR && register < REGISTER.TMR) return this.isr.words[register & 7]!;
    if (register >= REGISTER.TMR && register < REGISTER.IRR) return this.tmr.words[register & 7]!;
    if (register >= REGISTER.IRR && register < REGISTER.ESR) return this.irr.words[register & 7]!;
    switch (register) {
      case REGISTER.ID:
        return this.extended() ? this.id : this.s.id << 24;
      case REGISTER.VERSION:
        return VERSION;
      case REGISTER.TPR:
        return this.s.tpr;
      case REGISTER.PPR:
        return this.processorPriority();
      case REGISTER.LDR:
        return this.s.ldr;
      case REGISTER.SVR:
        return this.s.svr;
      case REGISTER.ESR:
        return this.s.esr;
      case REGISTER.ICR:
        return this.s.icr[0];
      case REGISTER.TIMER_INITIAL:
        return this.timer.state.initial;
      case REGISTER.TIMER_CURRENT:
        return this.timer.current();
      case REGISTER.TIMER_DIVIDE:
        return this.timer.state.divide;
      default:
        return undefined;
    }
  }

  /** Writes what both modes have. False for a register that is not there or cannot be written. */
  protected write(register: number, value: number): boolean {
    if (isLvt(register)) {
      this.writeLvt(register, value);
      return true;
    }
    switch (register) {
      case REGISTER.TPR:
        this.s.tpr = value & 0xff;
        return true;
      case REGISTER.EOI:
        this.endOfInterrupt();
        return true;
      case REGISTER.SVR:
        this.s.svr = value & 0x11ff;
        // Software-disabled: every LVT entry is masked (SDM Vol. 3A §10.4.7.2).
        if (!(value & SVR.ENABLED)) this.s.lvt = this.s.lvt.map((entry) => entry | LVT.MASKED);
        return true;
      case REGISTER.ESR:
        this.s.esr = this.s.errors;
        this.s.errors = 0;
        return true;
      case REGISTER.TIMER_INITIAL:
        this.timer.writeInitial(value >>> 0);
        return true;
      case REGISTER.TIMER_DIVIDE:
        this.timer.writeDivide(value);
        return true;
      default:
        return false;
    }
  }

  private writeLvt(register: number, value: number): void {
    const old = this.lvt(register);
    const readOnly = LVT.PENDING | LVT.REMOTE_IRR;
    let entry = (value & LVT_WRITABLE[register - REGISTER.LVT_TIMER]! & ~readOnly) | (old & readOnly);
    if (!(this.s.svr & SVR.ENABLED)) entry |= LVT.MASKED;
    this.setLvt(register, entry);
    if (register === REGISTER.LVT_TIMER) this.timer.setMode((entry >>> 17) & 3);
    if (register === REGISTER.LVT_LINT0) this.levelPin(0);
    if (register === REGISTER.LVT_LINT1) this.levelPin(1);
  }

  deadline(): number {
    return this.timer.deadline();
  }

  expire(): void {
    if (this.timer.expire()) this.localInterrupt(REGISTER.LVT_TIMER);
  }

  save(): unknown {
    return structuredClone({
      registers: this.s,
      irr: this.irr.words,
      isr: this.isr.words,
      tmr: this.tmr.words,
      timer: this.timer.state,
    });
  }

  load(state: unknown): void {
    const saved = structuredClone(state) as {
      registers: LocalApicState;
      irr: number[];
      isr: number[];
      tmr: number[];
      timer: ApicTimerState;
    };
    this.s = saved.registers;
    this.irr.load(saved.irr);
    this.isr.load(saved.isr);
    this.tmr.load(saved.tmr);
    this.timer.state = saved.timer;
  }
}
