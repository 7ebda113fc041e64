import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Stop } from '../../emulator/debug/stops.ts';
import { describeEvent, eventName } from './exceptionText.ts';
import type { Debuggee, SessionState } from './state.ts';
import { threadIdOf } from './threads.ts';

/** The process status of a debug-exit code, as QEMU's isa-debug-exit has it. */
export const exitStatus = (code: number): number => ((code << 1) | 1) & 0xff;

/** Sends the events that belong to a stop: `stopped`, or `exited` and `terminated`. */
export function announceStop(state: SessionState, debuggee: Debuggee, stop: Stop): void {
  if (stop.reason === 'debugExit') {
    const status = exitStatus(stop.code);
    state.ended = true;
    state.print(`The guest wrote ${stop.code} to the debug-exit port: status ${status}.\n`);
    state.send('exited', { exitCode: status });
    state.send('terminated');
    return;
  }
  if (stop.reason === 'poweredOff') {
    state.ended = true;
    state.print(`${stop.sentence}\n`);
    state.send('exited', { exitCode: 0 });
    state.send('terminated');
    return;
  }
  if ('sentence' in stop) state.print(`${stop.sentence}\n`, 'important');
  const threadId = threadIdOf(debuggee.machine.currentVcpu);
  state.send('stopped', { ...stoppedBody(state, debuggee, stop), threadId, allThreadsStopped: true });
}

type StoppedBody = Omit<DebugProtocol.StoppedEvent['body'], 'threadId' | 'allThreadsStopped'>;

function stoppedBody(
  state: SessionState,
  { machine, program }: Debuggee,
  stop: Exclude<Stop, { reason: 'debugExit' | 'poweredOff' }>,
): StoppedBody {
  switch (stop.reason) {
    case 'step': {
      const { delivered } = stop;
      if (delivered === undefined) return { reason: 'step' };
      return { reason: 'step', description: `Paused in the handler of ${eventName(delivered)}` };
    }
    case 'pause':
      return { reason: 'pause' };
    case 'breakpoint': {
      const kind = state.breakpoints.kindOf(stop.ids);
      const reason =
        kind === 'function' ? 'function breakpoint' : kind === 'instruction' ? 'instruction breakpoint' : 'breakpoint';
      return { reason, hitBreakpointIds: [...stop.ids] };
    }
    case 'exception': {
      const text = describeEvent(machine, program, stop.event);
      const description = state.stoppedBeforeReturn
        ? 'Paused before a mismatching RET'
        : `Paused on ${eventName(stop.event)}`;
      return { reason: 'exception', description, text };
    }
    case 'halted':
      return { reason: 'halt', description: 'Halted', text: stop.sentence };
    case 'tripleFault':
      return { reason: 'exception', description: 'Triple fault', text: stop.sentence };
    case 'reset':
      return { reason: 'exception', description: 'Reset', text: stop.sentence };
    case 'unsupported':
      return { reason: 'exception', description: 'Not supported by this machine', text: stop.sentence };
  }
}
