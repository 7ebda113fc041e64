import { readFile, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { MachineApi, RunExit } from '../../emulator/api.ts';
import { hostMilliseconds, yieldToHost } from '../../emulator/debug/schedule.ts';
import { LoadError } from '../../emulator/loaders/image.ts';
import { commandLine, defaultStart, loadGuest } from '../../emulator/loaders/load.ts';
import { Machine } from '../../emulator/machine.ts';
import { nodeHost } from '../node/host.ts';
import { vectorName } from '../session/exceptionText.ts';
import { machineFeatures } from '../session/featureNames.ts';
import { diagnosticInWords, openProgram } from '../session/openProgram.ts';
import { exitStatus } from '../session/stopEvents.ts';
import { type RunOptions, readRunOptions, UsageError } from './options.ts';
import { openSerialInput } from './serialInput.ts';

/** What `--json` tells. */
interface Summary {
  guest: string;
  /** How the run ended: the kind of the machine's exit, `maxSteps`, `timeout` or `interrupted`. */
  exit: string;
  status: number;
  /** What was written to the debug-exit port. */
  code?: number;
  sentence?: string;
  steps: number;
  vcpuSteps: readonly number[];
  seconds: number;
  /** Exceptions delivered to the guest, by vector. */
  exceptions: Record<string, { name: string; count: number }>;
  /** Interrupts and INT n delivered to the guest, by vector, which may be below 20h. */
  interrupts: Record<string, number>;
  /** Locked accesses that crossed a 64-byte line. */
  lockedSplits: number;
  /** VM exits by reason. */
  vmExits: Record<string, number>;
}

const STATUS = {
  ...{ halted: 3, tripleFault: 4, unsupported: 5, reset: 6, poweredOff: 0 },
  ...{ maxSteps: 124, timeout: 124, interrupted: 130 },
} as const;
/** Steps between two looks at Ctrl-C, the clock and the step limit. */
const CHUNK_STEPS = 0x8_0000;
const SLICE_MILLISECONDS = 20;

/** `shadowstep run`: returns the process status. Throws a UsageError for what the person can mend. */
export async function runGuest(args: readonly string[]): Promise<number> {
  const options = readRunOptions(args);
  const machine = await prepare(options);
  machine.onSerialOutput((bytes) => process.stdout.write(bytes));
  machine.onNotice((sentence) => console.error(`shadowstep: ${sentence}`));
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
  };
  process.on('SIGINT', interrupt);
  const closeInput = openSerialInput((bytes) => machine.serialInput(bytes), interrupt);
  const started = hostMilliseconds();
  const exit = await runToEnd(machine, options, () => interrupted);
  const seconds = (hostMilliseconds() - started) / 1000;
  closeInput();
  process.off('SIGINT', interrupt);
  const summary = summarize(options.guest, exit, machine, seconds);
  if (summary.sentence !== undefined) console.error(`shadowstep: ${summary.sentence}`);
  await report(options, summary);
  return summary.status;
}

async function prepare(options: RunOptions): Promise<Machine> {
  const path = resolve(options.guest);
  const modules = await Promise.all(
    options.modules.map(async (file) => ({ data: await readModule(file), commandLine: basename(file) })),
  );
  const { image, diagnostics } = await openProgram(path, options, nodeHost.reader);
  for (const diagnostic of diagnostics) console.error(diagnosticInWords(diagnostic));
  if (image === undefined) throw new UsageError(`${options.guest} cannot be run.`);
  let machine: Machine;
  try {
    machine = Machine.create({
      cpu: options.cpu,
      features: machineFeatures(options.features),
      cpuid: options.cpuid,
      msrs: options.msrs,
      seed: options.seed,
      memoryBytes: options.memoryBytes,
      cpus: options.cpus,
      machine: options.machine,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  try {
    const start = options.start ?? defaultStart(image);
    loadGuest(machine, image, start, { commandLine: commandLine(start, path, options.append), modules });
  } catch (error) {
    if (error instanceof LoadError) throw new UsageError(error.message);
    throw error;
  }
  return machine;
}

async function readModule(file: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw new UsageError(`The module ${file} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

type End =
  | Exclude<RunExit, { kind: 'budget' | 'breakpoint' | 'exception' }>
  | { kind: 'maxSteps' | 'timeout' | 'interrupted' };

async function runToEnd(
  machine: MachineApi,
  { maxSteps, timeout }: RunOptions,
  interrupted: () => boolean,
): Promise<End> {
  let sliceStarted = hostMilliseconds();
  const end = sliceStarted + timeout * 1000;
  for (;;) {
    const left = maxSteps - machine.steps;
    if (left <= 0) return { kind: 'maxSteps' };
    const exit = machine.run(Math.min(CHUNK_STEPS, left));
    if (exit.kind !== 'budget' && exit.kind !== 'breakpoint' && exit.kind !== 'exception') return exit;
    if (hostMilliseconds() - sliceStarted < SLICE_MILLISECONDS) continue;
    await yieldToHost();
    if (interrupted()) return { kind: 'interrupted' };
    sliceStarted = hostMilliseconds();
    if (sliceStarted >= end) return { kind: 'timeout' };
  }
}

function summarize(guest: string, end: End, machine: Machine, seconds: number): Summary {
  const { steps, vcpuSteps, exceptions, interrupts, lockedSplits } = machine;
  const rest = {
    steps,
    vcpuSteps,
    seconds: Math.round(seconds * 1e6) / 1e6,
    exceptions: Object.fromEntries(
      [...exceptions].map(([vector, count]) => [vector, { name: vectorName(vector), count }]),
    ),
    interrupts: Object.fromEntries(interrupts),
    lockedSplits,
    vmExits: {},
  };
  const status = end.kind === 'debugExit' ? exitStatus(end.code) : STATUS[end.kind];
  const base = { guest, exit: end.kind, status };
  switch (end.kind) {
    case 'debugExit':
      return { ...base, code: end.code, ...rest };
    case 'maxSteps':
      return { ...base, sentence: `The guest did not end within ${steps} steps.`, ...rest };
    case 'timeout':
      return { ...base, sentence: `The guest did not end within ${Math.floor(seconds)} seconds.`, ...rest };
    case 'interrupted':
      return { ...base, ...rest };
    default:
      return { ...base, sentence: end.sentence, ...rest };
  }
}

async function report({ json }: RunOptions, summary: Summary): Promise<void> {
  if (json === undefined) return;
  const text = `${JSON.stringify(summary)}\n`;
  if (json.file === undefined) process.stderr.write(text);
  else await writeFile(json.file, text);
}
