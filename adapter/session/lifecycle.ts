import type { DebugProtocol } from '@vscode/debugprotocol';
import type { MachineApi, MachineConfiguration, MachineSnapshot } from '../../emulator/api.ts';
import { type BootModule, LoadError } from '../../emulator/loaders/image.ts';
import { commandLine, defaultStart, loadGuest } from '../../emulator/loaders/load.ts';
import type { ProgramImage } from '../program/image.ts';
import { CAPABILITIES } from './capabilities.ts';
import { machineFeatures } from './featureNames.ts';
import { type Family, handler } from './handlers.ts';
import { type LaunchArguments, readLaunchArguments } from './launchArguments.ts';
import { diagnosticInWords, openProgram } from './openProgram.ts';
import { fileName, ProgramView } from './programView.ts';
import { RequestError } from './requestError.ts';
import { SerialOutput } from './serialOutput.ts';
import type { SessionHost } from './session.ts';
import type { SessionState } from './state.ts';

/** How many errors of an assembly go into the error message; all of them go to the Debug Console. */
const ERRORS_IN_MESSAGE = 5;

interface MachineSlot {
  readonly machine: MachineApi;
  readonly reset: MachineSnapshot;
  readonly key: string;
  serial: SerialOutput;
}

/** initialize, launch, attach, configurationDone, restart, terminate, disconnect, loadedSources, source, cancel. */
export function lifecycleRequests(host: SessionHost): Family {
  /** The machine is kept: a restart with the same configuration only goes back to its reset state. */
  let slot: MachineSlot | undefined;

  const machineFor = async (state: SessionState, launch: LaunchArguments): Promise<MachineSlot> => {
    const configuration: MachineConfiguration = {
      cpu: launch.cpu,
      features: machineFeatures(launch.features),
      cpuid: launch.cpuid,
      msrs: launch.msrs,
      seed: launch.seed,
      memoryBytes: launch.memoryBytes,
      cpus: launch.cpus,
      machine: launch.machine,
    };
    const key = JSON.stringify(configuration);
    if (slot?.key === key) {
      slot.machine.restore(slot.reset);
      slot.machine.setBreakpoints([]);
      slot.serial.reset();
      return slot;
    }
    let machine: MachineApi;
    try {
      machine = await host.createMachine(configuration);
    } catch (error) {
      throw new RequestError(error instanceof Error ? error.message : String(error));
    }
    const serial = new SerialOutput((text) => state.print(text, 'stdout'));
    machine.onSerialOutput((bytes) => serial.accept(bytes));
    machine.onNotice((sentence) => state.print(`${sentence}\n`));
    slot = { machine, reset: machine.snapshot(), key, serial };
    return slot;
  };

  const start = async (state: SessionState, launch: LaunchArguments): Promise<void> => {
    const image = await readProgram(state, launch);
    const modules = await readInitrd(state, launch);
    const { machine, reset, serial } = await machineFor(state, launch);
    try {
      const entry = launch.start ?? defaultStart(image);
      loadGuest(machine, image, entry, { commandLine: commandLine(entry, launch.program, launch.append), modules });
    } catch (error) {
      if (error instanceof LoadError) throw new RequestError(error.message);
      throw error;
    }
    const program = new ProgramView(image);
    state.adopt(machine, reset, program, launch, serial);
    for (const breakpoint of state.breakpoints.rebind(program, () => state.environment())) {
      state.send('breakpoint', { reason: 'changed', breakpoint });
    }
  };

  return {
    initialize: handler({}, (state, args: DebugProtocol.InitializeRequestArguments) => {
      if (state.client !== undefined) throw new RequestError('initialize came a second time.');
      if (args.linesStartAt1 === false || args.columnsStartAt1 === false) {
        throw new RequestError(
          'Lines and columns start at 1 here; linesStartAt1 and columnsStartAt1 must not be false.',
        );
      }
      if (args.pathFormat === 'uri') throw new RequestError('pathFormat is "uri"; "path" is expected.');
      state.client = args;
      return CAPABILITIES;
    }),

    launch: handler({}, async (state, args: DebugProtocol.LaunchRequestArguments) => {
      if (state.loaded !== undefined) throw new RequestError('A guest is loaded already; restart starts it anew.');
      await start(state, readLaunchArguments(args));
      state.send('process', { name: state.debuggee.launch.program, startMethod: 'launch', isLocalProcess: true });
      state.sendLater('initialized');
    }),

    attach: handler({}, () => {
      throw new RequestError('attach is not possible: the guest lives in the adapter; use launch.');
    }),

    configurationDone: handler({}, (state) => {
      if (state.loaded === undefined) throw new RequestError('configurationDone came before a successful launch.');
      if (state.configured) throw new RequestError('configurationDone came a second time.');
      state.configured = true;
      begin(state);
    }),

    restart: handler({}, async (state, args: DebugProtocol.RestartArguments) => {
      const { launch } = state.debuggee;
      const wanted = args.arguments === undefined ? launch : readLaunchArguments(args.arguments);
      await state.halt();
      await start(state, wanted);
      begin(state);
    }),

    terminate: handler({}, async (state) => {
      await state.halt();
      state.ended = true;
      state.sendLater('terminated');
    }),

    disconnect: handler({}, (state) => state.halt()),

    loadedSources: handler({}, (state) => ({
      sources: state.debuggee.program.image.sources.map((path) => ({ name: fileName(path), path })),
    })),
  };
}

/** Runs, or stays at the first instruction. */
function begin(state: SessionState): void {
  if (state.debuggee.launch.stopOnEntry) {
    state.sendLater('stopped', { reason: 'entry', threadId: 1, allThreadsStopped: true });
    return;
  }
  state.resume(async ({ runner }) => (await runner.run()) ?? { reason: 'pause' });
}

async function readInitrd(state: SessionState, { initrd }: LaunchArguments): Promise<BootModule[]> {
  if (initrd === undefined || initrd === '') return [];
  const data = await state.reader.read(initrd);
  if (data === undefined) throw new RequestError(`initrd is ${initrd}; there is no such file.`);
  return [{ data, commandLine: fileName(initrd) }];
}

async function readProgram(state: SessionState, launch: LaunchArguments): Promise<ProgramImage> {
  const { image, diagnostics } = await openProgram(launch.program, launch, state.reader);
  for (const diagnostic of diagnostics) {
    state.send('output', {
      category: diagnostic.severity === 'error' ? 'stderr' : 'console',
      output: `${diagnosticInWords(diagnostic)}\n`,
      ...(diagnostic.line > 0 && {
        source: { name: fileName(diagnostic.file), path: diagnostic.file },
        line: diagnostic.line,
        column: Math.max(diagnostic.column, 1),
      }),
    });
  }
  if (image !== undefined) return image;
  const errors = diagnostics.filter(({ severity }) => severity === 'error').map(diagnosticInWords);
  const more = errors.length > ERRORS_IN_MESSAGE ? [`… and ${errors.length - ERRORS_IN_MESSAGE} more.`] : [];
  throw new RequestError([...errors.slice(0, ERRORS_IN_MESSAGE), ...more].join('\n'));
}
