import { ConditionStack } from './conditions.ts';
import { Cursor, isNameStart } from './cursor.ts';
import { type DiagnosticSink, NestingError, type Place, StatementError } from './diagnostics.ts';
import { type Expression, type ExpressionContext, parseExpression } from './expression.ts';
import { FrameRecorder } from './frames.ts';
import { Input, type Statement } from './input.ts';
import { assembleInstruction } from './instruction/assemble.ts';
import { DEFAULT_MAXIMUM_BYTES } from './layout.ts';
import type { Evaluate, Macro } from './macros.ts';
import { type Chain, type Fragment, type Mode, type RowMark, SectionSet } from './sections.ts';
import { type FileCache, FileNeeded, type FileTable } from './source.ts';
import { AsmSymbol, displayName, SymbolTable } from './symbols.ts';
import type { AssembleOptions } from './types.ts';

export type Directive = (assembler: Assembler, cursor: Cursor, name: string) => void;

const MOST_ENCODINGS = 20_000;
const MOST_STATEMENTS = 1_000_000;

/** Stops an assembly: `.abort`, `.end`, or a limit that was passed. */
export class Stop {}

/** The state of one assembly, fed statement by statement. */
export class Assembler {
  readonly files: FileTable;
  readonly cache: FileCache;
  readonly sink: DiagnosticSink;
  readonly options: AssembleOptions;
  readonly input = new Input();
  readonly symbols = new SymbolTable();
  readonly sections = new SectionSet();
  readonly conditions = new ConditionStack();
  readonly macros = new Map<string, Macro>();
  readonly frames = new FrameRecorder();
  readonly expressions: ExpressionContext;
  /** Numbers that `.file` gave to names. */
  readonly numberedFiles = new Map<number, number>();
  mode: Mode;
  syntax: 'att' | 'intel';
  macroCount = 0;
  /** `.altmacro` is in force. */
  alternateMacros = false;
  /** Labels that LOCAL made. */
  localCount = 0;
  /** The mode in force where `_start` was defined. */
  entryMode: Mode | undefined;
  /** A `.loc` whose row begins at the next instruction. */
  pendingRow: RowMark | undefined;
  /** Rows come from `.loc` once there was one, and no longer from this source's own lines. */
  explicitRows = false;
  /** The `is_stmt` of the `.loc`s that follow. */
  isStatement = true;
  statement: Statement | undefined;
  readonly #directives: ReadonlyMap<string, Directive>;
  #statements = 0;
  readonly #encodings = new Map<string, Uint8Array>();
  /** How often an expression named a symbol. */
  references = 0;

  constructor(
    options: AssembleOptions,
    files: FileTable,
    cache: FileCache,
    sink: DiagnosticSink,
    directives: ReadonlyMap<string, Directive>,
  ) {
    this.options = options;
    this.files = files;
    this.cache = cache;
    this.sink = sink;
    this.#directives = directives;
    this.mode = options.bits ?? 64;
    this.syntax = options.syntax ?? 'att';
    this.expressions = {
      reference: (name, start, end) => {
        this.references++;
        return this.use(this.symbols.get(name), start, end);
      },
      numbered: (digits, direction) => {
        this.references++;
        const symbol = this.symbols.numbered(digits, direction);
        if (symbol === undefined) throw new StatementError(`There is no label "${digits}:" before "${digits}b".`);
        return this.use(symbol);
      },
      here: () => {
        this.references++;
        return this.here();
      },
    };
  }

  get chain(): Chain {
    return this.sections.chain;
  }

  /** Notes a use, for the message when the symbol stays undefined. */
  use(symbol: AsmSymbol, start?: number, end?: number): AsmSymbol {
    symbol.referenced = true;
    if (!symbol.defined && symbol.uses.length < 1000) symbol.uses.push(this.place(start, end));
    return symbol;
  }

  /** A label at the place where the next byte goes. */
  here(): AsmSymbol {
    const symbol = new AsmSymbol('.');
    symbol.label = { chain: this.chain, fragment: this.chain.current, offset: this.chain.current.length };
    return symbol;
  }

  /** Where offsets of the present statement's line lie; the whole statement when none are given. */
  place(start?: number, end?: number): Place {
    const { statement } = this;
    if (statement === undefined) return { origin: { file: 0, line: 0 }, column: 1, chain: '' };
    const { line } = statement;
    const text = line.text;
    let from = start;
    let to = end;
    if (from === undefined || !line.exact) {
      from = line.exact ? statement.start : 0;
      to = line.exact ? statement.end : text.length;
      while (from < to && /\s/.test(text[from]!)) from++;
      while (to > from && /\s/.test(text[to - 1]!)) to--;
    }
    return {
      origin: line.origin,
      column: from + 1,
      endColumn: Math.max(to ?? from + 1, from + 1) + 1,
      chain: this.input.chain(this.files),
    };
  }

  error(message: string, start?: number, end?: number): void {
    this.sink.add('error', message, this.place(start, end));
  }

  warn(message: string, start?: number, end?: number): void {
    this.sink.add('warning', message, this.place(start, end));
  }

  /** Runs until the input ends. Throws {@link FileNeeded}; call again when the file was read. */
  run(): void {
    for (;;) {
      const statement = this.input.next();
      if (statement === undefined) {
        if (this.input.exhausted) this.error('Repetitions run too often; a .rept, .irp or macro expands without end.');
        break;
      }
      this.statement = statement;
      if (++this.#statements > MOST_STATEMENTS) {
        this.error(`More than ${MOST_STATEMENTS} statements; a macro or .rept expands without end.`);
        break;
      }
      try {
        this.#process(statement);
      } catch (error) {
        if (error instanceof Stop) break;
        if (error instanceof FileNeeded) {
          this.input.retry();
          throw error;
        }
        if (!(error instanceof StatementError)) throw error;
        this.error(error.message, error.start, error.end);
        if (error instanceof NestingError) this.input.unwind();
      }
      if (this.#tooLarge()) break;
    }
    this.#finish();
  }

  #tooLarge(): boolean {
    const maximum = this.options.maximumBytes ?? DEFAULT_MAXIMUM_BYTES;
    if (this.chain.used <= maximum) return false;
    this.error(`Section ${this.chain.section.name} takes more than ${maximum} bytes.`);
    return true;
  }

  #finish(): void {
    for (const { place } of this.conditions.open) this.sink.add('error', 'This .if has no .endif.', place);
    this.frames.finish(this);
    for (const symbol of this.symbols.all()) {
      if (symbol.common !== undefined && symbol.label === undefined)
        this.allocateCommon(symbol, this.sections.get('.bss').chain(0x7fff_ffff));
      if (symbol.defined || symbol.binding === 'weak') continue;
      for (const place of symbol.uses) {
        const name = displayName(symbol);
        this.sink.add(
          'error',
          symbol.name === name ? `"${name}" is not defined.` : `There is no label "${name}:" after "${name}f".`,
          place,
        );
      }
    }
  }

  /** Gives a common symbol its place in `chain` (the end of .bss, as ld does). */
  allocateCommon(symbol: AsmSymbol, chain: Chain): void {
    const { size, alignment } = symbol.common!;
    chain.section.alignment = Math.max(chain.section.alignment, Number(alignment));
    chain.finish({
      kind: 'align',
      alignment: Number(alignment),
      maximum: 0,
      fill: new Uint8Array(1),
      place: this.place(),
    });
    symbol.label = { chain, fragment: chain.current, offset: chain.current.length };
    symbol.type = symbol.type === 'none' ? 'object' : symbol.type;
    symbol.size ??= { kind: 'number', value: size };
    const tail = {
      kind: 'space',
      count: { kind: 'number', value: size },
      fill: new Uint8Array(1),
      place: this.place(),
    } as const;
    chain.finish(tail, Number(size));
  }

  #process(statement: Statement): void {
    const cursor = new Cursor(statement.line.text, statement.start, statement.end);
    const skipping = !this.conditions.active;
    if (skipping) {
      const word = firstDirective(cursor);
      if (word !== undefined && this.conditions.follows(word)) this.#directives.get(word)!(this, cursor, word);
      return;
    }
    for (;;) {
      cursor.skipBlanks();
      if (cursor.done) return;
      if (!this.#takeLabel(cursor)) break;
    }
    this.#body(cursor);
  }

  /** Takes `name:` or `1:`. */
  #takeLabel(cursor: Cursor): boolean {
    const start = cursor.position;
    const digits = /^([0-9]+)\s*:/.exec(cursor.text.slice(start, Math.min(cursor.end, start + 40)));
    if (digits !== null) {
      cursor.position = start + digits[0].length;
      this.defineLabel(this.symbols.numbered(digits[1]!, 'define')!, start, cursor.position - 1);
      return true;
    }
    if (cursor.peek() !== '"' && !isNameStart(cursor.peek())) return false;
    const name = cursor.name()!;
    const end = cursor.position;
    if (cursor.skipBlanks().peek() === ':' && cursor.peek(1) !== '=') {
      cursor.position++;
      this.defineLabel(this.symbols.get(name), start, end);
      return true;
    }
    cursor.position = start;
    return false;
  }

  defineLabel(known: AsmSymbol, start: number, end: number): void {
    const symbol = known;
    if (symbol.defined) {
      const before = symbol.definedAt;
      const where = before === undefined ? '' : ` at ${this.files.path(before.origin.file)}:${before.origin.line}`;
      throw new StatementError(`"${displayName(symbol)}" is defined already${where}.`, start, end);
    }
    symbol.label = { chain: this.chain, fragment: this.chain.current, offset: this.chain.current.length };
    symbol.definedAt = this.place(start, end);
    symbol.fixed = true;
    if (symbol.name === '_start') this.entryMode = this.mode;
  }

  #body(cursor: Cursor): void {
    const start = cursor.position;
    const word = cursor.name();
    if (word === undefined) {
      if (cursor.peek() === '{') {
        this.#instruction(cursor);
        return;
      }
      throw new StatementError(
        `Expected a label, a directive or an instruction, not "${cursor.rest()}".`,
        start,
        cursor.end,
      );
    }
    cursor.skipBlanks();
    if (cursor.peek() === '=') {
      cursor.position += cursor.peek(1) === '=' ? 2 : 1;
      this.assign(word, parseExpression(cursor, this.expressions), start, cursor, false);
      return;
    }
    const lower = word.toLowerCase();
    const directive = lower.startsWith('.') ? this.#directives.get(lower) : undefined;
    if (directive !== undefined) {
      this.#tracked(lower === '.nop', () => directive(this, cursor, lower));
      return;
    }
    const macro = this.macros.get(lower);
    if (macro !== undefined) {
      macro.expand(this, cursor);
      return;
    }
    if (lower.startsWith('.'))
      throw new StatementError(`"${word}" is no directive that this assembler knows.`, start, start + word.length);
    cursor.position = start;
    this.#instruction(cursor);
  }

  /** Instructions that name no symbol encode alike wherever they stand. */
  #instruction(cursor: Cursor): void {
    const text = cursor.rest();
    const key = `${this.mode}${this.syntax}${text}`;
    const known = this.#encodings.get(key);
    if (known !== undefined) {
      this.#tracked(true, () => this.chain.append(known));
      return;
    }
    const { chain, references } = this;
    const { current, used } = chain;
    const fixups = current.fixups.length;
    const reported = this.sink.list.length;
    this.#encode(cursor);
    const settled = chain.current === current && current.fixups.length === fixups;
    const plain = settled && this.references === references && this.sink.list.length === reported;
    if (plain && this.#encodings.size < MOST_ENCODINGS) this.#encodings.set(key, chain.bytes.slice(used, chain.used));
  }

  #encode(cursor: Cursor): void {
    this.#tracked(true, () =>
      assembleInstruction(cursor, {
        expressions: this.expressions,
        mode: this.mode,
        syntax: this.syntax,
        chain: this.chain,
        place: (start, end) => this.place(start, end),
        warn: (message, start, end) => this.warn(message, start, end),
      }),
    );
  }

  /** Runs a statement and notes the bytes that it emitted, for line rows and listings. */
  #tracked(code: boolean, body: () => void): void {
    const { chain } = this;
    const fragment = chain.current;
    const offset = fragment.length;
    body();
    if (this.sections.chain !== chain || (chain.current === fragment && fragment.length === offset)) return;
    if (chain.section.flags.empty && holdsBytes(chain, fragment, offset)) {
      throw new StatementError(`${chain.section.name} holds no bytes, but this statement puts some there.`);
    }
    const origin = this.statement!.line.origin;
    let row: RowMark | undefined;
    if (code && this.explicitRows) {
      row = this.pendingRow;
      this.pendingRow = undefined;
    } else if (code) {
      const at = this.input.rowOrigin ?? origin;
      row = { file: at.file, line: at.line, column: 0, isStatement: true, explicit: false };
    }
    chain.emissions.push({
      fragment,
      offset,
      origin,
      row,
      ...(code && { bits: this.mode }),
      endFragment: chain.current,
      endOffset: chain.current.length,
    });
  }

  /** Puts a `.loc`'s row at the present place; two in a row both stay. */
  flushRow(): void {
    const { chain, pendingRow } = this;
    if (pendingRow === undefined) return;
    this.pendingRow = undefined;
    const fragment = chain.current;
    const offset = fragment.length;
    const origin = this.statement!.line.origin;
    chain.emissions.push({ fragment, offset, origin, row: pendingRow, endFragment: fragment, endOffset: offset });
  }

  /** `.set`, `=`, `.equiv`: gives a name a value. */
  assign(name: string, value: Expression, start: number, cursor: Cursor, once: boolean): void {
    this.expectEnd(cursor);
    if (name === '.') {
      this.chain.finish({ kind: 'org', target: value, fill: 0, place: this.place() });
      return;
    }
    let symbol = this.symbols.get(name);
    if (symbol.defined) {
      if (symbol.fixed || once)
        throw new StatementError(
          `"${name}" is defined already and can't get another value.`,
          start,
          start + name.length,
        );
      symbol = this.symbols.renew(name);
    }
    if (value.kind === 'symbol' && value.symbol.label !== undefined && value.modifier === undefined) {
      const { chain, fragment, offset } = value.symbol.label;
      symbol.label = { chain, fragment, offset: offset + Number(value.addend) };
    } else {
      symbol.value = value;
    }
    symbol.fixed = once;
    symbol.definedAt = this.place(start, start + name.length);
  }

  /** Fails when something is left of the statement. */
  expectEnd(cursor: Cursor): void {
    if (!cursor.skipBlanks().done) cursor.fail(`Unexpected "${cursor.rest()}" at the end of the statement.`);
  }

  /** How `.altmacro` evaluates a `%expression` argument; undefined when it is not in force. */
  evaluateArgument(): Evaluate | undefined {
    if (!this.alternateMacros) return undefined;
    return (text) => {
      const cursor = new Cursor(text);
      return { value: this.absolute(cursor), length: cursor.position };
    };
  }

  /** An expression whose value must be known at this point of the source. */
  absolute(cursor: Cursor): bigint {
    const start = cursor.skipBlanks().position;
    const expression = parseExpression(cursor, this.expressions);
    if (expression.kind === 'number') return expression.value;
    throw new StatementError(
      `The value of "${cursor.text.slice(start, cursor.position).trim()}" must be a number that is known at this point of the source.`,
      start,
      cursor.position,
    );
  }
}

/** The directive that a skipped statement opens with (labels aside). */
function firstDirective(cursor: Cursor): string | undefined {
  const found = /^\s*(?:[A-Za-z0-9_.$]+:\s*)*(\.[A-Za-z]+)/.exec(cursor.text.slice(cursor.position, cursor.end));
  if (found === null) return undefined;
  cursor.position += found[0].length;
  return found[1]!.toLowerCase();
}

/** Whether something other than zeros was put after a place in a chain. */
function holdsBytes(chain: Chain, fragment: Fragment, offset: number): boolean {
  const added = chain.fragments.slice(chain.fragments.lastIndexOf(fragment));
  const filled = added.some(
    ({ tail, fixups }) => tail?.kind === 'branch' || fixups.some((fixup) => fixup.offset >= offset),
  );
  return filled || chain.bytes.subarray(fragment.start + offset, chain.used).some((byte) => byte !== 0);
}
