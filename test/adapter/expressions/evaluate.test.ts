import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression, type Environment, targetOf } from '../../../adapter/expressions/evaluate.ts';
import { formatValue } from '../../../adapter/expressions/format.ts';
import { ExpressionError } from '../../../adapter/expressions/tokens.ts';

const registers = new Map<string, { value: bigint; bits: number }>([
  ['rax', { value: 0xffff_ffff_ffff_fff0n, bits: 64 }],
  ['eax', { value: 0xffff_ffffn, bits: 32 }],
  ['rsp', { value: 0x1000n, bits: 64 }],
  ['zf', { value: 1n, bits: 1 }],
  ['gs', { value: 0x28n, bits: 16 }],
  ['gs.base', { value: 0x2000n, bits: 64 }],
]);
const memory = new Uint8Array(0x4000);
memory.set([0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x91], 0x1000);
memory.set([0xef, 0xbe], 0x2010);

const environment: Environment = {
  extra: new Map([['vector', 14n]]),
  register: (name) => registers.get(name),
  symbol: (name) => ({ main: 0x1000n, rax_copy: 0x3000n })[name],
  read: (address, size, physical) => {
    if (physical) return 0xabn;
    if (address + BigInt(size) > memory.length) throw new ExpressionError('beyond memory');
    let value = 0n;
    for (let index = size - 1; index >= 0; index--) value = (value << 8n) | BigInt(memory[Number(address) + index]!);
    return value;
  },
  pointerSize: 8,
  segmentBase: (selector) => {
    if (selector > 0xffffn) throw new ExpressionError('no selector');
    return selector << 4n;
  },
};

const evaluate = (text: string): bigint => compileExpression(text).evaluate(environment).value;
const failure = (text: string): string => {
  try {
    evaluate(text);
  } catch (error) {
    if (error instanceof ExpressionError) return error.message;
    throw error;
  }
  return 'no error';
};

describe('values', () => {
  it.each<[string, bigint]>([
    ['0x10', 16n],
    ['0b101', 5n],
    ['0o17', 15n],
    ['1_000', 1000n],
    ['10UL', 10n],
    ["'A'", 65n],
    ["'\\n'", 10n],
    ['$rax', 0xffff_ffff_ffff_fff0n],
    ['%rax', 0xffff_ffff_ffff_fff0n],
    ['RAX', 0xffff_ffff_ffff_fff0n],
    ['zf', 1n],
    ['vector', 14n],
    ['main', 0x1000n],
    ['&main', 0x1000n],
    ['main + 8', 0x1008n],
    ['0x7c0:0x10', 0x7c10n],
    ['0x7c0 : rsp', 0x8c00n],
    ['gs:8 + 8', 0x2010n],
    ['gs:8 == 0x2008', 1n],
    ['zf ? 0x10 : 0x20', 0x10n],
    ['zf ? gs : 0x20', 0x28n],
    ['gs:main', 0x3000n],
    ['u16(0x2010)', 0xbeefn],
    ['word ptr [0x201:0]', 0xbeefn],
    ['17 % 5', 2n],
    ['rsp %5', 0x1000n % 5n],
  ])('%s', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  it.each<[string, bigint]>([
    ['[rsp]', 0x9122_3344_5566_7788n],
    ['[main]', 0x9122_3344_5566_7788n],
    ['u8(rsp)', 0x88n],
    ['u16(rsp + 1)', 0x6677n],
    ['u32(rsp)', 0x5566_7788n],
    ['s8(rsp)', -0x78n],
    ['s64(rsp)', BigInt.asIntN(64, 0x9122_3344_5566_7788n)],
    ['*rsp', 0x9122_3344_5566_7788n],
    ['*(u16*)rsp', 0x7788n],
    ['*(uint32_t*)(rsp + 4)', 0x9122_3344n],
    ['dword ptr [rsp]', 0x5566_7788n],
    ['byte [rsp + 7]', 0x91n],
    ['gs:[0x10]', 0xbeefn],
    ['word ptr gs:[0x10]', 0xbeefn],
    ['p8(0)', 0xabn],
  ])('memory: %s', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  it.each<[string, bigint]>([
    ['eax == -1', 1n],
    ['rax == -16', 1n],
    ['eax != -1', 0n],
    ['(s32)eax < 0', 1n],
    ['(u8)0x1ff', 0xffn],
    ['rsp & ~0xfff', 0x1000n],
    ['1 ? 2 : 3', 2n],
    ['0 || 0 && 1', 0n],
    ['!0', 1n],
    ['1 << 63', 1n << 63n],
  ])('C rules: %s', (text, value) => {
    expect(evaluate(text)).toBe(value);
  });

  it('does not evaluate the side that && and || and ?: do not take', () => {
    expect(evaluate('0 && [0x9999]')).toBe(0n);
    expect(evaluate('1 || [0x9999]')).toBe(1n);
    expect(evaluate('1 ? 5 : [0x9999]')).toBe(5n);
  });

  it('has the precedence of C, as JavaScript has it for the same operators', () => {
    const operator = fc.constantFrom('+', '-', '*', '&', '|', '^');
    const literal = fc.nat(0xffff).map((value) => ({ ours: `${value}`, theirs: `${value}n` }));
    const text = fc.tuple(literal, fc.array(fc.tuple(operator, literal), { maxLength: 8 }));
    fc.assert(
      fc.property(text, ([first, rest]) => {
        const join = (side: 'ours' | 'theirs') =>
          rest.reduce((sum, [op, value]) => `${sum} ${op} ${value[side]}`, first[side]);
        const expected = new Function(`return ${join('theirs')}`)() as bigint;
        expect(evaluate(join('ours'))).toBe(expected);
      }),
    );
  });
});

describe('errors are one sentence', () => {
  it.each([
    ['', 'The expression is empty.'],
    ['1 +', 'The expression ends where a value is expected.'],
    ['(1', "')' is expected here."],
    ['nothing', 'nothing is not a register or symbol.'],
    ['$main', 'main is not a register.'],
    ['1 / 0', 'Division by zero.'],
    ['1 << 200', 'A shift by 200 is not within 0 to 127.'],
    ['12abc', '12abc is not a number.'],
    ['#', "'#' cannot stand in an expression."],
    ['[0x9999]', 'beyond memory'],
    ['rax:q', "After ':' a format is expected: one of x, d, u, o, b, c, s."],
    ['1 2', "'2' was not expected here."],
  ])('%s', (text, message) => {
    expect(failure(text)).toBe(message);
  });

  it('refuses nesting that would exhaust the stack', () => {
    expect(failure('('.repeat(100_000))).toBe('The expression is nested too deeply.');
    expect(failure('-'.repeat(100_000))).toBe('The expression is nested too deeply.');
  });

  it('never throws anything but an ExpressionError', () => {
    const piece = fc.constantFrom(
      'rax',
      '$',
      '%',
      '0x',
      '1',
      '(',
      ')',
      '[',
      ']',
      '+',
      '*',
      'u32',
      ':',
      'x',
      '?',
      '=',
      ' ',
      "'",
      'gs',
      'dword',
      'ptr',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        failure(pieces.join(''));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formats and targets', () => {
  it.each([
    ['rax:x', '0xfffffffffffffff0'],
    ['rax:d', '-16'],
    ['rax:u', '18446744073709551600'],
    ['eax:d', '-1'],
    ['zf', '1'],
    ['(u8)5:b', '0b00000101'],
    ['65:c', "'A'"],
    ['rax,d', '-16'],
    ['s8(rsp)', '-120'],
    ['8:o', '0o10'],
  ])('%s', (text, shown) => {
    const { parsed, evaluate: run } = compileExpression(text);
    expect(formatValue(run(environment), parsed.format)).toBe(shown);
  });

  it('tells what can be set', () => {
    const target = (text: string) => targetOf(compileExpression(text).parsed.node, environment);
    expect(target('rax')).toEqual({ kind: 'register', name: 'rax' });
    expect(target('[main + 8]')).toEqual({ kind: 'memory', address: 0x1008n, size: 8, physical: false });
    expect(target('u16(rsp)')).toEqual({ kind: 'memory', address: 0x1000n, size: 2, physical: false });
    expect(() => target('main')).toThrow('main is a symbol, whose address cannot be set; [main] can.');
    expect(() => target('1 + 1')).toThrow('Only a register or a memory operand in brackets can be set.');
  });
});
