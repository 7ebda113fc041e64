/** Answers of a program image by address, name or line; each index is built once, when it is first asked for. */
import type { FrameDescription, InlinedCall, LineRow, ProgramImage, ProgramSymbol, Section } from './image.ts';
import { LineIndex } from './line-index.ts';
import { lastAtOrBefore } from './search.ts';

export interface SymbolPlace {
  readonly symbol: ProgramSymbol;
  /** Bytes from the symbol to the address. */
  readonly offset: bigint;
}

export interface LinePlace {
  /** Absolute path. */
  readonly file: string;
  readonly line: number;
  /** 0 when unknown. */
  readonly column: number;
  /** False in the middle of a statement, where a step by line should not stop. */
  readonly isStatement: boolean;
}

export interface LineAddresses {
  /** The line asked for, or the next one that has code. */
  readonly line: number;
  /** One for each instance of the statement (inlined or repeated code has several), ascending. */
  readonly addresses: readonly bigint[];
}

/** How far before an address a function that contains it may start, in symbols. */
const furthestSymbol = 512;

export class ProgramLookup {
  private inlinedBuilt: readonly (readonly InlinedCall[])[] | undefined;
  private linesBuilt: LineIndex | undefined;
  private addressedBuilt: readonly ProgramSymbol[] | undefined;
  private namedBuilt: ReadonlyMap<string, ProgramSymbol> | undefined;

  constructor(readonly image: ProgramImage) {}

  /** The function or object that contains the address, else the nearest label before it in the same section. */
  symbolAt(address: bigint): SymbolPlace | undefined {
    this.addressedBuilt ??= this.image.symbols
      .filter(({ kind }) => kind !== 'absolute')
      .sort((a, b) => (a.address === b.address ? rank(a) - rank(b) : a.address < b.address ? -1 : 1));
    const symbols = this.addressedBuilt;
    const last = lastAtOrBefore(symbols.length, (index) => symbols[index]!.address, address);
    let label: ProgramSymbol | undefined;
    for (let index = last; index >= 0 && index > last - furthestSymbol; index -= 1) {
      const symbol = symbols[index]!;
      if (symbol.size > 0n && address < symbol.address + symbol.size) {
        return { symbol, offset: address - symbol.address };
      }
      if (symbol.size === 0n || symbol.address === address) label ??= symbol;
    }
    if (!label) return undefined;
    const section = this.sectionAt(address);
    if (section ? section !== this.sectionAt(label.address) : label.address !== address) return undefined;
    return { symbol: label, offset: address - label.address };
  }

  /** The symbol of that name; a global one before a local one, a function before others. */
  symbolNamed(name: string): ProgramSymbol | undefined {
    if (!this.namedBuilt) {
      const named = new Map<string, ProgramSymbol>();
      for (const symbol of this.image.symbols) {
        const known = named.get(symbol.name);
        if (!known || rank(symbol) > rank(known)) named.set(symbol.name, symbol);
      }
      this.namedBuilt = named;
    }
    return this.namedBuilt.get(name);
  }

  sectionAt(address: bigint): Section | undefined {
    return this.image.sections.find((each) => address >= each.address && address < each.address + each.size);
  }

  /** The line that the code at `address` belongs to; undefined outside every line table and on rows of no line. */
  lineAt(address: bigint): LinePlace | undefined {
    const row = this.lines.rowAt(address);
    return row && this.place(row);
  }

  /** The whole contiguous code of the line at `address`, as [start, end): what a step by line runs through. */
  lineRangeAt(address: bigint): { readonly start: bigint; readonly end: bigint } | undefined {
    return this.lines.rangeAt(address);
  }

  /** Where to stop for a breakpoint on a line; undefined when neither it nor a later line of the file has code. */
  addressesOf(file: string, line: number): LineAddresses | undefined {
    return this.lines.addressesOf(file, line, (address) => this.instanceAt(address));
  }

  /** Lines on which a statement starts, ascending. */
  linesWithCode(file: string): readonly number[] {
    return this.lines.linesWithCode(file);
  }

  /**
   * The first address of a function's body, where its frame is set up: the row that is marked so, else the second
   * line row of the function (as producers lay them out); the address itself when there is no such row.
   */
  afterPrologue(address: bigint): bigint {
    const symbol = this.symbolAt(address)?.symbol;
    const end = symbol && symbol.size > 0n ? symbol.address + symbol.size : undefined;
    return this.lines.afterPrologue(address, end);
  }

  /**
   * The inlined calls that the code at `address` is part of, innermost first. Its line, of `lineAt`, is in the first
   * one's function; each is called from the next one's function, the last from the function that the symbol names.
   */
  inlinedAt(address: bigint): readonly InlinedCall[] {
    this.inlinedBuilt ??= byDepth(this.image.inlined ?? []);
    const found: InlinedCall[] = [];
    for (const level of this.inlinedBuilt) {
      const call = level[lastAtOrBefore(level.length, (index) => level[index]!.start, address)];
      if (!call || address >= call.end) break;
      found.unshift(call);
    }
    return found;
  }

  /** The unwind rules that cover the address. */
  frameAt(address: bigint): FrameDescription | undefined {
    const { frames } = this.image;
    const last = lastAtOrBefore(frames.length, (index) => frames[index]!.start, address);
    const frame = frames[last];
    return frame && address < frame.end ? frame : undefined;
  }

  /** Names the function, or the inlined copy of one, that the code belongs to. */
  private instanceAt(address: bigint): string {
    const calls = this.inlinedAt(address).map(
      ({ name, callFile, callLine, callColumn }) => `${name} ${callFile}:${callLine}:${callColumn}`,
    );
    return [...calls, this.symbolAt(address)?.symbol.address ?? ''].join(' in ');
  }

  private get lines(): LineIndex {
    this.linesBuilt ??= new LineIndex(this.image);
    return this.linesBuilt;
  }

  private place(row: LineRow): LinePlace | undefined {
    const file = this.image.sources[row.file];
    if (file === undefined || row.line === 0) return undefined;
    return { file, line: row.line, column: row.column, isStatement: row.isStatement };
  }
}

/** Calls by how deep they are nested; within a depth they are apart, and in address order. */
function byDepth(calls: readonly InlinedCall[]): InlinedCall[][] {
  const levels: InlinedCall[][] = [];
  for (const call of calls) {
    while (levels.length <= call.depth) levels.push([]);
    levels[call.depth]!.push(call);
  }
  return levels;
}

/** How good a name a symbol is for its address, or an address for its name. */
function rank({ kind, global, size }: ProgramSymbol): number {
  const byKind = kind === 'function' ? 4 : kind === 'object' ? 3 : kind === 'label' ? 1 : 0;
  return byKind * 4 + (global ? 2 : 0) + (size > 0n ? 1 : 0);
}
