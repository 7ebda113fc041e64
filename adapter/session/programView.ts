import type { LineOracle, LineSpan } from '../../emulator/debug/stops.ts';
import { shortHex } from '../expressions/format.ts';
import type { ProgramImage } from '../program/image.ts';
import { type LinePlace, ProgramLookup } from '../program/lookup.ts';

const ASSEMBLY_FILE = /\.(s|sx|asm|inc|nasm)$/i;

/** The program as stops, steps and views ask about it. */
export class ProgramView implements LineOracle {
  readonly lookup: ProgramLookup;
  private statements: Set<bigint> | undefined;

  constructor(readonly image: ProgramImage) {
    this.lookup = new ProgramLookup(image);
  }

  lineAt(address: bigint): LineSpan | undefined {
    const place = this.lookup.lineAt(address);
    const range = place && this.lookup.lineRangeAt(address);
    return range && { ...range, line: `${place.file}:${place.line}` };
  }

  isStatement(address: bigint): boolean {
    this.statements ??= new Set(
      this.image.lines.filter((row) => row.isStatement && !row.endSequence && row.line > 0).map((row) => row.address),
    );
    return this.statements.has(address);
  }

  bodyOf(address: bigint): bigint {
    const place = this.lookup.lineAt(address);
    // Every line of an assembly source is one that its author wants to see.
    if (place === undefined || ASSEMBLY_FILE.test(place.file)) return address;
    const symbol = this.lookup.symbolAt(address);
    return symbol?.symbol.kind === 'function' && symbol.offset === 0n ? this.lookup.afterPrologue(address) : address;
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

  isCode(address: bigint): boolean {
    const section = this.lookup.sectionAt(address);
    if (section !== undefined) return section.executable;
    return this.image.segments.some(
      ({ linearAddress, memorySize, executable }) =>
        executable && address >= linearAddress && address < linearAddress + memorySize,
    );
  }

  placeOf(address: bigint): LinePlace | undefined {
    return this.lookup.lineAt(address);
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
