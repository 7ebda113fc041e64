import { describe, expect, it } from 'vitest';
import { definitions, numberedLabel } from '../../extension/language/labels.ts';

const source = `# guest
    .equ COM1, 0x3f8   # serial
SIZE = 4 * 1024
#define CET 1
    .text
    .globl _start
_start: call print
1:  jmp 1b
.Lloop: jmp 1f
    .macro save reg:req
    push \\reg
    .endm
1:  ret
print:
    ret
    .section .shstk, "aw", @nobits
token: .quad token
    .quad _start`.split('\n');

describe('definitions', () => {
  it('finds labels, constants, macros and sections, not local labels', () => {
    expect(definitions(source).map(({ name, kind, line, detail }) => [name, kind, line, detail])).toEqual([
      ['COM1', 'constant', 1, '0x3f8'],
      ['SIZE', 'constant', 2, '4 * 1024'],
      ['CET', 'constant', 3, '1'],
      ['.text', 'section', 4, ''],
      ['_start', 'label', 6, ''],
      ['save', 'macro', 9, 'reg:req'],
      ['print', 'label', 13, ''],
      ['.shstk', 'section', 15, ''],
      ['token', 'label', 16, ''],
    ]);
  });
});

describe('numberedLabel', () => {
  it('goes back to the nearest before, its own line included, and forward to the nearest after', () => {
    expect(numberedLabel(source, 7, '1b')).toBe(7);
    expect(numberedLabel(source, 8, '1f')).toBe(12);
    expect(numberedLabel(source, 14, '1b')).toBe(12);
    expect(numberedLabel(source, 13, '1f')).toBeUndefined();
    expect(numberedLabel(source, 13, '2b')).toBeUndefined();
  });
});
