import type { MachineApi } from '../../emulator/api.ts';
import { Processor } from '../../emulator/cpu/profiles/profiles.ts';

/** CPL: the low bits of CS (SDM Vol. 3A §5.5); virtual-8086 mode is CPL 3. */
export function currentPrivilege(machine: MachineApi): number {
  if ((machine.readRegister('rflags') >> 17n) & 1n) return 3;
  return Number(machine.readRegister('cs') & 3n);
}

export interface CetState {
  readonly shadowStack: boolean;
  readonly branchTracking: boolean;
  /** `S_CET` or `U_CET`: whose bits count at the current privilege. */
  readonly control: 'S_CET' | 'U_CET';
  readonly controlValue: bigint;
  /** When the shadow stack is off: which bit is. */
  readonly reason?: string;
}

const support = new WeakMap<MachineApi, { readonly shadowStacks: boolean; readonly branchTracking: boolean }>();

/** What CPUID says of CET (CET_SS and CET_IBT), profile and switched features taken together. */
export function cetSupport(machine: MachineApi): { readonly shadowStacks: boolean; readonly branchTracking: boolean } {
  let known = support.get(machine);
  if (known === undefined) {
    const { cpu, features, ...overrides } = machine.configuration;
    const processor = Processor.create(cpu, features, overrides);
    known = { shadowStacks: processor.feature('shstk'), branchTracking: processor.feature('ibt') };
    support.set(machine, known);
  }
  return known;
}

/** SHSTK_ON and IBT_ON of the current privilege: CR4.CET, CR0.PE, RFLAGS.VM and the control MSR. */
export function cetState(machine: MachineApi): CetState {
  const user = currentPrivilege(machine) === 3;
  const control = user ? 'U_CET' : 'S_CET';
  const { shadowStacks, branchTracking: tracking } = cetSupport(machine);
  if (!shadowStacks && !tracking) {
    const reason = `The processor ${machine.configuration.cpu} as configured has no CET.`;
    return { shadowStack: false, branchTracking: false, control, controlValue: 0n, reason };
  }
  const controlValue = machine.readRegister(user ? 'u_cet' : 's_cet');
  const off = masterOff(machine);
  const shadowStack = shadowStacks && off === undefined && (controlValue & 1n) === 1n;
  const branchTracking = tracking && off === undefined && (controlValue & 4n) === 4n;
  const absent = shadowStacks
    ? undefined
    : `The processor ${machine.configuration.cpu} as configured has no shadow stacks.`;
  const reason = absent ?? off ?? (shadowStack ? undefined : `${control}.SH_STK_EN is 0.`);
  return { shadowStack, branchTracking, control, controlValue, ...(reason !== undefined && { reason }) };
}

function masterOff(machine: MachineApi): string | undefined {
  if (((machine.readRegister('cr4') >> 23n) & 1n) === 0n) return 'CR4.CET is 0.';
  if ((machine.readRegister('cr0') & 1n) === 0n) return 'CR0.PE is 0.';
  if ((machine.readRegister('rflags') >> 17n) & 1n) return 'RFLAGS.VM is 1.';
  return undefined;
}
