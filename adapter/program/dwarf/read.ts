/** All debug information that a program image carries, each table on its own: a broken one costs a warning, no more. */
import { sentenceOf } from '../cursor.ts';
import type { FrameDescription, InlinedCall, LineRow } from '../image.ts';
import { type FrameInput, readFrames } from './frames.ts';
import { readInlined } from './inlined.ts';
import { readLines } from './lines.ts';
import { readUnits, type Unit } from './units.ts';

export interface DebugInput extends Pick<FrameInput, 'bits' | 'bias' | 'readMemory' | 'bases'> {
  /** Directory of the program, for units that do not name theirs. */
  readonly directory: string;
  readonly isCode: (address: bigint) => boolean;
  /** Contents and linked address of a section by name; undefined when there is none. Rejects with a FormatError. */
  readonly section: (name: string) => Promise<{ bytes: Uint8Array; address: bigint } | undefined>;
}

export interface DebugTables {
  readonly lines: LineRow[];
  readonly sources: string[];
  readonly inlined: InlinedCall[];
  readonly frames: FrameDescription[];
  readonly warnings: string[];
}

export async function readDebug(input: DebugInput): Promise<DebugTables> {
  const warnings: string[] = [];
  const nothing = new Uint8Array(0);
  const load = async (name: string) => {
    try {
      return await input.section(name);
    } catch (error) {
      warnings.push(sentenceOf(error));
      return undefined;
    }
  };
  const bytesOf = async (name: string) => (await load(name))?.bytes ?? nothing;

  const strings = { str: await bytesOf('.debug_str'), lineStr: await bytesOf('.debug_line_str') };
  const info = await bytesOf('.debug_info');
  const units = readUnits({
    info,
    abbreviations: await bytesOf('.debug_abbrev'),
    strings,
    stringOffsets: await bytesOf('.debug_str_offsets'),
    addresses: await bytesOf('.debug_addr'),
  });
  const table = readLines({
    section: await bytesOf('.debug_line'),
    strings,
    directories: directoriesOf(units.units),
    directory: input.directory,
    bias: input.bias,
    isCode: input.isCode,
  });
  const inlined = readInlined({
    info,
    units: units.units,
    ranges: { old: await bytesOf('.debug_ranges'), lists: await bytesOf('.debug_rnglists') },
    files: table.files,
    sources: table.sources,
    bias: input.bias,
    isCode: input.isCode,
  });
  // .debug_frame comes first: where both describe a function, it is the one made for debuggers.
  const frames = readFrames({
    sections: [
      { name: '.debug_frame', contents: await load('.debug_frame') },
      { name: '.eh_frame', contents: await load('.eh_frame') },
    ],
    bits: input.bits,
    bias: input.bias,
    readMemory: input.readMemory,
    bases: input.bases,
    isCode: input.isCode,
  });
  warnings.push(...units.warnings, ...table.warnings, ...inlined.warnings, ...frames.warnings);
  const sources = [...table.sources.keys()];
  return { lines: table.lines, sources, inlined: inlined.calls, frames: frames.frames, warnings };
}

/** By the offset of the line table; the first unit that has one tells. */
function directoriesOf(units: readonly Unit[]): Map<number, string> {
  const directories = new Map<number, string>();
  for (const { lines, directory } of units) {
    if (lines !== undefined && directory !== undefined && !directories.has(lines)) directories.set(lines, directory);
  }
  return directories;
}
