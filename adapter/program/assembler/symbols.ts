import type { Place } from './diagnostics.ts';
import type { Expression } from './expression.ts';
import type { Chain, Fragment } from './sections.ts';

/** Where a label stands: a byte of a fragment, whose address the layout gives. */
export interface LabelPlace {
  readonly chain: Chain;
  readonly fragment: Fragment;
  readonly offset: number;
}

/** A name of the program: a label, a value, a common block, or nothing yet. */
export class AsmSymbol {
  readonly name: string;
  label: LabelPlace | undefined;
  /** Set by `.set`, `=`, `.equ`; evaluated at the end when it is no constant. */
  value: Expression | undefined;
  common: { size: bigint; alignment: bigint } | undefined;
  binding: 'none' | 'local' | 'global' | 'weak' = 'none';
  type: 'none' | 'function' | 'object' | 'other' = 'none';
  size: Expression | undefined;
  /** `.equiv` and labels may not be redefined; `.set` and `=` may. */
  fixed = false;
  /** Where it was defined, for messages. */
  definedAt: Place | undefined;
  /** Where it was named while undefined. */
  readonly uses: Place[] = [];
  referenced = false;
  /** Final address, once laid out. */
  address: bigint | undefined;
  evaluating = false;

  constructor(name: string) {
    this.name = name;
  }

  get defined(): boolean {
    return this.label !== undefined || this.value !== undefined || this.common !== undefined;
  }

  /** Relaxation and layout see a weak symbol as someone else's: GAS leaves its references to the linker. */
  get preemptible(): boolean {
    return this.binding === 'weak';
  }
}

/** Between the digits of a numbered label and its count; no source can write it. */
const INSTANCE = '\u0001';

/** Names beginning `.L` and numbered labels stay out of the image's symbol list, as GAS keeps them out of .symtab. */
export const isPrivateName = (name: string): boolean =>
  name.startsWith('.L') || name.includes(INSTANCE) || name === '.';

export class SymbolTable {
  readonly #symbols = new Map<string, AsmSymbol>();
  readonly #numbered = new Map<string, number>();
  /** Earlier values of names that `.set` changed after a use. */
  readonly retired: AsmSymbol[] = [];

  get(name: string): AsmSymbol {
    let symbol = this.#symbols.get(name);
    if (symbol === undefined) {
      symbol = new AsmSymbol(name);
      this.#symbols.set(name, symbol);
    }
    return symbol;
  }

  find(name: string): AsmSymbol | undefined {
    return this.#symbols.get(name);
  }

  /** A fresh symbol under the name of one that was used already: older uses keep the older value. */
  renew(name: string): AsmSymbol {
    const old = this.#symbols.get(name);
    const symbol = new AsmSymbol(name);
    if (old !== undefined) {
      if (old.value?.kind !== 'number') this.retired.push(old);
      symbol.binding = old.binding;
      symbol.type = old.type;
    }
    this.#symbols.set(name, symbol);
    return symbol;
  }

  /** The symbol of `1b` or `1f`; `define` counts one further instance and gives that one. */
  numbered(digits: string, direction: 'backward' | 'forward' | 'define'): AsmSymbol | undefined {
    const key = String(BigInt(digits));
    const count = this.#numbered.get(key) ?? 0;
    if (direction === 'backward') return count === 0 ? undefined : this.get(`${key}${INSTANCE}${count}`);
    if (direction === 'define') this.#numbered.set(key, count + 1);
    return this.get(`${key}${INSTANCE}${count + 1}`);
  }

  all(): IterableIterator<AsmSymbol> {
    return this.#symbols.values();
  }
}

/** How a symbol is called in messages: numbered labels by their number. */
export const displayName = (symbol: AsmSymbol): string => symbol.name.split(INSTANCE)[0]!;
