import { ARCH_TLB_BASE, ARCH_TLB_SIZE, ENGINE_BASE, STATE_BASE, STATE_SIZE } from '../memory/map.ts';
import { emptyTlb } from '../memory/structureCaches.ts';
import { IF } from './flags.ts';
import { lineWritten } from './monitoredLine.ts';
import { STATE, StateView } from './state.ts';
import { numericError } from './x87/state.ts';

/** `STATE.activity`. */
export const ACTIVITY = { ACTIVE: 0, HLT: 1, SHUTDOWN: 2, WAIT_FOR_SIPI: 3, MWAIT: 4, FROZEN: 5 } as const;

/** Steps of a turn. A switch costs some microseconds, a waiting vCPU waits so long for each other one. */
const TURN = 0x2000;

/** What the rest of the machine sends a vCPU. */
export interface WakeSources {
  interruptPending(vcpu: number): boolean;
  nmiPending(vcpu: number): boolean;
  /** The level of IGNNE#. */
  numericErrorIgnored(): boolean;
}

/** A vCPU while another one has the state area: its state at the same addresses, and its TLB. */
interface Bank {
  readonly view: StateView;
  readonly state: Uint8Array;
  readonly tlb: Uint8Array;
}

export interface SavedTurns {
  readonly banks: readonly { readonly state: Uint8Array; readonly tlb: Uint8Array }[];
  readonly turn: number;
  readonly left: number;
  readonly taken: readonly number[];
}

/**
 * Several vCPUs on one engine: generated code knows one state area and one TLB, so that the vCPU whose turn it is has
 * them and the others wait in banks. Turns go round in order, a fixed number of steps each; a vCPU that sleeps is passed
 * over. With one vCPU nothing of this runs.
 */
export class Turns {
  readonly count: number;
  /** Whose turn it is, and how many steps are left of it. */
  turn = 0;
  left = TURN;
  /** Steps that each vCPU took, idle ones included. */
  readonly taken: number[];
  private loaded = 0;
  private readonly live: StateView;
  private readonly bytes: Uint8Array;
  private readonly banks: readonly Bank[];
  private readonly sources: WakeSources;
  /** Another vCPU is in the state area. */
  private readonly switched: () => void;

  constructor(count: number, live: StateView, sources: WakeSources, switched: () => void) {
    this.count = count;
    this.taken = new Array<number>(count).fill(0);
    this.live = live;
    this.bytes = new Uint8Array(live.view.buffer);
    this.sources = sources;
    this.switched = switched;
    this.banks = Array.from({ length: count }, () => {
      const buffer = new ArrayBuffer(ENGINE_BASE + 0x1000);
      return {
        view: new StateView(buffer),
        state: new Uint8Array(buffer, STATE_BASE, STATE_SIZE),
        tlb: new Uint8Array(ARCH_TLB_SIZE),
      };
    });
  }

  /** The vCPU in the state area: the one that a debugger looks at, otherwise the one whose turn it is. */
  get selected(): number {
    return this.loaded;
  }

  /** The state of a vCPU, wherever it is now. */
  view(vcpu: number): StateView {
    return vcpu === this.loaded ? this.live : this.banks[vcpu]!.view;
  }

  private region(base: number, size: number): Uint8Array {
    return this.bytes.subarray(base, base + size);
  }

  /** Brings a vCPU into the state area. */
  load(vcpu: number): void {
    if (vcpu === this.loaded) return;
    const [from, to] = [this.banks[this.loaded]!, this.banks[vcpu]!];
    const state = this.region(STATE_BASE, STATE_SIZE);
    const tlb = this.region(ARCH_TLB_BASE, ARCH_TLB_SIZE);
    from.state.set(state);
    from.tlb.set(tlb);
    state.set(to.state);
    tlb.set(to.tlb);
    this.loaded = vcpu;
    this.switched();
  }

  /** Every vCPU's state and TLB anew from `initialise`; the first has its turn. */
  reset(initialise: (view: StateView, vcpu: number) => void): void {
    this.loaded = 0;
    this.turn = 0;
    this.left = TURN;
    this.taken.fill(0);
    for (let vcpu = 0; vcpu < this.count; vcpu++) {
      initialise(this.view(vcpu), vcpu);
      emptyTlb(this.banks[vcpu]!.tlb);
    }
    emptyTlb(this.region(ARCH_TLB_BASE, ARCH_TLB_SIZE));
  }

  clearTlb(vcpu: number): void {
    emptyTlb(vcpu === this.loaded ? this.region(ARCH_TLB_BASE, ARCH_TLB_SIZE) : this.banks[vcpu]!.tlb);
  }

  /** A vCPU's state was written from outside its code: what derives from it must be made anew. */
  changed(vcpu: number): void {
    if (vcpu === this.loaded) this.switched();
  }

  /** Whether the MWAIT that a vCPU sleeps in is over, other than by an event's delivery. */
  mwaitEnds(vcpu: number): boolean {
    const view = this.view(vcpu);
    if (view.get32(STATE.activity) !== ACTIVITY.MWAIT) return false;
    if (view.get32(STATE.mwaitBreaks) !== 0 && this.sources.interruptPending(vcpu)) return true;
    return lineWritten(view, this.bytes.buffer);
  }

  /** Whether a vCPU waits for an x87 exception to be handled and need not any more. */
  thaws(vcpu: number): boolean {
    const view = this.view(vcpu);
    return (
      view.get32(STATE.activity) === ACTIVITY.FROZEN && !(numericError(view) && !this.sources.numericErrorIgnored())
    );
  }

  /** Whether a vCPU could take a step. */
  private runnable(vcpu: number): boolean {
    const view = this.view(vcpu);
    const activity = view.get32(STATE.activity);
    if (activity === ACTIVITY.ACTIVE || view.get32(STATE.eventPending) !== 0) return true;
    if (activity === ACTIVITY.WAIT_FOR_SIPI) return false;
    // A debug trap of the instruction that put it to sleep.
    if (view.get32(STATE.pendingDebug) !== 0) return true;
    if (activity === ACTIVITY.SHUTDOWN) return true;
    if (this.mwaitEnds(vcpu) || this.thaws(vcpu)) return true;
    if (this.sources.nmiPending(vcpu) && view.get32(STATE.nmiBlocked) === 0) return true;
    return (view.get32(STATE.rflags) & IF) !== 0 && this.sources.interruptPending(vcpu);
  }

  /** Whether a vCPU other than the one whose turn it is could take a step. */
  othersWait(): boolean {
    for (let vcpu = 0; vcpu < this.count; vcpu++) if (vcpu !== this.turn && this.runnable(vcpu)) return true;
    return false;
  }

  /** Gives the turn on when it is over or its owner sleeps. */
  choose(): void {
    if (this.left > 0 && this.runnable(this.turn)) return;
    for (let i = 1; i <= this.count; i++) {
      const vcpu = (this.turn + i) % this.count;
      if (!this.runnable(vcpu)) continue;
      this.turn = vcpu;
      this.left = TURN;
      this.load(vcpu);
      return;
    }
  }

  save(): SavedTurns {
    return {
      banks: Array.from({ length: this.count }, (_, vcpu) =>
        vcpu === this.loaded
          ? {
              state: this.region(STATE_BASE, STATE_SIZE).slice(),
              tlb: this.region(ARCH_TLB_BASE, ARCH_TLB_SIZE).slice(),
            }
          : { state: this.banks[vcpu]!.state.slice(), tlb: this.banks[vcpu]!.tlb.slice() },
      ),
      turn: this.turn,
      left: this.left,
      taken: [...this.taken],
    };
  }

  /** Steps that the vCPU whose turn it is took. */
  took(steps: number): void {
    this.left -= steps;
    this.taken[this.turn]! += steps;
  }

  restore({ banks, turn, left, taken }: SavedTurns): void {
    for (const [vcpu, steps] of taken.entries()) this.taken[vcpu] = steps;
    this.turn = turn;
    this.left = left;
    this.loaded = turn;
    for (const [vcpu, { state, tlb }] of banks.entries()) {
      this.banks[vcpu]!.state.set(state);
      this.banks[vcpu]!.tlb.set(tlb);
    }
    this.region(STATE_BASE, STATE_SIZE).set(banks[turn]!.state);
    this.region(ARCH_TLB_BASE, ARCH_TLB_SIZE).set(banks[turn]!.tlb);
  }
}
