import {
  Code,
  CodeExt,
  EncodingKind,
  FormatMnemonicOptions,
  Formatter,
  FormatterSyntax,
  Instruction,
  MemorySizeOptions,
  type OpCodeInfo,
  OpCodeOperandKind,
  OpKind,
  Register,
} from '../../../adapter/program/iced.ts';

/** Turns iced's Code table into source lines: every form, in several operand shapes, as GAS or Intel text. */

export type Mode = 16 | 32 | 64;

/** A shape of the variable parts of a form: which registers, which memory operand, which immediate. */
interface Shape {
  readonly high: boolean;
  readonly memory: number | undefined;
  readonly immediate: number;
}

const REGISTERS: Readonly<Record<string, readonly [Register, Register]>> = {
  r8: [Register.CL, Register.R9L],
  r16: [Register.BX, Register.R11W],
  r32: [Register.EDX, Register.R10D],
  r64: [Register.RSI, Register.R13],
  seg: [Register.ES, Register.GS],
  k: [Register.K1, Register.K5],
  mm: [Register.MM1, Register.MM6],
  xmm: [Register.XMM2, Register.XMM11],
  ymm: [Register.YMM3, Register.YMM12],
  cr: [Register.CR0, Register.CR4],
  dr: [Register.DR1, Register.DR7],
  tr: [Register.TR6, Register.TR7],
  bnd: [Register.BND1, Register.BND3],
  st: [Register.ST1, Register.ST6],
};

const FIXED: Partial<Record<OpCodeOperandKind, Register>> = {
  [OpCodeOperandKind.al]: Register.AL,
  [OpCodeOperandKind.cl]: Register.CL,
  [OpCodeOperandKind.ax]: Register.AX,
  [OpCodeOperandKind.dx]: Register.DX,
  [OpCodeOperandKind.eax]: Register.EAX,
  [OpCodeOperandKind.rax]: Register.RAX,
  [OpCodeOperandKind.es]: Register.ES,
  [OpCodeOperandKind.cs]: Register.CS,
  [OpCodeOperandKind.ss]: Register.SS,
  [OpCodeOperandKind.ds]: Register.DS,
  [OpCodeOperandKind.fs]: Register.FS,
  [OpCodeOperandKind.gs]: Register.GS,
  [OpCodeOperandKind.st0]: Register.ST0,
};

const IMMEDIATES: Partial<Record<OpCodeOperandKind, OpKind>> = {
  [OpCodeOperandKind.imm8]: OpKind.Immediate8,
  [OpCodeOperandKind.imm8_const_1]: OpKind.Immediate8,
  [OpCodeOperandKind.imm8sex16]: OpKind.Immediate8to16,
  [OpCodeOperandKind.imm8sex32]: OpKind.Immediate8to32,
  [OpCodeOperandKind.imm8sex64]: OpKind.Immediate8to64,
  [OpCodeOperandKind.imm16]: OpKind.Immediate16,
  [OpCodeOperandKind.imm32]: OpKind.Immediate32,
  [OpCodeOperandKind.imm32sex64]: OpKind.Immediate32to64,
  [OpCodeOperandKind.imm64]: OpKind.Immediate64,
};

interface Address {
  readonly base: Register;
  readonly index: Register;
  readonly scale: number;
  readonly size: number;
  readonly displacement: bigint;
  readonly segment?: Register;
}

const at = (base: Register, displacement = 0n, index = Register.None, scale = 1): Address => ({
  base,
  index,
  scale,
  displacement,
  size: displacement === 0n ? 0 : 1,
});

const ADDRESSES: Readonly<Record<Mode, readonly Address[]>> = {
  64: [
    at(Register.RBX),
    at(Register.RBP, -8n),
    at(Register.R12, 0x1234n),
    at(Register.RSP, 16n, Register.R9, 8),
    { ...at(Register.RCX, 5n, Register.RDI, 2), segment: Register.FS },
    at(Register.EAX, 1n, Register.R8D, 4),
  ],
  32: [
    at(Register.EBX),
    at(Register.EBP, -8n),
    at(Register.ESP, 16n, Register.ESI, 8),
    { base: Register.None, index: Register.None, scale: 1, size: 4, displacement: 0x1234n },
  ],
  16: [
    at(Register.BX),
    at(Register.BP, -8n, Register.SI),
    { base: Register.None, index: Register.None, scale: 1, size: 2, displacement: 0x1234n },
  ],
};

const IMMEDIATE_VALUES = [5n, -3n, 0x1234_5678n];

function classOf(kind: OpCodeOperandKind): string | undefined {
  const name = OpCodeOperandKind[kind]!;
  if (kind === OpCodeOperandKind.sti_opcode) return 'st';
  return Object.keys(REGISTERS).find((one) => name === `${one}_or_mem` || name.startsWith(`${one}_`));
}

/** Fills an instruction; false when the form has an operand that samples leave out (branches, far pointers). */
function fill(instruction: Instruction, info: OpCodeInfo, shape: Shape, mode: Mode): boolean {
  let immediates = 0;
  let registers = 0;
  for (let index = 0; index < info.opCount; index++) {
    const kind = info.opKind(index);
    const name = OpCodeOperandKind[kind]!;
    const fixed = FIXED[kind];
    const immediate = IMMEDIATES[kind];
    const wide = mode === 64 ? 2 : mode === 32 ? 1 : 0;
    if (fixed !== undefined) {
      instruction.setOpKind(index, OpKind.Register);
      instruction.setOpRegister(index, fixed);
    } else if (immediate !== undefined) {
      setImmediate(
        instruction,
        index,
        immediates++ > 0 ? OpKind.Immediate8_2nd : immediate,
        kind,
        IMMEDIATE_VALUES[shape.immediate]!,
      );
    } else if (name === 'seg_rSI')
      instruction.setOpKind(index, [OpKind.MemorySegSI, OpKind.MemorySegESI, OpKind.MemorySegRSI][wide]!);
    else if (name === 'es_rDI')
      instruction.setOpKind(index, [OpKind.MemoryESDI, OpKind.MemoryESEDI, OpKind.MemoryESRDI][wide]!);
    else if (name === 'seg_rDI')
      instruction.setOpKind(index, [OpKind.MemorySegDI, OpKind.MemorySegEDI, OpKind.MemorySegRDI][wide]!);
    else if (name === 'seg_rBX_al') {
      instruction.setOpKind(index, OpKind.Memory);
      instruction.memoryBase = [Register.BX, Register.EBX, Register.RBX][wide]!;
      instruction.memoryIndex = Register.AL;
    } else if (name === 'mem_offs') {
      instruction.setOpKind(index, OpKind.Memory);
      instruction.memoryDisplSize = mode / 8;
      instruction.memoryDisplacementU64 = mode === 64 ? 0x1234_5678_9abc_def0n : 0x1234n;
    } else if (
      name.includes('mem') &&
      !name.includes('vsib') &&
      !name.startsWith('sib') &&
      (shape.memory !== undefined || name.startsWith('mem'))
    ) {
      if (name.endsWith('_reg_mem')) return false;
      const address = ADDRESSES[mode][(shape.memory ?? 0) % ADDRESSES[mode].length]!;
      instruction.setOpKind(index, OpKind.Memory);
      instruction.memoryBase = address.base;
      instruction.memoryIndex = address.index;
      instruction.memoryIndexScale = address.scale;
      instruction.memoryDisplSize = address.size;
      instruction.memoryDisplacementU64 = BigInt.asUintN(mode, address.displacement);
      if (address.segment !== undefined) instruction.segmentPrefix = address.segment;
    } else {
      const group = classOf(kind);
      if (group === undefined) return false;
      const high = mode === 64 ? shape.high : group !== 'seg' && group !== 'cr' ? false : shape.high;
      // Two registers of one class in a form are different ones.
      const base = REGISTERS[group]![high ? 1 : 0];
      const shift =
        group === 'seg' || group === 'cr' || group === 'dr' || group === 'tr' || group === 'bnd' ? 0 : registers++;
      instruction.setOpKind(index, OpKind.Register);
      instruction.setOpRegister(index, base + (shift % 2));
    }
  }
  return true;
}

function setImmediate(
  instruction: Instruction,
  index: number,
  opKind: OpKind,
  kind: OpCodeOperandKind,
  value: bigint,
): void {
  instruction.setOpKind(index, opKind);
  if (kind === OpCodeOperandKind.imm8_const_1) instruction.immediate8 = 1;
  else if (opKind === OpKind.Immediate8_2nd) instruction.immediate8_2nd = 3;
  else if (opKind === OpKind.Immediate8) instruction.immediate8 = Number(value & 0x7fn);
  else if (opKind === OpKind.Immediate8to16) instruction.immediate8to16 = Number(BigInt.asIntN(8, value));
  else if (opKind === OpKind.Immediate8to32) instruction.immediate8to32 = Number(BigInt.asIntN(8, value));
  else if (opKind === OpKind.Immediate8to64) instruction.immediate8to64 = BigInt.asIntN(8, value);
  else if (opKind === OpKind.Immediate16) instruction.immediate16 = Number(BigInt.asUintN(16, value));
  else if (opKind === OpKind.Immediate32) instruction.immediate32 = Number(BigInt.asUintN(32, value));
  else if (opKind === OpKind.Immediate32to64) instruction.immediate32to64 = value;
  else instruction.immediate64 = BigInt.asUintN(64, value < 0n ? value : value << 8n);
}

function shapes(info: OpCodeInfo, mode: Mode): Shape[] {
  const kinds = Array.from({ length: info.opCount }, (_, index) => OpCodeOperandKind[info.opKind(index)]!);
  const hasImmediate = kinds.some((kind) => kind.startsWith('imm') && kind !== 'imm8_const_1');
  const list: Shape[] = [];
  const add = (high: boolean, memory: number | undefined, immediate: number): void => {
    list.push({ high, memory, immediate });
  };
  add(false, undefined, 0);
  add(true, undefined, 1);
  if (hasImmediate) add(false, undefined, 2);
  if (kinds.some((kind) => kind.includes('mem'))) {
    for (let memory = 0; memory < ADDRESSES[mode].length; memory++) add(memory % 2 === 1, memory, memory % 3);
  }
  return list;
}

export interface Group {
  readonly name: string;
  readonly wants: (info: OpCodeInfo, name: string) => boolean;
}

const SIMD = /xmm|ymm|zmm|mm_|_mm|^(F|Emms|Femms|Wait)|_k_|tmm|bnd/;

/** What the committed corpus is split into: everything that is no x87, MMX, SSE, AVX; then those. */
export const GROUPS: readonly Group[] = [
  {
    name: 'integer',
    wants: (info, name) =>
      (info.encoding === EncodingKind.Legacy && !isSimd(info, name)) ||
      (info.encoding === EncodingKind.VEX && !isSimd(info, name)),
  },
  {
    name: 'x87',
    wants: (info, name) =>
      info.encoding === EncodingKind.Legacy && isSimd(info, name) && /^F(?!xsave|xrstor|emms)|^Wait/.test(name),
  },
  {
    name: 'simd',
    wants: (info, name) =>
      info.encoding === EncodingKind.Legacy && isSimd(info, name) && !/^F(?!xsave|xrstor)|^Wait/.test(name),
  },
  { name: 'avx', wants: (info, name) => info.encoding === EncodingKind.VEX && isSimd(info, name) },
];

function isSimd(info: OpCodeInfo, name: string): boolean {
  if (SIMD.test(name) && !/^(Fxsave|Fxrstor|Fred)/.test(name)) return true;
  return Array.from({ length: info.opCount }, (_, index) => OpCodeOperandKind[info.opKind(index)]!).some(
    (kind) => /mm_|^mm|k_|bnd|tmm/.test(kind) && !kind.startsWith('imm'),
  );
}

/** Source lines of a group in a mode and a syntax, without repetitions. */
export function sampleLines(group: Group, mode: Mode, syntax: 'att' | 'intel'): string[] {
  const formatter = new Formatter(syntax === 'att' ? FormatterSyntax.Gas : FormatterSyntax.Intel);
  formatter.hexPrefix = '0x';
  formatter.hexSuffix = '';
  formatter.memorySizeOptions = MemorySizeOptions.Always;
  formatter.spaceAfterOperandSeparator = true;
  const lines = new Set<string>();
  for (let code = 1 as Code; Code[code] !== undefined; code++) {
    const info = CodeExt.opCode(code);
    if (info.isInstruction && info.isAvailableInMode(mode) && group.wants(info, Code[code]!)) {
      for (const shape of shapes(info, mode)) {
        const instruction = new Instruction();
        instruction.code = code;
        if (fill(instruction, info, shape, mode)) {
          lines.add(formatter.format(instruction));
          if (syntax === 'att') {
            formatter.gasShowMnemonicSizeSuffix = true;
            lines.add(formatter.format(instruction));
            formatter.gasShowMnemonicSizeSuffix = false;
          }
        }
        instruction.free();
      }
    }
    info.free();
  }
  formatter.free();
  return [...lines].filter((line) => !/^\(bad\)|^reservednop|^ud0/.test(line));
}

export const mnemonicOf = (line: string): string =>
  line.replace(/^(rep[a-z]*|lock|notrack|addr32|data16) /, '').split(/\s/)[0]!;
export { FormatMnemonicOptions };
