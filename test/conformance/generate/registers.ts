import { Register, RegisterExt } from 'iced-x86';

/** The general register `number` (0-15) of a size in bits; 8-bit numbers 16-19 are AH, CH, DH, BH. */
export function gprOfSize(number: number, bits: number): Register {
  if (bits === 64) return Register.RAX + number;
  if (bits === 32) return Register.EAX + number;
  if (bits === 16) return Register.AX + number;
  if (number >= 16) return Register.AH + (number - 16);
  return number < 4 ? Register.AL + number : Register.SPL + (number - 4);
}

/** Number of the full register that a general register is part of; undefined for other registers. */
export function gprNumber(register: Register): number | undefined {
  if (register === Register.None) return undefined;
  const full = RegisterExt.fullRegister(register);
  return full >= Register.RAX && full <= Register.R15 ? full - Register.RAX : undefined;
}
