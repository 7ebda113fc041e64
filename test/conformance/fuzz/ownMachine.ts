import { hostPhysical } from '../../../emulator/addresses.ts';
import type { MachineApi } from '../../../emulator/api.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { type Batch, kernelOf, tableImage } from './batch.ts';
import { MEMORY_BYTES, OUTPUT, PRISTINE, RECORD } from './layout.ts';

/** A case takes some thousands of steps; a run that takes more than this does not end. */
export const STEPS_PER_CASE = 40_000;

/** Features that the kernels use and no profile need have. */
export const FEATURES: Readonly<Record<string, boolean>> = { sse4_2: true };

export interface OwnRun {
  readonly machine: MachineApi;
  readonly outcomes: Uint8Array;
}

/**
 * Runs a batch on this project's machine.
 *
 * @param slices steps of each `run` in turn; the last one repeats
 * @throws Error when the kernel does not come to its end, with the number of the case it was in
 */
export async function runHere(batch: Batch, slices: readonly number[] = [50_000_000]): Promise<OwnRun> {
  const machine = Machine.create({ cpu: 'tigerlake', features: FEATURES, memoryBytes: MEMORY_BYTES });
  loadGuest(machine, await kernelOf(batch.mode), 'protected32');
  machine.writePhysical(hostPhysical(PRISTINE), tableImage(batch));
  const length = batch.cases.length * RECORD;
  const outcomes = () => machine.readPhysical(hostPhysical(OUTPUT), length).data;
  const limit = 1_000_000 + batch.cases.length * STEPS_PER_CASE;
  for (let turn = 0; ; turn++) {
    const exit = machine.run(slices[Math.min(turn, slices.length - 1)]!);
    if (exit.kind === 'debugExit') return { machine, outcomes: outcomes() };
    if (exit.kind === 'budget' && machine.steps < limit) continue;
    const written = outcomes();
    const reached = firstEmpty(written);
    const why = 'sentence' in exit ? exit.sentence : `no end within ${machine.steps} steps`;
    throw new Stuck(
      reached,
      written,
      `The kernel stopped in case ${reached} at ${machine.instructionAddress().toString(16)}: ${why}`,
    );
  }
}

/** A run that ended inside a case. */
export class Stuck extends Error {
  readonly index: number;
  readonly outcomes: Uint8Array;

  /** @param outcomes what was written until then */
  constructor(index: number, outcomes: Uint8Array, message: string) {
    super(message);
    this.index = index;
    this.outcomes = outcomes;
  }
}

/** The first record that was not written: RFLAGS is never 0. */
export function firstEmpty(outcomes: Uint8Array): number {
  const view = new DataView(outcomes.buffer, outcomes.byteOffset, outcomes.byteLength);
  let index = 0;
  while ((index + 1) * RECORD <= outcomes.length && view.getUint32(index * RECORD + 24, true) !== 0) index++;
  return index;
}
