/** Guests for the machine's tests: assembly by the built-in assembler, put into a fresh machine. */
import { readFile } from 'node:fs/promises';
import { assemble } from '../../adapter/program/assembler/index.ts';
import type { ProgramImage } from '../../adapter/program/image.ts';
import { linear } from '../../emulator/addresses.ts';
import type { RunExit } from '../../emulator/api.ts';
import { loadGuest } from '../../emulator/loaders/load.ts';
import { Machine } from '../../emulator/machine.ts';

export type Start = 'long64' | 'protected32' | 'multiboot';

export interface Guest {
  readonly machine: Machine;
  readonly image: ProgramImage;
  /** Address of a label. */
  at(label: string): bigint;
  serial(): string;
}

export interface GuestOptions {
  readonly start?: Start;
  readonly cpu?: string;
  readonly memoryBytes?: number;
  readonly cpus?: number;
  readonly origin?: bigint;
}

/** Assembles `source`, AT&T syntax, in the mode that `start` begins in. Rejects with the first diagnostic. */
export async function assembleText(
  source: string,
  start: Start = 'long64',
  origin = 0x10_0000n,
): Promise<ProgramImage> {
  const bytes = new TextEncoder().encode(`${source}\n`);
  const { image, diagnostics } = await assemble(
    '/guest.s',
    { bits: start === 'long64' ? 64 : 32, origin },
    { read: async (path) => (path === '/guest.s' ? bytes : undefined) },
  );
  const first = diagnostics[0];
  if (!image || first) throw new Error(first ? `line ${first.line}: ${first.message}` : 'nothing assembled');
  return image;
}

export async function assembleFile(path: string): Promise<ProgramImage> {
  const { image, diagnostics } = await assemble(
    path,
    {},
    {
      read: async (name) => new Uint8Array(await readFile(name)),
    },
  );
  if (!image) throw new Error(diagnostics[0]?.message ?? `${path} is empty`);
  return image;
}

/** A machine with the image loaded, nothing executed. */
export function boot(image: ProgramImage, options: GuestOptions = {}): Guest {
  const machine = Machine.create({
    cpu: options.cpu ?? 'tigerlake',
    memoryBytes: options.memoryBytes ?? 4 << 20,
    cpus: options.cpus ?? 1,
  });
  const bytes: number[] = [];
  machine.onSerialOutput((more) => bytes.push(...more));
  loadGuest(machine, image, options.start ?? 'long64');
  return {
    machine,
    image,
    at: (label) => {
      const symbol = image.symbols.find(({ name }) => name === label);
      if (!symbol) throw new Error(`the guest has no label ${label}`);
      return symbol.address;
    },
    serial: () => String.fromCharCode(...bytes),
  };
}

export async function guest(source: string, options: GuestOptions = {}): Promise<Guest> {
  return boot(await assembleText(source, options.start, options.origin), options);
}

/** Runs to an end other than the budget; throws when there is none within `steps`. */
export function runToEnd(machine: Machine, steps = 1_000_000): RunExit {
  const exit = machine.run(steps);
  if (exit.kind === 'budget') throw new Error(`no end within ${steps} steps, RIP 0x${rip(machine).toString(16)}`);
  return exit;
}

export const rip = (machine: Machine): bigint => machine.readRegister('rip');

export function read64(machine: Machine, address: bigint): bigint {
  const { data } = machine.readLinear(linear(address), 8);
  if (data.length < 8) throw new Error(`0x${address.toString(16)} cannot be read`);
  return new DataView(data.buffer).getBigUint64(0, true);
}

export const read32 = (machine: Machine, address: bigint): number => Number(read64(machine, address) & 0xffff_ffffn);

/** All registers that the machine names, for comparing two machines. */
export function registersOf(machine: Machine): Record<string, string> {
  return Object.fromEntries(machine.registers.map(({ name }) => [name, machine.readRegister(name).toString(16)]));
}

/** A seeded generator of 32-bit numbers (mulberry32). */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % below;
  };
}
