import type { RunExit } from '../../../emulator/api.ts';
import type { Machine } from '../../../emulator/machine.ts';

/** Runs exactly `steps` steps in slices that `slice` names, through every breakpoint and exception stop. */
export function advance(machine: Machine, steps: number, slice: () => number = () => steps): void {
  const end = machine.steps + steps;
  let ignore = false;
  let idle = 0;
  while (machine.steps < end) {
    const before = machine.steps;
    const exit = machine.run(Math.min(slice(), end - before), { ignoreBreakpointAtStart: ignore });
    ignore = exit.kind === 'breakpoint';
    idle = machine.steps === before ? idle + 1 : 0;
    if (idle > 4 || !['budget', 'breakpoint', 'exception'].includes(exit.kind)) {
      throw new Error(`the run ended ${end - machine.steps} steps early: ${JSON.stringify(exit, replacer)}`);
    }
  }
}

const replacer = (_key: string, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);

/** Runs on until something other than a stop that was asked for ends it, at most `limit` steps. */
export function runOut(machine: Machine, limit: number, slice: () => number = () => limit): RunExit {
  const end = machine.steps + limit;
  let ignore = false;
  for (;;) {
    const exit = machine.run(Math.min(slice(), end - machine.steps), { ignoreBreakpointAtStart: ignore });
    ignore = exit.kind === 'breakpoint';
    const asked = exit.kind === 'budget' || exit.kind === 'breakpoint' || exit.kind === 'exception';
    if (!asked || machine.steps >= end) return exit;
  }
}
