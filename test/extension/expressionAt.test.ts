import { describe, expect, it } from 'vitest';
import { expressionAt } from '../../extension/language/expressionAt.ts';

/** Evaluates at the place of `|`. */
function at(marked: string): string | undefined {
  return expressionAt(marked.replace('|', ''), marked.indexOf('|'))?.expression;
}

describe('expressionAt', () => {
  it.each([
    ['  mov %r|ax, %rbx', 'rax'],
    ['  mov |%rax, %rbx', 'rax'],
    ['  mov rax, qword ptr [r|bx + 8]', 'rbx'],
    ['  movq $mess|age, %rdi', 'message'],
    ['  call smash_|me', 'smash_me'],
    ['sm|ash_me: ret', 'smash_me'],
    ['  jne .Lre|try', '.Lretry'],
    ['  lock cmpxchg %rc|x, (%rdx)', 'rcx'],
    ['1: lodsb; mov %a|l, %ah', 'al'],
    ['  mov 8(%rsp,%r|cx,8), %rdx', 'rcx'],
  ])('%s', (line, expression) => {
    expect(at(line)).toBe(expression);
  });

  it.each([
    '  m|ov %rax, %rbx',
    '  lock cmp|xchg %rcx, (%rdx)',
    '  mov $0x1|0, %eax',
    '  mov $0xab|cd, %eax',
    '  .qu|ad main',
    '  ret # back to ma|in',
    '  ret // back to ma|in',
    '  ret /* ma|in */',
    '  .ascii "ma|in"',
    '  mov \\ar|g, %eax',
    '  mov %rax, |  (%rbx)',
  ])('nothing at %s', (line) => {
    expect(at(line)).toBeUndefined();
  });

  it('gives the span that the hover underlines', () => {
    expect(expressionAt('  mov %rax, %rbx', 8)).toEqual({ start: 6, end: 10, expression: 'rax' });
  });
});
