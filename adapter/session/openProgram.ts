import type { StartState } from '../../emulator/loaders/image.ts';
import { BOOT_SECTOR } from '../../emulator/loaders/real16.ts';
import { assemble } from '../program/assembler/index.ts';
import { readElf } from '../program/elf/read.ts';
import type { Diagnostic, FileReader, ProgramImage } from '../program/image.ts';
import { flatProgram, readLinux } from '../program/linux.ts';

export interface ProgramOptions {
  readonly include: readonly string[];
  readonly defines: Readonly<Record<string, string>>;
  /** `real16` puts plain sources and files without a format where a BIOS loads a boot sector. */
  readonly start?: StartState;
}

export interface OpenedProgram {
  /** Absent when it cannot be run; then `diagnostics` holds an error. */
  readonly image?: ProgramImage;
  readonly diagnostics: readonly Diagnostic[];
}

const SOURCE = /\.(s|sx|asm)$/i;
const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];

/** Reads an ELF file or a kernel, or assembles a source, by what the file is. Never throws for what it holds. */
export async function openProgram(path: string, options: ProgramOptions, reader: FileReader): Promise<OpenedProgram> {
  const error = (message: string): OpenedProgram => ({
    diagnostics: [{ severity: 'error', file: path, line: 0, column: 0, message }],
  });
  const bytes = await reader.read(path);
  if (bytes === undefined) return error('There is no such file.');
  if (ELF_MAGIC.every((byte, index) => bytes[index] === byte)) return readElf(path, bytes);
  if (SOURCE.test(path)) {
    const origin = options.start === 'real16' ? { origin: BigInt(BOOT_SECTOR) } : {};
    return assemble(path, { includePaths: options.include, defines: options.defines, ...origin }, reader);
  }
  try {
    const kernel = readLinux(bytes);
    if (kernel !== undefined) return { image: kernel, diagnostics: [] };
  } catch (refused) {
    return error(refused instanceof Error ? refused.message : String(refused));
  }
  if (options.start === 'real16') return { image: flatProgram(bytes, BigInt(BOOT_SECTOR), 32), diagnostics: [] };
  return error('This is neither an ELF file nor a Linux kernel nor an assembly source (.s, .S, .asm).');
}

/** `guest.s:12:5: error: …`, or without the place where there is none. */
export function diagnosticInWords({ file, line, column, severity, message }: Diagnostic): string {
  const place = line > 0 ? `${file}:${line}${column > 0 ? `:${column}` : ''}` : file;
  return `${place}: ${severity}: ${message}`;
}
