import { hostPhysical } from '../addresses.ts';
import type { MachineApi } from '../api.ts';
import { acpiTables } from '../firmware/acpi.ts';
import { type EntryState, type LoadableImage, LoadError, type LoadOptions, type StartState } from './image.ts';
import { linux, linux64 } from './linux.ts';
import { long64 } from './long64.ts';
import { FIRMWARE_MEMORY_TYPES } from './memoryTypes.ts';
import { multiboot } from './multiboot.ts';
import { protected32 } from './protected32.ts';
import { real16 } from './real16.ts';

const STATES: Readonly<
  Record<StartState, (image: LoadableImage, memoryBytes: number, options: LoadOptions) => EntryState>
> = { multiboot, long64, protected32, real16, linux, linux64 };

/** `linux` for a kernel image, `multiboot` for an image with its header; otherwise `protected32` for a 32-bit ELF and `long64` for the rest. */
export function defaultStart(image: LoadableImage): StartState {
  if (image.linux) return 'linux';
  if (image.multiboot) return 'multiboot';
  return image.bits === 32 ? 'protected32' : 'long64';
}

/** The command line that `start` is given for the text of `append`: multiboot's begins with the program's name. */
export function commandLine(start: StartState, program: string, append: string): string {
  if (start === 'linux' || start === 'linux64') return append;
  return [program.split(/[\\/]/).at(-1)!, append].filter((part) => part !== '').join(' ');
}

/**
 * Puts firmware's tables, the image and what `start` adds into a machine fresh from reset, whose RAM is zero, and sets the registers.
 * Throws a LoadError with one sentence when the image does not fit.
 */
export function loadGuest(
  machine: MachineApi,
  image: LoadableImage,
  start: StartState,
  options: LoadOptions = {},
): void {
  const { memoryBytes } = machine.configuration;
  checkFits(image, memoryBytes);
  const state = STATES[start](image, memoryBytes, options);
  const write = (address: number, data: Uint8Array) => {
    const sentence = data.length > 0 ? machine.writePhysical(hostPhysical(address), data) : undefined;
    if (sentence !== undefined) throw new LoadError(sentence);
  };
  const { address, data } = acpiTables(machine.configuration.cpus ?? 1);
  write(address, data);
  for (const segment of image.segments) write(Number(segment.physicalAddress), segment.data);
  for (const { address, data } of state.memory) write(address, data);
  const set = ([name, value]: readonly [string, bigint]) => {
    const sentence = machine.writeRegister(name, value);
    if (sentence !== undefined) throw new LoadError(`The entry state ${start} cannot be set: ${sentence}`);
  };
  // Firmware gives every processor the same memory types (SDM Vol. 3A §12.11.8); the first one is selected at the end.
  for (let vcpu = machine.vcpuCount - 1; vcpu >= 0; vcpu--) {
    machine.selectVcpu(vcpu);
    FIRMWARE_MEMORY_TYPES.forEach(set);
  }
  state.registers.forEach(set);
}

function checkFits(image: LoadableImage, memoryBytes: number): void {
  if (image.segments.every(({ memorySize }) => memorySize === 0n)) {
    throw new LoadError('The program has nothing to load: no segment holds a byte.');
  }
  for (const { physicalAddress, memorySize } of image.segments) {
    const end = physicalAddress + memorySize;
    if (end > BigInt(memoryBytes)) {
      const mebibytes = memoryBytes / 2 ** 20;
      throw new LoadError(
        `The program needs memory up to 0x${end.toString(16)}, but the guest has ${mebibytes} MiB (0x${memoryBytes.toString(16)}).`,
      );
    }
  }
}
