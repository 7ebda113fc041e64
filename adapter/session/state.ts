import type { DebugProtocol } from '@vscode/debugprotocol';
import type { MachineApi, MachineSnapshot, PendingEvent } from '../../emulator/api.ts';
import { Runner } from '../../emulator/debug/runner.ts';
import { yieldToHost } from '../../emulator/debug/schedule.ts';
import { Stepper } from '../../emulator/debug/stepping.ts';
import type { Stop, StopPolicy } from '../../emulator/debug/stops.ts';
import type { Environment } from '../expressions/evaluate.ts';
import type { FileReader } from '../program/image.ts';
import { BreakpointStore } from './breakpointStore.ts';
import { environmentOf, eventNames } from './environment.ts';
import { ExceptionFilters, MISMATCH_FILTER } from './exceptionFilters.ts';
import { FrameStore } from './frameStore.ts';
import type { Frame } from './frames.ts';
import type { LaunchArguments } from './launchArguments.ts';
import type { ProgramView } from './programView.ts';
import { Registers } from './registers.ts';
import { RequestError } from './requestError.ts';
import type { SerialOutput } from './serialOutput.ts';
import { announceStop } from './stopEvents.ts';

/** A loaded guest with what runs and describes it. */
export interface Debuggee {
  readonly machine: MachineApi;
  /** Right after reset, before anything was loaded: where a restart goes back to. */
  readonly reset: MachineSnapshot;
  readonly program: ProgramView;
  readonly launch: LaunchArguments;
  readonly registers: Registers;
  readonly runner: Runner;
  readonly stepper: Stepper;
  readonly serial: SerialOutput;
}

/** What a variablesReference stands for until the next run. */
export type Container = {
  readonly kind: 'scope';
  readonly group: string;
  readonly frame: Frame;
  readonly vcpu: number;
};

export type Move = (debuggee: Debuggee) => Promise<Stop>;

/** Everything that the families of requests share. */
export class SessionState {
  readonly breakpoints = new BreakpointStore();
  readonly filters = new ExceptionFilters();
  /** References under which the client has read memory, for `memory` events: they must match to the letter. */
  readonly memoryReferences = new Set<string>();
  /** Instruction starts that were seen to be executed; disassembly takes its bearings from them. */
  readonly executed = new Set<bigint>();
  client: DebugProtocol.InitializeRequestArguments | undefined;
  configured = false;
  ended = false;
  lastStop: Stop | undefined;
  readonly ids = new FrameStore();
  private current: Debuggee | undefined;
  /** The vCPU that requests without a frame are about: the one that stopped, then the one that was last looked at. */
  private focused = 0;
  private activeRun: Promise<void> | undefined;
  private containers = new Map<number, Container>();
  private nextReference = 1;
  private mismatchMatched = false;
  private silenced = false;
  private readonly later: (() => void)[] = [];

  constructor(
    readonly reader: FileReader,
    readonly send: (event: string, body?: object) => void,
  ) {}

  // ---- what is debugged ----

  get loaded(): Debuggee | undefined {
    return this.current;
  }

  get running(): boolean {
    return this.activeRun !== undefined;
  }

  /** Throws a RequestError when nothing was launched. */
  get debuggee(): Debuggee {
    if (this.current === undefined) throw new RequestError('No guest is loaded; a launch request comes first.');
    return this.current;
  }

  /** Throws a RequestError when nothing was launched or the guest runs. */
  get stopped(): Debuggee {
    const { debuggee } = this;
    if (this.running) throw new RequestError('The guest is running; pause it first.');
    return debuggee;
  }

  adopt(
    machine: MachineApi,
    reset: MachineSnapshot,
    program: ProgramView,
    launch: LaunchArguments,
    serial: SerialOutput,
  ): Debuggee {
    const runner = new Runner(machine, this.policy());
    const registers = new Registers(machine);
    this.current = {
      machine,
      reset,
      program,
      launch,
      registers,
      runner,
      stepper: new Stepper(runner, program),
      serial,
    };
    this.ended = false;
    this.lastStop = undefined;
    this.executed.clear();
    this.focused = 0;
    this.forget();
    return this.current;
  }

  // ---- running ----

  /**
   * Starts a move; the answer to the request that asked for it goes out before the first instruction.
   *
   * @param vcpu the one that is stepped; without it, none in particular
   */
  resume(move: Move, vcpu?: number): void {
    const debuggee = this.stopped;
    if (this.ended) throw new RequestError('The guest has ended; restart it to run again.');
    this.forget();
    this.lastStop = undefined;
    this.activeRun = this.drive(debuggee, move, vcpu);
  }

  /** Stops a run without announcing it; resolves when the machine stands still. */
  async halt(): Promise<void> {
    if (this.activeRun === undefined) return;
    this.silenced = true;
    this.current?.runner.pause();
    await this.activeRun;
    this.silenced = false;
  }

  private async drive(debuggee: Debuggee, move: Move, vcpu: number | undefined): Promise<void> {
    debuggee.runner.begin(vcpu);
    await yieldToHost();
    let stop: Stop;
    try {
      debuggee.runner.begin(vcpu);
      stop = this.silenced ? { reason: 'pause' } : await move(debuggee);
    } catch (error) {
      // A defect of the machine must not take the session with it.
      stop = {
        reason: 'unsupported',
        sentence: `The machine failed: ${error instanceof Error ? error.message : error}`,
      };
    }
    this.activeRun = undefined;
    debuggee.serial.flush();
    this.forget();
    this.focus(debuggee.machine.currentVcpu);
    this.executed.add(debuggee.machine.instructionAddress());
    this.lastStop = stop;
    if (!this.silenced) announceStop(this, debuggee, stop);
  }

  private policy(): StopPolicy {
    const enabled = () => this.current?.launch.noDebug !== true;
    return {
      breakpointAddresses: () => (enabled() ? this.breakpoints.addresses() : []),
      breakpointAt: (address) => {
        const { ids, logs } = this.breakpoints.reached(address, () => this.environment());
        for (const line of logs) this.print(`${line}\n`);
        return ids;
      },
      exceptionVectors: () => (enabled() ? this.filters.vectors : 0),
      stopsAt: (event) => {
        const filter = this.filters.match(event, () => this.environment(undefined, event));
        this.mismatchMatched = filter === MISMATCH_FILTER;
        return filter !== undefined;
      },
    };
  }

  /** Whether the last exception stop came from the filter that stops before a mismatching RET. */
  get stoppedBeforeReturn(): boolean {
    return this.lastStop?.reason === 'exception' && this.mismatchMatched;
  }

  // ---- what one stop shows ----

  /** Ids of frames and variables are of one stop only; after this, the old ones are unknown. */
  forget(): void {
    this.ids.nextStop();
    this.containers.clear();
  }

  /** Makes a vCPU the one that requests are about; the machine must stand still. */
  focus(vcpu: number): void {
    this.focused = vcpu;
    this.debuggee.machine.selectVcpu(vcpu);
  }

  /** Before each request: the one before may have looked at another vCPU. */
  refocus(): void {
    if (this.current !== undefined && !this.running) this.focus(this.focused);
  }

  /** Of the vCPU that is selected, innermost first. */
  frames(): Frame[] {
    const { machine, program } = this.stopped;
    return this.ids.of(machine, program);
  }

  /** Selects the frame's vCPU. Throws a RequestError for an id that is not of this stop. Without an id, the first frame. */
  frame(id: number | undefined): Frame {
    if (id === undefined || id === 0) return this.frames()[0]!;
    const place = this.ids.placeOf(id);
    if (place !== undefined && place.vcpu < this.stopped.machine.vcpuCount) {
      this.focus(place.vcpu);
      const frame = this.frames()[place.index];
      if (frame !== undefined) return frame;
    }
    throw new RequestError(`There is no stack frame ${id} at this stop.`);
  }

  reference(container: Container): number {
    const reference = this.nextReference++;
    this.containers.set(reference, container);
    return reference;
  }

  container(reference: number): Container {
    const container = this.containers.get(reference);
    if (container === undefined) throw new RequestError(`There is no variables reference ${reference} at this stop.`);
    this.focus(container.vcpu);
    return container;
  }

  environment(frame?: Frame, event?: PendingEvent): Environment {
    const { registers, program } = this.debuggee;
    return environmentOf(registers, program, frame, event && eventNames(event));
  }

  // ---- telling the client ----

  /** Sends an event once the request at hand has been answered, as DAP asks of `stopped` after `goto`. */
  sendLater(event: string, body?: object): void {
    this.later.push(() => this.send(event, body));
  }

  sendWhatWaits(): void {
    for (const send of this.later.splice(0)) send();
  }

  print(text: string, category: 'console' | 'stdout' | 'stderr' | 'important' = 'console'): void {
    this.send('output', { category, output: text });
  }

  /**
   * After the debugger changed registers or memory: what the client shows is stale, and a fault that waits to be
   * delivered may not be one any more, so its instruction is executed anew.
   */
  changed(areas: readonly ('all' | 'stacks' | 'threads' | 'variables')[] = ['all']): void {
    this.retryFault();
    // Frame ids stay valid: the client asks for the same frames again.
    this.ids.refresh();
    if (this.client?.supportsInvalidatedEvent) this.send('invalidated', { areas });
  }

  private retryFault(): void {
    if (this.lastStop?.reason !== 'exception' || this.lastStop.event.source !== 'fault') return;
    const { machine, runner } = this.debuggee;
    if (machine.selectedVcpu !== machine.currentVcpu) return;
    // Writing RIP, even with its own value, drops the pending event.
    machine.writeRegister('rip', machine.readRegister('rip'));
    runner.dropPending();
  }

  /** `address` is linear, or physical when told so. */
  memoryChanged(address: bigint, count: number, base: (reference: string) => bigint | undefined): void {
    this.changed();
    if (!this.client?.supportsMemoryEvent) return;
    for (const memoryReference of this.memoryReferences) {
      const start = base(memoryReference);
      if (start === undefined) continue;
      const offset = address - start;
      if (offset > -0x1_0000_0000n && offset < 0x1_0000_0000n) {
        this.send('memory', { memoryReference, offset: Number(offset), count });
      }
    }
  }
}
