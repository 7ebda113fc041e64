import type { WritableSite } from '../../memory/access.ts';
import type { I32, I64, V128 } from '../../wasm/expressions.ts';
import type { FunctionBuilder, Label, Local } from '../../wasm/functionBuilder.ts';
import type { FlagState } from '../flags.ts';
import type { Core } from './core.ts';

/**
 * How a memory operand's address is made: `b` base + displacement, `x` base + index × scale + displacement (both
 * 64-bit addresses without a segment base), `g` anything else.
 */
export type MemoryMode = 'b' | 'x' | 'g';

/**
 * An instruction form: semantics, operand size and operand shape. One step-tier handler each. In `shape` a letter
 * stands for each operand: `r` general register, `v` XMM register, `q` MMX register, `m` memory, `i` immediate, `j` branch target.
 */
export interface Form {
  readonly name: string;
  readonly size: number;
  readonly shape: string;
  /** For shapes with `m`. */
  readonly memory?: MemoryMode;
}

export const formKey = (form: Form): string =>
  `${form.name}/${form.size}/${form.memory ? form.shape.replace('m', form.memory) : form.shape}`;

const LOCK = 'lock.';

/** Forms with a LOCK prefix have handlers of their own (`cpu/instructions/locked.ts`): others do not look for it. */
export const lockedName = (name: string): string => LOCK + name;

/** XCHG with memory is locked without the prefix (SDM Vol. 3A §9.1.2.1). */
export const isLocked = (form: Form): boolean => form.name.startsWith(LOCK) || form.name === 'xchg';

/** An operand that is read and then written: everything that can fault has happened before the value is there. */
export interface Modified {
  /** Zero-extended. */
  readonly value: Local<'i64'>;
  write(value: I64): void;
}

/**
 * What the semantics of an instruction are written against. The step tier answers from a record in memory, the block
 * tier with constants and locals. All operands are acquired (probed) before anything is written.
 */
export interface Emitter {
  readonly f: FunctionBuilder;
  readonly core: Core;
  /** Where a fault leaves the instruction. */
  fault: Label;
  readonly form: Form;
  /** Operand size in bits. */
  readonly size: number;
  readonly flags: FlagState;

  /** Operand's value, zero-extended from `bits` (default: the operand size), evaluated now. */
  read(operand: number, bits?: number): Local<'i64'>;
  modify(operand: number, bits?: number): Modified;
  /** Memory for a read-modify-write of `bytes` at a linear address of the memory operand, locked if the form is. */
  modifiable(linear: I64, bytes: number): WritableSite;
  /** Write-only operand: `write` may be called once, after all probes. */
  writer(operand: number, bits?: number): { write(value: I64): void };
  /** The offset part of a memory operand, before segmentation, masked to the address size (LEA). */
  offset(operand: number): I64;
  /** The linear address of a memory operand displaced by `delta` bytes, checked for an access of `bits`. */
  linear(operand: number, bits: number, write: boolean, delta?: I64): Local<'i64'>;
  /** ACCESS.STACK if the memory operand's segment is SS. */
  stackBit(): I32;
  /** 16 bytes of an XMM register or memory; `aligned`: #GP(0) when memory is not at a multiple of 16. */
  readVector(operand: number, aligned: boolean): Local<'v128'>;
  writeVector(operand: number, value: V128): void;
  /** Writes the low element of an XMM register and keeps the rest. (`read` of one gives its low bits.) */
  writeLow(operand: number, value: I64, bits: 32 | 64): void;
  /** Writes an MMX register: the significand of an x87 register, whose sign and exponent become ones. */
  writeMmx(operand: number, value: I64): void;
  /** Probes a memory destination of 16 bytes; for a register, nothing. The result stores the value. */
  vectorWriter(operand: number, aligned: boolean): { write(value: V128): void };
  /** 128 bits of a vector register: the low half, or the high one of a YMM register. */
  vectorLane(operand: number, lane: 0 | 1): V128;
  writeVectorLane(operand: number, lane: 0 | 1, value: V128): void;
  /** Host address of the `bytes` bytes of the memory operand, readable; `aligned`: #GP(0) at other addresses. */
  source(operand: number, bytes: number, aligned: boolean): Local<'i32'>;
  /** The same, writable; `commit` must follow the stores. */
  target(operand: number, bytes: number, aligned: boolean): { readonly host: Local<'i32'>; commit(): void };
  /** Immediate number 0 or 1, already extended as the instruction wants it. */
  immediate(which?: 0 | 1): I64;

  gpr(index: number): I64;
  /** Writes all 64 bits. */
  setGpr(index: number, value: I64): void;

  /** Address of this instruction, and of the one after it. */
  rip(): I64;
  nextRip(): I64;

  /** Length in bytes. */
  length(): I32;
  raise(vector: number, errorCode?: I32 | number): void;
  /** Ends the instruction at another address. `target` is a full RIP, already checked. */
  jump(target: I64): void;
  /** Ends the instruction at the operand of shape `j`; `commit` is emitted behind the target's check. */
  jumpRelative(commit?: () => void): void;
  /** #GP(0) when a 64-bit branch target is not canonical, or another beyond the limit of CS. */
  requireTarget(target: I64): void;
  /** The target of the operand of shape `j`. */
  relativeTarget(): I64;
  /** Ends the instruction at the next one; the run loop looks around before that. */
  leave(): void;
  /** Like `jump`, and the run loop looks around. */
  leaveTo(target: I64): void;
  /** Like `jump`, with RF set: it ends with the next instruction. */
  resume(target: I64): void;
  /** Counts a finished iteration of a REP instruction and goes on with the next, or stops at the same instruction. */
  repeat(again: Label): void;
  /** Steps that may be taken before `repeat` stops. */
  stepsLeft(): I32;
  /** Takes further steps, fewer than `stepsLeft`. */
  takeSteps(count: I32): void;
  /** Legacy prefixes that matter (`PREFIX`). */
  prefixes(): I32;
  /** Segment number of the memory operand, as a run-time value. */
  segmentNumber(): I32;
  /** Address size in bits, as a run-time value. */
  addressBits(): I32;
  /** Ends the instruction in TypeScript. */
  host(): void;
  /** Ends the instruction at the next one. Written for the author when the semantics do not end it. */
  finish(): void;
}

/** Prefix bits in a record. */
export const PREFIX = { LOCK: 1, NOTRACK: 2, REP: 4 } as const;

export interface Definition {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly shapes: readonly string[];
  /** Only the general form of memory operands: fewer handlers for what is seldom run. */
  readonly rare?: boolean;
  readonly emit: (e: Emitter) => void;
}

/** Every form of a definition. */
export function* formsOf(definition: Definition): Generator<Form> {
  for (const size of definition.sizes) {
    for (const shape of definition.shapes) {
      if (!shape.includes('m')) yield { name: definition.name, size, shape };
      else {
        const modes: MemoryMode[] = definition.rare ? ['g'] : ['b', 'x', 'g'];
        for (const memory of modes) yield { name: definition.name, size, shape, memory };
      }
    }
  }
}
