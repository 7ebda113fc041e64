/** Random bytes as code again: the same run in one slice, in many, and through snapshots ends in the same state. */
import { describe, expect, it, vi } from 'vitest';
import { linear } from '../../../emulator/addresses.ts';
import type { RunExit } from '../../../emulator/api.ts';
import type { Machine } from '../../../emulator/machine.ts';
import { random, registersOf } from '../guest.ts';
import { CODE, MODES, machineFor, scatter } from './modes.ts';

const RUNS = 250;
const STEPS = 200;

/** Runs `STEPS` steps or to an end, through breakpoints and exception stops. */
function drive(machine: Machine, slice: () => number): RunExit {
  const end = machine.steps + STEPS;
  let ignore = false;
  for (;;) {
    const exit = machine.run(Math.min(slice(), end - machine.steps), { ignoreBreakpointAtStart: ignore });
    ignore = exit.kind === 'breakpoint';
    if (!ignore && exit.kind !== 'exception' && (exit.kind !== 'budget' || machine.steps >= end)) return exit;
  }
}

// On a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe('random bytes as code, in slices', () => {
  it.each(MODES)('$name', (mode) => {
    const machine = machineFor(mode);
    const base = machine.snapshot();
    const end = (exit: RunExit) => ({ exit, hash: machine.stateHash(), registers: registersOf(machine) });
    for (let run = 0; run < RUNS; run++) {
      const seed = 0x1000 + run * 8 + MODES.indexOf(mode);
      const begin = () => {
        machine.restore(base);
        scatter(machine, random(seed));
        machine.setExceptionStops(0);
        machine.setBreakpoints([]);
      };
      begin();
      const whole = end(drive(machine, () => STEPS));

      begin();
      expect(end(drive(machine, () => 1)), `seed ${seed}, single steps`).toEqual(whole);

      begin();
      const below = random(seed + 1);
      machine.setExceptionStops(below(2) - 1);
      machine.setBreakpoints(Array.from({ length: 400 }, () => linear(BigInt(CODE + below(0x1000)))));
      expect(end(drive(machine, () => 1 + below(20))), `seed ${seed}, stops`).toEqual(whole);

      begin();
      let last = machine.snapshot();
      const slice = () => {
        if (below(8) === 0) machine.restore(last);
        else if (below(3) === 0) last = machine.snapshot();
        return 1 + below(30);
      };
      expect(end(drive(machine, slice)), `seed ${seed}, snapshots`).toEqual(whole);
    }
  });
});
