import { type InstructionShape, instructionAt } from './instruction.ts';
import type { Runner } from './runner.ts';
import { stackLinear } from './segmentation.ts';
import type { LineOracle, LineSpan, ReturnPoint, Stop } from './stops.ts';

const STEPPED: Stop = { reason: 'step' };
/** What `step into` follows and `step over` runs through. */
const CALLS: ReadonlySet<InstructionShape['kind']> = new Set(['call', 'farCall', 'systemCall']);
const RETURNS: ReadonlySet<InstructionShape['kind']> = new Set(['return', 'farReturn', 'interruptReturn']);

/**
 * The steps a person asks for, made of single steps and runs to a goal. A callee is left by comparing RSP, so recursion
 * does not end a step early. An event raised by the stepped code itself ends the step at its handler; an interrupt from
 * outside is run through.
 */
export class Stepper {
  constructor(
    private readonly runner: Runner,
    private readonly lines: LineOracle,
  ) {}

  /** One instruction; of a repeated string instruction, one iteration. */
  async instructionInto(): Promise<Stop> {
    return (await this.runner.single()) ?? this.breakpointHere() ?? STEPPED;
  }

  /** One instruction, with what it calls: CALL, INT, SYSCALL and the whole of a repeated string instruction. */
  async instructionOver(): Promise<Stop> {
    return (await this.pass()) ?? this.breakpointHere() ?? STEPPED;
  }

  async lineOver(): Promise<Stop> {
    return this.line(false);
  }

  async lineInto(): Promise<Stop> {
    return this.line(true);
  }

  /**
   * Until the current function has returned. `caller` comes from unwinding; without it the function is executed
   * instruction by instruction up to its own RET or IRET.
   */
  async out(caller: ReturnPoint | undefined): Promise<Stop> {
    if (caller !== undefined) return (await this.runTo(caller.address, caller.stackPointer)) ?? STEPPED;
    for (;;) {
      const instruction = this.here();
      const leaving = instruction !== undefined && RETURNS.has(instruction.kind);
      const stop = leaving ? await this.runner.single() : await this.pass();
      if (stop !== undefined) return stop;
      const hit = this.breakpointHere();
      if (hit !== undefined) return hit;
      if (leaving) return STEPPED;
    }
  }

  /** Until the code of the innermost inlined call has been left. */
  async outOfInlined(): Promise<Stop> {
    const depth = this.lines.lineAt(this.address)?.depth ?? 0;
    for (;;) {
      const stop = (await this.pass()) ?? this.breakpointHere();
      if (stop !== undefined) return stop;
      const now = this.lines.lineAt(this.address);
      if (now === undefined || now.depth < depth) return STEPPED;
    }
  }

  private async line(into: boolean): Promise<Stop> {
    let from = this.lines.lineAt(this.address);
    if (from === undefined) return into ? this.instructionInto() : this.instructionOver();
    for (;;) {
      const before = this.address;
      const instruction = this.here();
      const entering = into && instruction !== undefined && CALLS.has(instruction.kind);
      const stop = entering ? await this.enter(instruction) : await this.pass();
      if (stop !== undefined) return stop;
      const hit = this.breakpointHere();
      if (hit !== undefined) return hit;
      const now = this.lines.lineAt(this.address);
      if (now === undefined) return STEPPED;
      const returned = instruction !== undefined && RETURNS.has(instruction.kind);
      if (!into && !returned && now.depth > from.depth) continue;
      if (now.line === from.line) {
        if (isWholeLineAgain(from, now, before, instruction, this.address)) return STEPPED;
        continue;
      }
      if (now.start === this.address && now.isStatement) return STEPPED;
      // Rows within statements do not count, but a return into the middle of a line makes that line the current one.
      if (!returned) continue;
      from = now;
    }
  }

  /** Steps into a call whose target has lines, past the prologue; runs through any other. */
  private async enter(call: InstructionShape): Promise<Stop | undefined> {
    const stackPointer = this.stackPointer;
    const stop = await this.runner.single();
    if (stop !== undefined && !(stop.reason === 'step' && stop.delivered?.source === 'software')) return stop;
    const target = this.address;
    if (this.lines.lineAt(target) === undefined) {
      return this.runTo(call.address + BigInt(call.length), stackPointer);
    }
    const body = this.lines.bodyOf(target);
    if (body !== target) {
      const stopped = await this.runner.run({ addresses: new Set([body]), accept: () => true });
      if (stopped !== undefined) return stopped;
    }
    return this.breakpointHere() ?? STEPPED;
  }

  /** The instruction at RIP with all it calls; undefined when RIP is after it (or where it jumped). */
  private async pass(): Promise<Stop | undefined> {
    const instruction = this.here();
    const stackPointer = this.stackPointer;
    if (instruction !== undefined) {
      const next = instruction.address + BigInt(instruction.length);
      if (CALLS.has(instruction.kind) || instruction.kind === 'repeat') return this.through(next, stackPointer);
    }
    const stop = await this.runner.single();
    if (stop?.reason === 'step' && stop.delivered?.source === 'external' && instruction !== undefined) {
      return (await this.runTo(instruction.address, stackPointer)) ?? this.pass();
    }
    return stop;
  }

  /**
   * Runs from a calling instruction to the one after it. Its first step is taken alone, so that a fault of the
   * instruction itself is told from one of what it calls.
   */
  private async through(next: bigint, stackPointer: bigint): Promise<Stop | undefined> {
    const stop = await this.runner.single();
    const delivered = stop?.reason === 'step' ? stop.delivered : undefined;
    if (stop !== undefined && (delivered === undefined || delivered.source === 'fault')) return stop;
    if (this.address === next) return undefined;
    return this.runTo(next, stackPointer);
  }

  /** To `address` in the same or an outer frame: the top of the stack there is not below `stackPointer`. */
  private runTo(address: bigint, stackPointer: bigint): Promise<Stop | undefined> {
    return this.runner.run({ addresses: new Set([address]), accept: () => this.stackPointer >= stackPointer });
  }

  /** A breakpoint met by single steps counts as one met at full speed does. */
  private breakpointHere(): Stop | undefined {
    const { policy } = this.runner;
    const address = this.address;
    for (const candidate of policy.breakpointAddresses()) {
      if (candidate !== address) continue;
      const ids = policy.breakpointAt(address);
      return ids.length > 0 ? { reason: 'breakpoint', ids } : undefined;
    }
    return undefined;
  }

  private here(): InstructionShape | undefined {
    return instructionAt(this.runner.machine, this.address);
  }

  private get address(): bigint {
    return this.runner.machine.instructionAddress();
  }

  private get stackPointer(): bigint {
    const { machine } = this.runner;
    return stackLinear(machine, machine.readRegister('rsp'));
  }
}

/**
 * A line that is one instruction long and was jumped to again, `jmp .` or `loop 1b`, has been stepped. A longer line's
 * loop (`while (*p++);`) is run through, as every debugger does.
 */
function isWholeLineAgain(
  from: LineSpan,
  now: LineSpan,
  before: bigint,
  instruction: InstructionShape | undefined,
  address: bigint,
): boolean {
  const oneInstruction =
    instruction !== undefined && from.start === before && from.end === before + BigInt(instruction.length);
  return oneInstruction && address === now.start && address <= before;
}
