import type { MachineApi } from '../../emulator/api.ts';

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

/** SHSTK_ON and IBT_ON of the current privilege: CR4.CET, CR0.PE, RFLAGS.VM and the control MSR. */
export function cetState(machine: MachineApi): CetState {
  const user = currentPrivilege(machine) === 3;
  const control = user ? 'U_CET' : 'S_CET';
  const has = (name: string) => machine.registers.some((register) => register.name === name);
  if (!has('s_cet') || !has('ssp')) {
    const reason = `The processor ${machine.configuration.cpu} as configured has no CET.`;
    return { shadowStack: false, branchTracking: false, control, controlValue: 0n, reason };
  }
  const controlValue = machine.readRegister(user ? 'u_cet' : 's_cet');
  const off = masterOff(machine);
  const shadowStack = off === undefined && (controlValue & 1n) === 1n;
  const branchTracking = off === undefined && (controlValue & 4n) === 4n;
  const reason = off ?? (shadowStack ? undefined : `${control}.SH_STK_EN is 0.`);
  return { shadowStack, branchTracking, control, controlValue, ...(reason !== undefined && { reason }) };
}

function masterOff(machine: MachineApi): string | undefined {
  if (((machine.readRegister('cr4') >> 23n) & 1n) === 0n) return 'CR4.CET is 0.';
  if ((machine.readRegister('cr0') & 1n) === 0n) return 'CR0.PE is 0.';
  if ((machine.readRegister('rflags') >> 17n) & 1n) return 'RFLAGS.VM is 1.';
  return undefined;
}
