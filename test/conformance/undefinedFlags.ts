/**
 * What the SDM leaves undefined after an instruction, by instruction and condition. Vectors keep
 * the raw values that the recording processor showed; comparisons leave these bits out.
 * Each row cites the instruction's own page of the SDM, Volume 2, section "Flags Affected"
 * (or "Operation" / "Description" where that is where it is said).
 */

import type { EncodingPlan, GroupPlan } from './plan.ts';
import type { CpuImage } from './state.ts';

export const Flag = {
  CF: 0x1,
  PF: 0x4,
  AF: 0x10,
  ZF: 0x40,
  SF: 0x80,
  TF: 0x100,
  IF: 0x200,
  DF: 0x400,
  OF: 0x800,
} as const;
const { CF, PF, AF, ZF, SF, OF } = Flag;

/** The operands that a condition may ask for. */
interface Operands {
  /** Shift or rotate count after masking to 5 bits (6 with a 64-bit operand); 0 for other instructions. */
  readonly count: number;
  /** Operand width in bits. */
  readonly width: number;
  /** The zero flag after the instruction. */
  readonly zero: boolean;
}

export interface UndefinedRow {
  /** Mnemonics as they begin a Code name (`Shl_rm8_CL`, `VEX_Andn_r32_r32_rm32`). */
  readonly mnemonics: readonly string[];
  /** In words; `when` decides. */
  readonly condition: string;
  readonly when?: (operands: Operands) => boolean;
  readonly flags: number;
  /** True when the destination register (operand 0) is undefined too. */
  readonly destination?: true;
  readonly source: string;
}

export const UNDEFINED: readonly UndefinedRow[] = [
  {
    mnemonics: ['And', 'Or', 'Xor', 'Test'],
    condition: 'always',
    flags: AF,
    source: 'Vol. 2: AND, OR, XOR, TEST, Flags Affected',
  },
  {
    mnemonics: ['Shl', 'Sal', 'Shr', 'Sar'],
    condition: 'count not 0',
    when: ({ count }) => count !== 0,
    flags: AF,
    source: 'Vol. 2B: SAL/SAR/SHL/SHR, Flags Affected',
  },
  {
    mnemonics: ['Shl', 'Sal', 'Shr', 'Sar', 'Rol', 'Ror', 'Rcl', 'Rcr'],
    condition: 'count above 1',
    when: ({ count }) => count > 1,
    flags: OF,
    source: 'Vol. 2B: SAL/SAR/SHL/SHR and RCL/RCR/ROL/ROR, Flags Affected',
  },
  {
    mnemonics: ['Shl', 'Sal', 'Shr'],
    condition: 'count at least the operand width',
    when: ({ count, width }) => count >= width,
    flags: CF,
    source: 'Vol. 2B: SAL/SAR/SHL/SHR, Flags Affected',
  },
  {
    mnemonics: ['Shld', 'Shrd'],
    condition: 'count not 0',
    when: ({ count }) => count !== 0,
    flags: AF,
    source: 'Vol. 2B: SHLD and SHRD, Flags Affected',
  },
  {
    mnemonics: ['Shld', 'Shrd'],
    condition: 'count above 1',
    when: ({ count }) => count > 1,
    flags: OF,
    source: 'Vol. 2B: SHLD and SHRD, Flags Affected',
  },
  {
    mnemonics: ['Shld', 'Shrd'],
    condition: 'count above the operand width (16-bit forms only)',
    when: ({ count, width }) => count > width,
    flags: CF | PF | AF | ZF | SF | OF,
    destination: true,
    source: 'Vol. 2B: SHLD and SHRD, Description and Flags Affected',
  },
  {
    mnemonics: ['Mul', 'Imul'],
    condition: 'always',
    flags: SF | ZF | AF | PF,
    source: 'Vol. 2: MUL and IMUL, Flags Affected',
  },
  {
    mnemonics: ['Div', 'Idiv'],
    condition: 'always',
    flags: CF | PF | AF | ZF | SF | OF,
    source: 'Vol. 2A: DIV and IDIV, Flags Affected',
  },
  {
    mnemonics: ['Bt', 'Bts', 'Btr', 'Btc'],
    condition: 'always',
    flags: OF | SF | AF | PF,
    source: 'Vol. 2A: BT, BTC, BTR, BTS, Flags Affected',
  },
  {
    mnemonics: ['Bsf', 'Bsr'],
    condition: 'always',
    flags: CF | OF | SF | AF | PF,
    source: 'Vol. 2A: BSF and BSR, Flags Affected',
  },
  {
    mnemonics: ['Bsf', 'Bsr'],
    condition: 'source is 0',
    when: ({ zero }) => zero,
    flags: 0,
    destination: true,
    source: 'Vol. 2A: BSF and BSR, Description (processors differ in what the destination holds)',
  },
  {
    mnemonics: ['Tzcnt', 'Lzcnt'],
    condition: 'always',
    flags: OF | SF | PF | AF,
    source: 'Vol. 2: TZCNT and LZCNT, Flags Affected',
  },
  {
    mnemonics: ['VEX_Andn', 'VEX_Blsr', 'VEX_Blsi', 'VEX_Bzhi'],
    condition: 'always',
    flags: AF | PF,
    source: 'Vol. 2: ANDN, BLSR, BLSI, BZHI, Flags Affected',
  },
  { mnemonics: ['VEX_Blsmsk'], condition: 'always', flags: AF | PF, source: 'Vol. 2A: BLSMSK, Flags Affected' },
  { mnemonics: ['VEX_Bextr'], condition: 'always', flags: AF | SF | PF, source: 'Vol. 2A: BEXTR, Flags Affected' },
  {
    mnemonics: ['Aaa', 'Aas'],
    condition: 'always',
    flags: OF | SF | ZF | PF,
    source: 'Vol. 2A: AAA and AAS, Flags Affected',
  },
  {
    mnemonics: ['Aad', 'Aam'],
    condition: 'always',
    flags: OF | AF | CF,
    source: 'Vol. 2A: AAD and AAM, Flags Affected',
  },
  { mnemonics: ['Daa', 'Das'], condition: 'always', flags: OF, source: 'Vol. 2A: DAA and DAS, Flags Affected' },
];

const SHIFTS = new Set(['Shl', 'Sal', 'Shr', 'Sar', 'Rol', 'Ror', 'Rcl', 'Rcr', 'Shld', 'Shrd']);
const NO_REGISTER = 255;

const rowsByMnemonic = new Map<string, UndefinedRow[]>();
for (const row of UNDEFINED)
  for (const mnemonic of row.mnemonics) rowsByMnemonic.set(mnemonic, [...(rowsByMnemonic.get(mnemonic) ?? []), row]);

/** The mnemonic part of a Code name, with its VEX_ prefix if it has one. */
export function mnemonicOf(codeName: string): string {
  return /^(?:VEX_)?[^_]+/.exec(codeName)?.[0] ?? codeName;
}

/**
 * The undefined flags (a mask over RFLAGS) and general registers (a bit each) after one vector.
 * A fault leaves nothing undefined: the state is the one before the instruction.
 */
export function undefinedState(
  group: GroupPlan,
  encoding: EncodingPlan,
  before: CpuImage,
  after: CpuImage,
  fault: number | undefined,
): { flags: number; gprs: number } {
  const rows = fault === undefined ? rowsByMnemonic.get(mnemonicOf(group.codeName)) : undefined;
  if (rows === undefined) return { flags: 0, gprs: 0 };
  const operands = operandsOf(group.codeName, encoding, before, after);
  let flags = 0;
  let gprs = 0;
  for (const row of rows) {
    if (row.when && !row.when(operands)) continue;
    flags |= row.flags;
    if (row.destination && encoding.operand0 !== NO_REGISTER) gprs |= 1 << encoding.operand0;
  }
  return { flags, gprs };
}

function operandsOf(codeName: string, encoding: EncodingPlan, before: CpuImage, after: CpuImage): Operands {
  const width = Number(/_(?:rm|r|m)(8|16|32|64)/.exec(codeName)?.[1] ?? 0);
  const zero = (after.rflags & ZF) !== 0;
  if (!SHIFTS.has(mnemonicOf(codeName))) return { count: 0, width, zero };
  const raw = codeName.endsWith('_1')
    ? 1
    : codeName.endsWith('_CL')
      ? Number(before.gpr[1]! & 0xffn)
      : encoding.code.at(-1)!;
  return { count: raw & (width === 64 ? 63 : 31), width, zero };
}
