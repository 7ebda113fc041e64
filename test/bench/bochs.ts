/** Times a bench guest in Bochs: the same image, from the mark at its beginning to the mark at its end. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readElf } from '../../adapter/program/elf/read.ts';
import { assembleBoot, bootFolder } from '../conformance/bochs/boot.ts';
import { addressOf, flatten, ORIGIN } from '../conformance/bochs/guests.ts';
import type { Timing } from './measure.ts';
import { processorTime } from './processorTime.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Looked for in this order: a build for speed, then the one that recordings are made with. */
const PLACES = ['.cache/bochs/fast/bochs', '.cache/bochs/src/bochs/bochs'];

/** The Bochs to compare with, or one sentence that says why there is none. */
export function findBochs(path?: string): { path: string } | { missing: string } {
  const places = path === undefined ? PLACES.map((place) => join(root, place)) : [path];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return { path: found };
  const where = path ?? PLACES.join(' nor at ');
  return {
    missing: `There is no Bochs at ${where}, so nothing is compared with it; test/conformance/bochs/README.md builds one.`,
  };
}

/** As roundTrip.h and guest.c have them. */
const BEGIN = 2;
const END = 3;
const MEBIBYTES = 128;

export interface BochsRun {
  readonly path: string;
  /** The processor model. */
  readonly model?: string;
  readonly seconds?: number;
}

/**
 * Runs `units` of a guest, an ELF file. The guest says by port E9h when it begins and ends and what its checksum is, so
 * that neither Bochs's start nor the guest's preparations count. How far Bochs gets until the mark is read is not counted
 * right: work should take some 100 ms.
 */
export async function timeInBochs(
  { path, model = 'tigerlake', seconds = 120 }: BochsRun,
  guest: string,
  units: number,
): Promise<Timing> {
  const { image, diagnostics } = await readElf(guest, new Uint8Array(readFileSync(guest)));
  if (!image) throw new Error(diagnostics.map(({ message }) => message).join(' '));
  const bytes = flatten(image);
  new DataView(bytes.buffer).setBigUint64(Number(addressOf(image, 'bench_units') - ORIGIN), BigInt(units), true);
  const lines = ['port_e9_hack: enabled=1'];
  const folder = bootFolder({ boot: assembleBoot(), guest: bytes, model, mebibytes: MEBIBYTES, lines });
  try {
    const { nanoseconds, checksum } = await listen(path, folder, seconds);
    return { checksum, nanosecondsPerUnit: nanoseconds / units };
  } catch (error) {
    const log = existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'latin1') : '';
    const last = log.trimEnd().split('\n').at(-1);
    throw new Error(`${guest} in Bochs: ${error instanceof Error ? error.message : error} Its log ends: ${last}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function listen(path: string, folder: string, seconds: number): Promise<{ nanoseconds: number; checksum: string }> {
  const child = spawn(path, ['-q', '-f', 'bochsrc'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((resolve, reject) => {
    let [begun, ended] = [0, 0];
    let checksum = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, seconds * 1000);
    child.stdout.on('data', (chunk: Buffer) => {
      const now = child.pid === undefined ? 0 : processorTime(child.pid);
      for (const byte of chunk) {
        if (byte === BEGIN) begun = now;
        else if (byte === END) ended = now;
        else if (ended > 0) checksum += String.fromCharCode(byte);
      }
      if (checksum.endsWith('\n')) child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (checksum.endsWith('\n')) resolve({ nanoseconds: ended - begun, checksum: checksum.trim() });
      else if (late) reject(new Error(`It did not end within ${seconds} seconds.`));
      else reject(new Error(`It ended with ${code} before the guest did.`));
    });
  });
}
