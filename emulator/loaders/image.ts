/** What a loader needs of a program; the adapter's ProgramImage is one. Addresses are unsigned. */
export interface LoadableImage {
  readonly bits: 32 | 64;
  readonly entry: bigint;
  readonly segments: readonly LoadableSegment[];
  readonly multiboot?: { readonly flags: number; readonly addresses?: { readonly entryAddr: number } };
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
export const START_STATES = ['multiboot', 'long64', 'protected32'] as const;
export type StartState = (typeof START_STATES)[number];

export interface LoadOptions {
  /** Multiboot: the command line, whose first word is by custom the program's name. */
  readonly commandLine?: string;
  /** Multiboot: boot modules in order. */
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
