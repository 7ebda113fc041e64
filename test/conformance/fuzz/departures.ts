/** Where Bochs is known to do something else than the SDM or a processor, or the SDM leaves it open. */
import { Code, type Instruction, OpKind } from 'iced-x86';
import type { Difference } from './compare.ts';

interface Departure {
  readonly why: string;
  readonly applies: (difference: Difference, instruction: Instruction, bytes: Uint8Array) => boolean;
}

const only = (fields: readonly string[], ...allowed: string[]): boolean =>
  fields.every((name) => allowed.includes(name));
const codeName = (instruction: Instruction): string => Code[instruction.code] ?? '';

/** The position of the REX prefix in 64-bit code; -1 when there is none. */
function rexOf(bytes: Uint8Array): number {
  const legacy = [0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
  const at = bytes.findIndex((byte) => !legacy.includes(byte));
  return at >= 0 && (bytes[at]! & 0xf0) === 0x40 ? at : -1;
}

export const DEPARTURES: readonly Departure[] = [
  {
    why: 'how many bytes of an undefined instruction are fetched is left open',
    applies: ({ fields, here, there }) =>
      only(fields, 'page0', 'page1') && here.vector === there.vector && [6, 13].includes(here.vector),
  },
  {
    why: 'whether an undefined opcode of more than 15 bytes is too long or undefined is left open',
    applies: ({ here, there, fields }, instruction) =>
      instruction.isInvalid &&
      only(fields, 'vector', 'error', 'page0', 'page1') &&
      here.vector === 6 &&
      there.vector === 13,
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
      [14, 17].includes(here.vector) &&
      [14, 17].includes(there.vector) &&
      only(fields, 'cr2', 'vector', 'error', 'page2', 'page3', 'page4', 'page5', 'page0', 'page1'),
  },
  {
    why: 'POP of a segment register reads its whole operand, and so checks its alignment; Bochs reads two bytes',
    applies: ({ here }, instruction) => /^Pop[wdq]_[DEFGS]S$/.test(codeName(instruction)) && here.vector === 17,
  },
  {
    why: 'ENTER pushes before it looks at the end of the new frame; Bochs looks first',
    applies: ({ here, there }, instruction) =>
      /^Enter/.test(codeName(instruction)) && here.vector === 17 && [14, 12, 13].includes(there.vector),
  },
  {
    why: 'CVTPI2PS from memory makes the x87 state that of MMX, and takes an exception that waits; Bochs and AMD do not',
    applies: ({ here, there, fields }, instruction) =>
      /^Cvtpi2ps_/.test(codeName(instruction)) &&
      instruction.op1Kind === OpKind.Memory &&
      (only(fields, 'fx') || (here.vector === 16 && there.vector !== 16)),
  },
  {
    why: 'PSRAW and PSRAD by 0 write their register, and so its upper bits (SDM Vol. 3A §13.2); Bochs leaves it',
    applies: ({ fields }, instruction) =>
      /^Psra[wd]_mm_imm8$/.test(codeName(instruction)) && instruction.immediate8 === 0 && only(fields, 'fx'),
  },
];

/** Why a difference is none to mend; undefined when it is. */
export function departureOf(difference: Difference, instruction: Instruction): string | undefined {
  return DEPARTURES.find(({ applies }) => applies(difference, instruction, difference.item.code))?.why;
}
