import { describe, expect, it } from 'vitest';
import { compileCondition, compileHitCondition, compileLogMessage } from '../../../adapter/expressions/conditions.ts';
import type { Environment } from '../../../adapter/expressions/evaluate.ts';

const environment: Environment = {
  register: (name) => (name === 'rax' ? { value: 42n, bits: 64 } : undefined),
  symbol: () => undefined,
  read: () => 0n,
  pointerSize: 8,
  segmentBase: () => 0n,
};

describe('conditions', () => {
  it('holds for a value that is not zero', () => {
    expect(compileCondition('rax == 42')(environment)).toBe(true);
    expect(compileCondition('rax > 42')(environment)).toBe(false);
  });

  it('does not take an assignment for a comparison', () => {
    expect(() => compileCondition('rax = 42')).toThrow("A condition compares with '==', '=' would assign.");
  });
});

describe('hit conditions', () => {
  const holdsAt = (text: string) => [1, 2, 3, 4, 5, 6].filter(compileHitCondition(text));
  it.each([
    ['3', [3]],
    ['== 3', [3]],
    ['> 4', [5, 6]],
    ['>=4', [4, 5, 6]],
    ['<2', [1]],
    ['<= 2', [1, 2]],
    ['% 2', [2, 4, 6]],
  ])('%s', (text, hits) => {
    expect(holdsAt(text)).toEqual(hits);
  });

  it.each(['', 'often', '5 times', '% 0'])('%s is refused', (text) => {
    expect(() => compileHitCondition(text)).toThrow(/^The hit condition/);
  });
});

describe('log messages', () => {
  const log = (text: string) => compileLogMessage(text)(environment);
  it.each([
    ['plain', 'plain'],
    ['rax={rax:d}', 'rax=42'],
    ['{rax} and {rax:x}', '0x000000000000002a and 0x000000000000002a'],
    ['\\{rax\\}', '{rax}'],
    ['{nothing}', '<nothing is not a register or symbol.>'],
  ])('%s', (text, shown) => {
    expect(log(text)).toBe(shown);
  });

  it('is refused when an expression in it does not parse', () => {
    expect(() => compileLogMessage('{1 +}')).toThrow('The expression ends where a value is expected.');
  });
});
