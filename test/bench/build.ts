/** Builds every bench kernel as one object, and from it a program of this machine and a guest. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGuest, buildNative, buildObject } from '../guests/build.ts';

const here = dirname(fileURLToPath(import.meta.url));

export interface BenchKernel {
  readonly name: string;
  /** Paths of the two programs; the second is an ELF guest for `long64`. */
  readonly native: string;
  readonly guest: string;
}

/** What is compared with the machine itself, in the order of the table. */
export const kernelNames = ['integer', 'crc', 'sort', 'recursion', 'bytecode', 'chase'] as const;
/** Round trips that only a kernel can make, in the order of the table: there is no native figure for them. */
const roundTrips = {
  'invalid-opcode': { source: 'invalid-opcode' },
  'page-fault': { source: 'page-fault' },
  'user-interrupt': { source: 'user-interrupt' },
  syscall: { source: 'syscall' },
  'address-space': { source: 'address-space' },
  'address-space-pcid': { source: 'address-space', options: ['-DPCIDS'] },
  'self-ipi': { source: 'interrupt' },
  'self-ipi-x2apic': { source: 'interrupt', options: ['-DX2APIC'] },
  'apic-timer': { source: 'interrupt', options: ['-DTIMER'] },
} satisfies Record<string, { source: string; options?: readonly string[] }>;
export type RoundTripName = keyof typeof roundTrips;
export const roundTripNames = Object.keys(roundTrips) as readonly RoundTripName[];

export function buildKernel(name: (typeof kernelNames)[number]): BenchKernel {
  const object = buildObject(`bench-${name}`, join(here, `kernels/${name}.c`));
  return {
    name,
    native: buildNative(`bench-${name}-native`, [join(here, 'drivers/native.c'), object]),
    guest: buildGuest({ name: `bench-${name}`, sources: [join(here, 'drivers/guest.c'), object] }),
  };
}

/** A guest in assembly with the symbols `bench_units`, `bench_begin` and `bench_end` like the others. */
export function buildRoundTrip(name: RoundTripName): string {
  const { source, options = [] }: { source: string; options?: readonly string[] } = roundTrips[name];
  return buildGuest({
    name: `bench-${name}`,
    sources: [join(here, `kernels/${source}.S`)],
    options: ['-include', join(here, 'kernels/roundTrip.h'), ...options],
    bare: true,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const known = readdirSync(join(here, 'kernels')).filter((name) => /\.[cS]$/.test(name));
  const sources = new Set<string>([...kernelNames, ...Object.values(roundTrips).map(({ source }) => source)]);
  const built = [...kernelNames.map((name) => buildKernel(name).guest), ...roundTripNames.map(buildRoundTrip)];
  if (sources.size !== known.length)
    throw new Error(`${known.length} kernels are there, but ${sources.size} are built.`);
  for (const path of built) process.stdout.write(`${path}\n`);
}
