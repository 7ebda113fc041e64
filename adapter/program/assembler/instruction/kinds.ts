import { OpCodeOperandKind as K, Register } from '../../iced.ts';
import type { RegisterClass } from './registers.ts';

/** What an operand kind of the opcode table accepts. */
export interface KindRule {
  /** A register of this class. */
  readonly register?: RegisterClass;
  /** Only this register. */
  readonly fixed?: Register;
  readonly memory?: 'any' | 'offset' | 'string-source' | 'string-destination' | 'vsib' | 'sib';
  readonly vsibIndex?: RegisterClass;
  readonly immediate?: ImmediateRule;
  readonly branch?: { readonly size: 1 | 2 | 4; readonly mode: 16 | 32 | 64 };
  readonly far?: 2 | 4;
  /** Left out of the source when every operand like it is. */
  readonly implied?: boolean;
}

export interface ImmediateRule {
  /** Bytes in the encoding. */
  readonly size: 0 | 1 | 2 | 4 | 8;
  /** Bits that the value is extended to; equal to `8 * size` when it is not. */
  readonly width: 8 | 16 | 32 | 64;
  readonly constant?: bigint;
}

const register = (name: RegisterClass): KindRule => ({ register: name });
const orMemory = (name: RegisterClass): KindRule => ({ register: name, memory: 'any' });
const fixed = (value: Register, implied = false): KindRule => ({ fixed: value, implied });
const immediate = (size: ImmediateRule['size'], width: ImmediateRule['width'], constant?: bigint): KindRule => ({
  immediate: constant === undefined ? { size, width } : { size, width, constant },
});
const branch = (size: 1 | 2 | 4, mode: 16 | 32 | 64): KindRule => ({ branch: { size, mode } });
const vsib = (name: RegisterClass): KindRule => ({ memory: 'vsib', vsibIndex: name });

const RULES: Partial<Record<K, KindRule>> = {
  [K.farbr2_2]: { far: 2 },
  [K.farbr4_2]: { far: 4 },
  [K.mem_offs]: { memory: 'offset' },
  [K.mem]: { memory: 'any' },
  [K.mem_mpx]: { memory: 'any' },
  [K.mem_mib]: { memory: 'any' },
  [K.mem_vsib32x]: vsib('xmm'),
  [K.mem_vsib64x]: vsib('xmm'),
  [K.mem_vsib32y]: vsib('ymm'),
  [K.mem_vsib64y]: vsib('ymm'),
  [K.mem_vsib32z]: vsib('zmm'),
  [K.mem_vsib64z]: vsib('zmm'),
  [K.sibmem]: { memory: 'sib' },
  [K.r8_or_mem]: orMemory('r8'),
  [K.r16_or_mem]: orMemory('r16'),
  [K.r32_or_mem]: orMemory('r32'),
  [K.r32_or_mem_mpx]: orMemory('r32'),
  [K.r64_or_mem]: orMemory('r64'),
  [K.r64_or_mem_mpx]: orMemory('r64'),
  [K.mm_or_mem]: orMemory('mm'),
  [K.xmm_or_mem]: orMemory('xmm'),
  [K.ymm_or_mem]: orMemory('ymm'),
  [K.zmm_or_mem]: orMemory('zmm'),
  [K.bnd_or_mem_mpx]: orMemory('bnd'),
  [K.k_or_mem]: orMemory('k'),
  [K.al]: fixed(Register.AL),
  [K.cl]: fixed(Register.CL),
  [K.ax]: fixed(Register.AX),
  [K.dx]: fixed(Register.DX),
  [K.eax]: fixed(Register.EAX),
  [K.rax]: fixed(Register.RAX),
  [K.es]: fixed(Register.ES),
  [K.cs]: fixed(Register.CS),
  [K.ss]: fixed(Register.SS),
  [K.ds]: fixed(Register.DS),
  [K.fs]: fixed(Register.FS),
  [K.gs]: fixed(Register.GS),
  [K.st0]: fixed(Register.ST0, true),
  [K.sti_opcode]: register('st'),
  [K.imm4_m2z]: immediate(1, 8),
  [K.imm8]: immediate(1, 8),
  [K.imm8_const_1]: { immediate: { size: 0, width: 8, constant: 1n }, implied: true },
  [K.imm8sex16]: immediate(1, 16),
  [K.imm8sex32]: immediate(1, 32),
  [K.imm8sex64]: immediate(1, 64),
  [K.imm16]: immediate(2, 16),
  [K.imm32]: immediate(4, 32),
  [K.imm32sex64]: immediate(4, 64),
  [K.imm64]: immediate(8, 64),
  [K.seg_rSI]: { memory: 'string-source', implied: true },
  [K.es_rDI]: { memory: 'string-destination', implied: true },
  [K.seg_rDI]: { memory: 'string-destination', implied: true },
  [K.seg_rBX_al]: { memory: 'string-source', implied: true },
  [K.br16_1]: branch(1, 16),
  [K.br32_1]: branch(1, 32),
  [K.br64_1]: branch(1, 64),
  [K.br16_2]: branch(2, 16),
  [K.br32_4]: branch(4, 32),
  [K.br64_4]: branch(4, 64),
  [K.xbegin_2]: branch(2, 16),
  [K.xbegin_4]: branch(4, 64),
};

const CLASSES: readonly [prefix: string, name: RegisterClass][] = [
  ['r8_', 'r8'],
  ['r16_', 'r16'],
  ['r32_', 'r32'],
  ['r64_', 'r64'],
  ['seg_reg', 'seg'],
  ['kp1', 'k'],
  ['k_', 'k'],
  ['mm_', 'mm'],
  ['xmm', 'xmm'],
  ['ymm', 'ymm'],
  ['zmm', 'zmm'],
  ['cr_', 'cr'],
  ['dr_', 'dr'],
  ['tr_', 'tr'],
  ['bnd_', 'bnd'],
  ['tmm_', 'tmm'],
];

const cache = new Map<K, KindRule>();

/** The rule of an operand kind; kinds that only say where a register is encoded share their class's. */
export function ruleOf(kind: K): KindRule {
  let rule = cache.get(kind) ?? RULES[kind];
  if (rule === undefined) {
    const name = K[kind]!;
    const found = CLASSES.find(([prefix]) => name.startsWith(prefix));
    rule = found === undefined ? {} : register(found[1]);
  }
  cache.set(kind, rule);
  return rule;
}
