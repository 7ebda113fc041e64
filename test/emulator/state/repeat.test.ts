/**
 * A run repeats bit for bit: hash(run N+M) = hash(run N, snapshot, run M, restore, run M), whatever the slices, the
 * breakpoints and the exception stops. Held on every sample and on real input.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { readElf } from '../../../adapter/program/elf/read.ts';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { type LinearAddress, linear } from '../../../emulator/addresses.ts';
import { buildZlibGuest, missingToolchain } from '../../guests/build.ts';
import { missingZlib } from '../../guests/zlib.ts';
import { assembleFile, boot, type Guest, random, registersOf } from '../guest.ts';
import { advance, runOut } from './drive.ts';

interface Subject {
  readonly name: string;
  readonly image: () => Promise<ProgramImage>;
  readonly memoryBytes: number;
  /** Steps looked at; the whole run where it is shorter. */
  readonly limit: number;
  readonly skip?: string | undefined;
}

const samples = fileURLToPath(new URL('../../../extension/samples/', import.meta.url));
const guests = fileURLToPath(new URL('../../conformance/bochs/guests/', import.meta.url));
const zlib = (bits: 32 | 64): Subject => ({
  name: `zlib, ${bits} bits`,
  image: async () => {
    const path = buildZlibGuest(bits);
    return (await readElf(path, new Uint8Array(readFileSync(path)))).image!;
  },
  memoryBytes: 16 << 20,
  limit: 300_000,
  skip: missingToolchain() ?? missingZlib(),
});

const SUBJECTS: readonly Subject[] = [
  ...readdirSync(samples, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      name: `sample ${name}`,
      image: () => assembleFile(`${samples}${name}/${name}.s`),
      memoryBytes: 4 << 20,
      limit: 600_000,
    })),
  ...readdirSync(guests)
    .filter((file) => file.endsWith('.s'))
    .map((file) => ({
      name: `CET guest ${file.replace('.s', '')}`,
      image: () => assembleFile(guests + file),
      memoryBytes: 4 << 20,
      limit: 600_000,
    })),
  zlib(64),
  zlib(32),
];

/** Starts of instructions, as far as the line table tells, and addresses inside instructions. */
function addressesIn(image: ProgramImage, below: (n: number) => number, count: number): LinearAddress[] {
  const rows = image.lines.filter(({ endSequence }) => !endSequence);
  return Array.from({ length: count }, () =>
    linear(rows[below(rows.length)]!.address + BigInt(below(4) === 0 ? 1 : 0)),
  );
}

const everySlice = (below: (n: number) => number) => () => [1, 1, 2, 7, 100, 1000, 100_000][below(7)]!;

// On a busy machine.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

describe.each(SUBJECTS)('$name', (subject) => {
  const reason = subject.skip;
  let image: ProgramImage;
  let start: 'long64' | 'protected32';
  let length: number;
  let exit: string;
  let serial: string;
  const fresh = (): Guest => boot(image, { start, memoryBytes: subject.memoryBytes });
  const ends = ({ machine }: Guest) => ({ hash: machine.stateHash(), registers: registersOf(machine) });

  beforeAll(async () => {
    if (reason) return;
    image = await subject.image();
    start = image.bits === 64 ? 'long64' : 'protected32';
    const guest = fresh();
    exit = JSON.stringify(runOut(guest.machine, subject.limit));
    // The last step ends the run.
    length = guest.machine.steps - 1;
    serial = guest.serial();
  });

  it.skipIf(reason !== undefined)('in random slices, with and without stops, ends the same', () => {
    const reference = fresh();
    advance(reference.machine, length);
    for (let seed = 0; seed < 3; seed++) {
      const below = random(seed);
      const guest = fresh();
      guest.machine.setBreakpoints(seed > 0 ? addressesIn(image, below, 12) : []);
      guest.machine.setExceptionStops(seed > 1 ? -1 : 0);
      advance(guest.machine, length, everySlice(below));
      expect(ends(guest), `seed ${seed}`).toEqual(ends(reference));
      expect(guest.serial()).toBe(serial);
      guest.machine.setBreakpoints([]);
      guest.machine.setExceptionStops(0);
      if (length < subject.limit - 1) expect(JSON.stringify(guest.machine.run(2))).toBe(exit);
    }
  });

  it.skipIf(reason !== undefined)('run N, snapshot, run M, restore, run M is run N + M', () => {
    for (let seed = 10; seed < 14; seed++) {
      const below = random(seed);
      const n = below(length);
      const m = 1 + below(length - n);
      const reference = fresh();
      advance(reference.machine, n);
      const middle = ends(reference);
      advance(reference.machine, m);
      const guest = fresh();
      const { machine } = guest;
      const stops = () => {
        machine.setBreakpoints(seed & 1 ? addressesIn(image, below, 8) : []);
        machine.setExceptionStops(seed & 2 ? -1 : 0);
      };
      stops();
      advance(machine, n, everySlice(below));
      const snapshot = machine.snapshot();
      expect(ends(guest), `seed ${seed} at ${n}`).toEqual(middle);
      for (let round = 0; round < 2; round++) {
        stops();
        advance(machine, m, everySlice(below));
        expect(ends(guest), `seed ${seed}, round ${round}, ${n} + ${m}`).toEqual(ends(reference));
        machine.restore(snapshot);
        expect(machine.steps).toBe(n);
        expect(ends(guest), `seed ${seed}, round ${round}, restored to ${n}`).toEqual(middle);
      }
    }
  });
});
