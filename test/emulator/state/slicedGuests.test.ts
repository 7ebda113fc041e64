/** Guests full of task switches and debug exceptions end alike in one go, in steps of one, and from a snapshot. */
import { describe, expect, it } from 'vitest';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { Machine } from '../../../emulator/machine.ts';
import { assembleGuest, GUESTS } from '../../conformance/bochs/guests.ts';

const PATHS = new Map(GUESTS.map(({ name, path }) => [name, path]));
const MIDDLE = 60_000;

async function started(name: string): Promise<Machine> {
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 4 << 20 });
  loadGuest(machine, await assembleGuest(PATHS.get(name)!), 'long64');
  return machine;
}

function finish(machine: Machine, slice = 1_000_000_000): string {
  for (;;) {
    const exit = machine.run(slice);
    if (exit.kind !== 'budget') return `${exit.kind} after ${machine.steps}: ${machine.stateHash()}`;
  }
}

describe.each(['tasks', 'debug'])('%s', (name) => {
  it('in steps of one', { timeout: 120_000 }, async () => {
    const whole = finish(await started(name));
    expect(whole).toMatch(/^debugExit/);
    const stepped = await started(name);
    while (stepped.steps < MIDDLE) stepped.run(1);
    expect(finish(stepped, 7)).toBe(whole);
  });

  it('from a snapshot', { timeout: 120_000 }, async () => {
    const machine = await started(name);
    machine.run(MIDDLE);
    const snapshot = machine.snapshot();
    const first = finish(machine);
    machine.restore(snapshot);
    expect(finish(machine)).toBe(first);
  });
});
