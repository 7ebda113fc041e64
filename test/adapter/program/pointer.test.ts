import { describe, expect, it } from 'vitest';
import { Cursor } from '../../../adapter/program/cursor.ts';
import { type PointerContext, readPointer } from '../../../adapter/program/dwarf/pointer.ts';

const context: PointerContext = {
  addressSize: 8,
  sectionAddress: 0x2003n,
  bases: { text: 0x1000n, data: 0x3000n },
  functionStart: 0x1100n,
  readMemory: (address, size) => (address === 0x2010n && size === 8 ? 0xabcdn : undefined),
};
const read = (encoding: number, bytes: number[], more: Partial<PointerContext> = {}, offset = 0) =>
  readPointer(new Cursor(Uint8Array.from(bytes), 'A table', offset), encoding, { ...context, ...more }, 'a pointer');

describe('encoded pointers (LSB Core, DWARF Exception Header Encoding)', () => {
  it.each<[string, number, number[], bigint]>([
    ['absolute', 0x00, [1, 2, 3, 4, 5, 6, 7, 8], 0x0807060504030201n],
    ['uleb128', 0x01, [0x85, 0x02], 0x105n],
    ['udata2', 0x02, [0xfe, 0xff], 0xfffen],
    ['udata4', 0x03, [0, 0, 0, 0x80], 0x80000000n],
    ['udata8', 0x04, [1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000000000000001n],
    ['signed', 0x08, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0xffff_ffff_ffff_ffffn],
    ['sleb128', 0x09, [0x7f], 0xffff_ffff_ffff_ffffn],
    ['sdata2', 0x0a, [0xfe, 0xff], 0xffff_ffff_ffff_fffen],
    ['sdata4', 0x0b, [0, 0, 0, 0x80], 0xffff_ffff_8000_0000n],
    ['sdata8', 0x0c, [5, 0, 0, 0, 0, 0, 0, 0], 5n],
    ['from its own place', 0x1b, [0xfd, 0xff, 0xff, 0xff], 0x2000n],
    ['from text', 0x2b, [0x10, 0, 0, 0], 0x1010n],
    ['from data', 0x3b, [0xf0, 0xff, 0xff, 0xff], 0x2ff0n],
    ['from the function', 0x42, [0x10, 0], 0x1110n],
    ['indirect, from its own place', 0x9b, [0x0d, 0, 0, 0], 0xabcdn],
    ['null stays null', 0x1b, [0, 0, 0, 0], 0n],
    // The section starts 3 bytes past a multiple of 8.
    ['aligned', 0x50, [9, 9, 9, 9, 9, 1, 0, 0, 0, 0, 0, 0, 0], 1n],
  ])('%s', (_name, encoding, bytes, expected) => {
    expect(read(encoding, bytes)).toBe(expected);
  });

  it('counts from the place in its section, and wraps at the width of an address', () => {
    expect(read(0x1b, [9, 9, 0xf0, 0xff, 0xff, 0xff], {}, 2)).toBe(0x2003n + 2n - 16n);
    expect(read(0x1b, [0, 0xe0, 0xff, 0xff], { addressSize: 4, sectionAddress: 0x1000n })).toBe(0xffff_f000n);
  });

  it.each<[string, number, number[], string]>([
    ['an unknown format', 0x05, [0], 'the format of a pointer is 0x5'],
    ['an unknown base', 0x6b, [1, 0, 0, 0], 'the base of a pointer is 0x6b'],
    ['an indirect one to nowhere', 0x9b, [1, 0, 0, 0], 'the target of a pointer is 0x2004, expected an address within'],
    ['a cut one', 0x03, [1, 2], 'a pointer needs 4 bytes, expected at most the 2 that are left'],
  ])('%s', (_name, encoding, bytes, expected) => {
    expect(() => read(encoding, bytes)).toThrow(expected);
  });
});
