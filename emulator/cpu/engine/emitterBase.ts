import { readableAt, type WritableSite, writableAt } from '../../memory/access.ts';
import { lockedWritableAt } from '../../memory/lockedAccess.ts';
import { ACCESS, isCanonical } from '../../memory/paging.ts';
import {
  add,
  and,
  eq,
  eqz,
  extendU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  load128,
  loadBits,
  or,
  shl,
  shrU,
  sub,
  type V128,
  wrap,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Label, Local } from '../../wasm/functionBuilder.ts';
import { maskTo } from '../../wasm/width.ts';
import { CS, get32, STATE, segment } from '../state.ts';
import type { Core } from './core.ts';
import { type Form, isLocked, type Modified } from './emitter.ts';

const GP = 13;

/** A general or XMM register that an operand names. */
export interface RegisterOperand {
  /** Zero-extended from `bits`. */
  read(bits: number): I64;
  /** 32 bits clear the upper half of a general register. */
  write(value: I64, bits: number): void;
}

/** What both tiers' emitters do alike: operands in memory, their probing, and the faults of an instruction. */
export abstract class EmitterBase {
  readonly f: FunctionBuilder;
  readonly core: Core;
  fault: Label;

  constructor(f: FunctionBuilder, core: Core, fault: Label) {
    this.f = f;
    this.core = core;
    this.fault = fault;
  }

  abstract get form(): Form;
  abstract get size(): number;
  abstract immediate(which?: 0 | 1): I64;
  abstract offset(operand: number): I64;
  abstract stackBit(): I32;
  abstract addressBits(): I32;
  /** Number of the memory operand's segment. */
  abstract segmentNumber(): I32;
  protected abstract registerOperand(operand: number): RegisterOperand;
  protected abstract loadVector(operand: number): V128;
  abstract writeVector(operand: number, value: V128): void;

  protected kind(operand: number): string {
    return this.form.shape[operand] ?? '';
  }

  linear(operand: number, bits: number, write: boolean, delta?: I64): Local<'i64'> {
    const { f, core } = this;
    const plain = this.offset(operand);
    const moved = delta ? add(plain, delta) : plain;
    if (this.form.memory !== 'g') return f.let(moved);
    // Displaced addresses wrap at the address size.
    const unused = delta && f.let(extendU(sub(i32(64), this.addressBits())));
    const offset = unused ? shrU(shl(moved, unused), unused) : moved;
    const access = i32(write ? ACCESS.WRITE : 0);
    const linear = f.let(f.call(core.segmentLinear, this.segmentNumber(), offset, i32(bits / 8), access));
    f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), this.fault);
    return linear;
  }

  read(operand: number, bits = this.size): Local<'i64'> {
    const { f } = this;
    switch (this.kind(operand)) {
      case 'i':
        return f.let(maskTo(this.immediate(), bits));
      case 'm':
        return f.let(loadBits(bits, readableAt(this, this.linear(operand, bits, false), bits / 8, this.stackBit())));
      default:
        return f.let(this.registerOperand(operand).read(bits));
    }
  }

  modify(operand: number, bits = this.size): Modified {
    const { f } = this;
    if (this.kind(operand) !== 'm') {
      const register = this.registerOperand(operand);
      return { value: f.let(register.read(bits)), write: (value) => register.write(value, bits) };
    }
    const site = this.modifiable(this.linear(operand, bits, true), bits / 8);
    return {
      value: f.let(loadBits(bits, site.host)),
      write: (value) => {
        f.storeBits(bits, site.host, value);
        site.commit();
      },
    };
  }

  modifiable(linear: I64, bytes: number): WritableSite {
    const access = or(this.stackBit(), i32(ACCESS.MODIFY));
    return (isLocked(this.form) ? lockedWritableAt : writableAt)(this, linear, bytes, access);
  }

  writer(operand: number, bits = this.size): { write(value: I64): void } {
    if (this.kind(operand) !== 'm') {
      return { write: (value) => this.registerOperand(operand).write(value, bits) };
    }
    const site = writableAt(this, this.linear(operand, bits, true), bits / 8, this.stackBit());
    return {
      write: (value) => {
        this.f.storeBits(bits, site.host, value);
        site.commit();
      },
    };
  }

  private requireVectorAlignment(linear: Local<'i64'>, bytes = 16): void {
    this.f.if(and(wrap(linear), i32(bytes - 1)), () => this.raise(GP, 0));
  }

  readVector(operand: number, aligned: boolean): Local<'v128'> {
    if (this.kind(operand) !== 'm') return this.f.let(this.loadVector(operand));
    const linear = this.linear(operand, 128, false);
    if (aligned) this.requireVectorAlignment(linear);
    return this.f.let(load128(readableAt(this, linear, 16, this.stackBit())));
  }

  vectorWriter(operand: number, aligned: boolean): { write(value: V128): void } {
    if (this.kind(operand) !== 'm') return { write: (value) => this.writeVector(operand, value) };
    const linear = this.linear(operand, 128, true);
    if (aligned) this.requireVectorAlignment(linear);
    const site = writableAt(this, linear, 16, this.stackBit());
    return {
      write: (value) => {
        this.f.store128(site.host, value);
        site.commit();
      },
    };
  }

  source(operand: number, bytes: number, aligned: boolean): Local<'i32'> {
    const linear = this.linear(operand, bytes * 8, false);
    if (aligned) this.requireVectorAlignment(linear, bytes);
    return readableAt(this, linear, bytes, this.stackBit());
  }

  target(operand: number, bytes: number, aligned: boolean): { readonly host: Local<'i32'>; commit(): void } {
    const linear = this.linear(operand, bytes * 8, true);
    if (aligned) this.requireVectorAlignment(linear, bytes);
    return writableAt(this, linear, bytes, this.stackBit());
  }

  raise(vector: number, errorCode?: I32 | number): void {
    if (errorCode === undefined) this.f.run(this.core.raise, i32(vector));
    else {
      const code = typeof errorCode === 'number' ? i32(errorCode) : errorCode;
      this.f.run(this.core.raiseError, i32(vector), code);
    }
    this.f.branch(this.fault);
  }

  requireTarget(target: I64): void {
    const outside = this.size === 64 ? eqz(isCanonical(target)) : gtU(wrap(target), get32(segment(CS).limit));
    this.f.if(outside, () => this.raise(GP, 0));
  }
}
