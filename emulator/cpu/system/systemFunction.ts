import { implicitlyReadable, supervisorWritable } from '../../memory/access.ts';
import { RAM_BASE } from '../../memory/map.ts';
import { ACCESS, isCanonical } from '../../memory/paging.ts';
import {
  add,
  and,
  eqz,
  extendU,
  gtU,
  type I32,
  type I64,
  i32,
  i64,
  load64,
  ltU,
  or,
  select,
  shl,
  shrU,
  sub,
  wrap,
  xor,
} from '../../wasm/expressions.ts';
import type { FunctionBuilder, Local } from '../../wasm/functionBuilder.ts';
import type { Core } from '../engine/core.ts';
import { get32, get64, LDTR, put32, put64, STATE, segment } from '../state.ts';

export const VECTOR = { TS: 10, NP: 11, SS: 12, GP: 13, CP: 21 } as const;

/** Access rights word of VMCS form from a descriptor's high half: bits 8–15 and 20–23 (SDM Vol. 3A Fig. 3-8). */
export const attributesOf = (descriptor: I64): I32 => and(wrap(shrU(descriptor, i64(40))), i32(0xf0ff));
export const AR = { ACCESSED: 1, CONFORMING: 4, CODE: 8, S: 16, PRESENT: 128, L: 1 << 13, D: 1 << 14 } as const;
/** DPL of an access-rights word. */
export const dplOf = (attributes: I32): I32 => and(shrU(attributes, i32(5)), i32(3));
export const has = (value: I32, bits: number): I32 => eqz(eqz(and(value, i32(bits))));

export function limitOf(descriptor: I64): I32 {
  const raw = or(and(wrap(descriptor), i32(0xffff)), and(wrap(shrU(descriptor, i64(32))), i32(0xf0000)));
  const granular = eqz(eqz(and(descriptor, i64(1n << 55n))));
  return select(granular, or(shl(raw, i32(12)), i32(0xfff)), raw);
}

export function baseOf(descriptor: I64): I64 {
  return or(and(shrU(descriptor, i64(16)), i64(0xff_ffff)), and(shrU(descriptor, i64(32)), i64(0xff00_0000)));
}

const word = (access: I32 | number): I32 => (typeof access === 'number' ? i32(access) : access);

/**
 * Body of a system function that returns 0, or 1 with the fault recorded: implicit memory accesses and checks that
 * leave at once.
 */
export class SystemFunction {
  readonly f: FunctionBuilder;
  readonly core: Core;

  constructor(f: FunctionBuilder, core: Core) {
    this.f = f;
    this.core = core;
  }

  fail(): void {
    this.f.return(i32(1));
  }

  fault(vector: number, errorCode: I32 | number): void {
    this.f.run(this.core.raiseError, i32(vector), typeof errorCode === 'number' ? i32(errorCode) : errorCode);
    this.fail();
  }

  faultIf(condition: I32, vector: number, errorCode: I32 | number): void {
    this.f.if(condition, () => this.fault(vector, errorCode));
  }

  /** Host address of readable bytes. */
  readable(linear: I64, size: number, access: I32 | number): Local<'i32'> {
    const { f, core } = this;
    const host =
      access === ACCESS.IMPLICIT
        ? implicitlyReadable(f, core, linear, size)
        : f.let(f.call(core.slowRead, linear, i32(size), word(access)));
    this.f.if(eqz(host), () => this.fail());
    return host;
  }

  writable(linear: I64, size: I32, access: I32 | number): { host: Local<'i32'>; commit(): void } {
    const host = this.f.let(this.f.call(this.core.slowWrite, linear, size, word(access)));
    this.f.if(eqz(host), () => this.fail());
    return this.site(host);
  }

  /** `writable` for a locked read-modify-write (`memory/lockedAccess.ts`). */
  lockedWritable(linear: Local<'i64'>, size: number, access: I32 | number): { host: Local<'i32'>; commit(): void } {
    const site = this.writable(linear, i32(size), access);
    this.f.run(this.core.lockedAccess, linear, i32(size));
    return site;
  }

  /**
   * Writable quadwords from `low` (a multiple of 8) on, that are pushed from the top down: a page fault is that of the
   * first push into the page.
   */
  frame(low: Local<'i64'>, bytes: I32, access: I32): { host: Local<'i32'>; commit(): void } {
    const { f, core } = this;
    const top = f.let(add(low, extendU(sub(bytes, i32(8)))));
    f.if(eqz(eqz(shrU(xor(low, top), i64(12)))), () => {
      f.if(eqz(f.call(core.slowWrite, top, i32(8), access)), () => this.fail());
    });
    const host = supervisorWritable(f, core, low, bytes, access);
    f.if(eqz(host), () => {
      const failed = f.let(get64(STATE.eventCr2));
      const sameAsTop = eqz(shrU(xor(failed, top), i64(12)));
      put64(f, STATE.eventCr2, select(sameAsTop, top, or(failed, i64(0xff8))));
      this.fail();
    });
    return this.site(host);
  }

  private site(host: Local<'i32'>): { host: Local<'i32'>; commit(): void } {
    return {
      host,
      commit: () => this.f.if(ltU(host, i32(RAM_BASE)), () => this.f.run(this.core.commitWrite, host)),
    };
  }

  readImplicit64(linear: I64): Local<'i64'> {
    return this.f.let(load64(this.readable(linear, 8, ACCESS.IMPLICIT)));
  }

  /** Linear address of a selector's descriptor; `vector`(selector | ext) beyond the table's limit. */
  descriptorAddress(selector: I32, vector: number, ext: I32): Local<'i64'> {
    const { f } = this;
    const local = f.let(has(selector, 4));
    const offset = f.let(and(selector, i32(0xfff8)));
    const limit = select(local, get32(segment(LDTR).limit), get32(STATE.gdtrLimit));
    const base = select(local, get64(segment(LDTR).base), get64(STATE.gdtrBase));
    const unusable = and(local, has(get32(segment(LDTR).attributes), 1 << 16));
    this.faultIf(or(unusable, gtU(add(offset, i32(7)), limit)), vector, or(and(selector, i32(0xfffc)), ext));
    return f.let(add(base, extendU(offset)));
  }

  /** Sets the accessed bit of a descriptor that is being loaded. */
  markAccessed(address: Local<'i64'>, descriptor: I64): void {
    const bit = i64(1n << 40n);
    this.f.if(eqz(wrap(shrU(and(descriptor, bit), i64(40)))), () => {
      const site = this.lockedWritable(address, 8, ACCESS.IMPLICIT | ACCESS.MODIFY);
      this.f.store64(site.host, or(descriptor, bit));
      site.commit();
    });
  }

  loadSegment(index: number, selector: I32, base: I64, limit: I32, attributes: I32): void {
    const { f } = this;
    put32(f, segment(index).selector, selector);
    put64(f, segment(index).base, base);
    put32(f, segment(index).limit, limit);
    put32(f, segment(index).attributes, attributes);
  }

  /** Null selector: unusable, with a DPL (SS in 64-bit mode). */
  loadNull(index: number, selector: I32, dpl: I32): void {
    this.loadSegment(index, selector, i64(0), i32(0), or(i32(1 << 16), shl(dpl, i32(5))));
  }

  requireCanonical(address: I64, vector: number, errorCode: I32 | number): void {
    this.faultIf(eqz(isCanonical(address)), vector, errorCode);
  }
}
