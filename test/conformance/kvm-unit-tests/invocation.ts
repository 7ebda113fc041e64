import type { UnitTest } from './config.ts';

/** What stands for QEMU's models. */
const PROFILES: Readonly<Record<string, string>> = { max: 'sapphirerapids', host: 'sapphirerapids' };
const PROFILE = 'tigerlake';
/** QEMU's names of features where they are not the kernel's, which this project uses. */
const FEATURE_NAMES: Readonly<Record<string, string>> = { 'tsc-deadline': 'tsc_deadline_timer' };
/** Keys of QEMU's `-cpu` that are no features: the vendor is the profile's. */
const NO_FEATURES = ['vendor', 'host-phys-bits', 'phys-bits', 'migratable', 'hv_passthrough'];
const MEMORY_MIB = 128;

/**
 * Tests that a hypervisor is expected under, unless their environment says that there is none: the APIC's ends with a
 * VMCALL that KVM answers, `syscall` does SYSCALL in compatibility mode, which is #UD on Intel's processors (SDM Vol. 2).
 */
const WITHOUT_HYPERVISOR = ['x2apic', 'xapic', 'syscall'];

/**
 * What a test finds in its environment. The suite hands it over as a file of KEY=VALUE lines in the place of the initrd
 * (its README.md, "Unit test inputs"); TEST_DEVICE=0 is how it is told that it runs on bare metal (`lib/x86/fwcfg.c`).
 */
export const environmentOf = ({ name }: UnitTest): string | undefined =>
  WITHOUT_HYPERVISOR.includes(name) ? 'TEST_DEVICE=0\n' : undefined;

/** CPUID.80000008H:EAX[7:0] for QEMU's `phys-bits`. */
function addressBits({ cpu }: UnitTest): string[] {
  const bits = Number(cpu.features['phys-bits'] ?? 0);
  return bits === 0 ? [] : ['--cpuid', `0x80000008.eax=+0x${bits.toString(16)}-0x${(~bits & 0xff).toString(16)}`];
}

/** The arguments of `shadowstep run` for a test, after the image; `environment` is the file with its environment. */
export function runArguments(test: UnitTest, maxSteps: number, environment?: string): string[] {
  const features = Object.entries(test.cpu.features)
    .filter(([name]) => !NO_FEATURES.includes(name))
    .map(([name, on]) => `--feature=${on ? '+' : '-'}${FEATURE_NAMES[name] ?? name.replaceAll('-', '_')}`);
  return [
    ...['--machine', 'bare'],
    ...['--cpu', PROFILES[test.cpu.model] ?? PROFILE],
    ...features,
    ...addressBits(test),
    ...['--memory', `${test.memoryMiB ?? MEMORY_MIB}M`],
    ...['--cpus', String(test.processors)],
    ...(test.append === '' ? [] : ['--append', test.append]),
    ...(environment === undefined ? [] : ['--initrd', environment]),
    ...['--max-steps', String(maxSteps)],
  ];
}

/**
 * The arguments of QEMU for a test, as the suite's own scripts make them, but with the emulator TCG, and with all that it
 * can where the test leaves the CPU open.
 */
export function qemuArguments(test: UnitTest, image: string, environment?: string): string[] {
  const parameters = test.qemuParameters
    .replace('-enable-kvm', '')
    .replace('-cpu host', '-cpu max')
    .split(/\s+/)
    .filter((part) => part !== '');
  if (!parameters.includes('-cpu')) parameters.push('-cpu', 'max');
  return [
    ...['--no-reboot', '-nodefaults', '-device', 'pc-testdev', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x4'],
    ...['-display', 'none', '-serial', 'stdio', '-device', 'pci-testdev', '-accel', 'tcg'],
    ...['-kernel', image, '-smp', String(test.processors)],
    ...(test.append === '' ? [] : ['-append', test.append]),
    ...(environment === undefined ? [] : ['-initrd', environment]),
    ...parameters,
  ];
}
