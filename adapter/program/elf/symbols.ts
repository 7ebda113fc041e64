/** `.symtab` and `.dynsym` (gABI "Symbol Table"). */
import { Cursor, hex, sentenceOf } from '../cursor.ts';
import type { ProgramSymbol } from '../image.ts';
import { rawContents } from './contents.ts';
import type { SectionHeader } from './header.ts';

const sectionTypeSymbols = 2;
const sectionTypeDynamicSymbols = 11;
const indexUndefined = 0;
const indexAbsolute = 0xfff1;
const indexCommon = 0xfff2;

/** STT_* that name something in memory. */
const kinds = new Map<number, ProgramSymbol['kind']>([
  [0, 'label'],
  [1, 'object'],
  [2, 'function'],
  [10, 'function'],
]);

/** Defined, named symbols in address order; each once, though both tables may list it. */
export function readSymbols(
  bytes: Uint8Array,
  sections: readonly SectionHeader[],
  bits: 32 | 64,
  bias: bigint,
): { symbols: ProgramSymbol[]; warnings: string[] } {
  const symbols = new Map<string, ProgramSymbol>();
  const warnings: string[] = [];
  for (const type of [sectionTypeSymbols, sectionTypeDynamicSymbols]) {
    for (const section of sections.filter((each) => each.type === type)) {
      try {
        readTable(bytes, section, sections, bits, bias, symbols);
      } catch (error) {
        warnings.push(`Some symbols are missing: ${sentenceOf(error)}`);
      }
    }
  }
  const sorted = [...symbols.values()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  return { symbols: sorted, warnings };
}

function readTable(
  bytes: Uint8Array,
  section: SectionHeader,
  sections: readonly SectionHeader[],
  bits: 32 | 64,
  bias: bigint,
  symbols: Map<string, ProgramSymbol>,
): void {
  const where = section.name || 'The symbol table';
  const cursor: Cursor = new Cursor(rawContents(bytes, section), where);
  const needed = bits === 64 ? 24 : 16;
  if (section.entrySize < BigInt(needed) || section.entrySize > 4096n) {
    cursor.wrong('sh_entsize', section.entrySize, hex(needed), 0);
  }
  const names = sections[section.link];
  if (!names) cursor.wrong('sh_link', section.link, `the index of a section, less than ${sections.length}`, 0);
  const strings = rawContents(bytes, names);
  const step = Number(section.entrySize);
  // Entry 0 is the null symbol.
  for (let at = step; at + needed <= cursor.end; at += step) {
    cursor.offset = at;
    const entry = readEntry(cursor, bits);
    const kind = kinds.get(entry.info & 0xf);
    if (!kind || entry.index === indexUndefined || entry.index === indexCommon || entry.name === 0) continue;
    if (entry.name >= strings.length) {
      cursor.wrong('st_name', entry.name, `an offset within ${names.name}, less than ${hex(strings.length)}`, at);
    }
    const name = new Cursor(strings, names.name || 'The string table', entry.name).string('a symbol name');
    const absolute = entry.index === indexAbsolute;
    const address = absolute ? entry.value : BigInt.asUintN(bits, entry.value + bias);
    const symbol: ProgramSymbol = {
      name,
      address,
      size: entry.size,
      kind: absolute ? 'absolute' : kind,
      global: entry.info >> 4 !== 0,
    };
    const key = `${address.toString(36)} ${name}`;
    if (!symbols.has(key)) symbols.set(key, symbol);
  }
}

function readEntry(cursor: Cursor, bits: 32 | 64) {
  const name = cursor.u32('st_name');
  if (bits === 64) {
    const info = cursor.u8('st_info');
    cursor.u8('st_other');
    const index = cursor.u16('st_shndx');
    return { name, info, index, value: cursor.u64('st_value'), size: cursor.u64('st_size') };
  }
  const value = BigInt(cursor.u32('st_value'));
  const size = BigInt(cursor.u32('st_size'));
  const info = cursor.u8('st_info');
  cursor.u8('st_other');
  return { name, info, index: cursor.u16('st_shndx'), value, size };
}
