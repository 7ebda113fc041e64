/**
 * `npm run bench -- [--json] [--check] [--only KERNEL]… [--scale FACTOR]`: how much slower a guest is than this machine,
 * by kernels whose object files are the same. `--scale` multiplies the guests' work; `--check` fails past the limits.
 */
import { parseArgs } from 'node:util';
import { nodeHost } from '../../adapter/node/host.ts';
import { missingToolchain } from '../guests/build.ts';
import { buildKernel, buildRoundTrip, kernelNames, roundTripNames } from './build.ts';
import { timeGuest, timeNative } from './measure.ts';
import { type BenchRow, summarize, tooSlow, toText } from './report.ts';

/** Enough units for 0.1 to 0.5 seconds natively, and some tens of millions of instructions in a guest. */
const units: Readonly<Record<(typeof kernelNames)[number], { native: number; guest: number }>> = {
  integer: { native: 3000, guest: 100 },
  crc: { native: 40_000, guest: 1500 },
  sort: { native: 8000, guest: 300 },
  recursion: { native: 60_000, guest: 2000 },
  bytecode: { native: 10_000, guest: 400 },
  // 1024 units go once through all of the 64 MiB.
  chase: { native: 1024, guest: 1024 },
};
const rounds = 200_000;
const memoryBytes = 128 * 2 ** 20;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    scale: { type: 'string', default: '1' },
  },
});
const scale = Number(values.scale);
const known: readonly string[] = [...kernelNames, ...roundTripNames];
const unknown = values.only?.find((name) => !known.includes(name));
const missing = missingToolchain();
if (!(scale > 0 && scale <= 1000)) fail(`--scale is ${values.scale}, expected a number above 0 and up to 1000.`);
if (unknown !== undefined) fail(`--only is ${unknown}, expected one of ${known.join(', ')}.`);
if (missing !== undefined) fail(`The bench needs its guests: ${missing}.`);

const wanted = (name: string) => values.only === undefined || values.only.includes(name);
const rows: BenchRow[] = [];
for (const name of kernelNames.filter(wanted)) rows.push(await compare(name));
for (const name of roundTripNames.filter(wanted)) rows.push(await countRoundTrips(name));
const report = summarize(rows);
process.stdout.write(`${values.json ? JSON.stringify(report, undefined, 2) : toText(report)}\n`);
if (values.check) {
  const sentences = tooSlow(report);
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`);
  if (sentences.length > 0) process.exitCode = 1;
}

async function compare(name: (typeof kernelNames)[number]): Promise<BenchRow> {
  const { native, guest } = buildKernel(name);
  const guestUnits = Math.max(1, Math.round(units[name].guest * scale));
  const expected = timeNative(native, guestUnits, 1).checksum;
  const inGuest = await timeGuest(await newMachine(), guest, guestUnits);
  if (inGuest.checksum !== expected) {
    throw new Error(`${name} gives ${inGuest.checksum} in the guest, expected the native ${expected}.`);
  }
  const { nanosecondsPerUnit } = timeNative(native, units[name].native);
  return {
    kernel: name,
    nativeNanosecondsPerUnit: nanosecondsPerUnit,
    guestNanosecondsPerUnit: inGuest.nanosecondsPerUnit,
    ratio: inGuest.nanosecondsPerUnit / nanosecondsPerUnit,
    millionStepsPerSecond: inGuest.millionStepsPerSecond,
  };
}

async function countRoundTrips(name: (typeof roundTripNames)[number]): Promise<BenchRow> {
  const timing = await timeGuest(await newMachine(), buildRoundTrip(name), Math.max(1, Math.round(rounds * scale)));
  return {
    kernel: `${name} round trip`,
    guestNanosecondsPerUnit: timing.nanosecondsPerUnit,
    millionStepsPerSecond: timing.millionStepsPerSecond,
  };
}

function newMachine() {
  return nodeHost.createMachine({ cpu: 'tigerlake', memoryBytes });
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}
