import type { CfaRule, FrameDescription, FrameRow, RegisterRule } from '../image.ts';
import type { Assembler } from './assembler.ts';
import { type Place, StatementError } from './diagnostics.ts';
import { total } from './layout.ts';
import { ResolveError, resolve } from './resolve.ts';
import type { AsmSymbol } from './symbols.ts';

interface Rules {
  cfa: CfaRule;
  registers: Map<number, RegisterRule>;
}

interface Row extends Rules {
  readonly at: AsmSymbol;
}

interface Open {
  readonly place: Place;
  readonly start: AsmSymbol;
  readonly rows: Row[];
  readonly initial: Rules;
  rules: Rules;
  readonly remembered: Rules[];
  returnRegister: number;
  signalFrame: boolean;
}

interface Closed extends Open {
  readonly end: AsmSymbol;
}

const copy = ({ cfa, registers }: Rules): Rules => ({ cfa, registers: new Map(registers) });

/** Follows the `.cfi_*` directives and keeps the unwind rules of each procedure (DWARF 5 §6.4). */
export class FrameRecorder {
  #open: Open | undefined;
  readonly #closed: Closed[] = [];

  start(assembler: Assembler, simple: boolean): void {
    if (this.#open !== undefined)
      throw new StatementError('.cfi_startproc stands inside another procedure; .cfi_endproc is missing.');
    const wide = assembler.mode === 64;
    const word = wide ? 8n : 4n;
    const returnRegister = wide ? 16 : 8;
    const initial: Rules = {
      cfa: { kind: 'register', register: wide ? 7 : 4, offset: simple ? 0n : word },
      registers: new Map(),
    };
    if (!simple) initial.registers.set(returnRegister, { kind: 'offset', offset: -word });
    const start = assembler.here();
    this.#open = {
      place: assembler.place(),
      start,
      rows: [],
      initial,
      rules: copy(initial),
      remembered: [],
      returnRegister,
      signalFrame: false,
    };
    this.#row(assembler);
  }

  get #current(): Open {
    if (this.#open === undefined)
      throw new StatementError('This directive belongs between .cfi_startproc and .cfi_endproc.');
    return this.#open;
  }

  #row(assembler: Assembler): void {
    const open = this.#current;
    const at = assembler.here();
    const last = open.rows[open.rows.length - 1];
    const same = last?.at.label?.fragment === at.label!.fragment && last.at.label.offset === at.label!.offset;
    if (same) open.rows.pop();
    open.rows.push({ at, ...copy(open.rules) });
  }

  #setCfa(
    assembler: Assembler,
    change: (cfa: { register: number; offset: bigint }) => { register: number; offset: bigint },
  ): void {
    const { rules } = this.#current;
    if (rules.cfa.kind !== 'register') throw new StatementError('The CFA is no register and offset here.');
    rules.cfa = { kind: 'register', ...change({ register: rules.cfa.register, offset: rules.cfa.offset }) };
    this.#row(assembler);
  }

  defineCfa(assembler: Assembler, register: number, offset: bigint): void {
    this.#setCfa(assembler, () => ({ register, offset }));
  }

  defineCfaRegister(assembler: Assembler, register: number): void {
    this.#setCfa(assembler, ({ offset }) => ({ register, offset }));
  }

  defineCfaOffset(assembler: Assembler, offset: bigint): void {
    this.#setCfa(assembler, ({ register }) => ({ register, offset }));
  }

  adjustCfaOffset(assembler: Assembler, by: bigint): void {
    this.#setCfa(assembler, ({ register, offset }) => ({ register, offset: offset + by }));
  }

  /** `.cfi_rel_offset` counts from the CFA's register, the rule from the CFA. */
  relativeOffset(assembler: Assembler, register: number, offset: bigint): void {
    const { cfa } = this.#current.rules;
    const base = cfa.kind === 'register' ? cfa.offset : 0n;
    this.rule(assembler, register, { kind: 'offset', offset: offset - base });
  }

  rule(assembler: Assembler, register: number, rule: RegisterRule): void {
    this.#current.rules.registers.set(register, rule);
    this.#row(assembler);
  }

  restore(assembler: Assembler, register: number): void {
    const { rules, initial } = this.#current;
    const before = initial.registers.get(register);
    if (before === undefined) rules.registers.delete(register);
    else rules.registers.set(register, before);
    this.#row(assembler);
  }

  remember(): void {
    const open = this.#current;
    open.remembered.push(copy(open.rules));
  }

  recall(assembler: Assembler): void {
    const open = this.#current;
    const rules = open.remembered.pop();
    if (rules === undefined) throw new StatementError('.cfi_restore_state has no .cfi_remember_state before it.');
    open.rules = rules;
    this.#row(assembler);
  }

  returnColumn(register: number): void {
    this.#current.returnRegister = register;
  }

  signalFrame(): void {
    this.#current.signalFrame = true;
  }

  end(assembler: Assembler): void {
    this.#closed.push({ ...this.#current, end: assembler.here() });
    this.#open = undefined;
  }

  finish(assembler: Assembler): void {
    if (this.#open !== undefined)
      assembler.sink.add('error', 'This .cfi_startproc has no .cfi_endproc.', this.#open.place);
    this.#open = undefined;
  }

  /** The descriptions, once the layout has given addresses. */
  descriptions(): FrameDescription[] {
    const address = (symbol: AsmSymbol): bigint => total(resolve({ kind: 'symbol', symbol, addend: 0n }));
    try {
      return this.#closed.map(({ start, end, rows, returnRegister, signalFrame }) => ({
        start: address(start),
        end: address(end),
        returnRegister,
        signalFrame,
        rows: rows.map(({ at, cfa, registers }): FrameRow => ({ address: address(at), cfa, registers })),
      }));
    } catch (error) {
      if (error instanceof ResolveError) return [];
      throw error;
    }
  }
}
