import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { assemble } from '../../../adapter/program/assembler/index.ts';
import type { FileReader, ProgramImage } from '../../../adapter/program/image.ts';

/** A program that both machines run. `path` is absolute. */
export interface Guest {
  readonly name: string;
  readonly path: string;
  /** `marks`: state at each label of .text. `records`: the tables of `guests/harness.inc`. */
  readonly kind: 'marks' | 'records';
  /** Processor models of Bochs other than the usual ones, and the features that this machine then has or lacks. */
  readonly models?: readonly [string, string];
  readonly features?: Readonly<Record<string, boolean>>;
}

const absolute = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const sample = (name: string): Guest => ({
  name,
  path: absolute(`../../../extension/samples/${name}/${name}.s`),
  kind: 'marks',
});
const records = (name: string): Guest => ({ name, path: absolute(`guests/${name}.s`), kind: 'records' });

const SAMPLES = ['hello', 'supervisor-shadow-stack', 'user-ibt', 'shadow-stack-switch'];
const MODE_GUESTS = ['real', 'v86', 'segments', 'gates', 'x87', 'vectors'];
/** Processors that keep FPU CS and DS, and record the operand of every x87 instruction. */
const X87_POINTERS: Guest = {
  ...records('x87'),
  name: 'x87-pointers',
  models: ['corei7_sandy_bridge_2600k', 'corei7_ivy_bridge_3770k'],
  features: { zero_fcs_fds: false, fdp_excptn_only: false },
};
const CET_GUESTS = [
  ...['registers', 'pages', 'walks', 'near', 'ibt', 'instructions', 'events', 'returns', 'syscalls', 'xsave'],
  ...['compatibility', 'legacy', 'walks32', 'tasks', 'delivery', 'delivery32', 'debug', 'availability'],
];
export const GUESTS: readonly Guest[] = [
  ...SAMPLES.map(sample),
  ...[...CET_GUESTS, ...MODE_GUESTS].map(records),
  X87_POINTERS,
];

export const ORIGIN = 0x10_0000n;

const files: FileReader = {
  read: (path) =>
    readFile(path).then(
      (bytes) => new Uint8Array(bytes),
      () => undefined,
    ),
};

const images = new Map<string, Promise<ProgramImage>>();

/**
 * Assembles a guest's source with the built-in assembler, once a process. Rejects with the first diagnostic when it does
 * not assemble.
 */
export function assembleGuest(path: string): Promise<ProgramImage> {
  const image = images.get(path) ?? assembleSource(path);
  images.set(path, image);
  return image;
}

async function assembleSource(path: string): Promise<ProgramImage> {
  const { image, diagnostics } = await assemble(path, {}, files);
  const first = diagnostics[0];
  if (image === undefined)
    throw new Error(first ? `${first.file}:${first.line}: ${first.message}` : `${path} is empty.`);
  return image;
}

/** The image's bytes from `ORIGIN` on, without what is only reserved. */
export function flatten(image: ProgramImage): Uint8Array {
  const filled = image.segments.filter((segment) => segment.data.some((byte) => byte !== 0));
  const end = filled.reduce((far, { physicalAddress, data }) => {
    const last = physicalAddress + BigInt(data.length);
    return last > far ? last : far;
  }, ORIGIN);
  const bytes = new Uint8Array(Number(end - ORIGIN));
  for (const { physicalAddress, data } of filled) bytes.set(data, Number(physicalAddress - ORIGIN));
  return bytes;
}

/** Address of a symbol. Throws when the image has none of that name. */
export function addressOf(image: ProgramImage, name: string): bigint {
  const found = image.symbols.find((symbol) => symbol.name === name);
  if (found === undefined) throw new Error(`The image has no symbol "${name}".`);
  return found.address;
}

/** Bochs's debugger has this many linear breakpoints and ignores the rest. */
const BREAKPOINTS = 16;

/** Where marks are taken: the first labels of .text that Bochs has breakpoints for. */
export const markAddresses = (image: ProgramImage): bigint[] => [...codeLabels(image).keys()].slice(0, BREAKPOINTS);

/** The labels of .text by address; where two share one, the later in the source. */
export function codeLabels(image: ProgramImage): Map<bigint, string> {
  const text = image.sections.find((section) => section.name === '.text');
  const labels = new Map<bigint, string>();
  for (const { name, address, kind } of image.symbols) {
    const inside = text !== undefined && address >= text.address && address < text.address + text.size;
    if (inside && (kind === 'label' || kind === 'function')) labels.set(address, name);
  }
  return labels;
}
