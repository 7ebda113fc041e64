import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ReturnPoint } from '../../emulator/debug/stops.ts';
import { shortHex } from '../expressions/format.ts';
import { type Family, handler } from './handlers.ts';
import { RequestError } from './requestError.ts';
import type { Move, SessionState } from './state.ts';
import { threadIdOf, vcpuOf } from './threads.ts';

/** continue, pause, next, stepIn, stepOut, gotoTargets, goto. */
export const steppingRequests: Family = {
  continue: handler({}, (state, args: DebugProtocol.ContinueArguments) => {
    vcpuOf(state.stopped.machine, args.threadId);
    state.resume(async ({ runner }) => (await runner.run()) ?? { reason: 'pause' });
    return { allThreadsContinued: true };
  }),

  pause: handler({}, (state, args: DebugProtocol.PauseArguments) => {
    const { machine, runner } = state.debuggee;
    vcpuOf(machine, args.threadId);
    if (!state.running) throw new RequestError('The guest is not running.');
    runner.pause();
  }),

  next: handler({}, (state, args: DebugProtocol.NextArguments) => {
    step(state, args, ({ stepper }) => (byInstruction(args) ? stepper.instructionOver() : stepper.lineOver()));
  }),

  stepIn: handler({}, (state, args: DebugProtocol.StepInArguments) => {
    step(state, args, ({ stepper }) => (byInstruction(args) ? stepper.instructionInto() : stepper.lineInto()));
  }),

  stepOut: handler({}, (state, args: DebugProtocol.StepOutArguments) => {
    state.focus(vcpuOf(state.stopped.machine, args.threadId));
    if (state.frames()[1]?.inlined?.outer) {
      step(state, args, ({ stepper }) => stepper.outOfInlined());
      return;
    }
    const caller = callerOf(state);
    if (caller === undefined) refuseOutermost(state);
    step(state, args, ({ stepper }) => stepper.out(caller));
  }),

  gotoTargets: handler({ source: 'object', line: 'number' }, (state, args: DebugProtocol.GotoTargetsArguments) => {
    const { program } = state.stopped;
    const source = program.sourceNamed(args.source.path ?? '');
    const found = source === undefined ? undefined : program.lookup.addressesOf(source, args.line);
    const targets = (found?.addresses ?? []).map((address) => ({
      id: gotoTarget(state, address),
      label: program.addressInWords(address),
      line: found!.line,
      instructionPointerReference: shortHex(address),
    }));
    return { targets };
  }),

  goto: handler({ targetId: 'number' }, (state, args: DebugProtocol.GotoArguments) => {
    const { machine, runner } = state.stopped;
    const vcpu = vcpuOf(machine, args.threadId);
    state.focus(vcpu);
    const address = targetsOf(state)[args.targetId - 1];
    if (address === undefined) throw new RequestError(`There is no goto target ${args.targetId}.`);
    const sentence = machine.writeRegister('rip', address - machine.readRegister('cs.base'));
    if (sentence !== undefined) throw new RequestError(sentence);
    runner.dropPending();
    state.forget();
    state.lastStop = undefined;
    state.sendLater('stopped', { reason: 'goto', threadId: threadIdOf(vcpu), allThreadsStopped: true });
  }),
};

function step(state: SessionState, args: { threadId: number }, move: Move): void {
  const vcpu = vcpuOf(state.stopped.machine, args.threadId);
  state.resume(move, vcpu);
}

const byInstruction = (args: { granularity?: DebugProtocol.SteppingGranularity }) => args.granularity === 'instruction';

/** Where the current function returns to, by the frame outside it; undefined for one that was interrupted or not found. */
function callerOf(state: SessionState): ReturnPoint | undefined {
  const [, caller] = state.frames();
  if (caller === undefined || caller.kind !== 'caller') return undefined;
  return { address: caller.instructionPointer, stackPointer: caller.stackPointer };
}

/** Throws a RequestError in the program's entry, which nothing called. */
function refuseOutermost(state: SessionState): void {
  const { machine, program } = state.stopped;
  const [, outside] = state.frames();
  const here = program.lookup.symbolAt(machine.instructionAddress())?.symbol;
  const entry = program.lookup.symbolAt(program.image.entry)?.symbol;
  if (outside !== undefined || here === undefined || here.address !== entry?.address) return;
  throw new RequestError(`${here.name} is where the program begins; there is nothing to step out to.`);
}

/** Goto targets by id, for the life of the session. */
const targets = new WeakMap<SessionState, bigint[]>();

function targetsOf(state: SessionState): bigint[] {
  const known = targets.get(state);
  if (known !== undefined) return known;
  const fresh: bigint[] = [];
  targets.set(state, fresh);
  return fresh;
}

function gotoTarget(state: SessionState, address: bigint): number {
  const known = targetsOf(state);
  const index = known.indexOf(address);
  return index >= 0 ? index + 1 : known.push(address);
}
