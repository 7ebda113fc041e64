/**
 * A machine that answers with the recorded outcome of the vector it was given, and can be told to
 * answer wrongly: what the runner's own test runs.
 */

import type { Observed } from './differences.ts';
import type { VectorMachine, Windows } from './runVectors.ts';
import { type CpuImage, fillWindowsAfter, type Vector } from './vectors.ts';
import { WINDOW_SIZE } from './windows.ts';

/** What the replay may spoil before it answers. */
export interface Answer {
  cpu: CpuImage;
  readonly data: Uint8Array;
  readonly stack: Uint8Array;
  fault: number | undefined;
}

export class ReplayMachine implements VectorMachine {
  readonly resets: number[] = [];
  private answer: Answer | undefined;

  constructor(private readonly spoil: (answer: Answer, vector: Vector) => void = () => {}) {}

  reset(bitness: 32 | 64): void {
    this.resets.push(bitness);
  }

  load(vector: Vector, _image: Windows): void {
    const data = new Uint8Array(WINDOW_SIZE);
    const stack = new Uint8Array(WINDOW_SIZE);
    fillWindowsAfter(vector, data, stack);
    const { after } = vector;
    const cpu = { ...after, gpr: after.gpr.slice(), xmm: after.xmm.slice() };
    this.answer = { cpu, data, stack, fault: vector.fault };
    this.spoil(this.answer, vector);
  }

  step(): { fault?: number } {
    const fault = this.answer?.fault;
    return fault === undefined ? {} : { fault };
  }

  read(): Observed {
    if (!this.answer) throw new Error('No vector was loaded.');
    return this.answer;
  }
}
