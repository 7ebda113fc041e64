/** Where Bochs is known to do something else than the SDM or a processor, or the SDM leaves it open. */
import { Code, CodeSize, FlowControl, type Instruction, OpKind } from 'iced-x86';
import type { Difference } from './compare.ts';
import type { Setting } from './exclusions.ts';
import type { Outcome } from './layout.ts';

interface Departure {
  readonly why: string;
  /** The processor of AMD that this was run on departs in the same way. */
  readonly alsoProcessor?: true;
  readonly applies: (difference: Difference, instruction: Instruction, bytes: Uint8Array) => boolean;
}

const LEGACY_PREFIXES = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

const only = (fields: readonly string[], ...allowed: string[]): boolean =>
  fields.every((name) => allowed.includes(name));
/** What an operand may raise. */
const OPERAND_FAULTS = [12, 13, 14, 17];
const PAGES = ['page0', 'page1', 'page2', 'page3', 'page4', 'page5'];
const DATA = ['page2', 'page3'];
const both = (here: Outcome, there: Outcome, vector: number): boolean =>
  here.vector === vector && there.vector === vector;
const is64 = (instruction: Instruction): boolean => instruction.codeSize === CodeSize.Code64;
const codeName = (instruction: Instruction): string => Code[instruction.code] ?? '';

/** Whether a prefix stands before the opcode. */
function hasPrefix(bytes: Uint8Array, prefix: number): boolean {
  const opcode = bytes.findIndex((byte) => !LEGACY_PREFIXES.includes(byte) && (byte & 0xf0) !== 0x40);
  return bytes.subarray(0, Math.max(0, opcode)).includes(prefix);
}

/** The position of the REX prefix in 64-bit code; -1 when there is none. */
function rexOf(bytes: Uint8Array): number {
  const opcode = bytes.findIndex((byte) => !LEGACY_PREFIXES.includes(byte) && (byte & 0xf0) !== 0x40);
  return opcode > 0 && (bytes[opcode - 1]! & 0xf0) === 0x40 ? opcode - 1 : -1;
}

export const DEPARTURES: readonly Departure[] = [
  {
    why: 'how many bytes of an undefined instruction are fetched is left open',
    applies: ({ fields, here, there }) =>
      only(fields, 'page0', 'page1') && here.vector === there.vector && [6, 13].includes(here.vector),
  },
  {
    why: 'whether an undefined opcode of more than 15 bytes is too long or undefined is left open',
    alsoProcessor: true,
    applies: ({ here, there, fields }, instruction) =>
      instruction.isInvalid &&
      only(fields, 'vector', 'error', 'page0', 'page1') &&
      [6, 13].includes(here.vector) &&
      [6, 13].includes(there.vector),
  },
  {
    why: 'REX.R is ignored with a segment register (SDM Vol. 2 §2.2.1.2); Bochs raises #UD',
    applies: ({ there }, instruction, bytes) =>
      /^Mov_(Sreg|r\d+m16_Sreg|rm16_Sreg)/.test(codeName(instruction)) &&
      there.vector === 6 &&
      rexOf(bytes) >= 0 &&
      (bytes[rexOf(bytes)]! & 4) !== 0,
  },
  {
    why: 'Bochs reads the selector of LSS, LFS and LGS before the offset, a processor after it',
    applies: ({ fields, here, there }, instruction) =>
      /^L[defgs]s_/.test(codeName(instruction)) &&
      OPERAND_FAULTS.includes(here.vector) &&
      OPERAND_FAULTS.includes(there.vector) &&
      only(fields, 'cr2', 'vector', 'error', ...PAGES),
  },
  {
    why: 'POP of a segment register reads its whole operand, and so checks its alignment; Bochs reads two bytes',
    applies: ({ here }, instruction) => /^Pop[wdq]_[DEFGS]S$/.test(codeName(instruction)) && here.vector === 17,
  },
  {
    why: 'ENTER pushes before it looks at the end of the new frame; Bochs looks first',
    applies: ({ here, there }, instruction) =>
      /^Enter/.test(codeName(instruction)) && here.vector === 17 && [1, 14, 12, 13].includes(there.vector),
  },
  {
    why: 'CVTPI2PS from memory makes the x87 state that of MMX, and takes an exception that waits; Bochs and AMD do not',
    alsoProcessor: true,
    applies: ({ here, there, fields }, instruction) =>
      /^Cvtpi2ps_/.test(codeName(instruction)) &&
      instruction.op1Kind === OpKind.Memory &&
      (only(fields, 'fx', 'status') || (here.vector === 16 && there.vector !== 16)),
  },
  {
    why: 'PSRAW and PSRAD by 0 write their register, and so its upper bits (SDM Vol. 3A §13.2); Bochs leaves it',
    applies: ({ fields }, instruction) =>
      /^Psra[wd]_mm_imm8$/.test(codeName(instruction)) && instruction.immediate8 === 0 && only(fields, 'fx'),
  },
  {
    why: 'MOVUPS and the like may or may not check alignment (SDM Vol. 3A §7.15, vector 17)',
    applies: ({ here, there }, instruction) =>
      /^(Movups|Movupd|Movdqu|Lddqu|Movntdqa|Pcmp[ei]str[im])_/.test(codeName(instruction)) &&
      here.vector === 17 &&
      there.vector !== 17,
  },
  {
    why: 'of a page fault and an alignment check either may come first (SDM Vol. 3A §7.9, table 7-2)',
    alsoProcessor: true,
    applies: ({ here, there }) =>
      (here.vector === 14 && there.vector === 17) || (here.vector === 17 && there.vector === 14),
  },
  {
    why: 'SGDT and SIDT are aligned to 4 as a whole (SDM Vol. 3A table 7-7); Bochs checks their parts',
    applies: ({ here, there }, instruction) =>
      /^S[gi]dt_/.test(codeName(instruction)) && (here.vector === 17 || there.vector === 17),
  },
  {
    why: 'SGDT and SIDT look at both parts of their operand before they write; Bochs writes the first',
    applies: ({ here, there, fields }, instruction) =>
      /^S[gi]dt_/.test(codeName(instruction)) &&
      OPERAND_FAULTS.includes(here.vector) &&
      (there.vector === 14 || (here.vector === there.vector && only(fields, 'memory', ...PAGES))),
  },
  {
    why: 'with 66H, ENTER and LEAVE in 64-bit mode move words (SDM Vol. 2); Bochs moves quadwords',
    applies: (_, instruction) => /^(Leavew|Enterw_)/.test(codeName(instruction)) && is64(instruction),
  },
  {
    why: 'CALL checks its target before it pushes (SDM Vol. 2); Bochs pushes first',
    alsoProcessor: true,
    applies: ({ here, there, fields }, instruction) =>
      /^Call_/.test(codeName(instruction)) &&
      ((both(here, there, 13) && only(fields, 'memory', 'page4', 'page5', ...DATA)) ||
        (here.vector === 13 && [12, 14, 17].includes(there.vector))),
  },
  {
    why: 'a far CALL looks at the room on the stack before it looks at its target (SDM Vol. 2); Bochs looks after it',
    applies: ({ here, there, fields }, instruction) =>
      /^Call_(ptr|m)16/.test(codeName(instruction)) &&
      here.vector === 12 &&
      (there.vector === 13 || (there.vector === 12 && only(fields, 'memory', ...PAGES))),
  },
  {
    why: 'IRET in virtual-8086 mode compares EIP with the limit (SDM Vol. 2); Bochs does not',
    applies: ({ here, there, item }, instruction) =>
      /^Iretd/.test(codeName(instruction)) && (item.flags & 0x2_0000) !== 0 && here.vector === 13 && there.vector === 1,
  },
  {
    why: 'whether the page of an operand is looked up before its alignment is left open (SDM Vol. 3A §7.9, table 7-2)',
    applies: ({ here, there, fields }) => both(here, there, 17) && only(fields, 'memory', ...PAGES),
  },
  {
    why: 'IRET in 64-bit mode pops SS:RSP before it looks at CS (SDM Vol. 2); Bochs looks first',
    applies: ({ here, there, fields }, instruction) =>
      /^Iret/.test(codeName(instruction)) &&
      is64(instruction) &&
      both(here, there, 13) &&
      only(fields, 'page4', 'page5', ...DATA),
  },
  {
    why: 'POPF and IRET that IOPL forbids raise #GP before they read the stack (SDM Vol. 2); Bochs reads first',
    applies: ({ here, there, fields, item }, instruction) =>
      /^(Popf|Iret)/.test(codeName(instruction)) &&
      (item.flags & 0x2_3000) < 0x2_3000 &&
      (item.flags & 0x2_0000) !== 0 &&
      here.vector === 13 &&
      (only(fields, 'page4', 'page5') || [12, 14, 17].includes(there.vector)),
  },
  {
    why: 'MOVDIRI to any canonical address, aligned or not (SDM Vol. 2); Bochs cuts the address to 32 bits and wants it aligned',
    applies: (_, instruction) => /^Movdiri_/.test(codeName(instruction)),
  },
  {
    why: 'which word of a far return to an outer ring is read first is left open',
    applies: ({ here, there, fields }, instruction) =>
      /^Retf/.test(codeName(instruction)) && both(here, there, 14) && only(fields, 'cr2', ...PAGES),
  },
  {
    why: 'an operand that goes round the end of a 4-GiB segment may or may not fault (SDM Vol. 3A §6.3)',
    applies: ({ here, there, item }) =>
      [12, 13].includes(here.vector) &&
      here.error === 0 &&
      item.gpr.every((value) => value < 2n ** 32n) &&
      ((there.vector === 14 && (there.cr2 >= 0xffff_fff0n || there.cr2 < 0x10n)) || there.vector === 17),
  },
  {
    why: 'a far return or IRET at the end of a 4-GiB stack segment: the first word beyond it may fault or not (SDM Vol. 3A §6.3)',
    applies: ({ here, there, item }, instruction) =>
      /^(Retf|Iret)/.test(codeName(instruction)) &&
      item.gpr[4]! >= 0xffff_fff0n &&
      item.gpr[4]! <= 0xffff_ffffn &&
      [14, 17].includes(here.vector) &&
      there.vector === 12,
  },
  {
    why: 'a massive overflow of FSCALE stores an infinity (SDM Vol. 1 §8.5.4); Bochs wraps the exponent',
    applies: ({ fields, here }, instruction) =>
      /^Fscale/.test(codeName(instruction)) && only(fields, 'fx', 'status') && (here.status & 0x88) === 0x88,
  },
  {
    why: 'DPPS and DPPD add lanes that they have not multiplied as zeros, to a product that may be denormal; Bochs leaves DE',
    applies: ({ fields, here, there }, instruction) =>
      /^Dpp[sd]_/.test(codeName(instruction)) && both(here, there, 1) && only(fields, 'fx'),
  },
  {
    why: 'of an operand across the border of canonical addresses and its alignment either may come first (SDM Vol. 3A table 7-2)',
    alsoProcessor: true,
    applies: ({ here, there }, instruction) =>
      is64(instruction) && [12, 13].includes(here.vector) && there.vector === 17,
  },
  {
    why: 'FSTP of 80 bits and FBSTP look at their whole operand (SDM Vol. 3A §7.5); Bochs writes the part within the limit first',
    applies: ({ here, there, fields }, instruction) =>
      /^F(stp_m80|bstp)/.test(codeName(instruction)) &&
      (([12, 13].includes(here.vector) && [14, 17].includes(there.vector)) ||
        (both(here, there, 14) && only(fields, 'memory', ...PAGES))),
  },
  {
    why: 'a push at SP = 0 on a 16-bit stack goes to its top (SDM Vol. 1 §6.2.3); Bochs raises #SS in a far CALL',
    applies: ({ here, there }, instruction) =>
      /^Call_(ptr|m)16/.test(codeName(instruction)) && here.vector === 14 && there.vector === 12,
  },
  {
    why: 'a far return pops word by word, and SP goes round the end of a 16-bit stack; Bochs wants the frame in one piece',
    applies: ({ here, there, fields }, instruction) =>
      /^(Retf|Iret)/.test(codeName(instruction)) &&
      [12, 14, 17].includes(here.vector) &&
      there.vector === 12 &&
      only(fields, 'vector', 'error', 'cr2', ...PAGES),
  },
  {
    why: 'an exact difference with the smallest exponent of a normal number does not underflow, on the processor at hand neither; Bochs says so',
    applies: ({ here, there }, instruction) =>
      /^V?(Add|Sub)(ps|ss|pd|sd)_/.test(codeName(instruction)) && here.vector === 1 && there.vector === 19,
  },
  {
    why: 'whether a mask of zeros keeps MASKMOVQ from its operand is left open (SDM Vol. 2)',
    applies: ({ here, there }, instruction) =>
      /^V?Maskmov/.test(codeName(instruction)) && here.vector === 1 && OPERAND_FAULTS.includes(there.vector),
  },
  {
    why: 'which word of the frame IRET reads first is left open',
    applies: ({ here, there, fields }, instruction) =>
      /^Iret/.test(codeName(instruction)) && here.vector === there.vector && only(fields, 'cr2', ...PAGES),
  },
  {
    why: 'of the source of MOVDIR64B and the alignment of its destination either may be looked at first (SDM Vol. 3A table 7-2)',
    applies: ({ here, there }, instruction) =>
      /^Movdir64b/.test(codeName(instruction)) &&
      OPERAND_FAULTS.includes(here.vector) &&
      OPERAND_FAULTS.includes(there.vector),
  },
  {
    why: 'a repeated string instruction of no iterations leaves its pointers (SDM Vol. 2, REP); Bochs clears their upper halves',
    applies: ({ here, there, fields }, instruction) =>
      is64(instruction) &&
      (instruction.hasRepePrefix || instruction.hasRepnePrefix) &&
      both(here, there, 1) &&
      only(fields, 'rsi', 'rdi') &&
      here.gpr[1]! % 2n ** 32n === 0n,
  },
  {
    why: '3DNow! is no part of the processor, so that its opcodes raise #UD (SDM Vol. 2); Bochs reads the operand first',
    applies: ({ here }, instruction) => /^D3NOW_/.test(codeName(instruction)) && here.vector === 6,
  },
  {
    why: 'an unmasked #D of a load leaves TOP as it was (SDM Vol. 1 §8.5.2); Bochs pushes',
    applies: ({ here, there, fields }, instruction) =>
      /^Fi?ld_m/.test(codeName(instruction)) &&
      only(fields, 'status', 'fx') &&
      (here.status & there.status & 0x82) === 0x82,
  },
  {
    why: 'a store that an unmasked x87 exception suppresses may or may not look at its operand (SDM Vol. 3A table 7-2)',
    applies: ({ here, there, item }, instruction) =>
      /^F(ist|istt|bst|st)p?_m/.test(codeName(instruction)) &&
      item.template !== undefined &&
      [12, 13, 14, 17].includes(here.vector) &&
      there.vector === 1 &&
      (there.status & 0x80) !== 0,
  },
  {
    why: 'FCMOVcc clears C1, which the SDM says of an empty register (Vol. 2) and else leaves open; Bochs and AMD leave it',
    alsoProcessor: true,
    applies: ({ fields, here, there }, instruction) =>
      /^Fcmov/.test(codeName(instruction)) && only(fields, 'status') && (here.status ^ there.status) === 0x200,
  },
  {
    why: 'an instruction that faults leaves the x87 state as it was (SDM Vol. 3A §7.5); Bochs has changed it already',
    applies: ({ fields, here, there }, instruction) =>
      /^F|_mm/.test(codeName(instruction)) &&
      here.vector === there.vector &&
      [12, 13, 14, 17, 19].includes(here.vector) &&
      only(fields, 'status', 'fx', 'cr2', ...PAGES),
  },
  {
    why: 'an unmasked #IA or #D leaves the condition codes of a comparison as they were (SDM Vol. 2, FCOM; Vol. 1 §8.5.2); Bochs sets them',
    alsoProcessor: true,
    applies: ({ fields, here, there }, instruction) =>
      /^F(u?i?com|tst)/.test(codeName(instruction)) &&
      only(fields, 'status') &&
      ((here.status ^ there.status) & ~0x4700) === 0 &&
      (here.status & 0x80) !== 0 &&
      (here.status & 3) !== 0,
  },
  {
    why: 'an unmasked #IA or #D leaves RFLAGS as FCOMI found them (SDM Vol. 2; Vol. 1 §8.5.2); Bochs sets them',
    alsoProcessor: true,
    applies: ({ fields, here }, instruction) =>
      /^Fu?comi/.test(codeName(instruction)) &&
      only(fields, 'flags') &&
      (here.status & 0x80) !== 0 &&
      (here.status & 3) !== 0,
  },
  {
    why: 'FFREE leaves the condition codes undefined (SDM Vol. 2)',
    alsoProcessor: true,
    applies: ({ fields, here, there }, instruction) =>
      /^Ffree/.test(codeName(instruction)) && only(fields, 'status') && ((here.status ^ there.status) & ~0x4700) === 0,
  },
  {
    why: 'a store that an unmasked x87 exception suppresses may or may not set the dirty bit (SDM Vol. 3A table 7-2)',
    applies: ({ fields, here, there }, instruction) =>
      /^F(ist|istt|bst|st)p?_m/.test(codeName(instruction)) &&
      only(fields, 'memory', ...PAGES) &&
      (here.status & there.status & 0x80) !== 0,
  },
  {
    why: 'what PUSHA has written before it faults is left open',
    alsoProcessor: true,
    applies: ({ fields, here, there }, instruction) =>
      /^Pusha/.test(codeName(instruction)) && here.vector === there.vector && only(fields, 'memory', 'cr2', ...PAGES),
  },
  {
    why: 'of an undefined x87 opcode and CR0.TS either may be looked at first (SDM Vol. 3A §7.9, table 7-2)',
    applies: ({ here, there, item }, instruction) =>
      instruction.isInvalid && item.direct === true && here.vector === 7 && there.vector === 6,
  },
  {
    why: 'of a limit and an alignment of 16 bytes either may be checked first (SDM Vol. 3A §7.9, table 7-2)',
    alsoProcessor: true,
    applies: ({ fields, here, there }, instruction) =>
      /xmmm128|_m128/.test(codeName(instruction)) &&
      only(fields, 'vector') &&
      here.vector === 12 &&
      there.vector === 13,
  },
  {
    why: 'the areas of FRSTOR and FNSAVE are aligned to 4 or 2 (SDM Vol. 3A table 7-7); Bochs checks each part by its size',
    applies: ({ there }, instruction) => /^F(rstor|n?save)_/.test(codeName(instruction)) && there.vector === 17,
  },
  {
    why: 'of an operand and an x87 exception that waits either may come first (SDM Vol. 3A §7.9, table 7-2)',
    alsoProcessor: true,
    applies: ({ here, there }, instruction) =>
      /^F/.test(codeName(instruction)) && [12, 13].includes(here.vector) && there.vector === 16,
  },
  {
    why: 'IRET in 64-bit mode pops SS:RSP with every operand size (SDM Vol. 2); Bochs only with 64 bits, in the same ring',
    applies: (_, instruction) => /^Iret[dw]/.test(codeName(instruction)) && is64(instruction),
  },
  {
    why: 'a far return to compatibility mode compares its whole offset with the limit (SDM Vol. 2, RET); Bochs cuts it first',
    applies: ({ here, there }, instruction) =>
      /^Retfq/.test(codeName(instruction)) && here.vector === 13 && here.error === 0 && there.vector === 1,
  },
  {
    why: 'FRSTOR that faults has loaded nothing (SDM Vol. 3A §7.5); Bochs has loaded the environment',
    applies: ({ fields, here, there }, instruction) =>
      /^Frstor/.test(codeName(instruction)) &&
      OPERAND_FAULTS.includes(here.vector) &&
      OPERAND_FAULTS.includes(there.vector) &&
      only(fields, 'vector', 'error', 'cr2', 'fx', 'status', ...PAGES),
  },
  {
    why: 'which part of an x87 operand of several parts is read first is left open',
    alsoProcessor: true,
    applies: ({ fields, here, there }, instruction) =>
      /^(Fldenv|Frstor|Fbld|Fld_m80|Fxrstor)/.test(codeName(instruction)) &&
      OPERAND_FAULTS.includes(here.vector) &&
      OPERAND_FAULTS.includes(there.vector) &&
      only(fields, 'vector', 'error', 'cr2', ...PAGES),
  },
];

/** Where the processors of AMD, on one of which this was run, do something else than the SDM or Intel's. */
export const PROCESSOR_DEPARTURES: readonly Departure[] = [
  {
    why: '66H does nothing to a near branch in 64-bit mode (SDM Vol. 1 §6.3.7); AMD cuts RIP to 16 bits',
    applies: (_, instruction, bytes) =>
      is64(instruction) && instruction.flowControl !== FlowControl.Next && hasPrefix(bytes, 0x66),
  },
  {
    why: 'F2H and F3H do nothing to LOOPE and LOOPNE (SDM Vol. 2); with AMD they choose the condition',
    applies: (_, instruction, bytes) =>
      /^Loopn?e_/.test(codeName(instruction)) && (hasPrefix(bytes, 0xf2) || hasPrefix(bytes, 0xf3)),
  },
  {
    why: 'which operand of CMPS is read first is left open',
    applies: ({ here, there }, instruction) =>
      /^Cmps[bwdq]_m/.test(codeName(instruction)) &&
      [12, 13, 14, 17].includes(here.vector) &&
      [12, 13, 14, 17].includes(there.vector),
  },
  {
    why: '0F 0D with a register does nothing on Intel; AMD raises #UD',
    applies: ({ there }, instruction) => /^Reservednop_.*_0F0D$/.test(codeName(instruction)) && there.vector === 6,
  },
  {
    why: 'MOVUPS and the like may or may not check alignment (SDM Vol. 3A §7.15, vector 17)',
    applies: ({ here, there }, instruction) =>
      /^(Movups|Movupd|Movdqu|Lddqu)_/.test(codeName(instruction)) && (here.vector === 17) !== (there.vector === 17),
  },
  {
    why: 'FXRSTOR of an address that is not aligned to 16 raises #GP or #AC (SDM Vol. 2)',
    applies: ({ here, there }, instruction) =>
      /^Fxrstor/.test(codeName(instruction)) && here.vector === 13 && there.vector === 17,
  },
  {
    why: 'an unmasked #D leaves TOP, operands and condition codes as they were (SDM Vol. 1 §8.5.2); AMD does its work first',
    applies: ({ here, there, fields }, instruction) =>
      /^F(u?comp?p?|icomp?|tst|ld)_/.test(codeName(instruction)) &&
      only(fields, 'status', 'fx') &&
      (here.status & there.status & 0x82) === 0x82,
  },
  {
    why: 'LOCK before VERR and VERW raises #UD (SDM Vol. 2); AMD ignores it',
    applies: ({ there }, instruction, bytes) => instruction.isInvalid && there.vector !== 6 && hasPrefix(bytes, 0xf0),
  },
  {
    why: "bit 17 of MXCSR, AMD's MM, is reserved (SDM Vol. 1 §10.2.3)",
    applies: ({ here, there }, instruction) =>
      /ldmxcsr/i.test(codeName(instruction)) && here.vector === 13 && there.vector === 1,
  },
  {
    why: 'VEX and EVEX are off in the kernels of the fuzzer, and raise #UD; Linux has them on',
    applies: ({ here }, instruction, bytes) =>
      instruction.isInvalid && here.vector === 6 && [0x62, 0xc4, 0xc5].some((byte) => bytes.includes(byte)),
  },
  {
    why: 'the linear address is to be canonical, not the offset in FS or GS (SDM Vol. 1 §3.3.7.1); AMD looks at both',
    applies: ({ here, there, item }, instruction) =>
      is64(instruction) && here.vector === 14 && there.vector === 13 && (item.fsBase !== 0n || item.gsBase !== 0n),
  },
  {
    why: 'POPA that faults has changed no register (SDM Vol. 3A §7.5); AMD has loaded some',
    applies: ({ here, there }, instruction) =>
      /^Popa/.test(codeName(instruction)) && here.vector === there.vector && OPERAND_FAULTS.includes(here.vector),
  },
  {
    why: 'FLD of an empty register to a full one overflows or underflows: which is left open',
    applies: ({ here, there, fields }, instruction) =>
      /^Fld_sti/.test(codeName(instruction)) && only(fields, 'status') && (here.status ^ there.status) === 0x200,
  },
  {
    why: 'MOVSXD to 16 bits reads a word (SDM Vol. 2); AMD reads a doubleword',
    applies: ({ there }, instruction) =>
      /^Movsxd_r16_rm16/.test(codeName(instruction)) && [13, 14, 17].includes(there.vector),
  },
  {
    why: 'whether a mask of zeros keeps MASKMOVQ from its operand is left open (SDM Vol. 2)',
    applies: ({ here, there }, instruction) =>
      /^(V?Maskmov)/.test(codeName(instruction)) && here.vector === 1 && [13, 14, 17].includes(there.vector),
  },
  {
    why: 'how many bytes of an undefined instruction are fetched is left open',
    applies: ({ here, there }, instruction) => instruction.isInvalid && here.vector === 6 && there.vector === 14,
  },
  {
    why: 'of the target of CALL and the alignment of its stack either may be looked at first (SDM Vol. 3A §7.9, table 7-2)',
    applies: ({ here, there }, instruction) =>
      /^Call_/.test(codeName(instruction)) && here.vector === 13 && there.vector === 17,
  },
  {
    why: 'FCOMI clears C1 (SDM Vol. 2); AMD leaves it',
    applies: ({ here, there, fields }, instruction) =>
      /^Fu?comi/.test(codeName(instruction)) &&
      only(fields, 'status', 'flags') &&
      (here.status ^ there.status) === 0x200 &&
      (only(fields, 'status') || (here.status & 0x80) !== 0),
  },
  ...DEPARTURES.filter(({ alsoProcessor }) => alsoProcessor),
];

/** Why a difference is none to mend; undefined when it is. */
export function departureOf(
  difference: Difference,
  instruction: Instruction,
  against: Setting['against'],
): string | undefined {
  const list = against === 'processor' ? PROCESSOR_DEPARTURES : DEPARTURES;
  return list.find(({ applies }) => applies(difference, instruction, difference.item.code))?.why;
}
