/** Inlined calls from `.debug_info` (DWARF 5 §3.3.8): their code, what was called, and where the call is written. */
import { Cursor, FormatError, sentenceOf } from '../cursor.ts';
import type { InlinedCall } from '../image.ts';
import { type FormValue, form, readForm } from './forms.ts';
import type { FileTable } from './line-header.ts';
import { type AddressRange, type RangeSections, readRanges } from './ranges.ts';
import type { Unit } from './units.ts';

export interface InlinedInput {
  readonly info: Uint8Array;
  readonly units: readonly Unit[];
  readonly ranges: RangeSections;
  /** By the offset of their line table. */
  readonly files: ReadonlyMap<number, FileTable>;
  /** Gets the files of calls that no row of a line table belongs to. */
  readonly sources: Map<string, number>;
  /** Added to every address. */
  readonly bias: bigint;
  readonly isCode: (address: bigint) => boolean;
}

const tag = { inlined: 0x1d, subprogram: 0x2e };
const attribute = {
  name: 0x03,
  low: 0x11,
  high: 0x12,
  abstractOrigin: 0x31,
  specification: 0x47,
  ranges: 0x55,
  callColumn: 0x57,
  callFile: 0x58,
  callLine: 0x59,
};
const wanted: ReadonlySet<number> = new Set(Object.values(attribute));

/** DW_FORM_ref_addr counts from the section, the other references from their unit. */
const sectionReference = 0x10;
/** Entries nest a few levels deep, and names are a few references away; more is corrupted. */
const deepestEntry = 2048;
const longestChain = 8;
/** Far more than any real program has; corrupted entries may share long lists. */
const mostRanges = 4_000_000;

export function readInlined(input: InlinedInput): { calls: InlinedCall[]; warnings: string[] } {
  const calls: InlinedCall[] = [];
  const warnings: string[] = [];
  const names = new Names(input);
  const budget = { left: mostRanges };
  for (const unit of input.units) {
    try {
      readUnit(unit, input, { names, budget, calls });
    } catch (error) {
      warnings.push(`Some inlined calls are unknown: ${sentenceOf(error)}`);
    }
  }
  calls.sort((a, b) => (a.start === b.start ? a.depth - b.depth : a.start < b.start ? -1 : 1));
  return { calls, warnings };
}

interface Value {
  readonly value: FormValue;
  readonly code: number;
}

interface Entry {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly values: ReadonlyMap<number, Value>;
}

/** The entry at the cursor with the attributes that matter here; undefined for the null entry that ends siblings. */
function readEntry(cursor: Cursor, unit: Unit): Entry | undefined {
  const code = cursor.ulebNumber('an abbreviation code');
  if (code === 0) return undefined;
  const { tag: entryTag, hasChildren, attributes } = unit.abbreviation(code);
  const values = new Map<number, Value>();
  for (const { attribute: which, code: formCode, constant } of attributes) {
    const value = constant ?? readForm(cursor, formCode, unit.context);
    if (wanted.has(which)) values.set(which, { value, code: formCode });
  }
  return { tag: entryTag, hasChildren, values };
}

/** What is shared by all units. */
interface Work {
  readonly names: Names;
  readonly budget: { left: number };
  readonly calls: InlinedCall[];
}

function readUnit(unit: Unit, input: InlinedInput, work: Work): void {
  const cursor = new Cursor(input.info, '.debug_info', unit.first, unit.end);
  /** How many inlined calls surround the entries of each open level. */
  const levels: number[] = [];
  let inlined = 0;
  do {
    const entry = readEntry(cursor, unit);
    if (!entry) {
      inlined = levels.pop() ?? 0;
      continue;
    }
    if (entry.tag === tag.inlined) addCalls(entry, inlined, unit, input, work);
    if (!entry.hasChildren) continue;
    if (levels.length === deepestEntry)
      cursor.wrong('the depth of entries', deepestEntry + 1, `at most ${deepestEntry}`);
    levels.push(inlined);
    if (entry.tag === tag.inlined) inlined += 1;
    else if (entry.tag === tag.subprogram) inlined = 0;
  } while (levels.length > 0 && cursor.left > 0);
}

function addCalls(
  { values }: Entry,
  depth: number,
  unit: Unit,
  input: InlinedInput,
  { names, budget, calls }: Work,
): void {
  const number = (which: number) => {
    const value = values.get(which)?.value;
    return typeof value === 'bigint' ? Number(value) : undefined;
  };
  const all = rangesOf(values, unit, input.ranges);
  budget.left -= all.length;
  if (budget.left < 0) throw new FormatError(`.debug_info has more than ${mostRanges} ranges of inlined calls.`);
  const ranges = all.filter(([start, end]) => end > start && input.isCode(start + input.bias));
  if (ranges.length === 0) return;
  const name = names.of(values.get(attribute.abstractOrigin), unit) ?? '?';
  const file = number(attribute.callFile);
  const path = file === undefined || unit.lines === undefined ? undefined : input.files.get(unit.lines)?.path(file);
  for (const [start, end] of ranges) {
    calls.push({
      start: start + input.bias,
      end: end + input.bias,
      depth,
      name,
      callFile: path === undefined ? -1 : sourceNumber(path, input.sources),
      callLine: number(attribute.callLine) ?? 0,
      callColumn: number(attribute.callColumn) ?? 0,
    });
  }
}

function rangesOf(values: ReadonlyMap<number, Value>, unit: Unit, sections: RangeSections): readonly AddressRange[] {
  const ranges = values.get(attribute.ranges);
  if (typeof ranges?.value === 'bigint') return readRanges(ranges.value, ranges.code, unit, sections);
  const low = values.get(attribute.low)?.value;
  const high = values.get(attribute.high);
  if (typeof low !== 'bigint' || typeof high?.value !== 'bigint') return [];
  // An address in itself, or, since DWARF 4, a length.
  const isAddress = high.code === form.addr || high.code === 0x1b || (high.code >= 0x29 && high.code <= 0x2c);
  return [[low, isAddress ? high.value : low + high.value]];
}

function sourceNumber(path: string, sources: Map<string, number>): number {
  const known = sources.get(path);
  if (known !== undefined) return known;
  sources.set(path, sources.size);
  return sources.size - 1;
}

/** Names of functions by the entries that declare them, through abstract origins and specifications. */
class Names {
  private readonly known = new Map<number, string | undefined>();

  constructor(private readonly input: InlinedInput) {}

  of(reference: Value | undefined, from: Unit, hops = 0): string | undefined {
    if (typeof reference?.value !== 'bigint' || hops === longestChain) return undefined;
    const offset = Number(reference.value) + (reference.code === sectionReference ? 0 : from.offset);
    if (!this.known.has(offset)) {
      this.known.set(offset, undefined);
      this.known.set(offset, this.read(offset, hops));
    }
    return this.known.get(offset);
  }

  private read(offset: number, hops: number): string | undefined {
    const unit = this.unitAt(offset);
    if (!unit) return undefined;
    const entry = readEntry(new Cursor(this.input.info, '.debug_info', offset, unit.end), unit);
    const name = entry?.values.get(attribute.name)?.value;
    if (typeof name === 'string') return name;
    const next = entry?.values.get(attribute.abstractOrigin) ?? entry?.values.get(attribute.specification);
    return this.of(next, unit, hops + 1);
  }

  private unitAt(offset: number): Unit | undefined {
    const { units } = this.input;
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle]!.offset <= offset) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    return unit && offset >= unit.first && offset < unit.end ? unit : undefined;
  }
}
