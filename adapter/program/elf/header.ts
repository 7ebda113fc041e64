/** The ELF header and its two tables (System V gABI chapters 4 and 5; psABI for the machine numbers). */
import { Cursor, FormatError, hex, printable, sentenceOf } from '../cursor.ts';

/** e_type. */
export const typeRelocatable = 1;
export const typeExecutable = 2;
export const typeDynamic = 3;

export interface ElfHeader {
  readonly bits: 32 | 64;
  /** ET_EXEC or ET_DYN. */
  readonly type: number;
  readonly entry: bigint;
  readonly programHeaders: readonly ProgramHeader[];
  readonly sectionHeaders: readonly SectionHeader[];
  /** Why the section table could not be read, if so: the program still loads without symbols. */
  readonly warnings: readonly string[];
}

export interface ProgramHeader {
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly linearAddress: bigint;
  readonly physicalAddress: bigint;
  readonly fileSize: bigint;
  readonly memorySize: bigint;
}

export interface SectionHeader {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: bigint;
  readonly size: bigint;
  readonly link: number;
  readonly entrySize: bigint;
}

const machines = new Map([
  [0x03, 'i386'],
  [0x28, 'ARM'],
  [0x3e, 'x86-64'],
  [0xb7, 'AArch64'],
  [0xf3, 'RISC-V'],
]);

/** True when the bytes start with the ELF magic number. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Throws a FormatError when the file cannot be loaded at all. */
export function readHeader(bytes: Uint8Array): ElfHeader {
  if (!isElf(bytes)) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new FormatError(`The file starts with ${start || 'nothing'}, expected the ELF magic number 7f 45 4c 46.`);
  }
  const cursor = new Cursor(bytes, 'The ELF header', 4);
  const elfClass = cursor.u8('EI_CLASS');
  if (elfClass !== 1 && elfClass !== 2) cursor.wrong('EI_CLASS', elfClass, '1 (32-bit) or 2 (64-bit)', 4);
  const data = cursor.u8('EI_DATA');
  if (data !== 1) cursor.wrong('EI_DATA', data, '1 (little-endian)', 5);
  cursor.offset = 16;
  const width = elfClass === 2 ? 8 : 4;
  const type = cursor.u16('e_type');
  const machine = cursor.u16('e_machine');
  checkKind(cursor, type, machine, width);
  cursor.u32('e_version');
  const entry = cursor.unsigned(width, 'e_entry');
  const programOffset = cursor.size(width, 'e_phoff');
  const sectionOffset = cursor.size(width, 'e_shoff');
  cursor.u32('e_flags');
  cursor.u16('e_ehsize');
  const programEntry = cursor.u16('e_phentsize');
  let programCount = cursor.u16('e_phnum');
  const sectionEntry = cursor.u16('e_shentsize');
  const sectionCount = cursor.u16('e_shnum');
  const namesIndex = cursor.u16('e_shstrndx');

  const warnings: string[] = [];
  let sections: readonly SectionHeader[] = [];
  if (sectionOffset !== 0) {
    try {
      const table = new SectionTable(bytes, sectionOffset, sectionEntry, width);
      // Counts that do not fit 16 bits are in section 0 (gABI "Sections", SHN_LORESERVE, and PN_XNUM).
      const zero = sectionCount === 0 || namesIndex === 0xffff || programCount === 0xffff ? table.first() : undefined;
      if (zero && programCount === 0xffff) programCount = zero.info;
      sections = table.all(
        sectionCount === 0 && zero ? Number(zero.size) : sectionCount,
        namesIndex === 0xffff && zero ? zero.link : namesIndex,
      );
    } catch (error) {
      warnings.push(`No symbols and no debug information: ${sentenceOf(error)}`);
    }
  }
  const programHeaders = readProgramHeaders(bytes, programOffset, programEntry, programCount, width);
  return {
    bits: elfClass === 2 ? 64 : 32,
    type,
    entry,
    programHeaders,
    sectionHeaders: sections,
    warnings,
  };
}

function checkKind(cursor: Cursor, type: number, machine: number, width: 4 | 8): void {
  const name = machines.get(machine);
  const expected = width === 8 ? [0x3e] : [0x03];
  if (!expected.includes(machine)) {
    const shown = name ? `${hex(machine)} (${name})` : hex(machine);
    const wanted = width === 8 ? '0x3e (x86-64) in a 64-bit ELF' : '0x3 (i386) in a 32-bit ELF';
    cursor.wrong('e_machine', shown, wanted, 18);
  }
  if (type === typeRelocatable) {
    const advice = 'link it first, for example with `ld -Ttext=0x100000`';
    cursor.wrong('e_type', '1 (a relocatable object)', `2 (an executable) or 3 (a static PIE): ${advice}`, 16);
  }
  if (type !== typeExecutable && type !== typeDynamic) {
    cursor.wrong('e_type', type, '2 (an executable) or 3 (a static PIE)', 16);
  }
}

function readProgramHeaders(
  bytes: Uint8Array,
  offset: number,
  entrySize: number,
  count: number,
  width: 4 | 8,
): ProgramHeader[] {
  const needed = width === 8 ? 56 : 32;
  const where = 'The program header table';
  if (count === 0) throw new FormatError('The ELF header: e_phnum is 0, expected at least one segment to load.');
  if (entrySize < needed) {
    throw new FormatError(`The ELF header: e_phentsize is ${entrySize}, expected at least ${needed}.`);
  }
  if (offset + entrySize * (count - 1) + needed > bytes.length) {
    throw new FormatError(
      `${where} at offset ${hex(offset)}: e_phnum is ${count}, expected entries within the file's ${hex(bytes.length)} bytes.`,
    );
  }
  return Array.from({ length: count }, (_, index) => {
    const cursor = new Cursor(bytes, where, offset + entrySize * index);
    const type = cursor.u32('p_type');
    const flags64 = width === 8 ? cursor.u32('p_flags') : 0;
    const fields = {
      offset: cursor.unsigned(width, 'p_offset'),
      linearAddress: cursor.unsigned(width, 'p_vaddr'),
      physicalAddress: cursor.unsigned(width, 'p_paddr'),
      fileSize: cursor.unsigned(width, 'p_filesz'),
      memorySize: cursor.unsigned(width, 'p_memsz'),
    };
    return { index, type, flags: width === 8 ? flags64 : cursor.u32('p_flags'), ...fields };
  });
}

type RawSection = Omit<SectionHeader, 'name'> & { readonly nameOffset: number; readonly info: number };

class SectionTable {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly offset: number,
    private readonly entrySize: number,
    private readonly width: 4 | 8,
  ) {
    const needed = width === 8 ? 64 : 40;
    if (entrySize < needed) {
      throw new FormatError(`The ELF header: e_shentsize is ${entrySize}, expected at least ${needed}.`);
    }
  }

  first(): RawSection {
    return this.at(0);
  }

  all(count: number, namesIndex: number): SectionHeader[] {
    if (!(this.offset + this.entrySize * count <= this.bytes.length)) {
      throw new FormatError(
        `The section header table at offset ${hex(this.offset)}: e_shnum is ${count}, expected entries within the file's ${hex(this.bytes.length)} bytes.`,
      );
    }
    const raw = Array.from({ length: count }, (_, index) => this.at(index));
    const names = raw[namesIndex];
    if (count > 0 && namesIndex !== 0 && !names) {
      throw new FormatError(`The ELF header: e_shstrndx is ${namesIndex}, expected less than e_shnum, ${count}.`);
    }
    return raw.map(({ nameOffset, info: _info, ...section }) => ({
      ...section,
      name: names && namesIndex !== 0 ? this.name(names, nameOffset, section.index) : '',
    }));
  }

  private name(names: RawSection, offset: number, index: number): string {
    if (names.offset + BigInt(offset) >= BigInt(this.bytes.length)) {
      throw new FormatError(
        `The section header table: sh_name of section ${index} is ${hex(offset)}, expected an offset within the names.`,
      );
    }
    return printable(
      new Cursor(this.bytes, 'The section names', Number(names.offset) + offset).string(`sh_name of ${index}`),
    );
  }

  private at(index: number): RawSection {
    const { width } = this;
    const cursor = new Cursor(this.bytes, 'The section header table', this.offset + this.entrySize * index);
    const nameOffset = cursor.u32('sh_name');
    const type = cursor.u32('sh_type');
    const flags = cursor.unsigned(width, 'sh_flags');
    const address = cursor.unsigned(width, 'sh_addr');
    const offset = cursor.unsigned(width, 'sh_offset');
    const size = cursor.unsigned(width, 'sh_size');
    const link = cursor.u32('sh_link');
    const info = cursor.u32('sh_info');
    cursor.unsigned(width, 'sh_addralign');
    return {
      index,
      nameOffset,
      type,
      flags,
      address,
      offset,
      size,
      link,
      info,
      entrySize: cursor.unsigned(width, 'sh_entsize'),
    };
  }
}
