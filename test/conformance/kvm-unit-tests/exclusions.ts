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

interface SkipReason {
  readonly text: RegExp;
  /** The tests it may appear in; any when absent. */
  readonly tests?: readonly string[];
  /** The CPUID bit that is not set, or the reason that no processor bit can change. */
  readonly reason: string;
}

/** Every `SKIP:` line must be explained by one of these; run.ts says which are not. */
const SKIPS: readonly SkipReason[] = [];

export function skipReasonOf(test: string, text: string): string | undefined {
  return SKIPS.find((each) => each.text.test(text) && (each.tests === undefined || each.tests.includes(test)))?.reason;
}
