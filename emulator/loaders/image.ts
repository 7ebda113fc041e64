/** What a loader needs of a program; the adapter's ProgramImage is one. Addresses are unsigned. */
export interface LoadableImage {
  readonly bits: 32 | 64;
  readonly entry: bigint;
  readonly segments: readonly LoadableSegment[];
  readonly multiboot?: { readonly flags: number; readonly addresses?: { readonly entryAddr: number } };
  /** Present for a Linux kernel image (bzImage), whose entry is then the 32-bit one. */
  readonly linux?: LinuxHeader;
}

/** What the Linux boot protocol wants to know of a kernel's setup header. */
export interface LinuxHeader {
  /** From offset 1F1h of the image to the header's end; it goes into boot_params as it is. */
  readonly setupHeader: Uint8Array;
  /** Bytes of a command line without its zero. */
  readonly commandLineSize: number;
  /** The highest address that the initial RAM disk may occupy. */
  readonly ramdiskLimit: number;
  /** There is a 64-bit entry (XLF_KERNEL_64). */
  readonly entry64: boolean;
}

export interface LoadableSegment {
  readonly physicalAddress: bigint;
  readonly linearAddress: bigint;
  readonly data: Uint8Array;
  /** Bytes in memory; those past `data` are zero. */
  readonly memorySize: bigint;
}

/** One sentence about an image that this machine cannot start. */
export class LoadError extends Error {}

/** How a guest begins; each has a file of its own here. */
export const START_STATES = ['multiboot', 'long64', 'protected32', 'real16', 'linux', 'linux64'] as const;
export type StartState = (typeof START_STATES)[number];

export interface LoadOptions {
  /** Multiboot and Linux: the command line, whose first word is by custom the program's name. */
  readonly commandLine?: string;
  /** Multiboot: boot modules in order. Linux: at most one, the initial RAM disk. */
  readonly modules?: readonly BootModule[];
}

export interface BootModule {
  readonly data: Uint8Array;
  readonly commandLine: string;
}

/** Registers in the order in which they are written: a register comes after those that give its value a meaning. */
export type RegisterValues = readonly (readonly [name: string, value: bigint])[];

/** What a loader puts into memory beside the image, and the processor's state at the first instruction. */
export interface EntryState {
  readonly memory: readonly { readonly address: number; readonly data: Uint8Array }[];
  readonly registers: RegisterValues;
}

/** The entry point where the processor finds it with paging off or identity-mapped. */
export function physicalEntry(image: LoadableImage): bigint {
  const { entry } = image;
  const home = image.segments.find(
    ({ linearAddress, memorySize }) => entry >= linearAddress && entry < linearAddress + memorySize,
  );
  return home ? entry - home.linearAddress + home.physicalAddress : entry;
}
