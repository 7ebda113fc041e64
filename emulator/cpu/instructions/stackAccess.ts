import { readableAt, type WritableSite, writableAt } from '../../memory/access.ts';
import { ACCESS } from '../../memory/paging.ts';
import { add, and, eq, type I64, i32, i64, loadBits, or, select, sub, xor } from '../../wasm/expressions.ts';
import type { Local } from '../../wasm/functionBuilder.ts';
import { CONTEXT } from '../context.ts';
import type { Emitter } from '../engine/emitter.ts';
import { get32, RSP, SS, STATE } from '../state.ts';

/**
 * Pushes and pops of one instruction. In 64-bit mode the stack is flat and RSP has 64 bits; otherwise SS's base, limit
 * and B bit count. Values are probed as they are named; RSP moves only in `commit`.
 */
export class StackAccess {
  private readonly e: Emitter;
  private readonly legacy: boolean;
  /** RSP as it will be. */
  private pointer: Local<'i64'>;
  private readonly stores: { site: WritableSite; value: I64; bits: number }[] = [];
  private readonly mask: I64 | undefined;

  constructor(e: Emitter, legacy: boolean) {
    this.e = e;
    this.legacy = legacy;
    this.pointer = e.f.let(e.gpr(RSP));
    this.mask = legacy
      ? e.f.let(select(and(get32(STATE.context), i32(CONTEXT.STACK32)), i64(0xffff_ffff), i64(0xffff)))
      : undefined;
  }

  private linear(offset: I64, bits: number, access: number): I64 {
    if (!this.legacy || !this.mask) return offset;
    const { f, core } = this.e;
    const linear = f.let(
      f.call(core.segmentLinear, i32(SS), and(offset, this.mask), i32(bits / 8), i32(access & ACCESS.WRITE)),
    );
    f.branchIf(and(eq(linear, i64(-1)), get32(STATE.eventPending)), this.e.fault);
    return linear;
  }

  /** Legacy: the bits above the stack's address size stay. */
  private moved(to: I64): I64 {
    return this.mask ? or(and(this.pointer, xor(this.mask, i64(-1))), and(to, this.mask)) : to;
  }

  private move(to: I64): void {
    this.pointer = this.e.f.let(this.moved(to));
  }

  push(value: I64, bits: number): void {
    const kept = this.e.f.let(value);
    this.move(sub(this.pointer, i64(bits / 8)));
    const site = writableAt(this.e, this.linear(this.pointer, bits, ACCESS.WRITE), bits / 8, ACCESS.STACK);
    this.stores.push({ site, value: kept, bits });
  }

  /** Pushes at once: for instructions whose number of pushes is not known beforehand. RSP still waits for `commit`. */
  pushNow(value: I64, bits: number): void {
    const { f } = this.e;
    const kept = f.let(value);
    f.set(this.pointer, this.moved(sub(this.pointer, i64(bits / 8))));
    const site = writableAt(this.e, this.linear(this.pointer, bits, ACCESS.WRITE), bits / 8, ACCESS.STACK);
    f.storeBits(bits, site.host, kept);
    site.commit();
  }

  /** Reads from the stack segment. */
  readAt(offset: I64, bits: number): Local<'i64'> {
    const { f } = this.e;
    return f.let(loadBits(bits, readableAt(this.e, this.linear(offset, bits, 0), bits / 8, ACCESS.STACK)));
  }

  /** Faults where a push would. */
  probe(bits: number): void {
    writableAt(this.e, this.linear(this.pointer, bits, ACCESS.WRITE), bits / 8, ACCESS.STACK | ACCESS.MODIFY);
  }

  pop(bits: number): Local<'i64'> {
    const { f } = this.e;
    const value = f.let(loadBits(bits, readableAt(this.e, this.linear(this.pointer, bits, 0), bits / 8, ACCESS.STACK)));
    this.move(add(this.pointer, i64(bits / 8)));
    return value;
  }

  /** Discards bytes (RET imm16). */
  skip(bytes: I64): void {
    this.move(add(this.pointer, bytes));
  }

  /** Takes the pointer from a register first (LEAVE). */
  startAt(value: I64): void {
    this.move(value);
  }

  /** RSP after the pops and pushes so far. */
  current(): I64 {
    return this.pointer;
  }

  commit(): void {
    for (const { site, value, bits } of this.stores) {
      this.e.f.storeBits(bits, site.host, value);
      site.commit();
    }
    this.e.setGpr(RSP, this.pointer);
  }
}
