import type { Value } from './evaluate.ts';

/** `0x` and as many hex digits as the width needs: 0x0000000000100000 for 64 bits. */
export function hex(value: bigint, bits = 64): string {
  return `0x${BigInt.asUintN(bits, value)
    .toString(16)
    .padStart(Math.ceil(bits / 4), '0')}`;
}

/** The shortest hex form, as addresses are written in references and messages. */
export function shortHex(value: bigint | number): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

/**
 * A value in the format that a letter names: `x` hex, `d` signed, `u` unsigned, `o` octal, `b` binary, `c` character.
 * Without a letter: hex as wide as the value, or decimal when the value is of a signed type or a truth value.
 */
export function formatValue({ value, bits, signed }: Value, format?: string): string {
  const unsigned = BigInt.asUintN(bits, value);
  switch (format) {
    case 'd':
      return `${BigInt.asIntN(Math.max(bits, 2), value)}`;
    case 'u':
      return `${unsigned}`;
    case 'o':
      return `0o${unsigned.toString(8)}`;
    case 'b':
      return `0b${unsigned.toString(2).padStart(bits, '0')}`;
    case 'c':
      return character(Number(unsigned & 0xffn));
    case 'x':
      return bits === 1 ? `0x${unsigned}` : hex(value, bits);
    default:
      if (bits === 1 || (signed && value < 0n)) return `${value}`;
      return hex(value, bits);
  }
}

function character(code: number): string {
  return code >= 0x20 && code < 0x7f ? `'${String.fromCharCode(code)}'` : `'\\x${code.toString(16).padStart(2, '0')}'`;
}
