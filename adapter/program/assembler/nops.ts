/** The no-operation sequences of 1 to 11 bytes with which GAS (tc-i386.c, `alt_patt`) pads code in an x86-64 object. */
const PATTERNS: readonly (readonly number[])[] = [
  [0x90],
  [0x66, 0x90],
  [0x0f, 0x1f, 0x00],
  [0x0f, 0x1f, 0x40, 0x00],
  [0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
  [0x0f, 0x1f, 0x80, 0, 0, 0, 0],
  [0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
  [0x66, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
  [0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
  [0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0, 0, 0, 0],
];
export const LONGEST = PATTERNS.length;
/** Past this many of the longest sequence GAS jumps over the padding instead of running through it. */
const MOST_IN_A_ROW = 7;

/** Writes `count` bytes of code padding at `start`, in instructions of at most `longest` bytes. */
export function fillNops(out: Uint8Array, start: number, count: number, longest = LONGEST): void {
  let at = start;
  let left = count;
  if (Math.floor(count / longest) > MOST_IN_A_ROW) {
    if (count - 2 <= 127) {
      out[at++] = 0xeb;
      out[at++] = count - 2;
    } else {
      out[at++] = 0xe9;
      new DataView(out.buffer, out.byteOffset).setUint32(at, count - 5, true);
      at += 4;
    }
    left -= at - start;
  }
  while (left > 0) {
    const pattern = PATTERNS[Math.min(left, longest) - 1]!;
    out.set(pattern, at);
    at += pattern.length;
    left -= pattern.length;
  }
}
