import { linear } from '../addresses.ts';
import type { MachineApi, PendingEvent, RunExit } from '../api.ts';
import { hostMilliseconds, yieldToHost } from './schedule.ts';
import type { Stop, StopPolicy } from './stops.ts';

/** Most steps between two looks at the clock: 0.3 ms at full speed, some 20 ms when every step is a page fault. */
const MOST_STEPS = 0x8000;
const FEWEST_STEPS = 0x400;
/** A chunk that took longer makes the next one shorter. */
const CHUNK_MILLISECONDS = 2;
/** After this long the host gets its turn, so that a pause is seen well within 50 ms. */
const SLICE_MILLISECONDS = 6;
const ALL_VECTORS = -1;

/** A place to run to: one of `addresses`, when `accept` holds there. */
export interface Goal {
  readonly addresses: ReadonlySet<bigint>;
  accept(): boolean;
}

/** Runs the machine in slices under a stop policy. The steps of `stepping.ts` are made of its two moves. */
export class Runner {
  private pauseAsked = false;
  /** The event that the last run stopped for; the next step delivers it. */
  private pending: PendingEvent | undefined;
  private sliceStarted = 0;
  private chunkSteps = MOST_STEPS;
  private vcpu: number | undefined;
  /** The breakpoints that the machine has. */
  private current: readonly bigint[] = [];

  constructor(
    readonly machine: MachineApi,
    readonly policy: StopPolicy,
  ) {}

  /**
   * To be called at the start of each run, so that a pause asked for earlier does not end it.
   *
   * @param vcpu the one that `single` steps, while the others keep their turns; without it, whichever has its turn
   */
  begin(vcpu?: number): void {
    this.vcpu = vcpu;
    if (vcpu !== undefined) this.machine.selectVcpu(vcpu);
    this.pauseAsked = false;
    this.sliceStarted = hostMilliseconds();
  }

  pause(): void {
    this.pauseAsked = true;
  }

  /** The event that the last run stopped for will not be delivered after all. */
  dropPending(): void {
    this.pending = undefined;
  }

  /** Runs at full speed until the goal is reached (undefined) or something stops it. */
  async run(goal?: Goal): Promise<Stop | undefined> {
    const { machine, policy } = this;
    let ignoreBreakpointAtStart = true;
    this.pending = undefined;
    for (;;) {
      // The policy may change while the host has its turn: a breakpoint set during a run holds at once.
      this.setBreakpoints([...policy.breakpointAddresses(), ...(goal?.addresses ?? [])]);
      machine.setExceptionStops(policy.exceptionVectors());
      do {
        const exit = this.runChunk(ignoreBreakpointAtStart);
        ignoreBreakpointAtStart = exit.kind === 'breakpoint';
        if (exit.kind === 'breakpoint') {
          const address = machine.instructionAddress();
          const ids = policy.breakpointAt(address);
          if (ids.length > 0) return { reason: 'breakpoint', ids };
          if (goal?.addresses.has(address) && this.isStepped() && goal.accept()) return undefined;
        } else if (exit.kind !== 'budget') {
          const stop = this.stopFor(exit);
          if (stop !== undefined) return stop;
        }
      } while (!this.sliceIsOver());
      const paused = await this.giveWay();
      if (paused) return { reason: 'pause' };
    }
  }

  /**
   * Takes one step. With `reason: 'step'` and `delivered`, the instruction raised an event that nothing stops for, and
   * RIP is at the handler; undefined when the instruction (or one REP iteration) was executed.
   */
  async single(): Promise<Stop | undefined> {
    const { machine, policy } = this;
    if (!this.isStepped()) {
      const stop = await this.untilItsTurn();
      if (stop !== undefined) return stop;
    }
    machine.setExceptionStops(ALL_VECTORS);
    const delivered = this.pending;
    this.pending = undefined;
    const exit = machine.run(1, { ignoreBreakpointAtStart: true });
    const taken = exit.kind === 'budget' || exit.kind === 'breakpoint';
    if (delivered !== undefined && taken) return { reason: 'step', delivered };
    if (exit.kind === 'exception') {
      const { vector } = exit.event;
      const wanted = vector < 32 && ((policy.exceptionVectors() >>> vector) & 1) === 1;
      if (wanted && policy.stopsAt(exit.event)) return this.stoppedFor(exit.event);
      const delivery = machine.run(1, { ignoreBreakpointAtStart: true });
      return this.stopFor(delivery) ?? { reason: 'step', delivered: exit.event };
    }
    if (!taken) return this.stopFor(exit);
    if (this.sliceIsOver() && (await this.giveWay())) return { reason: 'pause' };
    return undefined;
  }

  private isStepped(): boolean {
    return this.vcpu === undefined || this.machine.currentVcpu === this.vcpu;
  }

  /** Lets the other vCPUs run until the stepped one has its turn; undefined when it has. */
  private async untilItsTurn(): Promise<Stop | undefined> {
    const { machine, policy } = this;
    this.pending = undefined;
    this.setBreakpoints([...policy.breakpointAddresses()]);
    machine.setExceptionStops(policy.exceptionVectors());
    let ignoreBreakpointAtStart = true;
    for (;;) {
      const exit = machine.run(MOST_STEPS, { ignoreBreakpointAtStart, untilVcpu: this.vcpu! });
      ignoreBreakpointAtStart = exit.kind === 'breakpoint';
      if (exit.kind === 'breakpoint') {
        const ids = policy.breakpointAt(machine.instructionAddress());
        if (ids.length > 0) return { reason: 'breakpoint', ids };
      } else if (exit.kind !== 'budget') {
        const stop = this.stopFor(exit);
        if (stop !== undefined) return stop;
      }
      if (this.isStepped()) return undefined;
      if (this.sliceIsOver() && (await this.giveWay())) return { reason: 'pause' };
    }
  }

  private runChunk(ignoreBreakpointAtStart: boolean): RunExit {
    const started = hostMilliseconds();
    const exit = this.machine.run(this.chunkSteps, { ignoreBreakpointAtStart });
    if (exit.kind !== 'budget') return exit;
    const elapsed = hostMilliseconds() - started;
    if (elapsed > CHUNK_MILLISECONDS) this.chunkSteps = Math.max(this.chunkSteps >> 1, FEWEST_STEPS);
    else if (elapsed < CHUNK_MILLISECONDS / 4) this.chunkSteps = Math.min(this.chunkSteps << 1, MOST_STEPS);
    return exit;
  }

  /** Only when they changed: a machine may have to patch its code for them. */
  private setBreakpoints(addresses: readonly bigint[]): void {
    const { current } = this;
    if (addresses.length === current.length && addresses.every((address, index) => address === current[index])) return;
    this.current = addresses;
    this.machine.setBreakpoints(addresses.map(linear));
  }

  private sliceIsOver(): boolean {
    return hostMilliseconds() - this.sliceStarted >= SLICE_MILLISECONDS;
  }

  /** True when a pause was asked for. */
  private async giveWay(): Promise<boolean> {
    await yieldToHost();
    this.sliceStarted = hostMilliseconds();
    return this.pauseAsked;
  }

  private stoppedFor(event: PendingEvent): Stop {
    this.pending = event;
    return { reason: 'exception', event };
  }

  private stopFor(exit: RunExit): Stop | undefined {
    switch (exit.kind) {
      case 'exception':
        return this.policy.stopsAt(exit.event) ? this.stoppedFor(exit.event) : undefined;
      case 'halted':
      case 'tripleFault':
      case 'reset':
      case 'unsupported':
        return { reason: exit.kind, sentence: exit.sentence };
      case 'poweredOff':
        return { reason: exit.kind, sentence: exit.sentence };
      case 'debugExit':
        return { reason: 'debugExit', code: exit.code };
      default:
        return undefined;
    }
  }
}
