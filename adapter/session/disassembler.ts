import { linear } from '../../emulator/addresses.ts';
import type { MachineApi } from '../../emulator/api.ts';
import { codeBase } from '../../emulator/debug/instruction.ts';
import { shortHex } from '../expressions/format.ts';
import { Decoder, DecoderOptions, Formatter, FormatterSyntax, Instruction, OpKind } from '../program/iced.ts';
import { lastAtOrBefore } from '../program/search.ts';
import type { ProgramView } from './programView.ts';

/** One row of a listing. Rows are contiguous: the next one starts at `address + length`. */
export interface Row {
  readonly address: bigint;
  readonly length: number;
  /** Empty where memory cannot be read. */
  readonly bytes: Uint8Array;
  readonly text: string;
  readonly valid: boolean;
}

const LONGEST = 15;
const UNREADABLE = '(unreadable)';
const BAD = '(bad)';

/**
 * Decodes in both directions. Going backwards, x86 code has no mark of where instructions start, so it takes its
 * bearings from what is known: addresses of symbols and line rows and instructions that were executed. From one such
 * anchor to the next it decodes forward; where there is none for long, it looks for a start from which decoding falls
 * into step with what follows.
 */
export class Disassembler {
  private readonly fixed: bigint[];
  private extra: readonly bigint[] = [];

  constructor(
    private readonly machine: MachineApi,
    private readonly program: ProgramView,
    private readonly syntax: 'att' | 'intel',
  ) {
    const { image } = program;
    const anchors = new Set<bigint>();
    for (const { address, endSequence } of image.lines) if (!endSequence) anchors.add(address);
    for (const { address, kind } of image.symbols)
      if (kind !== 'absolute' && program.isCode(address)) anchors.add(address);
    this.fixed = ascending(anchors);
  }

  /** Instruction starts beyond those of the program: what was executed, where frames stand. */
  learn(addresses: Iterable<bigint>): void {
    this.extra = ascending(new Set(addresses));
  }

  /** `count` rows, the first of them `offset` rows from the one at `base`, which is always the start of a row. */
  rows(base: bigint, offset: number, count: number): Row[] {
    const result: Row[] = [];
    if (offset < 0) {
      const before = this.before(base, -offset);
      result.push(...before.slice(0, count));
    }
    let skip = Math.max(offset, 0);
    let at = base;
    while (result.length < count) {
      const row = this.rowAt(at, this.anchorAfter(at));
      at = BigInt.asUintN(64, at + BigInt(row.length));
      if (skip > 0) skip--;
      else result.push(row);
    }
    return result;
  }

  /** Exactly `count` rows that end at `base`. */
  private before(base: bigint, count: number): Row[] {
    let rows: Row[] = [];
    let end = base;
    while (rows.length < count) {
      const missing = count - rows.length;
      const reach = BigInt(missing * LONGEST + 64);
      const anchor = this.anchorBefore(end);
      const near = anchor !== undefined && end - anchor <= reach;
      const start = near ? anchor : end - reach;
      const piece = near ? this.between(start, end) : this.inStep(start, end, missing);
      rows = [...piece, ...rows];
      end = BigInt.asUintN(64, start);
    }
    return rows.slice(rows.length - count);
  }

  /** Rows from `start`, a known boundary, to `end`, another. */
  private between(start: bigint, end: bigint): Row[] {
    const rows: Row[] = [];
    for (let at = start; at < end; ) {
      const row = this.rowAt(BigInt.asUintN(64, at), end);
      rows.push(row);
      at += BigInt(row.length);
    }
    return rows;
  }

  /** Of the possible first bytes at `start`, the one whose rows reach `end` with the fewest bad ones. */
  private inStep(start: bigint, end: bigint, missing: number): Row[] {
    let best: Row[] | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (let skipped = 0; skipped < LONGEST && fewest > 0; skipped++) {
      const rows = this.between(start + BigInt(skipped), end).slice(-missing);
      const bad = rows.reduce((sum, { valid }) => sum + (valid ? 0 : 1), 0);
      if (bad < fewest) {
        best = rows;
        fewest = bad;
      }
    }
    return best ?? [];
  }

  /** The instruction at an address; a bad or unreadable byte becomes a row of its own, as does what would cross `limit`. */
  private rowAt(address: bigint, limit: bigint | undefined): Row {
    const { data } = this.machine.readLinear(linear(address), LONGEST);
    if (data.length === 0) return { address, length: 1, bytes: data, text: UNREADABLE, valid: false };
    const decoded = this.decode(data, address);
    if (decoded === undefined || (limit !== undefined && address + BigInt(decoded.length) > limit)) {
      return { address, length: 1, bytes: data.slice(0, 1), text: BAD, valid: false };
    }
    return { address, length: decoded.length, bytes: data.slice(0, decoded.length), text: decoded.text, valid: true };
  }

  private decode(bytes: Uint8Array, address: bigint): { length: number; text: string } | undefined {
    const bits = this.bitsAt(address);
    const base = bits === 64 ? 0n : codeBase(this.machine);
    const decoder = new Decoder(bits, bytes, DecoderOptions.None);
    const instruction = new Instruction();
    const formatter = new Formatter(this.syntax === 'att' ? FormatterSyntax.Gas : FormatterSyntax.Intel);
    try {
      // Branches name offsets in the code segment, which wrap at its width.
      decoder.ip = BigInt.asUintN(bits, address - base);
      decoder.decodeOut(instruction);
      if (instruction.isInvalid) return undefined;
      formatter.hexPrefix = '0x';
      formatter.hexSuffix = '';
      formatter.uppercaseHex = false;
      formatter.branchLeadingZeros = false;
      formatter.spaceAfterOperandSeparator = this.syntax === 'intel';
      return {
        length: instruction.length,
        text: `${formatter.format(instruction)}${this.annotation(instruction, base)}`,
      };
    } finally {
      formatter.free();
      instruction.free();
      decoder.free();
    }
  }

  /** What runs tells for itself; code further off is of the width that its source gave it. */
  private bitsAt(address: bigint): 16 | 32 | 64 {
    const running = this.machine.codeBits();
    return address === this.machine.instructionAddress() ? running : (this.program.codeBitsAt(address) ?? running);
  }

  /** Names what a branch goes to and what a RIP-relative operand is. */
  private annotation(instruction: Instruction, base: bigint): string {
    const { op0Kind } = instruction;
    if (instruction.opCount > 0 && op0Kind >= OpKind.NearBranch16 && op0Kind <= OpKind.NearBranch64) {
      const symbol = this.program.symbolic(instruction.nearBranchTarget + base);
      return symbol === undefined ? '' : ` <${symbol}>`;
    }
    if (instruction.isIpRelMemoryOperand) {
      const target = instruction.ipRelMemoryAddress;
      const symbol = this.program.symbolic(target);
      return ` # ${shortHex(target)}${symbol === undefined ? '' : ` <${symbol}>`}`;
    }
    return '';
  }

  private anchorBefore(address: bigint): bigint | undefined {
    const [a, b] = [this.fixed, this.extra].map(
      (list) => list[lastAtOrBefore(list.length, (index) => list[index]!, address - 1n)],
    );
    if (a === undefined || b === undefined) return a ?? b;
    if (a > b) return a;
    return b;
  }

  private anchorAfter(address: bigint): bigint | undefined {
    const [a, b] = [this.fixed, this.extra].map(
      (list) => list[lastAtOrBefore(list.length, (index) => list[index]!, address) + 1],
    );
    if (a === undefined || b === undefined) return a ?? b;
    if (a < b) return a;
    return b;
  }
}

const ascending = (addresses: Iterable<bigint>): bigint[] =>
  [...addresses].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
