import { describe, expect, it } from 'vitest';
import { nodeHost } from '../../../adapter/node/host.ts';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import type { MachineApi } from '../../../emulator/api.ts';
import { loadGuest } from '../../../emulator/loaders/load.ts';
import { runMarks, runRecords } from './compare.ts';
import { assembleGuest, GUESTS, type Guest } from './guests.ts';
import { ComparedMachine } from './machine.ts';
import { readRecording } from './marks.ts';

const MEMORY_BYTES = 64 * 2 ** 20;

describe('the machine does what Bochs did', () => {
  async function create(image: ProgramImage, features: Guest['features'] = {}): Promise<ComparedMachine> {
    const machine: MachineApi = await nodeHost.createMachine({ cpu: 'tigerlake', memoryBytes: MEMORY_BYTES, features });
    loadGuest(machine, image, 'long64');
    return new ComparedMachine(machine);
  }

  it.each(GUESTS.filter(({ kind }) => kind === 'marks'))('at each mark of $name', async ({ name, path }) => {
    const image = await assembleGuest(path);
    const machine = await create(image);
    const recording = readRecording(new URL(`${name}.json`, import.meta.url));
    expect(runMarks(machine, image, recording)).toEqual([]);
    expect(machine.exitCode).toBe(recording.exitCode);
  });

  it.each(GUESTS.filter(({ kind }) => kind === 'records'))(
    'in each test of $name',
    async ({ name, path, features }) => {
      const image = await assembleGuest(path);
      const recording = readRecording(new URL(`${name}.json`, import.meta.url));
      const differences = runRecords(await create(image, features), image, recording);
      expect([...differences.values()].flat()).toEqual([]);
    },
  );
});
