import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssembleResult } from '../../../adapter/program/assembler/index.ts';
import { assembleText } from './corpus.ts';

/** What holds for every input: an image or an error, and diagnostics that point into the source. */
function check(result: AssembleResult, text: string): void {
  const lines = text.split(/\r\n|\n|\r/).length;
  const failed = result.diagnostics.some(({ severity }) => severity === 'error');
  expect(result.image === undefined).toBe(failed);
  for (const { file, line, column, message } of result.diagnostics) {
    expect(message).not.toBe('');
    expect(column).toBeGreaterThanOrEqual(1);
    if (file.startsWith('main.')) expect(line).toBeLessThanOrEqual(lines);
  }
}

const word = fc.constantFrom(
  'mov',
  'movl',
  'add',
  'jmp',
  'jne',
  'call',
  'lea',
  'push',
  'ret',
  'rep',
  'lock',
  'notrack',
  'endbr64',
  'rdsspq',
  'vmread',
  'fadd',
  'movsb',
  'in',
  'xchg',
  'imul',
  '%eax',
  '%rax',
  '%r9d',
  '%st(1)',
  '%xmm3',
  '%cr0',
  '%ds',
  '%fs:',
  '$5',
  '$-1',
  '$foo',
  '$0x123456789',
  'foo',
  '1f',
  '1b',
  '1:',
  'foo:',
  '.',
  '.L1',
  '*',
  '(%rax,%rbx,4)',
  '8(%rsp)',
  'foo(%rip)',
  '[rax+rbx*4]',
  'dword ptr',
  'offset',
  'rax',
  ',',
  ',',
  ',',
  '(',
  ')',
  '[',
  ']',
  '+',
  '-',
  '*',
  '/',
  '<<',
  '==',
  '&&',
  '"text"',
  '"',
  "'",
  '\\',
  '\\x',
  '\\@',
  '#',
  ';',
  '//',
  '/*',
  '*/',
  ':',
  '=',
  '.byte',
  '.long',
  '.quad',
  '.octa',
  '.ascii',
  '.asciz',
  '.float',
  '.double',
  '.fill',
  '.space',
  '.align',
  '.p2align',
  '.org',
  '.text',
  '.data',
  '.bss',
  '.section',
  '.pushsection',
  '.popsection',
  '.previous',
  '.set',
  '.equ',
  '.equiv',
  '.macro',
  '.endm',
  '.exitm',
  '.purgem',
  '.rept',
  '.endr',
  '.irp',
  '.irpc',
  '.if',
  '.ifdef',
  '.ifc',
  '.ifb',
  '.else',
  '.elseif',
  '.endif',
  '.include',
  '.incbin',
  '.globl',
  '.type',
  '.size',
  '.comm',
  '.lcomm',
  '.code16',
  '.code32',
  '.code64',
  '.intel_syntax',
  '.att_syntax',
  'noprefix',
  '.cfi_startproc',
  '.cfi_endproc',
  '.cfi_offset',
  '.uleb128',
  '.sleb128',
  '.error',
  '.end',
  '.loc',
  '.file',
  '#define',
  '#include',
  '#if',
  '#else',
  '#endif',
  '#undef',
  '##',
  'defined',
  '0',
  '1',
  '7',
  '255',
  '0x7f',
  '-',
  'm',
  'x',
  'y',
);
const line = fc.array(word, { maxLength: 8 }).map((parts) => parts.join(' '));
const program = fc.array(line, { maxLength: 25 }).map((lines) => `${lines.join('\n')}\n`);

describe('garbage gives diagnostics, never a crash', () => {
  for (const name of ['main.s', 'main.S']) {
    it(`words of the language in any order, ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(program, async (text) =>
          check(await assembleText(text, { maximumBytes: 1 << 20 }, name), text),
        ),
        { numRuns: 700 },
      );
    });
    it(`any characters, ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.string({ maxLength: 200, unit: 'binary' }), async (text) => {
          const latin = Buffer.from(text, 'latin1').toString('latin1');
          check(await assembleText(latin, {}, name), latin);
        }),
        { numRuns: 1000 },
      );
    });
  }

  it('good statements with one character changed', async () => {
    const statements = [
      'mov 8(%rax,%rbx,4), %ecx',
      '.long 1+2*(3-4), foo',
      'foo: jmp 1f; 1: ret',
      '.macro m a, b=1\nmov \\a, \\b\n.endm\nm $1, %eax',
      '.ascii "a\\n"',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...statements),
        fc.nat(100),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (text, at, insert) => {
          const place = at % text.length;
          const changed = `${text.slice(0, place)}${insert}${text.slice(place + 1)}\n`;
          check(await assembleText(changed), changed);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
