import { type Clock, NANOSECONDS_PER_STEP } from '../device.ts';
import type { TimeStampRate } from '../timeStampRate.ts';

const PERIODIC = 1;
const TSC_DEADLINE = 2;

export interface ApicTimerState {
  initial: number;
  divide: number;
  /** 0 one-shot, 1 periodic, 2 TSC deadline. */
  mode: number;
  /** Crystal tick at which the count reaches zero; -1 when it does not run. */
  expiry: number;
  /** IA32_TSC_DEADLINE as halves; zero when disarmed. */
  deadline: [low: number, high: number];
  /** Machine step at which the deadline is reached; -1 when disarmed. */
  deadlineStep: number;
}

/**
 * The timer of a local APIC (SDM Vol. 3A §10.5.4). It counts at the core crystal's frequency (CPUID.15H:ECX) over the
 * divide value; ticks lie on a fixed grid since reset, so that its expiries do not depend on when it is looked at.
 */
export class ApicTimer {
  state: ApicTimerState = ApicTimer.initial();
  private readonly clock: Clock;
  private readonly rate: TimeStampRate;

  constructor(clock: Clock, rate: TimeStampRate) {
    this.clock = clock;
    this.rate = rate;
  }

  static initial(): ApicTimerState {
    return { initial: 0, divide: 0, mode: 0, expiry: -1, deadline: [0, 0], deadlineStep: -1 };
  }

  private step(): number {
    return this.clock.now() / NANOSECONDS_PER_STEP;
  }

  /** Crystal ticks a count: 1 to 128 from bits 3, 1, 0. */
  private divisor(): number {
    const { divide } = this.state;
    return 1 << (((((divide >>> 1) & 4) | (divide & 3)) + 1) % 8);
  }

  private armed(): boolean {
    return this.state.mode === TSC_DEADLINE ? this.state.deadlineStep >= 0 : this.state.expiry >= 0;
  }

  current(): number {
    const { expiry, mode } = this.state;
    if (mode === TSC_DEADLINE || expiry < 0) return 0;
    return Math.max(0, Math.ceil((expiry - this.rate.crystalTicks(this.step())) / this.divisor()));
  }

  private start(count: number): void {
    this.state.expiry = count === 0 ? -1 : this.rate.crystalTicks(this.step()) + count * this.divisor();
    this.clock.changed();
  }

  writeInitial(value: number): void {
    if (this.state.mode === TSC_DEADLINE) return;
    this.state.initial = value;
    this.start(value);
  }

  writeDivide(value: number): void {
    const count = this.current();
    this.state.divide = value & 0xb;
    this.start(count);
  }

  /** To and from TSC deadline the timer is disarmed; between one-shot and periodic the count goes on. */
  setMode(mode: number): void {
    const { state } = this;
    if (mode === state.mode) return;
    if (mode === TSC_DEADLINE || state.mode === TSC_DEADLINE) {
      state.expiry = -1;
      this.disarm();
    }
    state.mode = mode;
    this.clock.changed();
  }

  private disarm(): void {
    this.state.deadline = [0, 0];
    this.state.deadlineStep = -1;
  }

  /** WRMSR of IA32_TSC_DEADLINE; ignored in the other modes. `adjust`: the vCPU's IA32_TSC_ADJUST, as halves. */
  writeDeadline(low: number, high: number, adjust: readonly [low: number, high: number]): void {
    if (this.state.mode !== TSC_DEADLINE) return;
    if (low === 0 && high === 0) this.disarm();
    else {
      this.state.deadline = [low, high];
      this.state.deadlineStep = this.rate.stepOf(low, high, ...adjust);
    }
    this.clock.changed();
  }

  /** The TSC was moved against the machine's time. */
  timeStampMoved(adjust: readonly [low: number, high: number]): void {
    const [low, high] = this.state.deadline;
    if (low !== 0 || high !== 0) this.writeDeadline(low, high, adjust);
  }

  /** Nanoseconds, as `TimedDevice.deadline`. */
  deadline(): number {
    if (!this.armed()) return Number.POSITIVE_INFINITY;
    const { mode, expiry, deadlineStep } = this.state;
    return (mode === TSC_DEADLINE ? deadlineStep : this.rate.stepOfCrystalTick(expiry)) * NANOSECONDS_PER_STEP;
  }

  /** Takes the expiry that is due: true when the timer's interrupt is to be raised. */
  expire(): boolean {
    const { state } = this;
    if (!this.armed()) return false;
    if (state.mode === TSC_DEADLINE) this.disarm();
    else if (state.mode === PERIODIC && state.initial > 0) {
      const period = state.initial * this.divisor();
      const now = this.rate.crystalTicks(this.step());
      state.expiry += Math.max(1, Math.ceil((now + 1 - state.expiry) / period)) * period;
    } else state.expiry = -1;
    this.clock.changed();
    return true;
  }
}
