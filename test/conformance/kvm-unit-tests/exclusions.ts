import type { UnitTest } from './config.ts';

interface Exclusion {
  readonly applies: (test: UnitTest) => boolean;
  readonly reason: string;
}

const named =
  (...names: string[]) =>
  ({ name }: UnitTest) =>
    names.includes(name);
const grouped =
  (group: string) =>
  ({ groups }: UnitTest) =>
    groups.includes(group);

/** What is not run, and why. The first that applies counts. */
const EXCLUSIONS: readonly Exclusion[] = [
  { applies: grouped('vmx'), reason: 'VMX' },
  { applies: ({ file }) => file.startsWith('svm'), reason: 'SVM' },
  { applies: ({ file }) => file.startsWith('pmu'), reason: 'performance monitoring (PMU)' },
  { applies: grouped('hyperv'), reason: 'paravirtual: Hyper-V interfaces' },
  { applies: named('asyncpf'), reason: "paravirtual: KVM's asynchronous page faults" },
  { applies: named('kvmclock_test'), reason: "paravirtual: KVM's clock" },
  { applies: named('hypercall', 'vmexit_vmcall'), reason: 'paravirtual: VMCALL to a hypervisor' },
  { applies: named('vmware_backdoors'), reason: "paravirtual: VMware's backdoor ports" },
  { applies: named('access_fep'), reason: "paravirtual: KVM's forced-emulation prefix" },
  { applies: named('intel_iommu'), reason: 'IOMMU' },
];

/** Why a test is not run; undefined when it is. */
export function exclusionOf(test: UnitTest): string | undefined {
  return EXCLUSIONS.find(({ applies }) => applies(test))?.reason;
}

/** A CPUID bit that is 0 in the profiles that the tests run with. */
interface AbsentBit {
  readonly leaf: number;
  readonly subleaf?: number;
  readonly register: 'eax' | 'ebx' | 'ecx' | 'edx';
  readonly bit: number;
  readonly name: string;
  /** The feature that the suite's own list takes away. */
  readonly removed?: string;
}

interface SkipReason {
  readonly text: RegExp;
  /** The tests it may appear in; any when absent. */
  readonly tests?: readonly string[];
  readonly absent?: AbsentBit;
  /** What there is to say besides, or where no processor could change it. */
  readonly because?: string;
}

/** Every `SKIP:` line must be explained by one of these; a run with another one fails. */
export const SKIPS: readonly SkipReason[] = [
  {
    text: /^self_ipi_x2apic: x2apic not detected$/,
    tests: ['xapic'],
    absent: { leaf: 1, register: 'ecx', bit: 21, name: 'x2APIC', removed: 'x2apic' },
    because: 'the suite asks for -x2apic',
  },
  {
    text: /^pcommit$/,
    tests: ['memory'],
    absent: { leaf: 7, subleaf: 0, register: 'ebx', bit: 22, name: 'PCOMMIT' },
    because: 'withdrawn before any processor had it',
  },
  {
    text: /MSR_IA32_DS_AREA - PEBS not supported$/,
    tests: ['la57'],
    absent: { leaf: 1, register: 'edx', bit: 21, name: 'DS' },
  },
  {
    text: /MSR_IA32_RTIT_ADDR\* - Intel PT is not supported$/,
    tests: ['la57'],
    absent: { leaf: 7, subleaf: 0, register: 'ebx', bit: 25, name: 'Intel PT' },
  },
  {
    text: /^TSX not available$/,
    tests: ['tsx-ctrl'],
    absent: { leaf: 7, subleaf: 0, register: 'ebx', bit: 11, name: 'RTM' },
  },
  {
    text: /^skipping MSR_IA32_SYSENTER_ESP\/MSR_IA32_SYSENTER_EIP/,
    tests: ['la57'],
    because: 'no bit: the suite has these checks switched off for every Intel processor ("if (false &&" in la57.c)',
  },
  {
    text: /require forced emulation, use kvm.force_emulation_prefix=1|^Force emulation prefix not enabled$/,
    tests: ['emulator', 'la57'],
    because: "no bit: KVM's forced-emulation prefix is paravirtual; its UD2 is #UD on a processor, as it is here",
  },
  {
    text: /^syscall TF handling$/,
    tests: ['syscall'],
    because: 'CPUID.0 is GenuineIntel: SYSCALL outside 64-bit mode, which the part is about, is #UD (SDM Vol. 2)',
  },
];

function explanation({ absent, because }: SkipReason): string {
  if (absent === undefined) return because ?? '';
  const leaf = absent.subleaf === undefined ? `${absent.leaf}` : `(${absent.leaf},${absent.subleaf})`;
  const bit = `CPUID.${leaf}:${absent.register.toUpperCase()}[${absent.bit}] (${absent.name}) is 0`;
  return because === undefined ? bit : `${bit}: ${because}`;
}

export function skipReasonOf(test: string, text: string): string | undefined {
  const found = SKIPS.find((each) => each.text.test(text) && (each.tests?.includes(test) ?? true));
  return found && explanation(found);
}
