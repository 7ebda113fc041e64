import type { CodeMode, LineRow, ProgramSymbol, Section, Segment } from '../image.ts';
import { type Layout, total } from './layout.ts';
import { ResolveError, resolve } from './resolve.ts';
import { isPrivateName, type SymbolTable } from './symbols.ts';
import type { ListingRow } from './types.ts';

/** One segment for each section, where it was laid out. */
export function segments(layout: Layout): Segment[] {
  return layout.allocated().map((section) => ({
    physicalAddress: section.address,
    linearAddress: section.address,
    data: layout.content(section),
    memorySize: BigInt(section.size),
    writable: section.flags.writable,
    executable: section.flags.executable,
  }));
}

export function imageSections(layout: Layout): Section[] {
  return layout.allocated().map((section) => ({
    name: section.name,
    address: section.address,
    size: BigInt(section.size),
    executable: section.flags.executable,
    writable: section.flags.writable,
  }));
}

/** The symbols that GAS would put into .symtab, by address. */
export function programSymbols(table: SymbolTable): ProgramSymbol[] {
  const list: ProgramSymbol[] = [];
  for (const symbol of table.all()) {
    if (symbol.address === undefined || isPrivateName(symbol.name)) continue;
    if (symbol.label !== undefined && !symbol.label.chain.section.flags.allocated) continue;
    const place = symbol.label;
    let size = 0n;
    if (symbol.size !== undefined) {
      try {
        size = total(resolve(symbol.size));
      } catch (error) {
        if (!(error instanceof ResolveError)) throw error;
      }
    }
    const kind =
      symbol.type === 'function' || symbol.type === 'object'
        ? symbol.type
        : place === undefined && symbol.value?.kind !== 'symbol'
          ? 'absolute'
          : 'label';
    const global = symbol.binding === 'global' || symbol.binding === 'weak';
    list.push({ name: symbol.name, address: BigInt.asUintN(64, symbol.address), size, kind, global });
  }
  return list.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** As `as -g`: a row where the line changes from one instruction to the next, an end for each section. */
export function lineRows(layout: Layout): LineRow[] {
  const rows: LineRow[] = [];
  for (const section of layout.allocated()) {
    let last: LineRow | undefined;
    for (const chain of section.ordered()) {
      for (const emission of chain.emissions) {
        if (emission.row === undefined) continue;
        const { file, line, column, isStatement, explicit, prologueEnd } = emission.row;
        if (!explicit && last !== undefined && last.file === file && last.line === line) continue;
        const address = section.address + BigInt(emission.fragment.address + emission.offset);
        last = {
          address,
          file,
          line,
          column,
          isStatement,
          endSequence: false,
          ...(prologueEnd === true ? { prologueEnd } : {}),
        };
        rows.push(last);
      }
    }
    if (last !== undefined) {
      const { file, line, column } = last;
      rows.push({
        address: section.address + BigInt(section.size),
        file,
        line,
        column,
        isStatement: true,
        endSequence: true,
      });
    }
  }
  return rows;
}

/** Where code of another width begins (`.code16`, `.code32`, `.code64`); by address. */
export function codeModes(layout: Layout): CodeMode[] {
  const modes: CodeMode[] = [];
  for (const section of layout.allocated()) {
    let last: number | undefined;
    for (const chain of section.ordered()) {
      for (const { bits, fragment, offset } of chain.emissions) {
        if (bits === undefined || bits === last) continue;
        modes.push({ address: section.address + BigInt(fragment.address + offset), bits });
        last = bits;
      }
    }
  }
  return modes.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** What each statement emitted. */
export function listingRows(layout: Layout): ListingRow[] {
  const rows: ListingRow[] = [];
  for (const section of layout.allocated()) {
    if (section.flags.empty) continue;
    const content = layout.content(section);
    for (const chain of section.ordered()) {
      for (const emission of chain.emissions) {
        const start = emission.fragment.address + emission.offset;
        const end = emission.endFragment.address + emission.endOffset;
        if (end <= start) continue;
        rows.push({
          address: section.address + BigInt(start),
          bytes: content.subarray(start, end),
          file: emission.origin.file,
          line: emission.origin.line,
        });
      }
    }
  }
  return rows;
}
