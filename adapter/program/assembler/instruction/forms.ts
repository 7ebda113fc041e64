import {
  Code,
  CodeExt,
  EncodingKind,
  FormatMnemonicOptions,
  Formatter,
  FormatterSyntax,
  Instruction,
  MemorySizeExt,
  Mnemonic,
  type OpCodeInfo,
  OpCodeOperandKind,
  OpKind,
  Register,
} from '../../iced.ts';
import { extraNames } from './aliases.ts';
import { type KindRule, ruleOf } from './kinds.ts';

/** One instruction form of the opcode table. */
export interface Form {
  readonly code: Code;
  /** Intel's mnemonic, lower case. */
  readonly mnemonic: string;
  readonly kinds: readonly OpCodeOperandKind[];
  readonly rules: readonly KindRule[];
  /** Bytes of its memory operand; 0 when it has none or any will do. */
  readonly memorySize: number;
  readonly modes: number;
  /** AT&T's size letter for it, '' when the mnemonic has none. */
  readonly suffix: string;
  /** Ties between equally short encodings go to the smaller. */
  readonly order: number;
  readonly defaults64: boolean;
  readonly opCode: number;
  readonly lock: boolean;
  readonly notrack: boolean;
  readonly repeatable: boolean;
  readonly vex: boolean;
  /** A 64-bit register may stand where the form has a 32-bit one. */
  readonly narrow: boolean;
  /** LAR and LSL: a 16-bit source register may stand for the wider one. */
  readonly wordSource: boolean;
  /** `always`: neither 66H nor REX.W; `wide`: no REX.W, and no 66H with a memory operand. */
  readonly sizeless: 'always' | 'wide' | 'no';
}

export const MODE_BIT = { 16: 1, 32: 2, 64: 4 } as const;

/** Forms of old or foreign processors whose mnemonics are those of the real ones. */
const OBSOLETE =
  /^(Cmpxchg486|.*Cyrix|Ud0_\d|.*_KNC|Reservednop|Umov|Xbts|Ibts|Loadall|Fstpnce|Fxch_st0_sti_D|Fstp_sti_DF|Fcom_st0_sti_DC|Fcomp_st0_sti_D|Pcommit|Frndint24|.*_82$|.*reserved)/i;

function isWanted(info: OpCodeInfo): boolean {
  return (
    info.isInstruction &&
    (info.encoding === EncodingKind.Legacy ||
      info.encoding === EncodingKind.VEX ||
      info.encoding === EncodingKind.D3NOW) &&
    info.mnemonic !== Mnemonic.INVALID
  );
}

const isTwin = (info: OpCodeInfo, name: string): boolean =>
  NARROW.test(name) &&
  Array.from({ length: info.opCount }, (_, index) => ruleOf(info.opKind(index))).some(
    ({ register }) => register === 'r64',
  );

/** A sample of the form, enough for a formatter to name it. */
function nameable(code: Code, kinds: readonly OpCodeOperandKind[], rules: readonly KindRule[]): Instruction {
  const instruction = new Instruction();
  instruction.code = code;
  for (const [index, rule] of rules.entries()) {
    if (rule.memory !== undefined) {
      const kind = kinds[index]!;
      const string =
        kind === OpCodeOperandKind.seg_rSI
          ? OpKind.MemorySegRSI
          : kind === OpCodeOperandKind.es_rDI
            ? OpKind.MemoryESRDI
            : kind === OpCodeOperandKind.seg_rDI
              ? OpKind.MemorySegRDI
              : OpKind.Memory;
      instruction.setOpKind(index, string);
      if (string === OpKind.Memory) instruction.memoryBase = Register.RAX;
    } else if (rule.immediate !== undefined) {
      instruction.setOpKind(index, OpKind.Immediate8);
    }
  }
  return instruction;
}

/** GAS prefers the sign-extended byte to the accumulator form where both are equally long (`add $5, %ax`). */
function orderOf(info: OpCodeInfo, name: string, kinds: readonly OpCodeOperandKind[]): number {
  const late = OBSOLETE.test(name) ? 1 << 20 : 0;
  const accumulator = kinds[0] === OpCodeOperandKind.ax && kinds[1] === OpCodeOperandKind.imm16 ? 1 << 13 : 0;
  const second = SECOND_CHOICE.test(name) ? 1 << 14 : 0;
  return late + accumulator + second + info.opCode * 16 + Math.max(0, info.groupIndex);
}

/** Forms that GAS takes only when the other with that name does not fit or is longer. */
const SECOND_CHOICE =
  /^(VEX_V)?(Movq_(mm|xmm)_rm64|Movq_rm64_(mm|xmm))|^VEX_Vpextrw_r(32|64)m16|^VEX_Vf.*_(xmmm128|ymmm256|xmmm32|xmmm64)_[xy]mm$/i;

/**
 * Forms with a 32-bit general register whose 64-bit twin differs by a useless REX.W: GAS takes the 64-bit register's name and
 * leaves REX.W out. The twins are dropped from the table.
 */
const NARROW = /^(VEX_V)?(movmskp[sd]|pmovmskb|pinsr[bw]|pextr[bw]|extractps)_/i;

/** Forms whose operand is 16 bits whatever the register's width: GAS leaves 66H and REX.W out. */
const SIZELESS: readonly [pattern: RegExp, where: Form['sizeless']][] = [
  [/^(Mov_Sreg_|Lldt_|Ltr_|Verr_|Verw_|Lmsw_|Arpl_)/, 'always'],
  [/^(Mov_r(m16|32m16|64m16)_Sreg|Sldt_|Str_)/, 'wide'],
];

interface Table {
  readonly att: ReadonlyMap<string, readonly Form[]>;
  readonly intel: ReadonlyMap<string, readonly Form[]>;
}

function buildTable(): Table {
  const att = new Map<string, Form[]>();
  const intel = new Map<string, Form[]>();
  const put = (table: Map<string, Form[]>, name: string, form: Form): void => {
    const list = table.get(name);
    if (list === undefined) table.set(name, [form]);
    else if (!list.includes(form)) list.push(form);
  };
  const gasFormatter = new Formatter(FormatterSyntax.Gas);
  gasFormatter.gasShowMnemonicSizeSuffix = true;
  const intelFormatter = new Formatter(FormatterSyntax.Intel);
  for (let code = 1 as Code; code <= Code.VEX_Vcvtneobf162ps_ymm_m256 || Code[code] !== undefined; code++) {
    const info = CodeExt.opCode(code);
    if (isWanted(info) && !isTwin(info, Code[code]!)) {
      const kinds = Array.from({ length: info.opCount }, (_, index) => info.opKind(index));
      const rules = kinds.map(ruleOf);
      const sample = nameable(code, kinds, rules);
      const gas = gasFormatter.formatMnemonicOptions(sample, FormatMnemonicOptions.NoPrefixes).replace('*', '').trim();
      const formatted = intelFormatter.formatMnemonicOptions(sample, FormatMnemonicOptions.NoPrefixes);
      sample.free();
      const mnemonic = Mnemonic[info.mnemonic]!.toLowerCase();
      const names = extraNames(mnemonic, gas, Code[code]!);
      const form: Form = {
        code,
        mnemonic,
        kinds,
        rules,
        memorySize:
          info.encoding === EncodingKind.VEX || rules.some((rule) => rule.memory !== undefined)
            ? MemorySizeExt.size(info.memorySize)
            : 0,
        modes: (info.mode16 ? 1 : 0) | (info.mode32 ? 2 : 0) | (info.mode64 ? 4 : 0),
        suffix: names.suffix,
        order: orderOf(info, Code[code]!, kinds),
        defaults64: info.defaultOpSize64 || info.forceOpSize64 || info.intelForceOpSize64,
        opCode: info.opCode,
        lock: info.canUseLockPrefix,
        notrack: info.canUseNotrackPrefix,
        repeatable: info.canUseRepPrefix || info.canUseRepnePrefix,
        vex: info.encoding === EncodingKind.VEX,
        wordSource: /^L(ar|sl)_r(32|64)/.test(Code[code]!),
        narrow: NARROW.test(Code[code]!),
        sizeless: SIZELESS.find(([pattern]) => pattern.test(Code[code]!))?.[1] ?? 'no',
      };
      for (const name of names.att) put(att, name, form);
      for (const name of names.intel) put(intel, name, form);
      put(intel, formatted.replace(/ .*/, ''), form);
    }
    info.free();
  }
  gasFormatter.free();
  intelFormatter.free();
  return { att, intel };
}

let built: Table | undefined;

/** The forms of a mnemonic (with its AT&T suffix, if that is part of the name); built from iced's table on first use. */
export function formsOf(name: string, syntax: 'att' | 'intel'): readonly Form[] {
  built ??= buildTable();
  return built[syntax].get(name) ?? [];
}

/** Every mnemonic that a syntax knows, for tests and completions. */
export function mnemonics(syntax: 'att' | 'intel'): IterableIterator<string> {
  built ??= buildTable();
  return built[syntax].keys();
}
