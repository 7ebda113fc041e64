import { describe, expect, it } from 'vitest';
import { assemble } from '../../../adapter/program/assembler/index.ts';
import { assembleText, readerOf } from './corpus.ts';

/** "line:column-endColumn message" of each error, in order. */
async function errors(text: string, name = 'main.s'): Promise<string[]> {
  const { diagnostics, image } = await assembleText(text, {}, name);
  const found = diagnostics.filter(({ severity }) => severity === 'error');
  expect(image === undefined).toBe(found.length > 0);
  return found.map(({ line, column, endColumn, message }) => `${line}:${column}-${endColumn} ${message}`);
}

describe('every error has its place and one sentence', () => {
  const cases: readonly [source: string, ...expected: string[]][] = [
    ['\tmov %eax', '1:6-10 "mov" takes 2 operands, not 1.'],
    ['\tmovl %rax, %ebx', '1:7-17 "movl" has no form with a 64-bit register and a 32-bit register.'],
    ['\tfrob %eax', '1:2-6 "frob" is no instruction that this assembler knows.'],
    ['\tmov (%rax,%rbx,3), %ecx', '1:17-25 The scale must be 1, 2, 4 or 8.'],
    ['\tmov %zax, %ebx', '1:6-16 "%zax" is no register.'],
    ['\tadd $0x123456789, %rax', '1:6-18 The immediate 4886718345 does not fit "add" with these operands.'],
    ['\tpusha', '1:2-7 "pusha" does not exist in 64-bit mode.'],
    ['\t.code32\n\tmov %rax, %rbx', '2:6-10 Register rax exists only in 64-bit mode.'],
    ['\tlock mov %eax, (%rbx)', '1:7-10 LOCK can\'t stand before "mov": it takes a read-modify-write of memory.'],
    ['\tnotrack ret', '1:10-13 NOTRACK can\'t stand before "ret": it takes an indirect near jump or call.'],
    [
      '\t.intel_syntax noprefix\n\tmov [rax], 1',
      '2:6-11 The operand size of "mov" is ambiguous: write byte, word, dword or qword ptr.',
    ],
    ['\t.bogus 1', '1:2-8 ".bogus" is no directive that this assembler knows.'],
    ['\t.long 1/0', '1:9-11 Division by zero.'],
    ['\t.ascii "open', '1:9-14 The string has no closing quote.'],
    ['\t.if 1', '1:2-7 This .if has no .endif.'],
    ['\t.rept 2', '1:2-9 This .rept has no .endr.'],
    ['\t.macro m', '1:2-10 This .macro has no .endm.'],
    ['\t.endm', '1:2-7 .endm closes nothing here.'],
    ['dup: nop\ndup: nop', '2:1-4 "dup" is defined already at main.s:1.'],
    ['\t.align 3', '1:9-10 The alignment 3 is no power of two.'],
    ['\t.popsection', '1:2-13 .popsection has no .pushsection before it.'],
    ['\t.include "gone.inc"', '1:11-21 There is no file "gone.inc" beside the source or in the include paths.'],
    ['\tjmp 1b', '1:2-8 There is no label "1:" before "1b".'],
    ['\tjmp 1f', '1:2-8 There is no label "1:" after "1f".'],
    ['\tnop\n\t.org 0', '2:7-8 .org may not go back: the place is 1 bytes past its target.'],
    ['\tloop far\n\t.fill 200\nfar:', '1:7-10 "far" is 200 bytes away and does not fit a signed 8-bit field.'],
    ['\t.error "said so"', '1:2-18 said so'],
    ['a=b+1\nb=a+1', '1:1-2 The value of "a" depends on itself.', '2:1-2 The value of "b" depends on itself.'],
    [
      '\t.data\n\t.quad x-y\n\t.section .rodata\ny:\n\t.text\nx:',
      '2:8-11 The difference to an address in .rodata is no constant: both must lie in one section.',
    ],
    ['\t.bss\n\t.byte 1', '2:2-9 .bss holds no bytes, but this statement puts some there.'],
    ['/* open', '1:1-undefined This block comment never ends.'],
  ];
  for (const [source, ...expected] of cases) {
    it(source.trim().replaceAll('\n', ' | '), async () => {
      expect(await errors(`${source}\n`)).toEqual(expected);
    });
  }

  it('goes on after an error and reports each', async () => {
    expect(await errors('\tfoo\n\tmov %eax, %ebx\n\tbar\n\t.long (1\n')).toHaveLength(3);
  });

  it('names every use of a symbol that is not defined', async () => {
    expect(await errors('\tjmp gone\n\tcall gone\n\tlea gone+4(%rip), %rax\n\t.quad gone\n')).toEqual([
      '1:6-10 "gone" is not defined.',
      '2:7-11 "gone" is not defined.',
      '3:6-10 "gone" is not defined.',
      '4:8-12 "gone" is not defined.',
    ]);
  });

  it('names macro and include chains', async () => {
    const files = {
      'main.s': '\t.include "part.inc"\n\touter %zzz\n',
      'part.inc': '\t.macro inner r\n\tinc \\r\n\t.endm\n\t.macro outer r\n\tinner \\r\n\t.endm\n\tbad\n',
    };
    const { diagnostics } = await assemble('main.s', {}, readerOf(files));
    expect(diagnostics.map(({ file, line, message }) => `${file}:${line} ${message}`)).toEqual([
      'part.inc:2 "%zzz" is no register. (in macro "inner" used at part.inc:5, in macro "outer" used at main.s:2)',
      'part.inc:7 "bad" is no instruction that this assembler knows. (included from main.s:1)',
    ]);
  });

  it('reports preprocessor errors in their file and line', async () => {
    const files = {
      'main.S':
        '#include "a.h"\n#if 1 +\n#endif\n#error stop here\n#define F(x) x\n\t.long F(1, 2)\n#else\n#include "none.h"\n#if 1\n',
      'a.h': '#elif 1\n',
    };
    const { diagnostics } = await assemble('main.S', {}, readerOf(files));
    expect(diagnostics.map(({ file, line, message }) => `${file}:${line} ${message}`)).toEqual([
      'main.S:2 The condition ends where a value is expected.',
      'main.S:4 #error stop here',
      'main.S:6 Macro "F" takes 1 argument, not 2.',
      'main.S:7 #else has no #if before it.',
      'main.S:8 There is no file "none.h" beside the source or in the include paths.',
      'main.S:9 This #if has no #endif.',
      'a.h:1 #elif has no #if before it. (included from main.S:1)',
    ]);
  });

  it('warns of what GNU as warns of', async () => {
    const { diagnostics, image } = await assembleText(
      '\t.byte 300\n\tmov $0x1ff, %al\n\tadd $1, (%rax)\n\t.rept -1\n\t.endr\n',
    );
    expect(image).toBeDefined();
    expect(diagnostics.map(({ severity, line }) => `${severity} ${line}`)).toEqual([
      'warning 1',
      'warning 2',
      'warning 3',
      'warning 4',
    ]);
  });
});

describe('never runs away', () => {
  const cases: readonly [name: string, source: string, message: RegExp][] = [
    ['main.s', '.macro m\nm\nm\n.endm\nm\n', /nested more than 200 deep at "m"/],
    ['main.s', '.include "main.s"\n.include "main.s"\n', /nested more than 200 deep/],
    ['main.S', '#include "main.S"\n#include "main.S"\n', /nested more than 100 deep/],
    ['main.s', '.rept 1000000\n.rept 1000000\nx = 1\n.endr\n.endr\n', /More than 1000000 statements/],
    ['main.s', '.rept 9999999\n.endr\n', /too many/],
    ['main.s', '.macro m a\nm \\a\\a\\a\n.endm\nm xyz\n', /grows past/],
    ['main.s', '.space 0xffffffff\n', /the limit is/],
    ['main.s', '.org 0x7fffffffffff\n', /the limit is/],
    ['main.s', `.long ${'('.repeat(100_000)}\n`, /nested more than/],
    ['main.s', `.long ${'a+'.repeat(50_000)}1\na:\n`, /too large/],
    ['main.s', `.intel_syntax noprefix\nmov eax, ${'['.repeat(100_000)}\n`, /nested more than/],
    ['main.s', '.set x, y\n.rept 60\n.set x, x+x\n.endr\n.long x\ny:\n', /too large/],
    [
      'main.S',
      `${Array.from({ length: 12 }, (_, index) => `#define A${index} A${index + 1} A${index + 1} A${index + 1} A${index + 1}\n`).join('')}A0\n`,
      /more than 200000 tokens/,
    ],
  ];
  for (const [name, source, message] of cases) {
    it(source.slice(0, 60).replaceAll('\n', ' | '), async () => {
      const { diagnostics, image } = await assembleText(source, {}, name);
      expect(image).toBeUndefined();
      expect(diagnostics.map((one) => one.message).join('\n')).toMatch(message);
    });
  }
});
