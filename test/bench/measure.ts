/** Times a kernel on this machine and in a guest, from one object file, and holds the checksums against each other. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readElf } from '../../adapter/program/elf/read.ts';
import { ProgramLookup } from '../../adapter/program/lookup.ts';
import { hostPhysical, linear } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';
import { loadGuest } from '../../emulator/loaders/load.ts';
import { processorTime } from './processorTime.ts';

export interface Timing {
  /** As 16 hexadecimal digits. */
  readonly checksum: string;
  readonly nanosecondsPerUnit: number;
}

export interface GuestTiming extends Timing {
  /** Instructions and other steps of the measured part. */
  readonly steps: number;
  readonly millionStepsPerSecond: number;
}

/** The fastest of `rounds` runs: what is slower was disturbed. */
export function timeNative(program: string, units: number, rounds = 3): Timing {
  const runs = Array.from({ length: rounds }, () => {
    const output = execFileSync(program, [String(units)], { encoding: 'utf8' });
    return JSON.parse(output) as { checksum: string; nanoseconds: number };
  });
  return { checksum: runs[0]!.checksum, nanosecondsPerUnit: Math.min(...runs.map((run) => run.nanoseconds)) / units };
}

/** Steps that one call of `run` may take; large, so that the calls do not count. */
const slice = 50_000_000;

/** Runs a bench guest on a fresh machine and times it between `bench_begin` and `bench_end`. */
export async function timeGuest(machine: MachineApi, path: string, units: number): Promise<GuestTiming> {
  const { image, diagnostics } = await readElf(path, new Uint8Array(readFileSync(path)));
  if (!image) throw new Error(diagnostics.map(({ message }) => message).join(' '));
  const lookup = new ProgramLookup(image);
  const addressOf = (name: string) => {
    const symbol = lookup.symbolNamed(name);
    if (!symbol) throw new Error(`${path} has no symbol ${name}, which bench guests have.`);
    return symbol.address;
  };
  loadGuest(machine, image, 'long64');
  // Guests are linked where they are loaded, so that a symbol's address is physical too.
  const count = new Uint8Array(BigUint64Array.of(BigInt(units)).buffer);
  const refused = machine.writePhysical(hostPhysical(Number(addressOf('bench_units'))), count);
  if (refused !== undefined) throw new Error(refused);
  const begin = addressOf('bench_begin');
  const end = addressOf('bench_end');
  machine.setBreakpoints([linear(begin), linear(end)]);

  runTo(machine, begin, false);
  const firstStep = machine.steps;
  const started = processorTime();
  runTo(machine, end, true);
  const nanoseconds = processorTime() - started;
  const steps = machine.steps - firstStep;
  const { data } = machine.readPhysical(hostPhysical(Number(addressOf('bench_checksum'))), 8);
  const checksum = [...data]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  machine.setBreakpoints([]);
  const code = runToExit(machine);
  if (code !== 0) throw new Error(`${path} ended with code ${code}, expected 0.`);
  return {
    checksum,
    steps,
    nanosecondsPerUnit: nanoseconds / units,
    millionStepsPerSecond: (steps / nanoseconds) * 1000,
  };
}

function runTo(machine: MachineApi, address: bigint, leaving: boolean): void {
  for (let first = leaving; ; first = false) {
    const exit = machine.run(slice, { ignoreBreakpointAtStart: first });
    if (exit.kind === 'budget') continue;
    if (exit.kind === 'breakpoint' && machine.instructionAddress() === address) return;
    const at = `0x${machine.instructionAddress().toString(16)}`;
    const sentence = 'sentence' in exit ? exit.sentence : '';
    throw new Error(
      `The guest stopped at ${at} (${exit.kind}), expected it to reach 0x${address.toString(16)}. ${sentence}`,
    );
  }
}

function runToExit(machine: MachineApi): number {
  for (;;) {
    const exit = machine.run(slice, { ignoreBreakpointAtStart: true });
    if (exit.kind === 'debugExit') return exit.code;
    if (exit.kind !== 'budget')
      throw new Error(`The guest ended by ${exit.kind}, expected a write to the debug-exit port.`);
  }
}
