import type { FileReader, ProgramImage, Segment } from '../image.ts';
import { findMultibootHeader } from '../multiboot.ts';
import { Assembler } from './assembler.ts';
import { DiagnosticSink } from './diagnostics.ts';
import { DIRECTIVES } from './directives/index.ts';
import { Layout } from './layout.ts';
import { codeModes, imageSections, lineRows, listingRows, programSymbols, segments as segmentsOf } from './output.ts';
import { preprocess } from './preprocessor/preprocess.ts';
import { FileCache, FileNeeded, FileTable, type SourceLine } from './source.ts';
import { splitLines } from './text.ts';
import type { AssembleOptions, AssembleResult } from './types.ts';

export type { AssembleOptions, AssembleResult, ListingRow } from './types.ts';

const nowhere = { origin: { file: 0, line: 0 }, column: 1, chain: '' };

/**
 * Assembles a source in GAS syntax into an image laid out at its final addresses, as `as` and `ld` together would.
 *
 * Sections follow each other from `options.origin` in the order .text, .rodata, .data, others, .bss. The entry is `_start`,
 * else the start of .text. Never rejects for a fault of the source: every error becomes a diagnostic, and the image is then
 * absent. Rejects only when `reader` does.
 */
export async function assemble(path: string, options: AssembleOptions, reader: FileReader): Promise<AssembleResult> {
  const files = new FileTable();
  const cache = new FileCache();
  const sink = new DiagnosticSink(files);
  files.index(path);
  const fill = async (needed: FileNeeded): Promise<void> => cache.set(needed.path, await reader.read(needed.path));

  const source = await reader.read(path);
  if (source === undefined) {
    sink.add('error', `There is no file "${path}".`, nowhere);
    return { diagnostics: sink.list, listing: [], files: files.paths };
  }
  cache.set(path, source);

  const run = async <T>(step: () => T): Promise<T> => {
    for (;;) {
      try {
        return step();
      } catch (error) {
        if (!(error instanceof FileNeeded)) throw error;
        await fill(error);
      }
    }
  };

  const preprocessed = options.preprocess ?? /\.(S|sx)$/.test(path);
  const lines: SourceLine[] = preprocessed
    ? await run(() => preprocess(path, source, options, files, cache, sink))
    : splitLines(new TextDecoder().decode(source), path, files, (line) =>
        sink.add('error', 'This block comment never ends.', { origin: { file: 0, line }, column: 1, chain: '' }),
      );

  const assembler = new Assembler(options, files, cache, sink, DIRECTIVES);
  if (!preprocessed) defineSymbols(assembler, options);
  assembler.input.push('file', path, lines, 0);
  await run(() => assembler.run());
  return finish(assembler, options);
}

/** `--defsym`: names with numbers as values. */
function defineSymbols(assembler: Assembler, options: AssembleOptions): void {
  for (const [name, text] of Object.entries(options.defines ?? {})) {
    try {
      assembler.symbols.get(name).value = { kind: 'number', value: BigInt(text === '' ? '1' : text) };
    } catch {
      assembler.sink.add(
        'error',
        `The definition of "${name}" must be a number in a source that is not preprocessed, not "${text}".`,
        nowhere,
      );
    }
  }
}

function finish(assembler: Assembler, options: AssembleOptions): AssembleResult {
  const { sink, files } = assembler;
  const layout = new Layout(assembler.sections, assembler.symbols, sink);
  layout.run(options);
  const diagnostics = sink.sorted();
  if (sink.errors > 0) return { diagnostics, listing: [], files: files.paths };
  const segments = segmentsOf(layout);
  const text = assembler.sections.get('.text');
  const start = assembler.symbols.find('_start')?.address;
  const multiboot = findMultibootHeader(leadingBytes(segments));
  const image: ProgramImage = {
    bits: options.bits === 32 || (options.bits === undefined && entryMode(assembler) === 32) ? 32 : 64,
    entry: start ?? text.address,
    segments,
    sections: imageSections(layout),
    symbols: programSymbols(assembler.symbols),
    lines: lineRows(layout),
    codeModes: codeModes(layout),
    sources: files.paths,
    frames: assembler.frames.descriptions(),
    ...(multiboot === undefined ? {} : { multiboot }),
    warnings: [],
  };
  return { image, diagnostics, listing: listingRows(layout), files: files.paths };
}

/** The mode at the entry label, as far as the source told it. */
function entryMode(assembler: Assembler): number {
  return assembler.entryMode ?? assembler.mode;
}

/** The first 8 KiB of the flat image that the segments make. */
function leadingBytes(segments: readonly Segment[]): Uint8Array {
  const out = new Uint8Array(8192);
  const base = segments[0]?.physicalAddress ?? 0n;
  let length = 0;
  for (const { physicalAddress, data } of segments) {
    const offset = physicalAddress - base;
    if (offset >= 8192n) break;
    const part = data.subarray(0, 8192 - Number(offset));
    out.set(part, Number(offset));
    length = Math.max(length, Number(offset) + part.length);
  }
  return out.subarray(0, length);
}
