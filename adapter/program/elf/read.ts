/** An ELF file, as gcc, clang, as and ld write it, to a program image. */
import { FormatError, sentenceOf } from '../cursor.ts';
import { readDebug } from '../dwarf/read.ts';
import type { Diagnostic, ProgramImage, Section } from '../image.ts';
import { findMultibootHeader } from '../multiboot.ts';
import { directoryOf } from '../paths.ts';
import { contentsOf, flagAllocated, flagExecutable, flagWritable } from './contents.ts';
import { type ElfHeader, readHeader, type SectionHeader } from './header.ts';
import { relocate } from './relocate.ts';
import { imageReader, readSegments } from './segments.ts';
import { readSymbols } from './symbols.ts';

export interface ElfResult {
  /** Absent when the file cannot be loaded; then one diagnostic is an error. */
  readonly image?: ProgramImage;
  readonly diagnostics: Diagnostic[];
}

/** At most this many warnings of one file are told; corrupted debug information can have one for each unit. */
const mostWarnings = 20;

/**
 * Reads an executable or a static PIE for i386 or x86-64. `path` names it in diagnostics, and its directory is where
 * relative source paths start. Never throws for what `bytes` hold.
 */
export async function readElf(path: string, bytes: Uint8Array): Promise<ElfResult> {
  try {
    const image = await readImage(path, bytes);
    return { image, diagnostics: image.warnings.map((message) => diagnostic(path, 'warning', message)) };
  } catch (error) {
    return { diagnostics: [diagnostic(path, 'error', sentenceOf(error))] };
  }
}

async function readImage(path: string, bytes: Uint8Array): Promise<ProgramImage> {
  const header = readHeader(bytes);
  const { segments, bias, warnings: doubts } = readSegments(bytes, header);
  const warnings = [...doubts, ...header.warnings];
  warnings.push(...relocate(segments, header.programHeaders, header.bits, bias));
  const sections = readSections(header, bias);
  const table = readSymbols(bytes, header.sectionHeaders, header.bits, bias);
  warnings.push(...table.warnings);
  const debug = await readDebug({
    bits: header.bits,
    bias,
    directory: directoryOf(path),
    isCode: codeTest(sections, segments),
    section: (name) => findSection(bytes, header, name),
    readMemory: imageReader(segments),
    bases: {
      text: (sections.find(({ name }) => name === '.text')?.address ?? bias) - bias,
      // i386 code addresses data from the start of .got.plt, x86-64 code from .got.
      data: (sections.find(({ name }) => name === '.got.plt' || name === '.got')?.address ?? bias) - bias,
    },
  });
  warnings.push(...debug.warnings);
  const { lines, sources, inlined, frames } = debug;
  const multiboot = findMultibootHeader(bytes);
  return {
    bits: header.bits,
    entry: header.entry + bias,
    segments,
    sections,
    symbols: table.symbols,
    lines,
    sources,
    frames,
    ...(inlined.length > 0 ? { inlined } : {}),
    ...(multiboot ? { multiboot } : {}),
    warnings: shorten(warnings),
  };
}

/** Sections that are in memory when the program runs. */
function readSections(header: ElfHeader, bias: bigint): Section[] {
  return header.sectionHeaders
    .filter(({ flags, size }) => (flags & flagAllocated) !== 0n && size > 0n)
    .map(({ name, address, size, flags }) => ({
      name,
      address: address + bias,
      size,
      executable: (flags & flagExecutable) !== 0n,
      writable: (flags & flagWritable) !== 0n,
    }));
}

function codeTest(sections: readonly Section[], segments: ProgramImage['segments']): (address: bigint) => boolean {
  const code = sections.filter(({ executable }) => executable).map(({ address, size }) => ({ address, size }));
  const ranges =
    code.length > 0 ? code : segments.map((each) => ({ address: each.linearAddress, size: each.memorySize }));
  return (address) => ranges.some((range) => address >= range.address && address < range.address + range.size);
}

async function findSection(bytes: Uint8Array, header: ElfHeader, name: string) {
  const section = header.sectionHeaders.find((each) => each.name === name);
  if (section) return { bytes: await contentsOf(bytes, section, header.bits), address: section.address };
  const old = header.sectionHeaders.find((each: SectionHeader) => each.name === name.replace('.debug', '.zdebug'));
  if (old && old.name !== name) {
    throw new FormatError(
      `Section ${old.name} is compressed in a form that GNU tools gave up, expected ${name}; build with -gz=zlib or -gz=none.`,
    );
  }
  return undefined;
}

function shorten(warnings: readonly string[]): string[] {
  if (warnings.length <= mostWarnings) return [...warnings];
  const rest = warnings.length - mostWarnings;
  return [...warnings.slice(0, mostWarnings), `${rest} more tables of the debug information are damaged.`];
}

function diagnostic(file: string, severity: Diagnostic['severity'], message: string): Diagnostic {
  return { severity, file, line: 0, column: 0, message };
}
