import { describe, expect, it } from 'vitest';
import type { MachineApi, PendingEvent, RunExit } from '../../../emulator/api.ts';
import { Runner } from '../../../emulator/debug/runner.ts';
import type { StopPolicy } from '../../../emulator/debug/stops.ts';
import { memoryMachine } from '../memoryMachine.ts';

const fault: PendingEvent = { vector: 14, source: 'fault', errorCode: 0, cr2: 0x1234n };

/** A machine whose `run` answers from a list, then `budget` for ever. */
function scripted(exits: RunExit[]) {
  const { machine } = memoryMachine();
  const calls: { steps: number; ignore: boolean }[] = [];
  const scriptedMachine: MachineApi = {
    ...machine,
    registers: [],
    setBreakpoints: () => {},
    setExceptionStops: () => {},
    run: (steps, options) => {
      calls.push({ steps, ignore: options?.ignoreBreakpointAtStart ?? false });
      return exits.shift() ?? { kind: 'budget' };
    },
  };
  return { machine: scriptedMachine, calls };
}

const policy = (changes: Partial<StopPolicy> = {}): StopPolicy => ({
  breakpointAddresses: () => [],
  breakpointAt: () => [],
  exceptionVectors: () => -1,
  stopsAt: () => true,
  ...changes,
});

describe('Runner', () => {
  it('ends a run that never ends by itself when a pause is asked for', async () => {
    const runner = new Runner(scripted([]).machine, policy());
    runner.begin();
    setTimeout(() => runner.pause(), 1);
    expect(await runner.run()).toEqual({ reason: 'pause' });
  });

  it('forgets a pause that came before the run', async () => {
    const runner = new Runner(scripted([{ kind: 'debugExit', code: 3 }]).machine, policy());
    runner.pause();
    runner.begin();
    expect(await runner.run()).toEqual({ reason: 'debugExit', code: 3 });
  });

  it('goes on past a breakpoint whose conditions do not hold, without meeting it again at once', async () => {
    let asked = 0;
    const { machine, calls } = scripted([{ kind: 'breakpoint' }, { kind: 'breakpoint' }]);
    const runner = new Runner(machine, policy({ breakpointAt: () => (++asked === 2 ? [7] : []) }));
    runner.begin();
    expect(await runner.run()).toEqual({ reason: 'breakpoint', ids: [7] });
    expect(asked).toBe(2);
    expect(calls.map(({ ignore }) => ignore)).toEqual([true, true]);
  });

  it('delivers an event that no filter stops for', async () => {
    const { machine, calls } = scripted([
      { kind: 'exception', event: fault },
      { kind: 'halted', sentence: 'HLT.' },
    ]);
    const runner = new Runner(machine, policy({ stopsAt: () => false }));
    runner.begin();
    expect(await runner.run()).toEqual({ reason: 'halted', sentence: 'HLT.' });
    expect(calls).toHaveLength(2);
  });

  it('stops before an event and tells the step after it that it was delivered', async () => {
    const { machine } = scripted([{ kind: 'exception', event: fault }]);
    const runner = new Runner(machine, policy());
    runner.begin();
    expect(await runner.run()).toEqual({ reason: 'exception', event: fault });
    runner.begin();
    expect(await runner.single()).toEqual({ reason: 'step', delivered: fault });
    expect(await runner.single()).toBeUndefined();
  });

  it('tells a single step that faulted into its handler from one that executed', async () => {
    const { machine } = scripted([{ kind: 'exception', event: fault }]);
    const runner = new Runner(machine, policy({ stopsAt: () => false }));
    runner.begin();
    expect(await runner.single()).toEqual({ reason: 'step', delivered: fault });
  });
});
