import type { Diagnostic, ProgramImage } from '../image.ts';

export interface AssembleOptions {
  /**
   * Where the first section is laid out; a byte address. Default: what the source gives to the symbol `__origin`, else
   * 0x100000.
   */
  readonly origin?: bigint;
  /** Fixed addresses for sections by name; they are laid out there instead of in sequence. */
  readonly sectionAddresses?: Readonly<Record<string, bigint>>;
  /** Folders searched by `.include`, `.incbin` and `#include` after the including file's own. */
  readonly includePaths?: readonly string[];
  /** Preprocessor names with their replacement (`-D`), or symbols for sources that are not preprocessed (`--defsym`). */
  readonly defines?: Readonly<Record<string, string>>;
  /** Whether the C preprocessor runs first. Default: when the path ends in `.S` or `.sx`. */
  readonly preprocess?: boolean;
  /** Operand syntax at the start of the source. Default `att`. */
  readonly syntax?: 'att' | 'intel';
  /** Instruction mode at the start of the source. Default 64. */
  readonly bits?: 16 | 32 | 64;
  /** Most bytes that one assembly may produce. Default 64 MiB. */
  readonly maximumBytes?: number;
}

/** What one statement emitted. */
export interface ListingRow {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** Indexes `AssembleResult.files`. */
  readonly file: number;
  /** 1-based. */
  readonly line: number;
}

export interface AssembleResult {
  /** Absent when there is an error among the diagnostics. */
  readonly image?: ProgramImage;
  readonly diagnostics: readonly Diagnostic[];
  readonly listing: readonly ListingRow[];
  /** Every file read, the source first; a change in any of them makes the image stale. */
  readonly files: readonly string[];
}
