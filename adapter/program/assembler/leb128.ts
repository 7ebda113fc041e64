/** Bytes of a value as (S/U)LEB128 (DWARF 5 §7.6). An unsigned value is taken modulo 2^64 when negative. */
export function leb128(value: bigint, signed: boolean): number[] {
  let rest = signed || value >= 0n ? value : BigInt.asUintN(64, value);
  const out: number[] = [];
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    const last = signed ? (rest === 0n && (byte & 0x40) === 0) || (rest === -1n && (byte & 0x40) !== 0) : rest === 0n;
    out.push(last ? byte : byte | 0x80);
    if (last) return out;
  }
}

export const lebLength = (value: bigint, signed: boolean): number => leb128(value, signed).length;
