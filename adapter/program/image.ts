import type { LinuxHeader } from '../../emulator/loaders/image.ts';

/**
 * What is debugged: the one shape that the assembler and the ELF reader produce, and that the loader, the breakpoint
 * mapper, the stack walker and the views read. Addresses are the guest's (linear for symbols, lines and frames;
 * physical for segments).
 */
export interface ProgramImage {
  /** 32 for ELF32 and `.code32` entry, 64 otherwise. Says nothing about the entry state, which `start` decides. */
  readonly bits: 32 | 64;
  readonly entry: bigint;
  readonly segments: readonly Segment[];
  readonly sections: readonly Section[];
  readonly symbols: readonly ProgramSymbol[];
  readonly lines: readonly LineRow[];
  /** Absolute paths (or as the producer wrote them, made absolute against its directory); `LineRow.file` indexes it. */
  readonly sources: readonly string[];
  /** Where code of another width begins, by address, as far as the producer tells: the assembler does, ELF does not. */
  readonly codeModes?: readonly CodeMode[];
  /** Unwind rules from `.debug_frame` and `.eh_frame`, if any. */
  readonly frames: readonly FrameDescription[];
  /** Calls that the compiler replaced by the body of what they call; by start, outer ones first. */
  readonly inlined?: readonly InlinedCall[];
  /** Present when a multiboot 1 header was found in the first 8 KiB. */
  readonly multiboot?: MultibootHeader;
  /** Present for a Linux kernel image. */
  readonly linux?: LinuxHeader;
  /** One sentence each: what was wrong with debug information that could be skipped. */
  readonly warnings: readonly string[];
}

/** A piece of memory to fill before the guest starts (ELF PT_LOAD, or an assembled section). */
export interface Segment {
  readonly physicalAddress: bigint;
  readonly linearAddress: bigint;
  readonly data: Uint8Array;
  /** Bytes in memory; those past `data` are zero. */
  readonly memorySize: bigint;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface Section {
  readonly name: string;
  readonly address: bigint;
  readonly size: bigint;
  readonly executable: boolean;
  readonly writable: boolean;
}

/** From `address` on, to the next mode or the end of the section, code is of this width. */
export interface CodeMode {
  readonly address: bigint;
  readonly bits: 16 | 32 | 64;
}

export interface ProgramSymbol {
  readonly name: string;
  readonly address: bigint;
  /** 0 when the producer gave none. */
  readonly size: bigint;
  readonly kind: 'function' | 'object' | 'label' | 'absolute';
  readonly global: boolean;
}

/** A row of the line table: from `address` on, code belongs to this line, until the next row or `endSequence`. */
export interface LineRow {
  readonly address: bigint;
  readonly file: number;
  /** 1-based; 0 when the row belongs to no line. */
  readonly line: number;
  /** 1-based; 0 when unknown. */
  readonly column: number;
  readonly isStatement: boolean;
  readonly endSequence: boolean;
  /** DWARF prologue_end: the first address of a function's body. */
  readonly prologueEnd?: boolean;
}

/** A contiguous piece of an inlined function: [start, end) does the work of `name`, called at `file`:`line`. */
export interface InlinedCall {
  readonly start: bigint;
  readonly end: bigint;
  /** 0 when inlined into a function that exists, 1 into one that is itself inlined, and so on. */
  readonly depth: number;
  readonly name: string;
  /** Where the call is written: an index of `sources`, -1 when unknown; the line and column are 0 when unknown. */
  readonly callFile: number;
  readonly callLine: number;
  readonly callColumn: number;
}

export interface MultibootHeader {
  readonly flags: number;
  readonly fileOffset: number;
  /** Present when flags bit 16 gives load addresses (the "a.out kludge"). */
  readonly addresses?: {
    headerAddr: number;
    loadAddr: number;
    loadEndAddr: number;
    bssEndAddr: number;
    entryAddr: number;
  };
}

/** One FDE with its CIE resolved; `rows` are the unwind rules by address, ascending. */
export interface FrameDescription {
  readonly start: bigint;
  readonly end: bigint;
  /** DWARF register number that holds the return address (16 on x86-64, 8 on i386). */
  readonly returnRegister: number;
  readonly signalFrame: boolean;
  readonly rows: readonly FrameRow[];
}

export interface FrameRow {
  readonly address: bigint;
  readonly cfa: CfaRule;
  /** By DWARF register number. A register that is absent keeps its value. */
  readonly registers: ReadonlyMap<number, RegisterRule>;
}

export type CfaRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: bigint }
  | { readonly kind: 'expression'; readonly bytes: Uint8Array };

export type RegisterRule =
  | { readonly kind: 'undefined' | 'same' }
  | { readonly kind: 'offset' | 'valueOffset'; readonly offset: bigint }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'expression' | 'valueExpression'; readonly bytes: Uint8Array };

/** A diagnostic in a source or an image. Lines and columns are 1-based; `line` 0 means the whole file. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn?: number;
  readonly message: string;
}

/** The adapter's only way to files: Node's fs at the desktop edge, `vscode.workspace.fs` behind a worker. */
export interface FileReader {
  /** Resolves to undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
}
