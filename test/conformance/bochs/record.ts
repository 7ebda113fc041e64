/**
 * Runs the guests in a Bochs with CET and its debugger and writes what it shows into this folder.
 *
 *   npx tsx test/conformance/bochs/record.ts --bochs PATH [GUEST ...]
 *
 * PATH may also come from the environment variable BOCHS. README.md says how Bochs has to be built. Each guest runs
 * under two processor models: what they disagree on depends on CPUID and is left out of marks.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { Bochs } from './bochs.ts';
import { assembleBoot } from './boot.ts';
import { addressOf, assembleGuest, codeLabels, flatten, GUESTS, type Guest, markAddresses } from './guests.ts';
import { type Mark, parseRecords, type Recording, writeRecording } from './marks.ts';

const MODELS = ['tigerlake', 'arrow_lake'] as const;
const SERIAL_DRAIN_STEPS = 200_000;

async function main(parameters: string[]): Promise<void> {
  const option = parameters.indexOf('--bochs');
  const bochs = option < 0 ? process.env.BOCHS : parameters[option + 1];
  if (bochs === undefined) throw new Error('Name the Bochs binary with --bochs PATH or the variable BOCHS.');
  const names = parameters.filter((_, index) => option < 0 || (index !== option && index !== option + 1));
  const unknown = names.find((name) => !GUESTS.some((guest) => guest.name === name));
  if (unknown !== undefined)
    throw new Error(`There is no guest "${unknown}"; there are ${GUESTS.map((g) => g.name).join(', ')}.`);
  const binary = resolve(bochs);
  const boot = assembleBoot();
  for (const guest of GUESTS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const image = await assembleGuest(guest.path);
    const [first, second] = [await record(binary, boot, guest, image, 0), await record(binary, boot, guest, image, 1)];
    writeFileSync(new URL(`${guest.name}.json`, import.meta.url), writeRecording(common(first, second)));
    console.log(
      `${guest.name}: ${first.marks.length} marks, ${first.records.size} records, exit code ${first.exitCode}`,
    );
  }
}

async function record(
  path: string,
  boot: Uint8Array,
  guest: Guest,
  image: ProgramImage,
  index: 0 | 1,
): Promise<Recording> {
  const model = (guest.models ?? MODELS)[index];
  const bochs = await Bochs.start({ path, boot, guest: flatten(image), model });
  try {
    const labels = codeLabels(image);
    const exit = addressOf(image, 'exit');
    const marks: Mark[] = [];
    await bochs.breakAt(guest.kind === 'marks' ? markAddresses(image) : [exit]);
    for (;;) {
      const at = await bochs.continue();
      const label = labels.get(at) ?? `0x${at.toString(16)}`;
      // A label that begins a loop is one mark.
      if (guest.kind === 'marks' && marks.at(-1)?.label !== label) marks.push(await bochs.mark(label));
      if (at === exit) break;
    }
    const exitCode = Number(await bochs.register('rax'));
    const table = guest.kind === 'marks' ? undefined : await bochs.read(addressOf(image, 'results'), 400 * 128);
    const count = guest.kind === 'marks' ? 0 : Number(await bochs.quadword(addressOf(image, 'count')));
    const records = table === undefined ? new Map<string, never>() : parseRecords(table, count, labels);
    const serial = guest.kind === 'marks' ? await bochs.drainSerial(SERIAL_DRAIN_STEPS) : '';
    const sha256 = createHash('sha256').update(flatten(image)).digest('hex');
    return {
      guest: guest.name,
      sha256,
      machine: `${bochs.version}, ${model}`,
      exitCode,
      serial,
      marks,
      records,
    };
  } finally {
    bochs.stop();
  }
}

/** The first recording without the registers in which the second differs. Throws when anything else differs. */
function common(first: Recording, second: Recording): Recording {
  const rest = ({ marks, machine, records, ...others }: Recording) =>
    JSON.stringify([
      others,
      [...records].map(([name, record]) => [name, Object.values(record).map(String)]),
      marks.length,
    ]);
  if (rest(first) !== rest(second)) throw new Error(`${first.guest} runs differently on the two processor models.`);
  const marks = first.marks.map((mark, index) => {
    const other = second.marks[index]!;
    if (mark.label !== other.label)
      throw new Error(`${first.guest}: mark ${index} is ${mark.label} and ${other.label}.`);
    const registers = Object.entries(mark.registers).filter(
      ([name, value]) => other.registers[name as 'rax'] === value,
    );
    return { ...mark, registers: Object.fromEntries(registers) };
  });
  return { ...first, marks };
}

await main(process.argv.slice(2));
