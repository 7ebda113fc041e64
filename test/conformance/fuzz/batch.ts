/** A table of cases as both machines load it. */
import { fileURLToPath } from 'node:url';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { assembleGuest } from '../bochs/guests.ts';
import { COUNT, encodeCase, type FuzzCase, INPUT, type Mode, PAGE, PRISTINE, RECORD, TEMPLATES } from './layout.ts';

export interface Batch {
  readonly mode: Mode;
  readonly cases: readonly FuzzCase[];
  /** 8 KiB each. */
  readonly data: Uint8Array;
  readonly stack: Uint8Array;
  readonly templates: Uint8Array;
}

/** The kernel that runs the cases of a mode. */
export function kernelOf(mode: Mode): Promise<ProgramImage> {
  return assembleGuest(fileURLToPath(new URL(mode === '64' ? 'kernel64.s' : 'kernel32.s', import.meta.url)));
}

/** Memory from `PRISTINE` on: windows, templates, count and table. */
export function tableImage({ mode, cases, data, stack, templates }: Batch): Uint8Array {
  const image = new Uint8Array(INPUT - PRISTINE + cases.length * RECORD);
  image.fill(0xcc, 0, 2 * PAGE);
  image.set(data, 2 * PAGE);
  image.set(stack, 4 * PAGE);
  image.set(templates, TEMPLATES - PRISTINE);
  new DataView(image.buffer).setUint32(COUNT - PRISTINE, cases.length, true);
  if (mode === 'v86') new DataView(image.buffer).setUint32(COUNT + 4 - PRISTINE, 1, true);
  const table = image.subarray(INPUT - PRISTINE);
  for (const [index, item] of cases.entries()) encodeCase(table, index, item);
  return image;
}
