import type { Row } from './table.ts';

/** Where another emulator passes a test with other counts than this machine: what its processor has or lacks. */
interface Difference {
  readonly test: string;
  readonly reference: RegExp;
  readonly reason: string;
}

export const DIFFERENCES: readonly Difference[] = [
  { test: 'memory', reference: /^QEMU/, reason: 'has PCOMMIT, CPUID.(7,0):EBX[22]' },
  { test: 'syscall', reference: /^QEMU/, reason: 'is AuthenticAMD here: SYSCALL in compatibility mode' },
  { test: 'tsc', reference: /^QEMU/, reason: 'lacks RDPID, CPUID.(7,0):ECX[22]' },
  { test: 'tsc_adjust', reference: /^QEMU/, reason: 'lacks IA32_TSC_ADJUST, CPUID.(7,0):EBX[1]' },
  { test: 'cet', reference: /^QEMU/, reason: 'lacks CET' },
  { test: 'pku', reference: /^Bochs/, reason: 'lacks protection keys in this model' },
  { test: 'pks', reference: /^Bochs/, reason: 'lacks protection keys in this model' },
];

/** Names of the references whose counts differ without a failure, each with the reason or undefined. */
export function differencesOf(row: Row): { readonly reference: string; readonly reason: string | undefined }[] {
  const { counts } = row;
  if (counts === undefined) return [];
  return Object.entries(row.references ?? {})
    .filter(([, other]) => other.fail === 0 && other.note === undefined)
    .filter(([, other]) => other.pass !== counts.pass || other.skip !== counts.skip)
    .map(([reference]) => ({
      reference,
      reason: DIFFERENCES.find((each) => each.test === row.test && each.reference.test(reference))?.reason,
    }));
}
