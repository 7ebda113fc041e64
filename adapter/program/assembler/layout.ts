import type { DiagnosticSink } from './diagnostics.ts';
import { leb128 } from './leb128.ts';
import { fillNops } from './nops.ts';
import { Relaxation } from './relax.ts';
import { type LinearValue, ResolveError, resolve } from './resolve.ts';
import type { AsmSection, Fixup, Fragment, SectionSet } from './sections.ts';
import { type AsmSymbol, displayName, type SymbolTable } from './symbols.ts';
import type { AssembleOptions } from './types.ts';

export const DEFAULT_ORIGIN = 0x100000n;
export const DEFAULT_MAXIMUM_BYTES = 64 * 1024 * 1024;

function rank(section: AsmSection): number {
  const is = (stem: string): boolean => section.name === stem || section.name.startsWith(`${stem}.`);
  if (section.flags.empty) return 4;
  if (is('.text')) return 0;
  if (is('.rodata')) return 1;
  if (is('.data')) return 2;
  return 3;
}

/** Lays sections out, resolves every field and gives the pieces of the image. */
export class Layout {
  readonly #sink: DiagnosticSink;
  readonly #symbols: SymbolTable;
  readonly #sections: AsmSection[];
  readonly #contents = new Map<AsmSection, Uint8Array>();

  constructor(sections: SectionSet, symbols: SymbolTable, sink: DiagnosticSink) {
    this.#sink = sink;
    this.#symbols = symbols;
    this.#sections = [...sections.all.values()];
  }

  /** Runs relaxation and placement; contents are ready afterwards unless an error stopped it. */
  run(options: AssembleOptions): void {
    const maximum = options.maximumBytes ?? DEFAULT_MAXIMUM_BYTES;
    const relaxations = this.#sections.map((section) => new Relaxation(section, this.#sink, maximum));
    for (const relaxation of relaxations) relaxation.place();
    for (const relaxation of relaxations) relaxation.estimate();
    for (const relaxation of relaxations) relaxation.run();
    const held = this.#sections.reduce((sum, section) => sum + (section.flags.empty ? 0 : section.size), 0);
    if (held > maximum) {
      this.#sink.add('error', `The program takes ${held} bytes; the limit is ${maximum}.`, wholeFile);
      return;
    }
    this.#assignAddresses(options);
    for (const symbol of [...this.#symbols.all(), ...this.#symbols.retired]) this.#address(symbol);
    for (const section of this.#sections) if (!section.flags.empty) this.#contents.set(section, this.#render(section));
  }

  #assignAddresses(options: AssembleOptions): void {
    const fixed = options.sectionAddresses ?? {};
    const order = this.#sections.filter((section) => section.flags.allocated).sort((a, b) => rank(a) - rank(b));
    let address = options.origin ?? this.#ownOrigin() ?? DEFAULT_ORIGIN;
    const placed: AsmSection[] = [];
    for (const section of order) {
      const at = fixed[section.name];
      if (at !== undefined) {
        section.address = at;
      } else {
        const alignment = BigInt(section.alignment);
        address = ((address + alignment - 1n) / alignment) * alignment;
        section.address = address;
        address += BigInt(section.size);
      }
      for (const other of placed) {
        if (section.size === 0 || other.size === 0) continue;
        if (
          section.address < other.address + BigInt(other.size) &&
          other.address < section.address + BigInt(section.size)
        ) {
          this.#sink.add(
            'error',
            `Section ${section.name} at 0x${section.address.toString(16)} overlaps ${other.name} at 0x${other.address.toString(16)}.`,
            wholeFile,
          );
        }
      }
      placed.push(section);
    }
    for (const name of Object.keys(fixed)) {
      if (!order.some((section) => section.name === name && section.size > 0)) {
        this.#sink.add('warning', `Section ${name} has an address, but the source puts nothing in it.`, wholeFile);
      }
    }
  }

  /** `__origin = 0x7c00`: a source that says where it wants to lie; GNU as takes it for a symbol like any other. */
  #ownOrigin(): bigint | undefined {
    const value = this.#symbols.find('__origin')?.value;
    return value?.kind === 'number' ? value.value : undefined;
  }

  #address(symbol: AsmSymbol): void {
    if (!symbol.defined) return;
    try {
      symbol.address = total(resolve({ kind: 'symbol', symbol, addend: 0n }));
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      if (error.undefinedSymbols.length > 0) return;
      if (symbol.definedAt !== undefined) this.#sink.add('error', error.message, symbol.definedAt);
    }
  }

  /** The section's bytes, fields filled in. */
  #render(section: AsmSection): Uint8Array {
    const out = new Uint8Array(section.size);
    for (const chain of section.ordered()) {
      for (const fragment of chain.fragments) {
        out.set(chain.bytes.subarray(fragment.start, fragment.start + fragment.length), fragment.address);
        this.#renderTail(section, fragment, out);
        for (const fixup of fragment.fixups) this.#apply(section, fragment, fixup, out);
      }
    }
    return out;
  }

  #renderTail(section: AsmSection, fragment: Fragment, out: Uint8Array): void {
    const tail = fragment.tail;
    if (tail === undefined) return;
    const at = fragment.address + fragment.length;
    const size = fragment.tailSize;
    switch (tail.kind) {
      case 'align':
        if (tail.fill === 'code') fillNops(out, at, size);
        else {
          if (size % tail.fill.length !== 0) {
            this.#sink.add(
              'error',
              `The padding of ${size} bytes is no multiple of the ${tail.fill.length}-byte fill.`,
              tail.place,
            );
          }
          fillPattern(out, at, size, tail.fill);
        }
        return;
      case 'org':
        out.fill(tail.fill, at, at + size);
        return;
      case 'space':
        fillPattern(out, at, size, tail.fill);
        return;
      case 'leb': {
        try {
          const bytes = leb128(total(resolve(tail.value)), tail.signed);
          while (bytes.length < size) {
            bytes[bytes.length - 1]! |= 0x80;
            bytes.push(tail.signed && (bytes[bytes.length - 1]! & 0x40) !== 0 ? 0x7f : 0);
          }
          out.set(bytes.slice(0, size), at);
        } catch (error) {
          this.#report(error, tail.place);
        }
        return;
      }
      case 'branch': {
        const opcode = tail.long
          ? tail.condition === undefined
            ? [0xe9]
            : [0x0f, 0x80 | tail.condition]
          : [tail.condition === undefined ? 0xeb : 0x70 | tail.condition];
        out.set([...tail.prefixes, ...opcode], at);
        const field = tail.prefixes.length + opcode.length;
        const bytes = tail.long ? tail.longSize : 1;
        const fixup: Fixup = {
          offset: fragment.length + field,
          size: bytes,
          expression: tail.target,
          relativeTo: bytes,
          range: bytes === 2 ? 'wrap' : 'signed',
          place: tail.place,
        };
        this.#apply(section, fragment, fixup, out);
      }
    }
  }

  #apply(section: AsmSection, fragment: Fragment, fixup: Fixup, out: Uint8Array): void {
    const at = fragment.address + fixup.offset;
    try {
      const linear = resolve(fixup.expression);
      checkRelocatable(linear, section);
      let value = total(linear);
      if (fixup.relativeTo !== undefined) value -= section.address + BigInt(at + fixup.relativeTo);
      if (fixup.size === 8 && (fixup.range === 'either' || fixup.range === 'wrap')) value = BigInt.asIntN(64, value);
      const problem = misfit(value, fixup);
      if (problem !== undefined) this.#sink.add('error', problem, fixup.place);
      let rest = value;
      for (let index = 0; index < fixup.size; index++) {
        out[at + index] = Number(rest & 0xffn);
        rest >>= 8n;
      }
    } catch (error) {
      this.#report(error, fixup.place);
    }
  }

  #report(error: unknown, place: Fixup['place']): void {
    if (!(error instanceof ResolveError)) throw error;
    // Every use of an undefined symbol is reported with the symbol.
    if (error.undefinedSymbols.length === 0) this.#sink.add('error', error.message, place);
  }

  /** A section's bytes, fields filled in; none for .bss and its like. */
  content(section: AsmSection): Uint8Array {
    return this.#contents.get(section) ?? new Uint8Array(0);
  }

  /** Sections that take memory, by address. */
  allocated(): AsmSection[] {
    return this.#sections
      .filter((section) => section.flags.allocated && section.size > 0)
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }
}

const wholeFile = { origin: { file: 0, line: 0 }, column: 1, chain: '' };

function fillPattern(out: Uint8Array, at: number, size: number, pattern: Uint8Array): void {
  if (pattern.length === 1) out.fill(pattern[0]!, at, at + size);
  else for (let index = 0; index < size; index++) out[at + index] = pattern[index % pattern.length]!;
}

/** The final number of a value: section starts are known. */
export function total(linear: LinearValue): bigint {
  let value = linear.value;
  for (const [section, count] of linear.sections) value += section.address * BigInt(count);
  return value;
}

/** What a relocation can express: a number, an address, or an address less a place in the field's own section. */
function checkRelocatable(linear: LinearValue, own: AsmSection): void {
  let plus = 0;
  for (const [section, count] of linear.sections) {
    if (count > 0) plus += count;
    else if (count < -1 || section !== own) {
      throw new ResolveError(
        `The difference to an address in ${section.name} is no constant: both must lie in one section.`,
      );
    }
  }
  if (plus > 1) throw new ResolveError('Two addresses are added; the sum has no meaning.');
}

/** Why `value` does not fit its field, or undefined. */
export function misfit(
  value: bigint,
  fixup: Pick<Fixup, 'size' | 'range' | 'relativeTo' | 'expression'>,
): string | undefined {
  const bits = BigInt(fixup.size * 8);
  const low = fixup.range === 'unsigned' ? 0n : -(1n << (bits - 1n));
  const high = fixup.range === 'signed' ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (fixup.range === 'wrap' || (value >= low && value <= high)) return undefined;
  const target = fixup.expression.kind === 'symbol' ? `"${displayName(fixup.expression.symbol)}"` : 'The value';
  const what =
    fixup.relativeTo === undefined
      ? `${target} (0x${BigInt.asUintN(64, value).toString(16)})`
      : `${target} is ${value} bytes away and`;
  return `${what} does not fit ${fixup.range === 'signed' ? 'a signed' : fixup.size === 1 ? 'an' : 'a'} ${fixup.size * 8}-bit field.`;
}
