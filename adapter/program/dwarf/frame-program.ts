/** Call frame instructions run to rows of unwind rules (DWARF 5 §6.4.2, and the GNU ones that x86 producers emit). */
import type { Cursor } from '../cursor.ts';
import { hex } from '../cursor.ts';
import type { CfaRule, FrameRow, RegisterRule } from '../image.ts';

/** What a CIE fixes for the instructions of its FDEs. */
export interface ProgramContext {
  readonly codeAlignment: bigint;
  readonly dataAlignment: bigint;
  readonly addressSize: 4 | 8;
  /** Reads the operand of DW_CFA_set_loc, which has the FDE's pointer format; the result includes the load bias. */
  readonly readAddress: (cursor: Cursor) => bigint;
}

export interface Rules {
  readonly cfa: CfaRule | undefined;
  readonly registers: ReadonlyMap<number, RegisterRule>;
}

export const noRules: Rules = { cfa: undefined, registers: new Map() };

/** psABI register numbers end at 129 (bnd3); a higher one is a corrupted operand. */
const highestRegister = 255;
const deepestState = 64;

/** Counts register rules over a whole image, so that a corrupted table cannot fill memory with copies of them. */
export interface RuleBudget {
  left: number;
}

/** Rules after the instructions of a CIE, which change no address. */
export function runInitial(cursor: Cursor, context: ProgramContext, budget: RuleBudget): Rules {
  const machine = new FrameMachine(cursor, context, noRules, 0n, 0n, budget);
  machine.run();
  return machine.rules();
}

/** The rows of an FDE over [start, end), ascending and without two of one address. */
export function runFrame(
  cursor: Cursor,
  context: ProgramContext,
  initial: Rules,
  start: bigint,
  end: bigint,
  budget: RuleBudget,
): FrameRow[] {
  const machine = new FrameMachine(cursor, context, initial, start, end, budget);
  machine.run();
  machine.emit();
  return machine.rows;
}

class FrameMachine {
  readonly rows: FrameRow[] = [];
  private cfa: CfaRule | undefined;
  /** Shared with rows that were emitted; replaced by a copy before a change. */
  private registers: Map<number, RegisterRule>;
  private shared = true;
  private readonly stack: Rules[] = [];

  constructor(
    private readonly cursor: Cursor,
    private readonly context: ProgramContext,
    private readonly initial: Rules,
    private address: bigint,
    private readonly end: bigint,
    private readonly budget: RuleBudget,
  ) {
    this.cfa = initial.cfa;
    this.registers = initial.registers as Map<number, RegisterRule>;
  }

  rules(): Rules {
    this.shared = true;
    return { cfa: this.cfa, registers: this.registers };
  }

  /** Ends the row at the current address. */
  emit(): void {
    const { cfa } = this;
    if (this.address === this.end && this.rows.length > 0) return;
    if (!cfa) this.cursor.wrong('the CFA rule', 'undefined', `a definition before ${hex(this.address)}`);
    if (this.rows.at(-1)?.address === this.address) this.rows.pop();
    this.rows.push({ address: this.address, cfa, registers: this.registers });
    this.shared = true;
  }

  run(): void {
    const { cursor, context } = this;
    while (cursor.left > 0) {
      const opcode = cursor.u8('a call frame instruction');
      const low = opcode & 0x3f;
      if (opcode >> 6 === 1) this.advance(BigInt(low));
      else if (opcode >> 6 === 2) this.set(low, this.offset(cursor.uleb('DW_CFA_offset')));
      else if (opcode >> 6 === 3) this.restore(low);
      else if (opcode === 0x01) this.moveTo(context.readAddress(cursor));
      else this.runExtended(opcode);
    }
  }

  private runExtended(opcode: number): void {
    const { cursor, context } = this;
    switch (opcode) {
      case 0x00: // nop
        break;
      case 0x02: // advance_loc1
        this.advance(BigInt(cursor.u8('DW_CFA_advance_loc1')));
        break;
      case 0x03: // advance_loc2
        this.advance(BigInt(cursor.u16('DW_CFA_advance_loc2')));
        break;
      case 0x04: // advance_loc4
        this.advance(BigInt(cursor.u32('DW_CFA_advance_loc4')));
        break;
      case 0x05: // offset_extended
        this.set(this.register(), this.offset(cursor.uleb('DW_CFA_offset_extended')));
        break;
      case 0x06: // restore_extended
        this.restore(this.register());
        break;
      case 0x07:
        this.set(this.register(), { kind: 'undefined' });
        break;
      case 0x08:
        this.set(this.register(), { kind: 'same' });
        break;
      case 0x09:
        this.set(this.register(), { kind: 'register', register: this.register() });
        break;
      case 0x0a: // remember_state
        if (this.stack.length === deepestState) {
          cursor.wrong('the depth of DW_CFA_remember_state', deepestState + 1, `at most ${deepestState}`);
        }
        this.stack.push(this.rules());
        break;
      case 0x0b: // restore_state
        this.restoreState();
        break;
      case 0x0c: // def_cfa
        this.cfa = { kind: 'register', register: this.register(), offset: cursor.uleb('DW_CFA_def_cfa') };
        break;
      case 0x0d: // def_cfa_register
        this.cfa = { kind: 'register', register: this.register(), offset: this.cfaRegister().offset };
        break;
      case 0x0e: // def_cfa_offset
        this.cfa = { ...this.cfaRegister(), offset: cursor.uleb('DW_CFA_def_cfa_offset') };
        break;
      case 0x0f: // def_cfa_expression
        this.cfa = { kind: 'expression', bytes: this.block() };
        break;
      case 0x10:
        this.set(this.register(), { kind: 'expression', bytes: this.block() });
        break;
      case 0x11: // offset_extended_sf
        this.set(this.register(), this.offset(cursor.sleb('DW_CFA_offset_extended_sf')));
        break;
      case 0x12: // def_cfa_sf
        this.cfa = {
          kind: 'register',
          register: this.register(),
          offset: cursor.sleb('DW_CFA_def_cfa_sf') * context.dataAlignment,
        };
        break;
      case 0x13: // def_cfa_offset_sf
        this.cfa = { ...this.cfaRegister(), offset: cursor.sleb('DW_CFA_def_cfa_offset_sf') * context.dataAlignment };
        break;
      case 0x14: // val_offset
        this.set(this.register(), this.valueOffset(cursor.uleb('DW_CFA_val_offset')));
        break;
      case 0x15: // val_offset_sf
        this.set(this.register(), this.valueOffset(cursor.sleb('DW_CFA_val_offset_sf')));
        break;
      case 0x16:
        this.set(this.register(), { kind: 'valueExpression', bytes: this.block() });
        break;
      case 0x1d: // MIPS_advance_loc8
        this.advance(cursor.u64('DW_CFA_MIPS_advance_loc8'));
        break;
      case 0x2e: // GNU_args_size: what a caller pushed; the CFA rules account for it
        cursor.uleb('DW_CFA_GNU_args_size');
        break;
      case 0x2f: // GNU_negative_offset_extended
        this.set(this.register(), this.offset(-cursor.uleb('DW_CFA_GNU_negative_offset_extended')));
        break;
      default:
        cursor.wrong('a call frame instruction', opcode, 'a DW_CFA code of DWARF 5 or GNU for x86', cursor.offset - 1);
    }
  }

  private register(): number {
    const at = this.cursor.offset;
    const number = this.cursor.ulebNumber('a register');
    return number <= highestRegister
      ? number
      : this.cursor.wrong('a register', number, `at most ${highestRegister}`, at);
  }

  private block(): Uint8Array {
    return this.cursor.block(this.cursor.ulebNumber('an expression length'), 'an expression').slice();
  }

  private offset(factor: bigint): RegisterRule {
    return { kind: 'offset', offset: factor * this.context.dataAlignment };
  }

  private valueOffset(factor: bigint): RegisterRule {
    return { kind: 'valueOffset', offset: factor * this.context.dataAlignment };
  }

  private cfaRegister(): CfaRule & { kind: 'register' } {
    if (this.cfa?.kind === 'register') return this.cfa;
    return this.cursor.wrong('the CFA rule', this.cfa?.kind ?? 'undefined', 'a register and offset to change');
  }

  private change(): Map<number, RegisterRule> {
    if (this.shared) {
      this.budget.left -= this.registers.size + 1;
      if (this.budget.left < 0) this.cursor.wrong('the number of register rules', 'millions', 'fewer in one program');
      this.registers = new Map(this.registers);
      this.shared = false;
    }
    return this.registers;
  }

  private set(register: number, rule: RegisterRule): void {
    this.change().set(register, rule);
  }

  private restore(register: number): void {
    const rule = this.initial.registers.get(register);
    if (rule) this.set(register, rule);
    else if (this.registers.has(register)) this.change().delete(register);
  }

  private restoreState(): void {
    const state = this.stack.pop();
    if (!state) this.cursor.wrong('DW_CFA_restore_state', 'without a state', 'DW_CFA_remember_state before it');
    this.cfa = state.cfa;
    this.registers = state.registers as Map<number, RegisterRule>;
    this.shared = true;
  }

  private advance(units: bigint): void {
    this.moveTo(this.address + units * this.context.codeAlignment);
  }

  private moveTo(address: bigint): void {
    if (address < this.address || address > this.end) {
      this.cursor.wrong('the address of a row', address, `one from ${hex(this.address)} to ${hex(this.end)}`);
    }
    if (address === this.address) return;
    this.emit();
    this.address = address;
  }
}
