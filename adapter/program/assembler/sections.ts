import { type Place, StatementError } from './diagnostics.ts';
import type { Expression } from './expression.ts';
import type { Origin } from './source.ts';

/** A value to put into a fragment once addresses are known. */
export interface Fixup {
  /** From the fragment's start. */
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8 | 16;
  readonly expression: Expression;
  /** Bytes from the field's start to the address that a PC-relative field counts from. */
  readonly relativeTo?: number;
  /** Which values fit: `signed` for displacements and sign-extended immediates, `unsigned`, or `either` of both. */
  readonly range: 'signed' | 'unsigned' | 'either' | 'wrap';
  readonly place: Place;
}

export type Mode = 16 | 32 | 64;

/** The part of a fragment whose size the layout finds. */
export type Tail =
  | BranchTail
  | {
      readonly kind: 'align';
      readonly alignment: number;
      readonly maximum: number;
      readonly fill: Uint8Array | 'code';
      readonly place: Place;
    }
  | { readonly kind: 'org'; readonly target: Expression; readonly fill: number; readonly place: Place }
  | { readonly kind: 'space'; readonly count: Expression; readonly fill: Uint8Array; readonly place: Place }
  | { readonly kind: 'leb'; readonly value: Expression; readonly signed: boolean; readonly place: Place };

/** A jump whose displacement is 1 byte, or 2 or 4 when the target is far. */
export interface BranchTail {
  readonly kind: 'branch';
  /** Condition number 0-15, or undefined for JMP. */
  readonly condition: number | undefined;
  readonly target: Expression;
  /** Displacement size of the long form. */
  readonly longSize: 2 | 4;
  /** Operand-size prefix bytes and others that both forms carry. */
  readonly prefixes: readonly number[];
  long: boolean;
  readonly place: Place;
}

export class Fragment {
  /** Offset of the fixed bytes in the chain's buffer. */
  readonly start: number;
  length = 0;
  tail: Tail | undefined;
  tailSize = 0;
  readonly fixups: Fixup[] = [];
  /** Fragments of one group lie at distances that no relaxation changes. */
  readonly group: number;
  readonly groupOffset: number;
  /** From the section's start; the layout sets it. */
  address = 0;
  /** Counts alignments and `.org`s before it: relaxation may not shift a target across one. */
  region = 0;
  marker = false;

  constructor(start: number, group: number, groupOffset: number) {
    this.start = start;
    this.group = group;
    this.groupOffset = groupOffset;
  }
}

interface Mark {
  readonly fragment: Fragment;
  readonly offset: number;
}

/** What a line row says; `explicit` ones come from `.loc` and are never merged. */
export interface RowMark extends Origin {
  readonly column: number;
  readonly isStatement: boolean;
  readonly explicit: boolean;
  readonly prologueEnd?: boolean;
}

export type CodeBits = 16 | 32 | 64;

/** Where a statement put code, for line rows and listings. `length` counts fixed bytes; a tail adds its own. */
export interface Emission extends Mark {
  readonly origin: Origin;
  /** The line row that begins here, if any. */
  readonly row: RowMark | undefined;
  /** For an instruction: what it was encoded for. */
  readonly bits?: CodeBits;
  endFragment: Fragment;
  endOffset: number;
}

/** One subsection: a growing buffer cut into fragments. */
export class Chain {
  readonly section: AsmSection;
  readonly number: number;
  bytes = new Uint8Array(64);
  used = 0;
  readonly fragments: Fragment[] = [];
  readonly emissions: Emission[] = [];
  current: Fragment;

  constructor(section: AsmSection, number: number) {
    this.section = section;
    this.number = number;
    this.current = new Fragment(0, 0, 0);
    this.fragments.push(this.current);
  }

  reserve(count: number): number {
    const need = this.used + count;
    if (need > this.bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.used));
      this.bytes = grown;
    }
    const at = this.used;
    this.used = need;
    this.current.length += count;
    return at;
  }

  append(bytes: ArrayLike<number>): void {
    const at = this.reserve(bytes.length);
    this.bytes.set(bytes, at);
  }

  /** Ends the current fragment with `tail`. A `fixedSize` tail keeps later fragments in the same group. */
  finish(tail: Tail, fixedSize?: number): Fragment {
    const fragment = this.current;
    fragment.tail = tail;
    if (fixedSize !== undefined) fragment.tailSize = fixedSize;
    const same = fixedSize !== undefined;
    this.current = new Fragment(
      this.used,
      same ? fragment.group : fragment.group + 1,
      same ? fragment.groupOffset + fragment.length + fixedSize : 0,
    );
    this.fragments.push(this.current);
    return fragment;
  }
}

export interface SectionFlags {
  readonly allocated: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** NOBITS: takes memory but holds no bytes. */
  readonly empty: boolean;
}

export class AsmSection {
  readonly name: string;
  flags: SectionFlags;
  alignment = 1;
  readonly chains = new Map<number, Chain>();
  /** Set by the layout. */
  size = 0;
  address = 0n;

  constructor(name: string, flags: SectionFlags) {
    this.name = name;
    this.flags = flags;
  }

  chain(number: number): Chain {
    let chain = this.chains.get(number);
    if (chain === undefined) {
      chain = new Chain(this, number);
      this.chains.set(number, chain);
    }
    return chain;
  }

  /** Subsections in the order in which they are laid out. */
  ordered(): Chain[] {
    return [...this.chains.values()].sort((a, b) => a.number - b.number);
  }
}

const PROGBITS: SectionFlags = { allocated: true, writable: false, executable: false, empty: false };

/** The flags that GAS gives to well-known names when `.section` names none (bfd's special sections). */
export function defaultFlags(name: string): SectionFlags {
  const is = (stem: string): boolean => name === stem || name.startsWith(`${stem}.`);
  if (is('.text') || name === '.init' || name === '.fini' || name === '.plt') return { ...PROGBITS, executable: true };
  if (
    is('.data') ||
    is('.tdata') ||
    name === '.data1' ||
    is('.init_array') ||
    is('.fini_array') ||
    is('.ctors') ||
    is('.dtors')
  )
    return { ...PROGBITS, writable: true };
  if (is('.bss') || is('.tbss')) return { ...PROGBITS, writable: true, empty: true };
  if (is('.rodata') || name === '.rodata1' || name === '.eh_frame') return PROGBITS;
  return { allocated: false, writable: false, executable: false, empty: false };
}

interface SectionPosition {
  readonly section: AsmSection;
  readonly subsection: number;
}

/** The sections of one assembly and the place where statements emit. */
export class SectionSet {
  readonly all = new Map<string, AsmSection>();
  chain: Chain;
  #previous: SectionPosition | undefined;
  readonly #stack: { current: SectionPosition; previous: SectionPosition | undefined }[] = [];

  constructor() {
    for (const name of ['.text', '.data', '.bss']) this.get(name);
    this.chain = this.get('.text').chain(0);
  }

  get(name: string, flags?: SectionFlags): AsmSection {
    let section = this.all.get(name);
    if (section === undefined) {
      section = new AsmSection(name, flags ?? defaultFlags(name));
      this.all.set(name, section);
    }
    return section;
  }

  #position(): SectionPosition {
    return { section: this.chain.section, subsection: this.chain.number };
  }

  select(section: AsmSection, subsection: number): void {
    this.#previous = this.#position();
    this.chain = section.chain(subsection);
  }

  previous(): void {
    const target = this.#previous;
    if (target === undefined) throw new StatementError('There is no previous section to go back to.');
    this.select(target.section, target.subsection);
  }

  push(): void {
    if (this.#stack.length >= 256) throw new StatementError('Sections are pushed more than 256 deep.');
    this.#stack.push({ current: this.#position(), previous: this.#previous });
  }

  pop(): void {
    const saved = this.#stack.pop();
    if (saved === undefined) throw new StatementError('.popsection has no .pushsection before it.');
    this.chain = saved.current.section.chain(saved.current.subsection);
    this.#previous = saved.previous;
  }
}
