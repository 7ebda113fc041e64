import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtS,
  type I32,
  type I64,
  i32,
  load8U,
  load16U,
  load32,
  load64,
  load128,
  loadBits,
  ne,
  select,
  shl,
  shrU,
  sub,
  type V128,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Label, Local } from '../../wasm/functionBuilder.ts';
import { maskTo } from '../../wasm/width.ts';
import type { FlagState } from '../flags.ts';
import { ENGINE, get32, get64, getGpr, MMX_WORD, put32, put64, putGpr, STATE, YMM_HIGH_OFFSET } from '../state.ts';
import type { Core } from './core.ts';
import { dispatch } from './dispatch.ts';
import type { Emitter, Form } from './emitter.ts';
import { EmitterBase, type RegisterOperand } from './emitterBase.ts';
import { RECORD, RECORD_SIZE, STATUS } from './record.ts';

/** Lazy flags kept in the state. */
export function stateFlags(f: FunctionBuilder): FlagState {
  return {
    result: () => get64(STATE.flagResult),
    carry: () => get64(STATE.flagCarry),
    word: () => get32(STATE.flagWord),
    set: (result, carry, word) => {
      // Evaluated before the first store: the new flags may be made from the old.
      const [r, c, w] = [f.let(result), f.let(carry), word.constant === undefined ? f.let(word) : word];
      put64(f, STATE.flagResult, r);
      put64(f, STATE.flagCarry, c);
      put32(f, STATE.flagWord, w);
    },
    setCarry: (carry) => put64(f, STATE.flagCarry, carry),
    setWord: (word) => put32(f, STATE.flagWord, word),
  };
}

const OPERANDS = [RECORD.operand0, RECORD.operand1, RECORD.operand2];

/** The step tier's emitter: operands come from the record in parameter 0, the step budget is parameter 1. */
export class StepEmitter extends EmitterBase implements Emitter {
  readonly form: Form;
  readonly size: number;
  readonly flags: FlagState;
  private readonly record: Local<'i32'>;
  private readonly budget: Local<'i32'>;
  ended = false;

  constructor(f: FunctionBuilder, core: Core, form: Form, fault: Label) {
    super(f, core, fault);
    this.form = form;
    this.size = form.size;
    this.record = f.parameter(0);
    this.budget = f.parameter(1);
    this.flags = stateFlags(f);
  }

  /** Address of the register that operand `operand` names. */
  private register(operand: number): I32 {
    return load32(this.record, OPERANDS[operand]);
  }

  protected registerOperand(operand: number): RegisterOperand {
    const address = this.f.let(this.register(operand));
    return {
      read: (bits) => loadBits(bits, address),
      write: (value, bits) => {
        if (bits === 32) this.f.store64(address, maskTo(value, 32));
        else this.f.storeBits(bits, address, value);
      },
    };
  }

  protected loadVector(operand: number): V128 {
    return load128(this.register(operand));
  }

  stackBit(): I32 {
    return shl(and(load8U(this.record, RECORD.flags), i32(1)), i32(5));
  }

  offset(): I64 {
    const base = load64(load32(this.record, RECORD.base));
    const displacement = load64(this.record, RECORD.displacement);
    if (this.form.memory === 'b') return add(base, displacement);
    const index = shl(load64(load32(this.record, RECORD.index)), extendU(load8U(this.record, RECORD.scale)));
    const full = add(add(base, index), displacement);
    if (this.form.memory === 'x') return full;
    // Address size 64 shifts by 0: all ones.
    const shift = extendU(sub(i32(64), load8U(this.record, RECORD.addressBits)));
    return shrU(shl(full, shift), shift);
  }

  writeVector(operand: number, value: V128): void {
    this.f.store128(this.register(operand), value);
  }

  writeMmx(operand: number, value: I64): void {
    const address = this.f.let(this.register(operand));
    this.f.store64(address, value);
    this.f.store32(address, i32(MMX_WORD), 8);
  }

  vectorLane(operand: number, lane: 0 | 1): V128 {
    return load128(this.register(operand), lane * YMM_HIGH_OFFSET);
  }

  writeVectorLane(operand: number, lane: 0 | 1, value: V128): void {
    this.f.store128(this.register(operand), value, lane * YMM_HIGH_OFFSET);
  }

  writeLow(operand: number, value: I64, bits: 32 | 64): void {
    this.f.storeBits(bits, this.register(operand), value);
  }

  immediate(which: 0 | 1 = 0): I64 {
    return which === 0 ? load64(this.record, RECORD.immediate) : extendU(load32(this.record, RECORD.immediate2));
  }

  gpr(index: number): I64 {
    return getGpr(index);
  }

  setGpr(index: number, value: I64): void {
    putGpr(this.f, index, value);
  }

  private ripAt(offset: I32): I64 {
    return add(get64(ENGINE.ripBase), extendU(offset));
  }

  rip(): I64 {
    return this.ripAt(load16U(this.record, RECORD.offset));
  }

  nextRip(): I64 {
    return this.ripAt(add(load16U(this.record, RECORD.offset), load8U(this.record, RECORD.length)));
  }

  length(): I32 {
    return load8U(this.record, RECORD.length);
  }

  relativeTarget(): I64 {
    return add(get64(ENGINE.ripBase), load64(this.record, RECORD.immediate));
  }

  private exit(record: I32, status: number): void {
    put32(this.f, ENGINE.record, record);
    put32(this.f, ENGINE.budget, this.budget);
    this.f.return(i32(status));
  }

  private takeStep(): void {
    this.f.set(this.budget, sub(this.budget, i32(1)));
  }

  private continueAt(record: I32): void {
    this.takeStep();
    this.f.if(eqz(this.budget), () => this.exit(record, STATUS.BUDGET));
    dispatch(this.f, this.core, record, this.budget);
  }

  jump(target: I64): void {
    put64(this.f, STATE.rip, target);
    put32(this.f, ENGINE.linkFrom, i32(0));
    this.lookUp();
    this.ended = true;
  }

  leaveTo(target: I64): void {
    put64(this.f, STATE.rip, target);
    this.takeStep();
    this.exit(i32(0), STATUS.LEAVE);
    this.ended = true;
  }

  resume(target: I64): void {
    const { f } = this;
    const bulk = and(get32(ENGINE.inlineEvents), sub(i32(0), gtS(this.budget, i32(1))));
    f.if(eqz(bulk), () => this.leaveTo(target));
    put64(f, STATE.rip, target);
    put32(f, ENGINE.linkFrom, i32(0));
    this.takeStep();
    f.returnCall(this.core.resume, this.budget);
    this.ended = true;
  }

  private lookUp(): void {
    this.takeStep();
    this.f.if(eqz(this.budget), () => this.exit(i32(0), STATUS.BUDGET));
    this.f.returnCall(this.core.lookup, this.budget);
  }

  jumpRelative(commit?: () => void): void {
    const { f } = this;
    const link = f.let(load32(this.record, RECORD.link));
    // A link of 1 says that the target is on the same page but has no record yet.
    f.if(
      ne(and(link, i32(-2)), i32(0)),
      () => {
        commit?.();
        this.continueAt(link);
      },
      () => {
        const target = f.let(this.wrapTarget(this.relativeTarget()));
        this.requireTarget(target);
        commit?.();
        put64(f, STATE.rip, target);
        put32(f, ENGINE.linkFrom, select(link, this.record, i32(0)));
        this.lookUp();
      },
    );
    this.ended = true;
  }

  /** Near branches wrap at the operand size. */
  private wrapTarget(target: I64): I64 {
    return maskTo(target, this.size);
  }

  leave(): void {
    this.takeStep();
    this.exit(add(this.record, i32(RECORD_SIZE)), STATUS.LEAVE);
    this.ended = true;
  }

  repeat(again: Label): void {
    this.takeStep();
    this.f.if(eqz(this.budget), () => {
      put32(this.f, STATE.repeating, i32(1));
      this.exit(this.record, STATUS.BUDGET);
    });
    this.f.branch(again);
  }

  stepsLeft(): I32 {
    return this.budget;
  }

  takeSteps(count: I32): void {
    this.f.set(this.budget, sub(this.budget, count));
  }

  prefixes(): I32 {
    return load8U(this.record, RECORD.prefixes);
  }

  segmentNumber(): I32 {
    return load8U(this.record, RECORD.segment);
  }

  addressBits(): I32 {
    return load8U(this.record, RECORD.addressBits);
  }

  host(): void {
    const { f, core } = this;
    // How far the slice has come, for what reads the time.
    put32(f, ENGINE.budget, this.budget);
    const which = load32(this.record, RECORD.auxiliary);
    const status = f.let(f.call(core.imports.instruction, which, this.record));
    f.branchIf(eq(status, i32(STATUS.FAULT)), this.fault);
    f.if(eq(status, i32(STATUS.LEAVE)), () => this.leave());
    f.if(eq(status, i32(STATUS.LEAVE_TO)), () => this.leaveTo(get64(STATE.rip)));
    f.if(eq(status, i32(STATUS.LOOKUP)), () => {
      put32(f, ENGINE.linkFrom, i32(0));
      this.lookUp();
    });
    f.if(status, () => this.exit(this.record, STATUS.UNSUPPORTED));
    this.finish();
  }

  finish(): void {
    this.continueAt(add(this.record, i32(RECORD_SIZE)));
    this.ended = true;
  }
}
