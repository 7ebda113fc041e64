import { DELIVERIES_BASE, DELIVERIES_SIZE } from '../memory/map.ts';
import { add, eq, type I32, i32, i64, load64, select, shl } from '../wasm/expressions.ts';
import type { FunctionBuilder } from '../wasm/functionBuilder.ts';
import { EVENT } from './events.ts';

const EXCEPTIONS = 32;

/** Interrupts from outside and INT n, whatever their vector; all else are exceptions. */
const isInterrupt = (kind: number): boolean => kind === EVENT.SOFTWARE || kind === EVENT.EXTERNAL;

/** Counts a fault or an INT n (in generated code). */
export function countDelivery(f: FunctionBuilder, vector: I32, kind: I32): void {
  const first = select(eq(kind, i32(EVENT.SOFTWARE)), i32(EXCEPTIONS), i32(0));
  const at = f.let(add(i32(DELIVERIES_BASE), shl(add(first, vector), i32(3))));
  f.store64(at, add(load64(at), i64(1)));
}

/** Events that reached their handlers since reset, by vector. */
export class Deliveries {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;

  constructor(memory: ArrayBufferLike) {
    this.view = new DataView(memory, DELIVERIES_BASE, DELIVERIES_SIZE);
    this.bytes = new Uint8Array(memory, DELIVERIES_BASE, DELIVERIES_SIZE);
  }

  count(vector: number, kind: number): void {
    const at = (isInterrupt(kind) ? EXCEPTIONS + vector : vector) * 8;
    const low = (this.view.getUint32(at, true) + 1) >>> 0;
    this.view.setUint32(at, low, true);
    if (low === 0) this.view.setUint32(at + 4, this.view.getUint32(at + 4, true) + 1, true);
  }

  private read(first: number, vectors: number): Map<number, number> {
    const counts = new Map<number, number>();
    for (let vector = 0; vector < vectors; vector++) {
      const at = (first + vector) * 8;
      const count = this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
      if (count > 0) counts.set(vector, count);
    }
    return counts;
  }

  exceptions(): Map<number, number> {
    return this.read(0, EXCEPTIONS);
  }

  interrupts(): Map<number, number> {
    return this.read(EXCEPTIONS, 256);
  }

  clear(): void {
    this.bytes.fill(0);
  }

  save(): Uint8Array {
    return this.bytes.slice();
  }

  load(saved: Uint8Array): void {
    this.bytes.set(saved);
  }
}
