import type { UnitTest } from './config.ts';

/** What stands for QEMU's models. */
const PROFILES: Readonly<Record<string, string>> = { max: 'sapphirerapids', host: 'sapphirerapids' };
const PROFILE = 'tigerlake';
/** QEMU's names of features where they are not the kernel's, which this project uses. */
const FEATURE_NAMES: Readonly<Record<string, string>> = { 'tsc-deadline': 'tsc_deadline_timer' };
/** Keys of QEMU's `-cpu` that are no features: the vendor is the profile's, physical addresses too. */
const NO_FEATURES = ['vendor', 'host-phys-bits', 'phys-bits', 'migratable', 'hv_passthrough'];
const MEMORY_MIB = 128;

/** The arguments of `shadowstep run` for a test, after the image. */
export function runArguments(test: UnitTest, maxSteps: number): string[] {
  const features = Object.entries(test.cpu.features)
    .filter(([name]) => !NO_FEATURES.includes(name))
    .map(([name, on]) => `--feature=${on ? '+' : '-'}${FEATURE_NAMES[name] ?? name.replaceAll('-', '_')}`);
  return [
    ...['--machine', 'bare'],
    ...['--cpu', PROFILES[test.cpu.model] ?? PROFILE],
    ...features,
    ...['--memory', `${test.memoryMiB ?? MEMORY_MIB}M`],
    ...['--cpus', String(test.processors)],
    ...(test.append === '' ? [] : ['--append', test.append]),
    ...['--max-steps', String(maxSteps)],
  ];
}

/** The arguments of QEMU for a test, as the suite's own scripts make them, but with the emulator TCG. */
export function qemuArguments(test: UnitTest, image: string): string[] {
  const parameters = test.qemuParameters
    .replace('-enable-kvm', '')
    .replace('-cpu host', '-cpu max')
    .split(/\s+/)
    .filter((part) => part !== '');
  return [
    ...['--no-reboot', '-nodefaults', '-device', 'pc-testdev', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x4'],
    ...['-display', 'none', '-serial', 'stdio', '-device', 'pci-testdev', '-accel', 'tcg'],
    ...['-kernel', image, '-smp', String(test.processors)],
    ...(test.append === '' ? [] : ['-append', test.append]),
    ...parameters,
  ];
}
