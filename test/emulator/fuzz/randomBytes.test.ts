/** Random bytes as code: whatever the guest does, `run` answers with an exit, never an exception or a hang. */
import { describe, expect, it, vi } from 'vitest';
import { random } from '../guest.ts';
import { codeOffset, MODES, machineFor, runChecked, scatter } from './modes.ts';

const RUNS = 3_000;
const PARTS = 5;
// On a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe('random bytes as code', () => {
  it.each(MODES)('$name', (mode) => {
    const machine = machineFor(mode);
    const base = machine.snapshot();
    const seen = new Set<string>();
    for (let run = 0; run < RUNS; run++) {
      const below = random(run * 8 + MODES.indexOf(mode));
      machine.restore(base);
      scatter(machine, below);
      machine.setExceptionStops(run & 1 ? -1 : 0);
      for (let part = 0; part < PARTS; part++) {
        const exit = runChecked(machine, 8, () => `run ${run}, part ${part}`);
        seen.add(exit.kind);
        if (exit.kind === 'tripleFault' || exit.kind === 'halted') break;
        // Elsewhere, so that one run meets several instructions.
        if (exit.kind !== 'budget') machine.writeRegister('rip', codeOffset(machine, below(0x1000)));
      }
    }
    expect([...seen]).toEqual(expect.arrayContaining(['budget', 'exception']));
  });
});
