import type { LineOracle, LineSpan } from '../../emulator/debug/stops.ts';
import { shortHex } from '../expressions/format.ts';
import type { InlinedCall, ProgramImage } from '../program/image.ts';
import { type LinePlace, ProgramLookup } from '../program/lookup.ts';
import { lastAtOrBefore } from '../program/search.ts';
import { StatementRows } from './statementRows.ts';

const ASSEMBLY_FILE = /\.(s|sx|asm|inc|nasm)$/i;

/** The program as stops, steps and views ask about it. */
export class ProgramView implements LineOracle {
  readonly lookup: ProgramLookup;
  private prologueEnds: readonly bigint[] | undefined;
  private rowsBuilt: StatementRows | undefined;
  private entriesBuilt: ReadonlySet<InlinedCall> | undefined;

  constructor(readonly image: ProgramImage) {
    this.lookup = new ProgramLookup(image);
  }

  lineAt(address: bigint): LineSpan | undefined {
    const row = this.rows.at(address);
    const place = this.placeOf(address, true);
    if (row === undefined || place === undefined) return undefined;
    const { start, end, isStatement } = row;
    return { start, end, isStatement, line: `${place.file}:${place.line}`, depth: this.enteredAt(address).length };
  }

  /**
   * The inlined calls that the code at an instruction pointer is in, innermost first; not those whose first
   * instruction it is at: like a CALL that has not been executed, they are still to be entered.
   */
  enteredAt(address: bigint): readonly InlinedCall[] {
    return this.lookup.inlinedAt(address).filter((call) => call.start !== address || !this.entries.has(call));
  }

  /** Where a function begins: its symbol's body, and each place where it was inlined. */
  entriesNamed(name: string): readonly bigint[] {
    const symbol = this.lookup.symbolNamed(name);
    const inlined = [...this.entries].filter((call) => call.name === name).map((call) => call.start);
    return [...(symbol && this.isCode(symbol.address) ? [this.bodyOf(symbol.address)] : []), ...inlined];
  }

  private get rows(): StatementRows {
    this.rowsBuilt ??= new StatementRows(this.image);
    return this.rowsBuilt;
  }

  /** Of an inlined call that lies in several pieces, the lowest one is where it is entered. */
  private get entries(): ReadonlySet<InlinedCall> {
    if (this.entriesBuilt === undefined) {
      const lowest = new Map<string, InlinedCall>();
      for (const call of this.image.inlined ?? []) {
        const owner = this.lookup.symbolAt(call.start)?.symbol.address;
        const key = [owner, call.depth, call.name, call.callFile, call.callLine, call.callColumn].join(' ');
        const known = lowest.get(key);
        if (known === undefined || call.start < known.start) lowest.set(key, call);
      }
      this.entriesBuilt = new Set(lowest.values());
    }
    return this.entriesBuilt;
  }

  /**
   * As GDB does: past the prologue where the producer marks its end or a frame pointer is set up, since locals are not
   * in their places before; optimised code and assembly are seen from their first instruction.
   */
  bodyOf(address: bigint): bigint {
    const place = this.placeOf(address);
    if (place === undefined || ASSEMBLY_FILE.test(place.file)) return address;
    const found = this.lookup.symbolAt(address);
    if (found?.symbol.kind !== 'function' || found.offset !== 0n) return address;
    const end = address + found.symbol.size;
    this.prologueEnds ??= this.image.lines.filter((row) => row.prologueEnd).map((row) => row.address);
    const marked = this.prologueEnds.some((each) => each >= address && each < end);
    return marked || this.setsUpFrame(address) ? this.lookup.afterPrologue(address) : address;
  }

  /** ENDBR, if any, then PUSH RBP; MOV RBP, RSP. */
  private setsUpFrame(address: bigint): boolean {
    const code = this.bytesAt(address, 8);
    const endbr = code[0] === 0xf3 && code[1] === 0x0f && code[2] === 0x1e && (code[3] === 0xfa || code[3] === 0xfb);
    const [push, ...move] = code.subarray(endbr ? 4 : 0);
    const plain = this.image.bits === 64 ? move.slice(1) : move;
    return push === 0x55 && (this.image.bits === 32 || move[0] === 0x48) && plain[0] === 0x89 && plain[1] === 0xe5;
  }

  private bytesAt(address: bigint, count: number): Uint8Array {
    for (const { linearAddress, data } of this.image.segments) {
      const offset = address - linearAddress;
      if (offset >= 0n && offset < BigInt(data.length)) return data.subarray(Number(offset), Number(offset) + count);
    }
    return new Uint8Array(0);
  }

  /** Where execution stops for a line: past the prologue when the line opens a function. */
  stopsFor(file: string, line: number): { readonly line: number; readonly addresses: readonly bigint[] } | undefined {
    const found = this.lookup.addressesOf(file, line);
    return (
      found && { line: found.line, addresses: [...new Set(found.addresses.map((address) => this.bodyOf(address)))] }
    );
  }

  /** The path as the program knows it, for a path as the client writes it. */
  sourceNamed(path: string): string | undefined {
    const { sources } = this.image;
    const plain = normalize(path);
    return sources.find((source) => source === path) ?? sources.find((source) => normalize(source) === plain);
  }

  /** The width that the producer gave the code at an address; undefined when it does not tell. */
  codeBitsAt(address: bigint): 16 | 32 | 64 | undefined {
    const { codeModes = [] } = this.image;
    const mode = codeModes[lastAtOrBefore(codeModes.length, (index) => codeModes[index]!.address, address)];
    const section = mode && this.lookup.sectionAt(address);
    return section !== undefined && mode!.address >= section.address ? mode!.bits : undefined;
  }

  isCode(address: bigint): boolean {
    const section = this.lookup.sectionAt(address);
    if (section !== undefined) return section.executable;
    return this.image.segments.some(
      ({ linearAddress, memorySize, executable }) =>
        executable && address >= linearAddress && address < linearAddress + memorySize,
    );
  }

  /**
   * The source line of an address. For an instruction pointer (`exact`) at the first instruction of an inlined call, the
   * line that makes the call.
   */
  placeOf(address: bigint, exact = false): LinePlace | undefined {
    const row = this.rows.at(address);
    if (row === undefined) return undefined;
    const ahead = exact ? this.lookup.inlinedAt(address).length - this.enteredAt(address).length : 0;
    const call = ahead > 0 ? this.lookup.inlinedAt(address)[ahead - 1]! : undefined;
    const file = this.image.sources[call?.callFile ?? row.file];
    if (file !== undefined && call !== undefined && call.callLine > 0) {
      return { file, line: call.callLine, column: call.callColumn, isStatement: row.isStatement };
    }
    const own = this.image.sources[row.file];
    return own === undefined
      ? undefined
      : { file: own, line: row.line, column: row.column, isStatement: row.isStatement };
  }

  /** `smash+0x12`, `smash`, or undefined when no symbol is near. */
  symbolic(address: bigint): string | undefined {
    const found = this.lookup.symbolAt(address);
    if (found === undefined) return undefined;
    return found.offset === 0n ? found.symbol.name : `${found.symbol.name}+${shortHex(found.offset)}`;
  }

  /** `0x100012 <smash+0x12>`. */
  addressInWords(address: bigint): string {
    const symbol = this.symbolic(address);
    return symbol === undefined ? shortHex(address) : `${shortHex(address)} <${symbol}>`;
  }

  /** `0x100012 <smash+0x12> (guest.s:14)`. */
  placeInWords(address: bigint): string {
    const place = this.placeOf(address);
    const where = place && ` (${fileName(place.file)}:${place.line})`;
    return `${this.addressInWords(address)}${where ?? ''}`;
  }
}

export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** Clients on Windows differ from producers in slashes and in the case of the drive letter. */
function normalize(path: string): string {
  const slashes = path.replaceAll('\\', '/');
  return /^[A-Za-z]:/.test(slashes) ? slashes.toLowerCase() : slashes;
}
