import { ByteWriter } from './byteWriter.ts';
import { type Expression, type I32, type I64, TYPE_CODE, type V128, type ValueType } from './expressions.ts';
import type { FunctionReference, ModuleBuilder } from './moduleBuilder.ts';

/** A wasm local: an expression that reads it. */
export interface Local<T extends ValueType = ValueType> extends Expression<T> {
  readonly index: number;
}

/** A branch target: `depth` is the control depth of its block. */
export interface Label {
  readonly depth: number;
}

const END = 0x0b;

/** Writes one function's body, statement by statement. Control structure follows the nesting of callbacks. */
export class FunctionBuilder {
  readonly code = new ByteWriter();
  private readonly localTypes: ValueType[] = [];
  private readonly parameterCount: number;
  private depth = 0;
  readonly module: ModuleBuilder;
  readonly reference: FunctionReference;

  constructor(module: ModuleBuilder, reference: FunctionReference) {
    this.module = module;
    this.reference = reference;
    this.parameterCount = reference.parameters.length;
  }

  parameter<T extends ValueType>(index: number): Local<T> {
    return this.localExpression(index, this.reference.parameters[index] as T);
  }

  private localExpression<T extends ValueType>(index: number, type: T): Local<T> {
    return {
      type,
      index,
      emit: (w) => {
        w.u8(0x20);
        w.u32(index);
      },
    };
  }

  /** A fresh local, zero until set. */
  local<T extends ValueType>(type: T): Local<T> {
    this.localTypes.push(type);
    return this.localExpression(this.parameterCount + this.localTypes.length - 1, type);
  }

  /** Evaluates now, into a fresh local. */
  let<T extends ValueType>(value: Expression<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Expression<T>): void {
    value.emit(this.code);
    this.code.u8(0x21);
    this.code.u32(local.index);
  }

  /** Evaluates for its effect and drops the value. */
  drop(value: Expression): void {
    value.emit(this.code);
    this.code.u8(0x1a);
  }

  private store(opcode: number, address: I32, value: Expression, offset: number): void {
    address.emit(this.code);
    value.emit(this.code);
    this.code.u8(opcode);
    this.code.u32(0);
    this.code.u32(offset);
  }

  store32(address: I32, value: I32, offset = 0): void {
    this.store(0x36, address, value, offset);
  }
  store64(address: I32, value: I64, offset = 0): void {
    this.store(0x37, address, value, offset);
  }
  store8(address: I32, value: I32, offset = 0): void {
    this.store(0x3a, address, value, offset);
  }
  store16(address: I32, value: I32, offset = 0): void {
    this.store(0x3b, address, value, offset);
  }

  /** Stores the low `bits` of a 64-bit value. */
  storeBits(bits: number, address: I32, value: I64, offset = 0): void {
    this.store(bits === 8 ? 0x3c : bits === 16 ? 0x3d : bits === 32 ? 0x3e : 0x37, address, value, offset);
  }

  store128(address: I32, value: V128, offset = 0): void {
    address.emit(this.code);
    value.emit(this.code);
    this.code.u8(0xfd);
    this.code.u32(11);
    this.code.u32(0);
    this.code.u32(offset);
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    condition.emit(this.code);
    this.code.u8(0x04);
    this.code.u8(0x40);
    this.depth++;
    then();
    if (otherwise) {
      this.code.u8(0x05);
      otherwise();
    }
    this.depth--;
    this.code.u8(END);
  }

  /** A block; branching to its label leaves it. */
  block(body: (leave: Label) => void): void {
    this.code.u8(0x02);
    this.code.u8(0x40);
    this.depth++;
    body({ depth: this.depth });
    this.depth--;
    this.code.u8(END);
  }

  /** A loop; branching to `again` restarts it, falling out of the body ends it. */
  loop(body: (again: Label) => void): void {
    this.code.u8(0x03);
    this.code.u8(0x40);
    this.depth++;
    body({ depth: this.depth });
    this.depth--;
    this.code.u8(END);
  }

  branch(label: Label): void {
    this.code.u8(0x0c);
    this.code.u32(this.depth - label.depth);
  }

  branchIf(condition: I32, label: Label): void {
    condition.emit(this.code);
    this.code.u8(0x0d);
    this.code.u32(this.depth - label.depth);
  }

  return(value?: Expression): void {
    value?.emit(this.code);
    this.code.u8(0x0f);
  }

  unreachable(): void {
    this.code.u8(0x00);
  }

  call<R extends ValueType>(callee: FunctionReference<R>, ...values: readonly Expression[]): Expression<R> {
    if (values.length !== callee.parameters.length) throw new Error(`${callee.name}: wrong number of arguments`);
    return {
      type: callee.results[0] as R,
      emit: (w) => {
        for (const value of values) value.emit(w);
        w.u8(0x10);
        w.u32(callee.index);
      },
    };
  }

  /** Calls for effect, dropping any result. */
  run(callee: FunctionReference, ...values: readonly Expression[]): void {
    this.call(callee, ...values).emit(this.code);
    if (callee.results.length) this.code.u8(0x1a);
  }

  returnCall(callee: FunctionReference, ...values: readonly Expression[]): void {
    for (const value of values) value.emit(this.code);
    this.code.u8(0x12);
    this.code.u32(callee.index);
  }

  returnCallIndirect(typeIndex: number, tableIndex: I32, ...values: readonly Expression[]): void {
    for (const value of values) value.emit(this.code);
    tableIndex.emit(this.code);
    this.code.u8(0x13);
    this.code.u32(typeIndex);
    this.code.u8(0);
  }

  callIndirect<R extends ValueType>(
    type: R,
    typeIndex: number,
    tableIndex: I32,
    ...values: readonly Expression[]
  ): Expression<R> {
    return {
      type,
      emit: (w) => {
        for (const value of values) value.emit(w);
        tableIndex.emit(w);
        w.u8(0x11);
        w.u32(typeIndex);
        w.u8(0);
      },
    };
  }

  memoryCopy(destination: I32, source: I32, length: I32): void {
    for (const value of [destination, source, length]) value.emit(this.code);
    for (const byte of [0xfc, 0x0a, 0x00, 0x00]) this.code.u8(byte);
  }

  memoryFill(destination: I32, value: I32, length: I32): void {
    for (const part of [destination, value, length]) part.emit(this.code);
    for (const byte of [0xfc, 0x0b, 0x00]) this.code.u8(byte);
  }

  /** Puts code before everything written so far. */
  prepend(code: ByteWriter): void {
    const body = this.code.finish();
    this.code.length = 0;
    this.code.append(code);
    this.code.raw(body);
  }

  /** The code-section entry: locals, body, end. */
  writeTo(out: ByteWriter): void {
    const body = new ByteWriter(this.code.length + 32);
    const runs: [number, ValueType][] = [];
    for (const type of this.localTypes) {
      const last = runs[runs.length - 1];
      if (last && last[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    body.u32(runs.length);
    for (const [count, type] of runs) {
      body.u32(count);
      body.u8(TYPE_CODE[type]);
    }
    body.append(this.code);
    body.u8(END);
    out.u32(body.length);
    out.append(body);
  }
}
