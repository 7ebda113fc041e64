import { and, type I64, i64, or } from '../../wasm/expressions.ts';
import type { Emitter } from '../engine/emitter.ts';

/** Writes a register by number: 32 bits clear the upper half, 8 and 16 bits leave the rest. */
export function setSized(e: Emitter, register: number, value: I64, bits: number): void {
  if (bits === 64) e.setGpr(register, value);
  else if (bits === 32) e.setGpr(register, and(value, i64(0xffff_ffff)));
  else {
    const mask = bits === 16 ? 0xffffn : 0xffn;
    e.setGpr(register, or(and(e.gpr(register), i64(~mask)), and(value, i64(mask))));
  }
}

/** Emits `body`; if it faults, `undo` runs before the instruction's fault exit. */
export function undoOnFault(e: Emitter, body: () => void, undo: () => void): void {
  const outer = e.fault;
  e.f.block((done) => {
    e.f.block((failed) => {
      e.fault = failed;
      body();
      e.fault = outer;
      e.f.branch(done);
    });
    undo();
    e.f.branch(outer);
  });
}
