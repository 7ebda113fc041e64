import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLinux } from '../../adapter/program/linux.ts';
import { loadGuest } from '../../emulator/loaders/load.ts';
import { Machine } from '../../emulator/machine.ts';
import { fetchPackage, missingPackages } from './debianPackage.ts';
import { cpio } from './initrd.ts';

const KERNEL = 'linux-image-cloud-amd64';
const BUSYBOX = 'busybox-static';

/** Why Debian's kernel cannot be had here; undefined when it is there or can be fetched. */
export const missingLinux = (): string | undefined => missingPackages(KERNEL, BUSYBOX);

export const busybox = (): Uint8Array => new Uint8Array(readFileSync(join(fetchPackage(BUSYBOX), 'bin/busybox')));

/** Debian's kernel for virtual machines, with `script` as its first process, under the shell of busybox. */
export function bootLinux(script: string, cpus: number, start: 'linux' | 'linux64' = 'linux'): Machine {
  const machine = Machine.create({ cpu: 'tigerlake', memoryBytes: 192 * 2 ** 20, cpus });
  const boot = join(fetchPackage(KERNEL, /linux-image-[0-9][0-9.-]*-cloud-amd64/), 'boot');
  const kernel = readdirSync(boot).find((name) => name.startsWith('vmlinuz'));
  if (!kernel) throw new Error(`${KERNEL} holds no boot/vmlinuz, expected one.`);
  const program = readLinux(new Uint8Array(readFileSync(join(boot, kernel))));
  if (!program) throw new Error(`${kernel} is no Linux kernel image, expected one.`);
  const initrd = cpio([
    ...['bin', 'proc', 'dev'].map((name) => ({ name, mode: 0o40755 })),
    { name: 'bin/busybox', mode: 0o100755, content: busybox() },
    { name: 'init', mode: 0o100755, content: new TextEncoder().encode(`#!/bin/busybox sh\n${script}\n`) },
  ]);
  loadGuest(machine, program, start, {
    commandLine: 'console=ttyS0 panic=-1',
    modules: [{ data: initrd, commandLine: '' }],
  });
  return machine;
}
