import type { MachineApi } from '../../emulator/api.ts';
import { codeBase } from '../../emulator/debug/instruction.ts';
import { slotSize, stackLinear } from '../../emulator/debug/segmentation.ts';
import type { LinePlace } from '../program/lookup.ts';
import { callBefore, stackMovement } from './callProof.ts';
import { DWARF_64, unwindByRules } from './cfi.ts';
import { type InterruptFrame, interruptFrameAt, vectorOfHandler } from './interruptFrame.ts';
import { readNumber } from './memoryAccess.ts';
import { cetState } from './privilege.ts';
import type { ProgramView } from './programView.ts';

/** The general registers as they were in a frame; those that unwinding could not recover keep the thread's value. */
export type FrameRegisters = ReadonlyMap<string, bigint>;

export interface Frame {
  readonly registers: FrameRegisters;
  /** Linear: the code segment's base is in it. */
  readonly instructionPointer: bigint;
  /** Linear: the stack segment's base is in it. */
  readonly stackPointer: bigint;
  /** Names of the general registers whose value in this frame is known; all of them in the first frame. */
  readonly known: ReadonlySet<string>;
  /** `interrupted`: an event was delivered here, so RIP is exact; `caller`: RIP is after a CALL. */
  readonly kind: 'top' | 'caller' | 'interrupted';
  /** For `interrupted`: the vector that was delivered, when the handler's gate tells it. */
  readonly vector?: number;
  /**
   * For code that stands in for calls: which function it is of (none: the one that the symbol names) and where that is in
   * the source; `outer` for all but the innermost, which share its registers.
   */
  readonly inlined?: { readonly name?: string; readonly place?: LinePlace; readonly outer: boolean };
  /** Where the ordinary stack holds this frame's instruction pointer. Absent in the first frame. */
  readonly slot?: bigint;
  /** Set when the shadow stack and the ordinary stack disagree about where the callee returns to, which is this frame. */
  readonly mismatch?: ReturnMismatch;
}

export interface ReturnMismatch {
  /** What the shadow stack holds. */
  readonly expected: bigint;
  /** What the ordinary stack holds. */
  readonly actual: bigint;
  readonly stackAddress: bigint;
  readonly shadowAddress: bigint;
}

export const GENERAL_REGISTERS: readonly string[] = DWARF_64;

const MAX_FRAMES = 512;
/** How many slots upward a return address is looked for where no unwind rule tells. */
const SEARCH_SLOTS = 512;
const WEAK_SEARCH_SLOTS = 64;
const NEAR_BYTES = 4096n;

/** A step outward: what the next frame is, before the shadow stack had its say. */
interface Outward {
  readonly registers: FrameRegisters;
  readonly known: ReadonlySet<string>;
  readonly kind: 'caller' | 'interrupted';
  readonly slot: bigint;
}

/** All frames of the stopped thread, innermost first. */
export function readFrames(machine: MachineApi, program: ProgramView): Frame[] {
  return new FrameWalker(machine, program).walk().flatMap((frame) => withInlined(program, frame));
}

/** One frame for each inlined call that the code is in, then one for the function that really was called. */
function withInlined(program: ProgramView, frame: Frame): Frame[] {
  const exact = frame.kind !== 'caller';
  const address = exact ? frame.instructionPointer : frame.instructionPointer - 1n;
  const calls = exact ? program.enteredAt(address) : program.lookup.inlinedAt(address);
  if (calls.length === 0) return [frame];
  const { mismatch, vector, ...plain } = frame;
  let place = program.placeOf(address, exact);
  return [...calls, undefined].map((call, index) => {
    const inlined = { ...(call && { name: call.name }), ...(place && { place }), outer: index > 0 };
    const file = call && program.image.sources[call.callFile];
    place =
      file === undefined ? undefined : { file, line: call!.callLine, column: call!.callColumn, isStatement: true };
    // What is told of a frame as such is told once, at the innermost.
    return index === 0 ? { ...frame, inlined } : { ...plain, inlined };
  });
}

class FrameWalker {
  /** Of the code that the walk has come to: bytes of a return address, and the bases of its segments. */
  private size: 2 | 4 | 8;
  private codeBase: bigint;
  private stackBase: bigint;
  /** Where the next return address stands on the shadow stack; undefined when it is off or has been lost. */
  private shadow: bigint | undefined;

  constructor(
    private readonly machine: MachineApi,
    private readonly program: ProgramView,
  ) {
    this.size = slotSize(machine);
    this.codeBase = codeBase(machine);
    this.stackBase = this.size === 8 ? 0n : machine.readRegister('ss.base');
    this.shadow = cetState(machine).shadowStack ? machine.readRegister('ssp') : undefined;
  }

  walk(): Frame[] {
    const registers = new Map(GENERAL_REGISTERS.map((name) => [name, this.machine.readRegister(name)]));
    const address = this.machine.instructionAddress();
    const frames: Frame[] = [
      {
        registers,
        instructionPointer: address,
        stackPointer: stackLinear(this.machine, registers.get('rsp')!),
        known: new Set(GENERAL_REGISTERS),
        kind: 'top',
      },
    ];
    while (frames.length < MAX_FRAMES) {
      const frame = frames.at(-1)!;
      const next = this.next(frame);
      if (next === undefined || next.stackPointer <= frame.stackPointer) {
        // An interrupted frame may well run on another stack, at any address.
        if (next?.kind !== 'interrupted') break;
      }
      if (next.instructionPointer === 0n) break;
      frames.push(next);
    }
    return frames;
  }

  private next(frame: Frame): Frame | undefined {
    const far = this.farShadowFrame();
    // The rules of compilers are for flat segments.
    const flat = this.size > 2 && this.codeBase === 0n && this.stackBase === 0n;
    const ruled = flat ? unwindByRules(this.machine, this.program, frame) : undefined;
    if (ruled === 'outermost') return undefined;
    const outward: Outward | undefined = ruled
      ? { ...ruled, kind: 'caller' }
      : (this.byShadowStack(frame) ?? this.byReadingCode(frame) ?? this.bySearch(frame));
    if (outward === undefined) return undefined;
    const interrupted = interruptFrameAt(this.machine, outward.slot, this.size);
    if (interrupted !== undefined) {
      this.shadow = far?.previous ?? this.userShadowStack(interrupted);
      return this.interruptedFrame(frame, outward, interrupted);
    }
    return this.callerFrame(outward);
  }

  private callerFrame(outward: Outward): Frame {
    const offset = readNumber(this.machine, outward.slot, this.size) ?? 0n;
    const stored = this.codeAt(offset);
    const shadowAddress = this.shadow;
    const shadowSize = this.size === 8 ? 8 : 4;
    const expected = shadowAddress === undefined ? undefined : readNumber(this.machine, shadowAddress, shadowSize);
    let mismatch: ReturnMismatch | undefined;
    if (shadowAddress !== undefined && expected !== undefined) {
      this.shadow = shadowAddress + BigInt(shadowSize);
      if (expected !== stored) mismatch = { expected, actual: stored, stackAddress: outward.slot, shadowAddress };
    }
    // The shadow stack holds what CALL pushed, so it says where the call came from.
    const instructionPointer = mismatch?.expected ?? stored;
    const stackPointer = this.stackBase + outward.registers.get('rsp')!;
    return {
      registers: new Map([...outward.registers, ['rip', instructionPointer - this.codeBase]]),
      instructionPointer,
      stackPointer,
      known: outward.known,
      kind: 'caller',
      slot: outward.slot,
      ...(mismatch && { mismatch }),
    };
  }

  private interruptedFrame(frame: Frame, outward: Outward, interrupted: InterruptFrame): Frame {
    const { instructionPointer, stackPointer } = interrupted;
    this.size = interrupted.size;
    this.codeBase = interrupted.codeBase;
    this.stackBase = interrupted.stackBase;
    const handler = this.program.lookup.symbolAt(frame.instructionPointer)?.symbol.address ?? frame.instructionPointer;
    const vector = vectorOfHandler(this.machine, handler);
    return {
      registers: new Map([
        ...outward.registers,
        ['rip', instructionPointer - this.codeBase],
        ['rsp', stackPointer - this.stackBase],
      ]),
      instructionPointer,
      stackPointer,
      known: outward.known,
      kind: 'interrupted',
      slot: outward.slot,
      ...(vector !== undefined && { vector }),
    };
  }

  /** With shadow stacks on, the return address is known; its place on the ordinary stack is the first equal slot. */
  private byShadowStack(frame: Frame): Outward | undefined {
    if (this.shadow === undefined || this.farShadowFrame() !== undefined) return undefined;
    const expected = readNumber(this.machine, this.shadow, this.size === 8 ? 8 : 4);
    if (expected === undefined || !this.program.isCode(expected)) return undefined;
    const read = this.slotByReadingCode(frame);
    if (read !== undefined && this.codeIn(read) === expected) return this.outward(frame, read);
    const found = this.findSlot(frame, SEARCH_SLOTS, (value) => value === expected);
    const slot = found ?? read;
    return slot === undefined ? undefined : this.outward(frame, slot);
  }

  /** Without rules: RSP at the function's first instruction, found by reading its code up to RIP. */
  private byReadingCode(frame: Frame): Outward | undefined {
    const slot = this.slotByReadingCode(frame);
    if (slot === undefined) return undefined;
    const value = this.codeIn(slot);
    if (value === undefined) return undefined;
    if (this.program.isCode(value) && callBefore(this.machine, value) !== undefined) return this.outward(frame, slot);
    return this.interruptNear(frame, slot);
  }

  private slotByReadingCode(frame: Frame): bigint | undefined {
    const start = this.functionStart(frame);
    const moved = start === undefined ? undefined : stackMovement(this.machine, start, frame.instructionPointer);
    return moved === undefined ? undefined : frame.stackPointer - BigInt(moved);
  }

  /** What event delivery pushed, with or without an error code below it. */
  private interruptNear(frame: Frame, slot: bigint): Outward | undefined {
    for (const at of [slot, slot + BigInt(this.size)]) {
      if (interruptFrameAt(this.machine, at, this.size)) return { ...this.outward(frame, at), kind: 'interrupted' };
    }
    return undefined;
  }

  /** The last resort: the first slot that follows a CALL of this function, or looks like what an event pushed. */
  private bySearch(frame: Frame): Outward | undefined {
    const start = this.functionStart(frame);
    // The program's entry has no caller; what looks like one on its stack is left over.
    if (start === this.program.image.entry) return undefined;
    for (let index = 0; index < SEARCH_SLOTS; index++) {
      const slot = frame.stackPointer + BigInt(index * this.size);
      const value = this.codeIn(slot);
      if (value === undefined) return undefined;
      if (this.program.isCode(value)) {
        const call = callBefore(this.machine, value);
        const proven = call?.target !== undefined && this.isNearBefore(call.target, frame.instructionPointer);
        const likely = call !== undefined && call.target === undefined && index < WEAK_SEARCH_SLOTS;
        if (proven || likely) return this.outward(frame, slot);
      }
      if (interruptFrameAt(this.machine, slot, this.size)) return { ...this.outward(frame, slot), kind: 'interrupted' };
    }
    return undefined;
  }

  /** Labels stand within functions too, so a CALL of code shortly before RIP counts, not only of the nearest label. */
  private isNearBefore(target: bigint, address: bigint): boolean {
    return target <= address && address - target < NEAR_BYTES;
  }

  /** An event from CPL 3 pushes nothing on the supervisor's shadow stack; the user's SSP is in IA32_PL3_SSP. */
  private userShadowStack({ codeSelector }: InterruptFrame): bigint | undefined {
    const userEnabled =
      (this.machine.readRegister('u_cet') & 1n) === 1n && (this.machine.readRegister('cr4') >> 23n) & 1n;
    return (codeSelector & 3n) === 3n && userEnabled ? this.machine.readRegister('pl3_ssp') : undefined;
  }

  /** The linear address of an offset in the code segment. */
  private codeAt(offset: bigint): bigint {
    return this.size === 8 ? offset : BigInt.asUintN(32, this.codeBase + offset);
  }

  /** What a stack slot would be as a near return address, linear. */
  private codeIn(slot: bigint): bigint | undefined {
    const offset = readNumber(this.machine, slot, this.size);
    return offset === undefined ? undefined : this.codeAt(offset);
  }

  private functionStart(frame: Frame): bigint | undefined {
    const address = frame.kind === 'caller' ? frame.instructionPointer - 1n : frame.instructionPointer;
    const found = this.program.lookup.symbolAt(address);
    return found?.symbol.address;
  }

  private outward(frame: Frame, slot: bigint): Outward {
    const registers = new Map(frame.registers);
    registers.set('rsp', slot + BigInt(this.size) - this.stackBase);
    return { registers, known: new Set(['rip', 'rsp']), kind: 'caller', slot };
  }

  private findSlot(frame: Frame, count: number, matches: (value: bigint) => boolean): bigint | undefined {
    for (let index = 0; index < count; index++) {
      const slot = frame.stackPointer + BigInt(index * this.size);
      const value = this.codeIn(slot);
      if (value === undefined) return undefined;
      if (matches(value)) return slot;
    }
    return undefined;
  }

  /** Three slots that event delivery or a far CALL pushed: old SSP, LIP, CS. */
  private farShadowFrame(): { readonly previous: bigint } | undefined {
    if (this.shadow === undefined) return undefined;
    const [previous, , selector] = [0n, 8n, 16n].map((offset) => readNumber(this.machine, this.shadow! + offset, 8));
    if (previous === undefined || selector === undefined) return undefined;
    if (selector < 4n || selector > 0xffffn || (previous & 3n) !== 0n || previous < 0x1000n) return undefined;
    return { previous };
  }
}
