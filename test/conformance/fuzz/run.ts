/**
 * The lockstep fuzzer: random instructions from random states, here and on an oracle.
 *
 *   npm run fuzz -- --mode 16|32|v86|64 --cpl 0|3 --against bochs|processor [--seed N] [--instructions N] [--bochs PATH]
 *
 * Prints the seed, a line for each batch, and the first differences with bytes, disassembly and state; ends with status
 * 1 if there are any. `--first N` starts at another case than 0, `--case N[,N…]` runs these cases alone, `--keep FILE`
 * appends mode, ring, oracle, seed, case and kind of every difference to a file; `--integer` leaves x87, MMX and SSE out.
 * `--case N --vector WHY` adds a case on which both agree, now that it is mended, to data/fuzzFound.json.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Code } from 'iced-x86';
import { hostPhysical } from '../../../emulator/addresses.ts';
import type { Batch } from './batch.ts';
import { runInBochs } from './bochsMachine.ts';
import { type Difference, describe, describeState, differences, withInstruction } from './compare.ts';
import { departureOf } from './departures.ts';
import type { Setting } from './exclusions.ts';
import { bare, batchOf, readFound, toFound, writeFound } from './found.ts';
import { Generator } from './generate.ts';
import { type FuzzCase, FXAREA, MODES, type Mode, RECORD, TEMPLATE_BYTES } from './layout.ts';
import { settingOf } from './modes.ts';
import { runHere, Stuck } from './ownMachine.ts';
import { runOnProcessor } from './processor.ts';

const BOCHS = fileURLToPath(new URL('../../../.cache/bochs/src/bochs/bochs', import.meta.url));

/** How many case numbers a kind of difference is listed with. */
const EXAMPLES = 6;

const { values: given } = parseArgs({
  options: {
    mode: { type: 'string', default: '64' },
    cpl: { type: 'string', default: '3' },
    against: { type: 'string', default: 'bochs' },
    seed: { type: 'string' },
    instructions: { type: 'string', default: '100000' },
    batch: { type: 'string', default: '20000' },
    bochs: { type: 'string', default: BOCHS },
    show: { type: 'string', default: '10' },
    case: { type: 'string' },
    first: { type: 'string', default: '0' },
    keep: { type: 'string' },
    vector: { type: 'string' },
    integer: { type: 'boolean', default: false },
  },
});

const values = { ...given, bochs: given.bochs ?? BOCHS };

function whole(name: 'seed' | 'instructions' | 'batch' | 'show' | 'case' | 'first', text: string | undefined): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) fail(`--${name} is ${text}; a whole number from 0 on is expected.`);
  return value;
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

function readSetting(): Setting {
  const mode = MODES.find((each) => each === values.mode) as Mode | undefined;
  if (mode === undefined) fail(`--mode is ${values.mode}; one of ${MODES.join(', ')} is expected.`);
  if (values.cpl !== '0' && values.cpl !== '3') fail(`--cpl is ${values.cpl}; 0 or 3 is expected.`);
  if (values.against !== 'bochs' && values.against !== 'processor')
    fail(`--against is ${values.against}; bochs or processor is expected.`);
  const cpl = values.cpl === '0' ? 0 : 3;
  if (mode === 'v86' && cpl === 0) fail('--cpl is 0; virtual-8086 mode is always ring 3.');
  if (values.against === 'processor' && (cpl === 0 || mode === 'v86'))
    fail('--against processor is for --mode 64, 32 or 16 and --cpl 3.');
  return { mode, cpl, against: values.against, integer: values.integer ?? false };
}

/** Case numbers by the batch that they belong to, for its windows. */
function grouped(cases: readonly number[], size: number): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const number of cases) {
    const first = number - (number % size);
    groups.set(first, [...(groups.get(first) ?? []), number]);
  }
  return groups;
}

function* consecutive(start: number, total: number, size: number): Iterable<[number, number[]]> {
  for (let at = start; at < start + total; ) {
    const first = at - (at % size);
    const count = Math.min(first + size, start + total) - at;
    yield [first, Array.from({ length: count }, (_, i) => at + i)];
    at += count;
  }
}

async function main(): Promise<void> {
  const setting = readSetting();
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 32) : whole('seed', values.seed);
  const generator = new Generator(setting, seed);
  const { bits } = settingOf(setting);
  const size = whole('batch', values.batch);
  const single = values.case?.split(',').map((text) => whole('case', text));
  const start = whole('first', values.first);
  const total = single?.length ?? whole('instructions', values.instructions);
  if (values.vector !== undefined) {
    if (single?.length !== 1) fail('--vector goes with one --case.');
    return keepVector(values.vector, single[0]!);
  }
  const show = whole('show', values.show);
  const kinds = new Map<string, number>();
  const examples = new Map<string, number[]>();
  const departures = new Map<string, number>();
  let image: Uint8Array | undefined;
  let [shown, found, done] = [0, 0, 0];
  console.log(
    `mode ${setting.mode}, ring ${setting.cpl}, against ${setting.against}, seed ${seed}, ${total} instructions`,
  );
  for (const [first, numbers] of single ? grouped(single, size) : consecutive(start, total, size)) {
    const batch = generator.batch(first, 0);
    const started = performance.now();
    const { cases, outcomes } = await comeThrough(
      batch,
      numbers.map((number) => generator.case(number)),
    );
    const middle = performance.now();
    const state = new Uint8Array(TEMPLATE_BYTES);
    const there = await runThere({ ...batch, cases }, outcomes, state);
    const list = differences(cases, outcomes, there, bits, setting.against);
    for (const difference of list) {
      const departure = withInstruction(difference.item, bits, (instruction) =>
        departureOf(difference, instruction, setting.against),
      );
      if (departure !== undefined) {
        departures.set(departure, (departures.get(departure) ?? 0) + 1);
        continue;
      }
      found++;
      const kind = kindOf(difference);
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      note(kind, difference.item.number);
      if (kinds.get(kind)! > 2 || shown >= show) continue;
      shown++;
      console.log(`case ${cases[difference.index]!.number}: ${describe(difference, bits)}`);
      if (total === 1 && image) console.log(describeState(image, state).join('\n'));
    }
    done += numbers.length;
    const [own, other] = [(middle - started) / 1000, (performance.now() - middle) / 1000];
    console.log(`${done} instructions, ${found} differences (${own.toFixed(1)} s here, ${other.toFixed(1)} s there)`);
  }
  for (const [kind, count] of [...kinds].sort((a, b) => b[1] - a[1]))
    console.log(`${String(count).padStart(7)}  ${kind}  cases ${examples.get(kind)?.join(' ') ?? ''}`);
  for (const [why, count] of departures) console.log(`${String(count).padStart(7)}  departure: ${why}`);
  if (found > 0) process.exitCode = 1;

  /** Both must agree on the case in windows of zeros as well. */
  async function keepVector(why: string, number: number): Promise<void> {
    const { templates } = generator.batch(number - (number % size), 0);
    const { item, state } = bare(generator.case(number), templates);
    const batch = batchOf(setting.mode, item, state);
    const { outcomes } = await runHere(batch);
    const there = await runThere(batch, outcomes, new Uint8Array(TEMPLATE_BYTES));
    const [difference] = differences(batch.cases, outcomes, there, bits, setting.against);
    if (difference !== undefined) fail(describe(difference, bits));
    writeFound([...readFound(), toFound(why, setting, item, state, there)]);
  }

  function note(kind: string, number: number): void {
    const numbers = examples.get(kind) ?? [];
    if (numbers.length < EXAMPLES) numbers.push(number);
    examples.set(kind, numbers);
    const place = [setting.mode, setting.cpl, setting.against, seed, number];
    if (values.keep !== undefined) appendFileSync(values.keep, `${place.join('\t')}\t${kind}\n`);
  }

  function kindOf({ item, fields, here, there }: Difference): string {
    const name = withInstruction(item, bits, (instruction) => Code[instruction.code] ?? '?');
    return `${name}: ${fields.join(' ')} (vectors ${here.vector}/${there.vector})`;
  }

  /** Leaves out the cases that this machine does not come through, and counts them as differences. */
  async function comeThrough(batch: Batch, all: readonly FuzzCase[]) {
    const cases: FuzzCase[] = [];
    const parts: Uint8Array[] = [];
    for (let rest = all; rest.length > 0; ) {
      try {
        const run = await runHere({ ...batch, cases: rest });
        parts.push(run.outcomes);
        image = run.machine.readPhysical(hostPhysical(FXAREA), TEMPLATE_BYTES).data;
        cases.push(...rest);
        break;
      } catch (error) {
        if (!(error instanceof Stuck)) throw error;
        const item = rest[error.index]!;
        const bytes = [...item.code].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
        const kind = `stopped: ${error.message.replace(/^.*?: /, '').replace(/\(RIP.*/, '')}`;
        found++;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        note(kind, item.number);
        if (kinds.get(kind) === 1) console.log(`case ${item.number}: ${bytes}: ${error.message}`);
        parts.push(error.outcomes.subarray(0, error.index * RECORD));
        cases.push(...rest.slice(0, error.index));
        rest = rest.slice(error.index + 1);
      }
    }
    return { cases, outcomes: new Uint8Array(Buffer.concat(parts)) };
  }

  async function runThere(batch: Batch, own: Uint8Array, state: Uint8Array): Promise<Uint8Array> {
    if (setting.against === 'processor') return runOnProcessor(batch, own);
    if (!existsSync(values.bochs)) fail(`There is no Bochs at ${values.bochs}; --bochs names one with its debugger.`);
    return runInBochs(values.bochs, batch, state);
  }
}

await main();
