import type { DiagnosticSink } from './diagnostics.ts';
import type { Expression } from './expression.ts';
import { lebLength } from './leb128.ts';
import { ResolveError, resolve } from './resolve.ts';
import type { AsmSection, BranchTail, Fragment, Tail } from './sections.ts';

/** Bytes of padding that `alignment` asks for at `address`; 0 when it is more than `maximum`. */
function padding(address: number, tail: { alignment: number; maximum: number }): number {
  const count = (tail.alignment - (address % tail.alignment)) % tail.alignment;
  return tail.maximum > 0 && count > tail.maximum ? 0 : count;
}

const branchSize = (tail: BranchTail): number =>
  tail.prefixes.length + (tail.long ? (tail.condition === undefined ? 1 : 2) + tail.longSize : 2);

const MOST_PASSES = 1000;

/**
 * Finds the size of everything of variable size in a section: jumps start short and only grow, as in GAS's
 * `relax_segment`, so that the sizes equal its own. Sets every fragment's address and the section's size.
 */
export class Relaxation {
  readonly #section: AsmSection;
  readonly #sink: DiagnosticSink;
  readonly #maximum: number;
  readonly #fragments: Fragment[];
  readonly #reported = new Set<Tail>();

  constructor(section: AsmSection, sink: DiagnosticSink, maximumBytes: number) {
    this.#section = section;
    this.#sink = sink;
    this.#maximum = maximumBytes;
    this.#fragments = section.ordered().flatMap((chain) => chain.fragments);
  }

  /** Gives fragments their first addresses. Every section is placed before any is run: expressions cross sections. */
  place(): void {
    let address = 0;
    let region = 0;
    for (const fragment of this.#fragments) {
      fragment.address = address;
      fragment.region = region;
      address += fragment.length;
      const tail = fragment.tail;
      if (tail?.kind === 'align') fragment.tailSize = padding(address, tail);
      else if (tail?.kind === 'branch') fragment.tailSize = branchSize(tail);
      else if (tail?.kind === 'leb') fragment.tailSize = 1;
      if (tail?.kind === 'align' || tail?.kind === 'org') region++;
      address += fragment.tailSize;
    }
    this.#section.size = address;
  }

  /** Branches to other sections, weak or unknown symbols are long from the start. */
  estimate(): void {
    for (const { tail } of this.#fragments) {
      if (tail?.kind === 'branch' && !this.#isLocal(tail.target)) tail.long = true;
    }
  }

  #isLocal(target: Expression): boolean {
    if (target.kind === 'symbol') {
      if (target.symbol.preemptible) return false;
      if (target.symbol.label !== undefined) return target.symbol.label.chain.section === this.#section;
    }
    try {
      const { sections } = resolve(target);
      return sections.size === 1 && sections.get(this.#section) === 1;
    } catch (error) {
      if (error instanceof ResolveError) return false;
      throw error;
    }
  }

  run(): void {
    let passes = 0;
    for (;;) {
      let stretch = 0;
      let stretched = false;
      for (const fragment of this.#fragments) {
        fragment.marker = !fragment.marker;
        fragment.address += stretch;
        if (fragment.tail === undefined) continue;
        const size = this.#size(fragment, fragment.tail, stretch, passes);
        if (size !== fragment.tailSize) {
          stretch += size - fragment.tailSize;
          fragment.tailSize = size;
          stretched = true;
        }
      }
      const last = this.#fragments[this.#fragments.length - 1];
      this.#section.size = last === undefined ? 0 : last.address + last.length + last.tailSize;
      if (!stretched || ++passes > MOST_PASSES || (!this.#section.flags.empty && this.#section.size > this.#maximum))
        return;
    }
  }

  #size(fragment: Fragment, tail: Tail, stretch: number, passes: number): number {
    switch (tail.kind) {
      case 'branch':
        if (!tail.long && !this.#reaches(fragment, tail, stretch)) tail.long = true;
        return branchSize(tail);
      case 'align':
        return padding(fragment.address + fragment.length, tail);
      case 'org': {
        const target = this.#number(tail, tail.target);
        const size = target - (fragment.address + fragment.length);
        if (size >= 0) return size;
        // A pass that moved things may put the target behind for a moment; a stable one may not.
        if (stretch === 0) this.#report(tail, `.org may not go back: the place is ${-size} bytes past its target.`);
        return 0;
      }
      case 'space': {
        if (tail.count.kind === 'number') return fragment.tailSize;
        const count = this.#number(tail, tail.count);
        if (count < 0) this.#report(tail, `A negative count (${count}) of bytes can't be filled.`);
        return Math.max(0, Math.min(count, this.#maximum + 1)) * tail.fill.length;
      }
      case 'leb': {
        let value = 0n;
        try {
          value = resolve(tail.value).value;
        } catch (error) {
          if (!(error instanceof ResolveError)) throw error;
        }
        const size = lebLength(value, tail.signed);
        // It may only grow after a few passes, or it and an alignment could chase each other for ever.
        return passes > 10 ? Math.max(size, fragment.tailSize) : size;
      }
    }
  }

  #reaches(fragment: Fragment, tail: BranchTail, stretch: number): boolean {
    let target: number;
    let frame: Fragment | undefined;
    if (tail.target.kind === 'symbol' && tail.target.symbol.label !== undefined) {
      const { label } = tail.target.symbol;
      frame = label.fragment;
      target = frame.address + label.offset + Number(tail.target.addend);
    } else {
      target = Number(resolve(tail.target).value);
    }
    const from = fragment.address + fragment.length;
    if (stretch !== 0 && frame !== undefined && frame.marker !== fragment.marker) {
      if (stretch < 0 || frame.region === fragment.region) target += stretch;
      else if (target < from) return true;
    }
    const distance = target - (from + tail.prefixes.length + 2);
    return distance >= -128 && distance <= 127;
  }

  /** A count or a place in this section. */
  #number(tail: Tail, expression: Expression): number {
    try {
      const { sections, value } = resolve(expression);
      const own = tail.kind === 'org' && sections.size === 1 && sections.get(this.#section) === 1;
      if (sections.size > 0 && !own) {
        this.#report(
          tail,
          `.${tail.kind} needs a number${tail.kind === 'org' ? ' or a place in its own section' : ''}.`,
        );
      }
      return Number(value);
    } catch (error) {
      if (!(error instanceof ResolveError)) throw error;
      this.#report(tail, error.message);
      return 0;
    }
  }

  #report(tail: Tail, message: string): void {
    if (this.#reported.has(tail)) return;
    this.#reported.add(tail);
    this.#sink.add('error', message, tail.place);
  }
}
