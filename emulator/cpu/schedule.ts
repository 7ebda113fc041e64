import { ATTENTION } from './attention.ts';
import type { InterruptSources } from './boundary.ts';
import { IF } from './flags.ts';
import { initialiseByInit, setSignature, startInRealMode, startUp } from './initialise.ts';
import type { LocalApicPort, PowerTransition, Surroundings } from './localApicPort.ts';
import { resetState } from './reset.ts';
import { ENGINE, STATE, type StateView } from './state.ts';
import { ACTIVITY, type SavedTurns, Turns } from './turns.ts';
import { numericError } from './x87/state.ts';

export interface SavedSchedule {
  readonly turns: SavedTurns;
  readonly skipped: number;
}

/**
 * What happens between instructions beside the processor's own events: devices act when their time has come, vCPUs take
 * turns, INIT and start-up IPIs arrive, idle time is skipped. All of it depends on the machine's state alone and not on
 * how a run is cut into slices: `settle` does what is due at the step reached, and again it does nothing.
 */
export class Schedule {
  readonly turns: Turns;
  /** Steps of machine time that passed while every vCPU slept. */
  skipped = 0;
  /** Interrupts of the vCPU whose turn it is. */
  readonly interrupts: InterruptSources;
  private readonly surroundings: Surroundings;
  private readonly live: StateView;
  /** CPUID.1:EAX. */
  private readonly signature: number;
  private nmi = false;
  private interrupt = false;

  constructor(count: number, live: StateView, surroundings: Surroundings, signature: number, switched: () => void) {
    this.signature = signature;
    this.live = live;
    this.surroundings = surroundings;
    this.turns = new Turns(
      count,
      live,
      {
        interruptPending: (vcpu) => surroundings.localApic(vcpu).interruptRequest(),
        nmiPending: (vcpu) => surroundings.localApic(vcpu).nmiPending,
        numericErrorIgnored: () => surroundings.numericErrors.ignored,
      },
      () => {
        surroundings.disturbed = true;
        switched();
      },
    );
    this.interrupts = {
      nmiPending: () => this.nmi,
      takeNmi: () => {
        this.apic().nmiPending = false;
        surroundings.disturbed = true;
      },
      interruptPending: () => this.interrupt,
      takeInterrupt: () => {
        surroundings.disturbed = true;
        return this.apic().acknowledge();
      },
    };
  }

  /** Whether what waits would be taken now. */
  interruptible(): boolean {
    if (this.nmi && this.live.get32(STATE.nmiBlocked) === 0) return true;
    return this.interrupt && (this.live.get32(STATE.rflags) & IF) !== 0;
  }

  /** The local APIC of the vCPU whose turn it is. */
  apic(): LocalApicPort {
    return this.surroundings.localApic(this.turns.turn);
  }

  /** To be called at a boundary, `steps` steps after reset. */
  settle(steps: number): void {
    const { surroundings, turns } = this;
    if (this.numericErrorChanged()) {
      surroundings.numericErrors.signal(turns.turn, numericError(this.live));
      surroundings.disturbed = true;
    }
    if (surroundings.deadline() <= steps + this.skipped) {
      surroundings.disturbed = true;
      surroundings.expire();
    }
    if (surroundings.disturbed) this.signals();
    if (turns.count > 1) turns.choose();
    if (!surroundings.disturbed) return;
    surroundings.disturbed = false;
    const apic = this.apic();
    this.nmi = apic.nmiPending;
    this.interrupt = apic.interruptRequest();
    this.live.set32(ENGINE.attention, this.nmi || this.interrupt ? ATTENTION.INTERRUPT : 0);
    this.live.set32(ENGINE.numericErrorIgnored, surroundings.numericErrors.ignored ? 1 : 0);
    this.live.set32(ENGINE.othersWait, turns.count > 1 && turns.othersWait() ? 1 : 0);
  }

  /** Whether FERR# of the vCPU whose turn it is has yet to follow its state. */
  numericErrorChanged(): boolean {
    return numericError(this.live) !== this.surroundings.numericErrors.signalled(this.turns.turn);
  }

  /** Steps that may be taken before `settle` has something to do. */
  ahead(steps: number): number {
    const time = this.surroundings.deadline() - steps - this.skipped;
    return this.turns.count > 1 ? Math.min(time, this.turns.left) : time;
  }

  /** INIT and start-up IPIs (SDM Vol. 3A §9.4.3, §10.6.1). */
  private signals(): void {
    const transition = this.surroundings.takePowerTransition();
    if (transition !== undefined) this.follow(transition);
    for (let vcpu = 0; vcpu < this.turns.count; vcpu++) {
      const apic = this.surroundings.localApic(vcpu);
      const view = this.turns.view(vcpu);
      if (apic.initPending) {
        apic.takeInit();
        initialiseByInit(view, this.signature);
        this.turns.clearTlb(vcpu);
        const bootstrap = (apic.base()[0] & 0x100) !== 0;
        view.set32(STATE.activity, bootstrap ? ACTIVITY.ACTIVE : ACTIVITY.WAIT_FOR_SIPI);
        this.turns.changed(vcpu);
      }
      if (apic.sipiVector < 0) continue;
      if (view.get32(STATE.activity) === ACTIVITY.WAIT_FOR_SIPI) {
        startUp(view, apic.sipiVector);
        this.turns.changed(vcpu);
      }
      apic.dropSipi();
    }
  }

  /** S3 takes all state from the processors; firmware wakes the first one alone (ACPI 6.5 §5.2.10, §16.3.2). */
  private follow(transition: PowerTransition): void {
    for (let vcpu = 0; vcpu < this.turns.count; vcpu++) {
      const view = this.turns.view(vcpu);
      resetState(view);
      setSignature(view, this.signature);
      this.turns.clearTlb(vcpu);
      const wakes = vcpu === 0 && transition !== 'sleep';
      if (wakes) startInRealMode(view, transition.wakeAt);
      view.set32(STATE.activity, wakes ? ACTIVITY.ACTIVE : ACTIVITY.WAIT_FOR_SIPI);
      this.turns.changed(vcpu);
    }
  }

  /** Every vCPU sleeps: the step that goes to the next deadline. False when nothing could wake one. */
  sleep(steps: number): boolean {
    const deadline = this.surroundings.deadline();
    if (deadline === Number.POSITIVE_INFINITY || !this.couldWake()) return false;
    this.skipped += Math.max(0, deadline - steps - this.skipped - 1);
    return true;
  }

  private couldWake(): boolean {
    if (this.surroundings.asleep) return true;
    const nmi = this.surroundings.canSendNmi();
    for (let vcpu = 0; vcpu < this.turns.count; vcpu++) {
      const view = this.turns.view(vcpu);
      const activity = view.get32(STATE.activity);
      if (activity === ACTIVITY.WAIT_FOR_SIPI || activity === ACTIVITY.SHUTDOWN) continue;
      const breaks = activity === ACTIVITY.MWAIT && view.get32(STATE.mwaitBreaks) !== 0;
      if (nmi || breaks || (view.get32(STATE.rflags) & IF) !== 0) return true;
    }
    return false;
  }

  save(): SavedSchedule {
    return { turns: this.turns.save(), skipped: this.skipped };
  }

  restore({ turns, skipped }: SavedSchedule): void {
    this.turns.restore(turns);
    this.skipped = skipped;
    this.surroundings.disturbed = true;
  }
}
