import { ACCESS } from '../../memory/paging.ts';
import { ByteWriter } from '../../wasm/byteWriter.ts';
import {
  add,
  and,
  eqz,
  type I32,
  type I64,
  i32,
  i64,
  i64Halves,
  load64,
  load128,
  loadBits,
  or,
  shl,
  shrU,
  sub,
  type V128,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Label, Local } from '../../wasm/functionBuilder.ts';
import { maskTo } from '../../wasm/width.ts';
import type { DecodedInstruction, MemoryOperand } from '../decode/decoded.ts';
import { isStackSegment } from '../decode/operands.ts';
import type { FlagState } from '../flags.ts';
import {
  ENGINE,
  GPR_BASE,
  get32,
  get64,
  gprAddress,
  MMX_WORD,
  put32,
  put64,
  STATE,
  X87_BASE,
  XMM_BASE,
  YMM_HIGH_OFFSET,
  ZERO_ADDRESS,
} from '../state.ts';
import type { Core } from './core.ts';
import type { Emitter, Form } from './emitter.ts';
import { EmitterBase, type RegisterOperand } from './emitterBase.ts';
import { STATUS } from './record.ts';

/** One point where a block can come out: the page offset of the next instruction, and how many have retired. */
export interface BlockExit {
  readonly offset: number;
  readonly retired: number;
}

/**
 * The block tier's emitter: operands are constants, general registers and lazy flags live in wasm locals. Every way
 * out goes through one epilogue that writes back what was changed; `exits` tells RIP and retired count for each.
 */
export class BlockEmitter extends EmitterBase implements Emitter {
  readonly flags: FlagState;
  readonly exits: BlockExit[] = [];
  private instruction!: DecodedInstruction;
  private retired = 0;
  private readonly out: Label;
  private readonly budget: Local<'i32'>;
  private readonly status: Local<'i32'>;
  private readonly exit: Local<'i32'>;
  private readonly registers = new Map<number, Local<'i64'>>();
  private readonly written = new Set<number>();
  private readonly flagLocals: { result: Local<'i64'>; carry: Local<'i64'>; word: Local<'i32'> };
  private flagsWritten = false;
  private flagsUsed = false;

  constructor(f: FunctionBuilder, core: Core, out: Label, fault: Label) {
    super(f, core, fault);
    this.out = out;
    this.budget = f.parameter(0);
    this.status = f.local('i32');
    this.exit = f.local('i32');
    this.flagLocals = { result: f.local('i64'), carry: f.local('i64'), word: f.local('i32') };
    this.flags = this.localFlags();
  }

  private localFlags(): FlagState {
    const { f, flagLocals: locals } = this;
    const used = <T>(value: T): T => {
      this.flagsUsed = true;
      return value;
    };
    const writes = () => {
      this.flagsUsed = true;
      this.flagsWritten = true;
    };
    return {
      result: () => used(locals.result),
      carry: () => used(locals.carry),
      word: () => used(locals.word),
      set: (result, carry, word) => {
        writes();
        const [r, c, w] = [f.let(result), f.let(carry), word.constant === undefined ? f.let(word) : word];
        f.set(locals.result, r);
        f.set(locals.carry, c);
        f.set(locals.word, w);
      },
      setCarry: (carry) => {
        writes();
        f.set(locals.carry, carry);
      },
      setWord: (word) => {
        writes();
        f.set(locals.word, word);
      },
    };
  }

  /** Starts the next instruction of the block. */
  begin(instruction: DecodedInstruction): void {
    this.instruction = instruction;
    this.f.set(this.exit, i32(this.exits.length));
    this.exits.push({ offset: instruction.offset, retired: this.retired });
    this.retired++;
  }

  /** Comes out after the last instruction. */
  end(offset: number): void {
    this.leaveThrough(STATUS.BUDGET, { offset, retired: this.retired });
  }

  private leaveThrough(status: number, exit?: BlockExit): void {
    const { f } = this;
    if (exit) {
      f.set(this.exit, i32(this.exits.length));
      this.exits.push(exit);
    }
    f.set(this.status, i32(status));
    f.branch(this.out);
  }

  /** Marks the fault exit: reached by branches to `fault`. */
  faulted(): void {
    this.f.set(this.status, i32(STATUS.FAULT));
  }

  /** Writes everything back and returns the status. */
  epilogue(): void {
    const { f } = this;
    for (const index of this.written) f.store64(i32(0), this.local(index), gprAddress(index));
    if (this.flagsWritten) {
      put64(f, STATE.flagResult, this.flagLocals.result);
      put64(f, STATE.flagCarry, this.flagLocals.carry);
      put32(f, STATE.flagWord, this.flagLocals.word);
    }
    put32(f, ENGINE.blockExit, this.exit);
    put32(f, ENGINE.budget, this.budget);
    f.return(this.status);
  }

  /** Code that loads the locals which the body turned out to use; to stand before the body. */
  prologue(): ByteWriter {
    const w = new ByteWriter();
    const set = (index: number, value: { emit(w: ByteWriter): void }) => {
      value.emit(w);
      w.u8(0x21);
      w.u32(index);
    };
    for (const [register, local] of this.registers) set(local.index, load64(i32(0), gprAddress(register)));
    if (this.flagsUsed) {
      set(this.flagLocals.result.index, get64(STATE.flagResult));
      set(this.flagLocals.carry.index, get64(STATE.flagCarry));
      set(this.flagLocals.word.index, get32(STATE.flagWord));
    }
    return w;
  }

  get form(): Form {
    return this.instruction.form;
  }

  get size(): number {
    return this.instruction.form.size;
  }

  private local(index: number): Local<'i64'> {
    const known = this.registers.get(index);
    if (known) return known;
    const local = this.f.local('i64');
    this.registers.set(index, local);
    return local;
  }

  gpr(index: number): I64 {
    return this.local(index);
  }

  setGpr(index: number, value: I64): void {
    this.written.add(index);
    this.f.set(this.local(index), value);
  }

  /** XMM and MMX registers have no locals. */
  private isInMemory(address: number): boolean {
    return (address >= XMM_BASE && address < XMM_BASE + 256) || (address >= X87_BASE && address < X87_BASE + 128);
  }

  private readPlace(address: number, bits: number): I64 {
    if (this.isInMemory(address)) return loadBits(bits, i32(0), address);
    const value = this.local((address - GPR_BASE) >>> 3);
    return maskTo(address & 7 ? shrU(value, i64(8)) : value, bits);
  }

  private writePlace(address: number, value: I64, bits: number): void {
    if (this.isInMemory(address)) {
      // As the step tier: a 32-bit register result clears the upper half.
      if (bits === 32) this.f.store64(i32(0), maskTo(value, 32), address);
      else this.f.storeBits(bits, i32(0), value, address);
      return;
    }
    const index = (address - GPR_BASE) >>> 3;
    if (bits >= 32) {
      this.setGpr(index, maskTo(value, bits));
      return;
    }
    const shift = address & 7 ? 8 : 0;
    const field = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
    const placed = shift ? shl(maskTo(value, bits), i64(8)) : maskTo(value, bits);
    this.setGpr(index, or(and(this.local(index), i64(~field)), placed));
  }

  private place(operand: number): number {
    const address = this.instruction.registers[operand];
    if (!address) throw new Error(`operand ${operand} of ${this.form.name} is no register`);
    return address;
  }

  private get memory(): MemoryOperand {
    const { memory } = this.instruction;
    if (!memory) throw new Error(`${this.form.name} has no memory operand`);
    return memory;
  }

  private addressPart(address: number): I64 | undefined {
    if (address === ZERO_ADDRESS) return undefined;
    return address === ENGINE.ripBase.address ? get64(ENGINE.ripBase) : this.local((address - GPR_BASE) >>> 3);
  }

  offset(): I64 {
    const { base, index, scale, displacementLow, displacementHigh, addressBits } = this.memory;
    const displacement = i64Halves(displacementLow, displacementHigh);
    const scaled = this.addressPart(index);
    const parts = [this.addressPart(base), scaled && shl(scaled, i64(scale)), displacement].filter(
      (p) => p !== undefined,
    );
    return maskTo(
      parts.reduce((a, b) => add(a, b)),
      addressBits,
    );
  }

  protected registerOperand(operand: number): RegisterOperand {
    const place = this.place(operand);
    return {
      read: (bits) => this.readPlace(place, bits),
      write: (value, bits) => this.writePlace(place, value, bits),
    };
  }

  protected loadVector(operand: number): V128 {
    return load128(i32(0), this.place(operand));
  }

  stackBit(): I32 {
    return i32(isStackSegment(this.instruction.memory) ? ACCESS.STACK : 0);
  }

  writeVector(operand: number, value: V128): void {
    this.f.store128(i32(0), value, this.place(operand));
  }

  writeMmx(operand: number, value: I64): void {
    const place = this.place(operand);
    this.f.store64(i32(0), value, place);
    this.f.store32(i32(0), i32(MMX_WORD), place + 8);
  }

  vectorLane(operand: number, lane: 0 | 1): V128 {
    return load128(i32(0), this.place(operand) + lane * YMM_HIGH_OFFSET);
  }

  writeVectorLane(operand: number, lane: 0 | 1, value: V128): void {
    this.f.store128(i32(0), value, this.place(operand) + lane * YMM_HIGH_OFFSET);
  }

  writeLow(operand: number, value: I64, bits: 32 | 64): void {
    this.f.storeBits(bits, i32(0), value, this.place(operand));
  }

  immediate(which: 0 | 1 = 0): I64 {
    const { immediateLow, immediateHigh, immediate2 } = this.instruction;
    const small = immediateHigh === 0 && immediateLow >= 0 ? immediateLow : undefined;
    return which === 0 ? i64Halves(immediateLow, immediateHigh, small) : i64(immediate2 >>> 0);
  }

  rip(): I64 {
    return add(get64(ENGINE.ripBase), i64(this.instruction.offset));
  }

  nextRip(): I64 {
    return add(get64(ENGINE.ripBase), i64(this.instruction.offset + this.instruction.length));
  }

  length(): I32 {
    return i32(this.instruction.length);
  }

  prefixes(): I32 {
    return i32(this.instruction.prefixes);
  }

  segmentNumber(): I32 {
    return i32(this.instruction.memory?.segment ?? this.instruction.segment);
  }

  addressBits(): I32 {
    return i32(this.instruction.memory?.addressBits ?? this.instruction.addressBits);
  }

  relativeTarget(): I64 {
    return add(get64(ENGINE.ripBase), this.immediate());
  }

  jump(target: I64): void {
    put64(this.f, STATE.rip, target);
    this.leaveThrough(STATUS.LOOKUP, { offset: -1, retired: this.retired });
  }

  leaveTo(target: I64): void {
    put64(this.f, STATE.rip, target);
    this.leaveThrough(STATUS.LEAVE, { offset: -1, retired: this.retired });
  }

  resume(target: I64): void {
    this.leaveTo(target);
  }

  jumpRelative(commit?: () => void): void {
    const target = this.f.let(maskTo(this.relativeTarget(), this.size));
    this.requireTarget(target);
    commit?.();
    this.jump(target);
  }

  repeat(again: Label): void {
    const { f } = this;
    f.set(this.budget, sub(this.budget, i32(1)));
    // Out at this instruction, when the steps before it and this one's iterations have used the budget up.
    f.if(eqz(sub(this.budget, i32(this.retired - 1))), () => {
      put32(f, STATE.repeating, i32(1));
      this.leaveThrough(STATUS.BUDGET, { offset: this.instruction.offset, retired: this.retired - 1 });
    });
    f.branch(again);
  }

  stepsLeft(): I32 {
    return sub(this.budget, i32(this.retired - 1));
  }

  takeSteps(count: I32): void {
    this.f.set(this.budget, sub(this.budget, count));
  }

  leave(): void {
    const { offset, length } = this.instruction;
    this.leaveThrough(STATUS.LEAVE, { offset: offset + length, retired: this.retired });
  }

  host(): void {
    throw new Error('instructions in TypeScript are not compiled into blocks');
  }

  /** Falls through to the next instruction of the block. */
  finish(): void {}
}
