import type { PendingEvent, RunExit, RunOptions } from '../api.ts';
import type { HostMemory } from '../memory/hostMemory.ts';
import { pagingFeatures } from '../memory/pagingModes.ts';
import {
  beginStep,
  endStep,
  mustRunAlone,
  raiseAtBoundary,
  resumeNext,
  SHADOW,
  type StepStart,
  trapAfterStep,
} from './boundary.ts';
import { branched, DebugRegisters } from './debugRegisters.ts';
import type { DecodedInstruction } from './decode/decoded.ts';
import { codeBitsOf, InstructionDecoder } from './decode/decoder.ts';
import { Deliveries } from './deliveries.ts';
import type { BlockCache } from './engine/blockCache.ts';
import { BlockRunner } from './engine/blockRunner.ts';
import { CodeCache } from './engine/codeCache.ts';
import type { StepExports } from './engine/exports.ts';
import { RECORD, STATUS } from './engine/record.ts';
import type { StepModule } from './engine/stepModule.ts';
import { deliverPending, pendingEvent } from './eventDelivery.ts';
import { TF } from './flags.ts';
import { haltedSentence } from './haltedSentence.ts';
import { HostContextSource } from './hostContextSource.ts';
import { setSignature } from './initialise.ts';
import { InstructionFetch } from './instructionFetch.ts';
import type { Surroundings } from './localApicPort.ts';
import { resetMsrs } from './msrs.ts';
import type { Processor } from './profiles/profiles.ts';
import { seedRandom } from './random.ts';
import { resetState } from './reset.ts';
import { type SavedSchedule, Schedule } from './schedule.ts';
import { CS, ENGINE, STATE, StateView, segment } from './state.ts';
import { inlineEvents } from './system/deliverInline.ts';
import { deliverLegacy } from './system/deliverLegacy.ts';
import type { HostContext } from './system/host/context.ts';
import { HOST_HANDLERS } from './system/host/index.ts';
import { ACTIVITY } from './turns.ts';

/** What surrounds the processor. */
export interface Bus extends Surroundings {
  portIn(port: number, size: number): number;
  portOut(port: number, size: number, value: number): void;
  mmioRead(low: number, high: number, size: number, destination: Uint8Array): void;
  mmioWrite(low: number, high: number, size: number, source: Uint8Array): void;
  /** A reason to end the run that a device has, or undefined. */
  exitRequest(): RunExit | undefined;
}

/** Longest stretch that runs without looking around. */
const SLICE = 0x4000_0000;

/**
 * The engine of all virtual processors: runs the step module for the one whose turn it is and does what generated code
 * leaves to TypeScript.
 */
export class Vcpu {
  readonly state: StateView;
  readonly exports: StepExports;
  readonly processor: Processor;
  readonly code: CodeCache;
  readonly schedule: Schedule;
  /** Of all vCPUs. */
  steps = 0;
  readonly deliveries: Deliveries;
  private readonly memory: HostMemory;
  private readonly bus: Bus;
  private readonly fetch: InstructionFetch;
  private readonly debugRegisters: DebugRegisters;
  private breakpoints: ReadonlySet<bigint> = new Set();
  private exceptionStops = 0;
  /** The pending event was shown to the debugger already. */
  eventShown = false;
  private sentence: string | undefined;
  /** Steps taken before the slice that runs now; with the budget it gives the time inside an instruction. */
  private sliceBudget = 0;

  constructor(
    memory: HostMemory,
    module: StepModule,
    compiled: WebAssembly.Module,
    processor: Processor,
    bus: Bus,
    count: number,
  ) {
    this.memory = memory;
    this.processor = processor;
    this.bus = bus;
    this.state = new StateView(memory.memory.buffer);
    this.deliveries = new Deliveries(memory.memory.buffer);
    const instance = new WebAssembly.Instance(compiled, { env: { memory: memory.memory }, host: this.imports() });
    this.exports = instance.exports as unknown as StepExports;
    this.code = new CodeCache(this.state, module, () => this.exports.flushFast());
    const decoder = new InstructionDecoder(module.handlers, processor);
    this.fetch = new InstructionFetch(this.state, this.exports, memory, decoder, this.code);
    this.schedule = new Schedule(count, this.state, bus, processor.profile.signature, () => this.touch());
    this.debugRegisters = new DebugRegisters(this.state, () => this.exports.flushFast());
    this.blocks = new BlockRunner(this.state, this.exports, this.fetch, {
      env: { memory: memory.memory },
      host: this.imports(),
      step: this.exports as unknown as WebAssembly.ModuleImports,
    });
    this.host = new HostContextSource({
      state: this.state,
      exports: this.exports,
      processor,
      schedule: this.schedule,
      bus,
      debugRegisters: this.debugRegisters,
      time: () => this.time(),
      refuse: (sentence) => {
        this.sentence = sentence;
      },
    });
    this.reset();
  }

  private imports(): WebAssembly.ModuleImports {
    const { bytes } = this.memory;
    const views = new Map<number, Uint8Array>();
    /** There are few places for few sizes, and a view takes longer to make than to find. */
    const bounced = (at: number, size: number): Uint8Array => {
      const key = at * 0x100 + size;
      let view = views.get(key);
      if (!view) {
        view = bytes.subarray(at, at + size);
        views.set(key, view);
      }
      return view;
    };
    return {
      mmioRead: (low: number, high: number, size: number, at: number) =>
        this.bus.mmioRead(low, high, size, bounced(at, size)),
      mmioWrite: (low: number, high: number, size: number, at: number) => {
        this.bus.mmioWrite(low, high, size, bounced(at, size));
        this.followTaskPriority();
      },
      codeWritten: (address: number, size: number) => this.code.invalidate(address >>> 0, size),
      savePage: (address: number) => this.memory.savePage(address >>> 0),
      instruction: (which: number, record: number) => this.hostInstruction(which, record),
      watchAccess: (size: number, access: number) => this.debugRegisters.access(size, access),
    };
  }

  reset(): void {
    const { state, exports, schedule } = this;
    const profile = this.processor.profile;
    schedule.turns.reset((view, vcpu) => {
      resetState(view);
      resetMsrs(view, this.processor);
      seedRandom(view, (this.processor.seed + vcpu) >>> 0);
      setSignature(view, profile.signature);
      if (vcpu > 0) view.set32(STATE.activity, ACTIVITY.WAIT_FOR_SIPI);
    });
    schedule.skipped = 0;
    this.bus.disturbed = true;
    state.setHalves(ENGINE.ramSize, this.memory.size, 0);
    state.set32(ENGINE.fpuDataAlways, this.processor.feature('fdp_excptn_only') ? 0 : 1);
    state.set64(ENGINE.maxPhysicalMask, (1n << BigInt(profile.physicalAddressBits)) - 1n);
    const lam = this.processor.feature('lam') ? 3n << 61n : 0n;
    state.set64(ENGINE.cr3Writable, state.get64(ENGINE.maxPhysicalMask) | lam);
    state.set32(ENGINE.pagingFeatures, pagingFeatures(this.processor));
    state.set32(ENGINE.watch, 0);
    const [numerator, denominator] = this.bus.timeStampRatio;
    state.setHalves(ENGINE.tscNumerator, numerator, 0);
    state.setHalves(ENGINE.tscDenominator, denominator, 0);
    state.set32(ENGINE.deviceAllowed, 1);
    state.set32(ENGINE.deviceReached, 0);
    state.set32(ENGINE.turnGiven, 0);
    state.set32(ENGINE.numericErrorChanged, 0);
    state.set32(ENGINE.generation, 0);
    state.set32(ENGINE.inlineEvents, 0);
    state.set32(ENGINE.deliveryFailed, 0);
    this.steps = 0;
    this.deliveries.clear();
    this.lockedSplits = 0;
    this.eventShown = false;
    this.code.clear();
    exports.tlbFlush(0);
    exports.updateContext();
  }

  /** Registers or memory were written from outside: derived state is made anew before it is next used. */
  touch(): void {
    this.touched = true;
  }
  private touched = false;

  private resynchronise(): void {
    this.touched = false;
    this.state.set32(ENGINE.record, 0);
    this.state.set32(ENGINE.linkFrom, 0);
    if (!this.state.get32(STATE.eventPending)) this.eventShown = false;
    this.exports.updateContext();
    this.exports.flushFast();
    this.debugRegisters.update();
  }

  /** After state and memory were put back to a snapshot. */
  restored(steps: number, schedule: SavedSchedule, deliveries: Uint8Array, eventShown: boolean): void {
    this.steps = steps;
    this.schedule.restore(schedule);
    this.deliveries.load(deliveries);
    this.eventShown = eventShown;
    this.touch();
  }

  /** Locked accesses that crossed a 64-byte line. */
  get lockedSplits(): number {
    return this.state.high(ENGINE.lockedSplits) * 2 ** 32 + this.state.low(ENGINE.lockedSplits);
  }
  set lockedSplits(count: number) {
    this.state.setHalves(ENGINE.lockedSplits, count >>> 0, Math.floor(count / 2 ** 32));
  }

  /** Machine time in steps, idle time included; inside an instruction, the time at its start. */
  time(): number {
    return this.steps + this.schedule.skipped;
  }

  /** CR8 is the upper half of the local APIC's TPR. */
  followTaskPriority(): void {
    this.state.setHalves(STATE.cr8, this.schedule.apic().taskPriority >>> 4, 0);
  }

  setBreakpoints(addresses: Iterable<bigint>): void {
    this.breakpoints = new Set(addresses);
    this.state.set32(ENGINE.breakpoints, this.breakpoints.size > 0 ? 1 : 0);
    this.code.setBreakpointOffsets(new Set([...this.breakpoints].map((a) => Number(a & 0xfffn))));
    // A record of its own is made anew, with a breakpoint if there is one now.
    if (this.fetch.isSingle(this.state.get32(ENGINE.record))) this.state.set32(ENGINE.record, 0);
  }

  setExceptionStops(vectors: number): void {
    this.exceptionStops = vectors;
  }

  /** Makes STATE.rip the address of the record that the engine stands at. */
  private synchroniseRip(): void {
    const record = this.state.get32(ENGINE.record);
    if (record !== 0) this.ripOf(record);
  }

  private ripOf(record: number): void {
    const { state } = this;
    const low = state.low(ENGINE.ripBase) + state.view.getUint16(record + RECORD.offset, true);
    let high = (state.high(ENGINE.ripBase) + Math.floor(low / 4294967296)) >>> 0;
    if ((state.get32(STATE.context) & 3) !== 2) high = 0;
    state.setHalves(STATE.rip, low, high);
  }

  instructionAddress(): bigint {
    const bits = codeBitsOf(this.state.get32(STATE.context)) === 64 ? 64 : 32;
    return BigInt.asUintN(bits, this.state.get64(STATE.rip) + this.state.get64(segment(CS).base));
  }

  run(maxSteps: number, options: RunOptions = {}): RunExit {
    const { schedule } = this;
    schedule.turns.load(schedule.turns.turn);
    const end = this.steps + maxSteps;
    this.ignoreBreakpoint = options.ignoreBreakpointAtStart ?? false;
    if (this.state.get32(STATE.activity) === ACTIVITY.SHUTDOWN) return this.shutdown();
    schedule.settle(this.steps);
    while (this.steps < end && schedule.turns.turn !== options.untilVcpu) {
      if (this.touched) this.resynchronise();
      const exit = this.advance(end - this.steps);
      schedule.settle(this.steps);
      if (exit) return exit;
    }
    return { kind: 'budget' };
  }

  private ignoreBreakpoint = false;

  /** What comes next at a boundary: an event's delivery, idle time, or a slice of at most \`limit\` steps. */
  private advance(limit: number): RunExit | undefined {
    const { state, schedule } = this;
    if (state.get32(STATE.eventPending)) return this.deliver();
    if (raiseAtBoundary(state, this.debugRegisters, schedule.interrupts)) return this.deliver();
    if (state.get32(STATE.activity) !== ACTIVITY.ACTIVE) {
      const { turns } = schedule;
      if (!turns.mwaitEnds(turns.turn) && !turns.thaws(turns.turn)) return this.sleep();
      state.set32(STATE.activity, ACTIVITY.ACTIVE);
    }
    const exact = mustRunAlone(state);
    const status = this.step(exact ? 1 : Math.min(limit, SLICE, schedule.ahead(this.steps)), exact);
    if (this.taken > 0) this.ignoreBreakpoint = false;
    if (state.get32(ENGINE.deliveryFailed)) return this.deliver();
    const exit = this.afterSlice(status, this.ignoreBreakpoint);
    if (exit || status !== STATUS.BREAKPOINT) return exit;
    const extra = this.stepOverBreakpoint();
    // The next iteration is no new arrival.
    this.ignoreBreakpoint = state.get32(STATE.repeating) !== 0;
    return extra;
  }

  private sleep(): RunExit | undefined {
    if (!this.schedule.sleep(this.steps)) return this.bus.exitRequest() ?? this.halted();
    this.count(1);
    return undefined;
  }

  private count(steps: number): void {
    this.steps += steps;
    this.schedule.turns.took(steps);
  }

  /** Steps that the last `step` took. */
  private taken = 0;
  private readonly stepStart: StepStart = { rf: 0, shadow: 0, pendingDebug: 0 };

  /** Runs at most `budget` steps; one alone, with all that its boundaries ask for, when `exact`. */
  private step(budget: number, exact: boolean): number {
    const { state, stepStart } = this;
    if (exact) beginStep(state, stepStart);
    const repeating = state.get32(STATE.repeating);
    const from = exact && this.debugRegisters.stepsOnBranches() ? state.get64(STATE.rip) : undefined;
    const instruction = from === undefined ? undefined : this.fetch.peek();
    let status: number = STATUS.FAULT;
    state.set32(ENGINE.budget, budget);
    if (instruction || !state.get32(STATE.eventPending)) {
      state.set32(ENGINE.stepTrap, state.get32(STATE.rflags) & TF);
      state.set32(STATE.repeating, 0);
      state.set32(ENGINE.shadowAt, -1);
      state.set32(ENGINE.resumedAt, -1);
      status = this.slice(budget);
      const left = state.get32(ENGINE.budget);
      if (left === state.get32(ENGINE.shadowAt)) state.set32(STATE.interruptShadow, SHADOW.STI);
      if (left === state.get32(ENGINE.resumedAt)) resumeNext(state);
      this.synchroniseRip();
    }
    this.taken = budget - state.get32(ENGINE.budget);
    this.count(this.taken);
    if (state.get32(ENGINE.turnGiven)) {
      state.set32(ENGINE.turnGiven, 0);
      this.schedule.turns.left = 0;
    }
    if (this.taken === 0) state.set32(STATE.repeating, repeating);
    const passed = instruction && !branched(instruction, from!, state.get64(STATE.rip));
    const trap = state.get32(ENGINE.stepTrap) !== 0 && !passed;
    if (exact) endStep(state, stepStart, this.taken, trap);
    else if (trap) trapAfterStep(state);
    // The instruction under a shadow has begun.
    if (state.get32(STATE.activity) === ACTIVITY.FROZEN) state.set32(STATE.interruptShadow, 0);
    return status;
  }

  private startSlice(budget: number): void {
    this.sliceBudget = budget;
    const end = this.time() + budget;
    this.state.setHalves(ENGINE.timeAtEnd, end >>> 0, Math.floor(end / 0x1_0000_0000));
  }

  /**
   * Generated code for at most `budget` steps. An instruction that reaches a device comes to nothing the first time and
   * then runs alone: the device sees its exact time, and what it changes is looked at right after.
   */
  private slice(budget: number): number {
    const { state, exports } = this;
    this.startSlice(budget);
    if (budget === 1) return exports.run(1);
    state.set32(ENGINE.deviceAllowed, 0);
    state.set32(ENGINE.inlineEvents, state.get32(ENGINE.watch) ? 0 : inlineEvents(this.exceptionStops));
    const status = exports.run(budget);
    state.set32(ENGINE.deviceAllowed, 1);
    state.set32(ENGINE.inlineEvents, 0);
    if (!state.get32(ENGINE.deviceReached)) return status;
    state.set32(ENGINE.deviceReached, 0);
    const left = state.get32(ENGINE.budget);
    const before = this.steps;
    this.steps += budget - left;
    this.startSlice(1);
    const alone = exports.run(1);
    this.steps = before;
    state.set32(ENGINE.budget, left - 1 + state.get32(ENGINE.budget));
    return alone;
  }

  /** The status of a slice in terms of the machine; undefined to go on. */
  private afterSlice(status: number, ignoreBreakpoint: boolean): RunExit | undefined {
    if (this.sentence !== undefined) return this.unsupportedExit();
    switch (status) {
      case STATUS.LOOKUP:
        // Before the fetch, which fills the TLB and sets accessed bits.
        if (!ignoreBreakpoint && this.atBreakpoint()) return { kind: 'breakpoint' };
        return this.resolve();
      case STATUS.LEAVE:
        return this.bus.exitRequest();
      case STATUS.BREAKPOINT:
        return !ignoreBreakpoint && this.atBreakpoint() ? { kind: 'breakpoint' } : undefined;
      case STATUS.UNSUPPORTED:
        return { kind: 'unsupported', sentence: 'The guest did something that this machine does not have.' };
      default:
        return undefined;
    }
  }

  private atBreakpoint(): boolean {
    return this.breakpoints.size > 0 && this.breakpoints.has(this.instructionAddress());
  }

  private unsupportedExit(): RunExit {
    const sentence = this.sentence!;
    this.sentence = undefined;
    this.state.set32(STATE.eventPending, 0);
    this.state.set32(ENGINE.record, 0);
    return { kind: 'unsupported', sentence: `${sentence} (RIP 0x${this.state.get64(STATE.rip).toString(16)})` };
  }

  /** Executes the instruction under a breakpoint's record. */
  private stepOverBreakpoint(): RunExit | undefined {
    const record = this.state.get32(ENGINE.record);
    const status = this.code.withoutBreakpoint(record, () => this.step(1, mustRunAlone(this.state)));
    // A pseudo-record in between may have reached another breakpoint: that is the caller's next turn.
    return status === STATUS.BREAKPOINT ? undefined : this.afterSlice(status, false);
  }

  private readonly countDelivery = (vector: number, kind: number) => this.deliveries.count(vector, kind);
  private readonly deliverLegacy = () => deliverLegacy(this.hostContext(undefined));

  private deliver(): RunExit | undefined {
    const { state } = this;
    if (
      !this.eventShown &&
      state.get32(ENGINE.deliveryFailed) === 0 &&
      (this.exceptionStops >>> state.get32(STATE.eventVector)) & 1 &&
      state.get32(STATE.eventVector) < 32
    ) {
      this.eventShown = true;
      return { kind: 'exception', event: this.event() };
    }
    this.eventShown = false;
    state.set32(ENGINE.record, 0);
    // A branch whose budget ended must not be linked to the handler.
    state.set32(ENGINE.linkFrom, 0);
    state.set32(STATE.activity, 0);
    state.set32(STATE.repeating, 0);
    const delivery = deliverPending(state, this.exports, this.deliverLegacy, this.countDelivery);
    if (delivery.kind === 'delivered') {
      this.ignoreBreakpoint = false;
      this.count(1);
      return undefined;
    }
    return delivery.kind === 'shutdown'
      ? { kind: 'tripleFault', sentence: delivery.sentence }
      : { kind: 'unsupported', sentence: delivery.sentence };
  }

  event(): PendingEvent {
    return pendingEvent(this.state);
  }

  private shutdown(): RunExit {
    return { kind: 'tripleFault', sentence: 'The processor is shut down after a triple fault; restart the guest.' };
  }

  private halted(): RunExit {
    return { kind: 'halted', sentence: haltedSentence(this.state, this.schedule.turns.turn) };
  }

  private resolve(): RunExit | undefined {
    const refused = this.fetch.resolve();
    if (refused === undefined) return undefined;
    this.sentence = refused;
    return this.unsupportedExit();
  }

  /** See `BlockRunner.run`. */
  runBlock(limit: number, compiled: BlockCache): RunExit | undefined {
    if (this.touched) this.resynchronise();
    const ran = this.blocks.run(limit, compiled);
    if (ran === undefined) return undefined;
    this.steps += ran.steps;
    return ran.faulted ? { kind: 'exception', event: this.event() } : { kind: 'budget' };
  }

  /** The line that `runBlock` would run, for compiling ahead. */
  lineAtRip(limit: number): DecodedInstruction[] {
    if (this.touched) this.resynchronise();
    return this.blocks.lineAtRip(limit);
  }

  compileImports(): WebAssembly.Imports {
    return this.blocks.imports;
  }

  private readonly blocks: BlockRunner;
  private readonly host: HostContextSource;

  private hostContext(decoded: DecodedInstruction | undefined): HostContext {
    return this.host.of(decoded);
  }

  private hostInstruction(which: number, record: number): number {
    this.ripOf(record);
    const handler = HOST_HANDLERS[which];
    if (!handler) throw new Error(`no host instruction ${which}`);
    const before = this.steps;
    // RDTSC sees the steps that this slice has taken so far.
    this.steps += this.sliceBudget - this.state.get32(ENGINE.budget);
    try {
      const status = handler(this.hostContext(this.code.decodedAt(record)));
      if (status !== STATUS.LOOKUP && status !== STATUS.BUDGET) return status;
      // The next instruction must run alone, or not at once.
      const { schedule } = this;
      const looksAround =
        mustRunAlone(this.state) || this.bus.disturbed || schedule.interruptible() || schedule.numericErrorChanged();
      if (!looksAround) return status;
      return status === STATUS.LOOKUP ? STATUS.LEAVE_TO : STATUS.LEAVE;
    } finally {
      this.steps = before;
    }
  }
}
