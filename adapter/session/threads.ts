import type { MachineApi, VcpuActivity } from '../../emulator/api.ts';
import { modeOf } from '../../emulator/debug/segmentation.ts';
import { currentPrivilege } from './privilege.ts';
import { RequestError } from './requestError.ts';
import type { SessionState } from './state.ts';

/** vCPU n is DAP's thread n + 1: clients take 0 for "none". */
export const threadIdOf = (vcpu: number): number => vcpu + 1;

/** Throws a RequestError for a thread that is no vCPU. */
export function vcpuOf({ vcpuCount }: MachineApi, threadId: unknown): number {
  if (typeof threadId === 'number' && Number.isInteger(threadId) && threadId >= 1 && threadId <= vcpuCount) {
    return threadId - 1;
  }
  const last = vcpuCount > 1 ? ` to vCPU${vcpuCount - 1}, thread ${vcpuCount}` : '';
  throw new RequestError(`There is no thread ${JSON.stringify(threadId)}; vCPU0 is thread 1${last}.`);
}

/** Which vCPUs the client sees; before a launch, the one that every machine has. */
export function threadsOf(state: SessionState): { id: number; name: string }[] {
  const { loaded } = state;
  if (loaded === undefined) return [{ id: 1, name: 'vCPU0' }];
  const { machine } = loaded;
  const selected = machine.selectedVcpu;
  const threads = Array.from({ length: machine.vcpuCount }, (_, vcpu) => {
    // While it runs, the mode would be out of date at once.
    const name = state.running ? `vCPU${vcpu}` : `vCPU${vcpu}: ${inWords(machine, vcpu)}`;
    return { id: threadIdOf(vcpu), name };
  });
  if (!state.running) machine.selectVcpu(selected);
  return threads;
}

const SLEEPING: Readonly<Partial<Record<VcpuActivity, string>>> = {
  halted: 'HLT',
  mwait: 'MWAIT',
  frozen: 'waiting for IRQ 13',
  shutdown: 'shut down',
};

/** `64-bit, CPL 0`, `real mode, HLT`, `waiting for SIPI`. Leaves the vCPU selected. */
function inWords(machine: MachineApi, vcpu: number): string {
  const activity = machine.vcpuActivity(vcpu);
  if (activity === 'waitForSipi') return 'waiting for SIPI';
  machine.selectVcpu(vcpu);
  const sleeping = SLEEPING[activity];
  return sleeping === undefined ? modeInWords(machine) : `${modeInWords(machine)}, ${sleeping}`;
}

function modeInWords(machine: MachineApi): string {
  const mode = modeOf(machine);
  if (mode === 'real') return 'real mode';
  if (mode === 'virtual-8086') return 'virtual-8086 mode';
  return `${machine.codeBits()}-bit, CPL ${currentPrivilege(machine)}`;
}
