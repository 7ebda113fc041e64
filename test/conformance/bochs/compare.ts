import type { ProgramImage } from '../../../adapter/program/image.ts';
import { expectedRecord } from './departures.ts';
import { addressOf, codeLabels, markAddresses } from './guests.ts';
import { compareMarks, compareRecords, type MarkMachine, parseRecords, type Recording, takeMark } from './marks.ts';

const RECORD_BYTES = 128;

/** Runs a guest with marks beside its recording. Gives the differences, one sentence each, up to the first wrong place. */
export function runMarks(machine: MarkMachine, image: ProgramImage, recording: Recording): string[] {
  const labels = codeLabels(image);
  const addresses = markAddresses(image);
  const exit = addressOf(image, 'exit');
  const differences: string[] = [];
  let previous: string | undefined;
  for (let index = 0; index < recording.marks.length; ) {
    const at = machine.runTo(addresses);
    if (at === undefined) return [...differences, `The guest ended before mark ${index}.`];
    const label = labels.get(at)!;
    // A label that begins a loop is one mark, as it was when recorded.
    if (label === previous) continue;
    previous = label;
    const expected = recording.marks[index]!;
    differences.push(...compareMarks(expected, takeMark(machine, label), `mark ${index} (${expected.label})`));
    index++;
    if (label !== expected.label) return differences;
    if (at === exit && index < recording.marks.length) return [...differences, `The guest exits at mark ${index - 1}.`];
  }
  if (machine.runTo([]) !== undefined) differences.push('The guest does not end by the debug-exit port.');
  if (machine.serial() !== recording.serial) {
    differences.push(
      `Serial output is ${JSON.stringify(machine.serial())}, expected ${JSON.stringify(recording.serial)}.`,
    );
  }
  return differences;
}

/** Runs a guest that fills a table of records. Gives the differences by test. */
export function runRecords(machine: MarkMachine, image: ProgramImage, recording: Recording): Map<string, string[]> {
  const differences = new Map<string, string[]>();
  if (machine.runTo([addressOf(image, 'exit')]) === undefined)
    throw new Error('The guest ended before its label "exit".');
  const counted = machine.read(addressOf(image, 'count'), 8);
  const count = Number(new DataView(counted.buffer, counted.byteOffset).getBigUint64(0, true));
  const table = machine.read(addressOf(image, 'results'), count * RECORD_BYTES);
  const records = parseRecords(table, count, codeLabels(image));
  for (const [name, recorded] of recording.records) {
    const expected = expectedRecord(recording.guest, name, recorded, image);
    const found = compareRecords(expected, records.get(name), name);
    if (found.length > 0) differences.set(name, found);
  }
  return differences;
}
