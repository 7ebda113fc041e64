import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readElf } from '../../adapter/program/elf/read.ts';
import { ProgramLookup } from '../../adapter/program/lookup.ts';
import { linear } from '../../emulator/addresses.ts';
import type { MachineApi, RunExit } from '../../emulator/api.ts';
import { missingToolchain } from '../guests/build.ts';
import { buildKernel } from './build.ts';
import { timeGuest, timeNative } from './measure.ts';

const missing = missingToolchain();

/** A machine that plays the exits of `script`; `at` names the symbol where it stands then. */
function scripted(script: readonly { exit: RunExit; at?: bigint; steps: number }[]) {
  const written = new Map<number, Uint8Array>();
  const calls: { breakpoints: bigint[]; left: boolean[] } = { breakpoints: [], left: [] };
  let position = -1;
  const machine = {
    configuration: { cpu: 'tigerlake', memoryBytes: 128 * 2 ** 20 },
    get steps() {
      return script.slice(0, position + 1).reduce((sum, { steps }) => sum + steps, 0);
    },
    run(_steps: number, options?: { ignoreBreakpointAtStart?: boolean }) {
      position += 1;
      calls.left.push(options?.ignoreBreakpointAtStart ?? false);
      // Long enough for the clock of processor time.
      for (const end = performance.now() + 20; performance.now() < end; );
      return script[position]!.exit;
    },
    setBreakpoints(addresses: Iterable<bigint>) {
      calls.breakpoints.push(...addresses);
    },
    instructionAddress: () => linear(script[position]!.at ?? 0n),
    writeRegister: () => undefined,
    writePhysical(address: number, data: Uint8Array) {
      written.set(address, data.slice());
      return undefined;
    },
    readPhysical: () => ({ data: Uint8Array.of(0xef, 0xcd, 0, 0, 0, 0, 0, 1) }),
  };
  return { machine: machine as unknown as MachineApi, written, calls };
}

describe.skipIf(missing !== undefined)(`timing of kernels${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const budget = { kind: 'budget' } as const;
  const breakpoint = { kind: 'breakpoint' } as const;

  async function symbols() {
    const path = buildKernel('recursion').guest;
    const { image } = await readElf(path, new Uint8Array(readFileSync(path)));
    const lookup = new ProgramLookup(image!);
    return { path, at: (name: string) => lookup.symbolNamed(name)!.address };
  }

  it('counts the steps between the marks, hands over the units and reads the checksum', async () => {
    const { path, at } = await symbols();
    const { machine, written, calls } = scripted([
      { exit: budget, steps: 1000 },
      { exit: breakpoint, at: at('bench_begin'), steps: 10 },
      { exit: budget, steps: 300 },
      { exit: breakpoint, at: at('bench_end'), steps: 4 },
      { exit: { kind: 'debugExit', code: 0 }, steps: 50 },
    ]);
    const timing = await timeGuest(machine, path, 77);
    expect(timing).toMatchObject({ steps: 304, checksum: '010000000000cdef' });
    expect(timing.nanosecondsPerUnit).toBeGreaterThan(0);
    expect(calls.breakpoints).toEqual([at('bench_begin'), at('bench_end')]);
    // A breakpoint is left once, then met again.
    expect(calls.left).toEqual([false, false, true, false, true]);
    expect([...written.get(Number(at('bench_units')))!]).toEqual([77, 0, 0, 0, 0, 0, 0, 0]);
  });

  it.each<[string, RunExit, string]>([
    ['a triple fault', { kind: 'tripleFault', sentence: 'It fell.' }, '(tripleFault), expected it to reach'],
    ['a breakpoint elsewhere', breakpoint, 'stopped at 0x0 (breakpoint)'],
  ])('says so of %s', async (_what, exit, expected) => {
    const { path } = await symbols();
    await expect(timeGuest(scripted([{ exit, steps: 1 }]).machine, path, 1)).rejects.toThrow(expected);
  });

  it('says so of a guest that ends with another code', async () => {
    const { path, at } = await symbols();
    const { machine } = scripted([
      { exit: breakpoint, at: at('bench_begin'), steps: 1 },
      { exit: breakpoint, at: at('bench_end'), steps: 1 },
      { exit: { kind: 'debugExit', code: 1 }, steps: 1 },
    ]);
    await expect(timeGuest(machine, path, 1)).rejects.toThrow('ended with code 1, expected 0');
  });

  it('takes the same checksum natively for the same units, another for others', () => {
    const { native } = buildKernel('recursion');
    const [one, again, other] = [timeNative(native, 3, 1), timeNative(native, 3, 2), timeNative(native, 4, 1)];
    expect(one.checksum).toMatch(/^[0-9a-f]{16}$/);
    expect(again.checksum).toBe(one.checksum);
    expect(other.checksum).not.toBe(one.checksum);
  });
});
