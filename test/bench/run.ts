/**
 * `npm run bench -- [--json] [--check] [--only NAME]… [--scale FACTOR] [--repeat TIMES] [--bochs PATH | --no-bochs]`: how
 * much slower a guest is than this machine, by kernels whose object files are the same, and beside Bochs with the same
 * image. Everything is measured `--repeat` times in turn, the fastest counts: what is slower was disturbed. `--scale`
 * multiplies the guests' work; `--check` fails past the limits.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { nodeHost } from '../../adapter/node/host.ts';
import { missingToolchain } from '../guests/build.ts';
import { findBochs, timeInBochs } from './bochs.ts';
import { buildKernel, buildRoundTrip, kernelNames, type RoundTripName, roundTripNames } from './build.ts';
import { type GuestTiming, type Timing, timeGuest, timeNative } from './measure.ts';
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
    repeat: { type: 'string', default: '3' },
    bochs: { type: 'string' },
    'no-bochs': { type: 'boolean', default: false },
  },
});
const scale = Number(values.scale);
const repeat = Number(values.repeat);
const known: readonly string[] = [...kernelNames, ...roundTripNames];
const unknown = values.only?.find((name) => !known.includes(name));
const missing = missingToolchain();
if (!(scale > 0 && scale <= 1000)) fail(`--scale is ${values.scale}, expected a number above 0 and up to 1000.`);
if (!(Number.isInteger(repeat) && repeat > 0 && repeat <= 100))
  fail(`--repeat is ${values.repeat}, expected a whole number from 1 to 100.`);
if (unknown !== undefined) fail(`--only is ${unknown}, expected one of ${known.join(', ')}.`);
if (missing !== undefined) fail(`The bench needs its guests: ${missing}.`);

const bochs = values['no-bochs'] ? { missing: 'Bochs was left out (--no-bochs).' } : findBochs(values.bochs);
if (values.bochs !== undefined && 'missing' in bochs) fail(bochs.missing);
const loadBefore = loadavg()[0]!;

const wanted = (name: string) => values.only === undefined || values.only.includes(name);
const rows: BenchRow[] = [];
for (const name of kernelNames.filter(wanted)) rows.push(await compareKernel(name));
for (const name of roundTripNames.filter(wanted)) rows.push(await compareRoundTrip(name));
const report = summarize(rows, {
  loadAverage: [loadBefore, loadavg()[0]!],
  ...('missing' in bochs ? { withoutBochs: bochs.missing } : {}),
});
process.stdout.write(`${values.json ? JSON.stringify(report, undefined, 2) : toText(report)}\n`);
if (values.check) {
  const sentences = tooSlow(report);
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`);
  if (sentences.length > 0) process.exitCode = 1;
}

async function compareKernel(name: (typeof kernelNames)[number]): Promise<BenchRow> {
  const { native, guest } = buildKernel(name);
  const guestUnits = Math.max(1, Math.round(units[name].guest * scale));
  const expected = timeNative(native, guestUnits, 1).checksum;
  const row = await compareGuest(name, guest, guestUnits, expected);
  const { nanosecondsPerUnit } = timeNative(native, units[name].native);
  return {
    ...row,
    nativeNanosecondsPerUnit: nanosecondsPerUnit,
    ratio: row.guestNanosecondsPerUnit / nanosecondsPerUnit,
  };
}

function compareRoundTrip(name: RoundTripName): Promise<BenchRow> {
  return compareGuest(name, buildRoundTrip(name), Math.max(1, Math.round(rounds * scale)));
}

/** One guest on the machine and in Bochs, in turn. Without an expected checksum, Bochs and the machine have to agree. */
async function compareGuest(name: string, guest: string, guestUnits: number, expected?: string): Promise<BenchRow> {
  const onMachine: GuestTiming[] = [];
  const inBochs: Timing[] = [];
  for (let time = 0; time < repeat; time++) {
    onMachine.push(await timeGuest(await newMachine(), guest, guestUnits));
    if ('path' in bochs) inBochs.push(await timeInBochs(bochs, guest, guestUnits));
  }
  const wrong = [...onMachine, ...inBochs].find(({ checksum }) => checksum !== (expected ?? onMachine[0]!.checksum));
  if (wrong) {
    const other = expected === undefined ? `the machine's ${onMachine[0]!.checksum}` : `the native ${expected}`;
    throw new Error(`${name} gives ${wrong.checksum} in a guest, expected ${other}.`);
  }
  const fastest = onMachine.reduce((a, b) => (b.nanosecondsPerUnit < a.nanosecondsPerUnit ? b : a));
  const row = {
    kernel: name,
    guestNanosecondsPerUnit: fastest.nanosecondsPerUnit,
    millionStepsPerSecond: fastest.millionStepsPerSecond,
  };
  if (inBochs.length === 0) return row;
  const bochsNanosecondsPerUnit = Math.min(...inBochs.map(({ nanosecondsPerUnit }) => nanosecondsPerUnit));
  return { ...row, bochsNanosecondsPerUnit, ofBochs: fastest.nanosecondsPerUnit / bochsNanosecondsPerUnit };
}

function newMachine() {
  return nodeHost.createMachine({ cpu: 'tigerlake', memoryBytes });
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}
