import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../adapter/program/cursor.ts';
import { evaluateExpression } from '../../../adapter/program/dwarf/expression.ts';

const context = {
  addressSize: 8 as const,
  register: (number: number) => (number === 7 ? 0x8000n : number === 33 ? 5n : undefined),
  memory: (address: bigint, size: number) =>
    address < 0x1000n ? undefined : (1n << BigInt(size * 8)) - 1n - (address & 0xffn),
};
const run = (...bytes: number[]) => evaluateExpression(Uint8Array.from(bytes), [], context);
const all = (1n << 64n) - 1n;

describe('operations (DWARF 5 §2.5.1)', () => {
  it.each<[string, number[], bigint]>([
    ['lit0, lit31', [0x30, 0x4f, 0x22], 31n],
    ['addr', [0x03, 8, 7, 6, 5, 4, 3, 2, 1], 0x0102030405060708n],
    ['const1u, const1s', [0x08, 0xff, 0x09, 0xff, 0x22], 254n],
    ['const2u, const2s', [0x0a, 0xff, 0xff, 0x0b, 0xfe, 0xff, 0x22], 0xfffdn],
    ['const4u, const4s', [0x0c, 0, 0, 0, 0x80, 0x0d, 0, 0, 0, 0x80, 0x22], 0n],
    ['const8u', [0x0e, 1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000000000000001n],
    ['const8s', [0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], all],
    ['constu, consts', [0x10, 0xe5, 0x8e, 0x26, 0x11, 0x7f, 0x22], 624484n],
    ['breg7 -16', [0x77, 0x70], 0x7ff0n],
    ['bregx 33 + 2', [0x92, 33, 2], 7n],
    ['dup, mul', [0x37, 0x12, 0x1e], 49n],
    ['drop', [0x31, 0x32, 0x13], 1n],
    ['over', [0x31, 0x32, 0x14, 0x1c, 0x22], 2n],
    ['pick 2', [0x31, 0x32, 0x33, 0x15, 2], 1n],
    ['swap, minus', [0x31, 0x33, 0x16, 0x1c], 2n],
    // 1 2 3 becomes 3 1 2: 3 - (1 - 2)
    ['rot', [0x31, 0x32, 0x33, 0x17, 0x1c, 0x1c], 4n],
    ['abs', [0x09, 0xfb, 0x19], 5n],
    ['and, or, xor', [0x3c, 0x3a, 0x1a, 0x31, 0x21, 0x3f, 0x27], 6n],
    ['div rounds towards zero', [0x09, 0xf9, 0x32, 0x1b], all - 2n],
    ['mod', [0x37, 0x34, 0x1d], 3n],
    ['neg', [0x31, 0x1f], all],
    ['not', [0x30, 0x20], all],
    ['plus_uconst', [0x31, 0x23, 0x80, 0x01], 129n],
    ['shl, past the width too', [0x31, 0x3f, 0x24, 0x31, 0x08, 64, 0x24, 0x22], 0x8000n],
    ['shr', [0x09, 0xff, 0x08, 60, 0x25], 15n],
    ['shra', [0x09, 0x80, 0x33, 0x26], all - 15n],
    ['shra past the width', [0x09, 0x80, 0x08, 200, 0x26], all],
    ['le, lt signed', [0x09, 0xff, 0x31, 0x2c, 0x31, 0x09, 0xff, 0x2d, 0x22], 1n],
    ['eq, ne', [0x31, 0x31, 0x29, 0x31, 0x31, 0x2e, 0x1c], 1n],
    ['ge, gt', [0x32, 0x32, 0x2a, 0x32, 0x32, 0x2b, 0x1c], 1n],
    ['skip', [0x31, 0x2f, 1, 0, 0x32], 1n],
    ['bra', [0x31, 0x32, 0x28, 1, 0, 0x1f], 1n],
    ['bra not taken', [0x31, 0x30, 0x28, 1, 0, 0x1f], all],
    ['a loop', [0x33, 0x31, 0x1c, 0x12, 0x28, 0xfa, 0xff, 0x31, 0x22], 1n],
    ['deref', [0x77, 0x05, 0x06], all - 5n],
    ['deref_size 2', [0x77, 0x05, 0x94, 2], 0xfffan],
    ['nop', [0x31, 0x96], 1n],
    // As ld writes for lazy binding: rsp + 8 + ((rip & 15) >= 11) * 8, here with register 33 as rip.
    ['a PLT entry', [0x77, 0x08, 0x92, 33, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22], 0x8008n],
  ])('%s', (_name, bytes, expected) => {
    expect(run(...bytes)).toBe(expected);
  });

  it('starts with what is put on the stack', () => {
    expect(evaluateExpression(Uint8Array.of(0x38, 0x1c), [0x100n], context)).toBe(0xf8n);
  });

  it('wraps at the width of an address', () => {
    expect(evaluateExpression(Uint8Array.of(0x30, 0x31, 0x1c), [], { ...context, addressSize: 4 })).toBe(0xffff_ffffn);
  });
});

describe('what cannot be evaluated is one sentence', () => {
  it.each<[string, number[], string]>([
    ['nothing', [], 'the stack is empty, expected a value'],
    ['an empty stack', [0x22], 'the stack is empty'],
    ['an unknown register', [0x70, 0], 'needs register 0, whose value is unknown'],
    ['unreadable memory', [0x31, 0x06], 'reads 8 bytes at 0x1, which cannot be read'],
    ['division by zero', [0x31, 0x30, 0x1b], 'a divisor is 0x0'],
    ['modulo zero', [0x31, 0x30, 0x1d], 'a divisor is 0x0'],
    ['a deep pick', [0x31, 0x15, 9], 'the depth of a pick is 0x9'],
    ['an odd size', [0x77, 0, 0x94, 3], 'DW_OP_deref_size is 0x3'],
    ['a branch outside', [0x2f, 0xff, 0x7f], 'the target of a branch is 0x8002'],
    ['a cut operand', [0x0e, 1], 'a constant needs 8 bytes, expected at most the 1 that are left'],
    ['an endless loop', [0x2f, 0xfd, 0xff], 'expected it to end before'],
    ['an endless stack', [0x31, 0x2f, 0xfc, 0xff], 'values on its stack, expected fewer'],
    ['a location operation', [0x50], 'an operation is 0x50, expected a DW_OP that call frame information may use'],
  ])('%s', (_name, bytes, expected) => {
    expect(() => run(...bytes)).toThrow(FormatError);
    expect(() => run(...bytes)).toThrow(expected);
  });
});
