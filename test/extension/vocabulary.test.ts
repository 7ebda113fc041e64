import { describe, expect, it } from 'vitest';
import { CET_REGISTERS } from '../../adapter/session/cetTable.ts';
import { vocabulary } from '../../extension/language/vocabulary.ts';
import { mnemonics } from '../../syntaxes/mnemonics.ts';

describe('the words that a hover explains', () => {
  it('hold every CET and VMX instruction of the grammar', () => {
    const { cet, vmx } = mnemonics();
    const suffixed = new Set(['vmreadl', 'vmreadq', 'vmwritel', 'vmwriteq']);
    expect([...cet, ...vmx].filter((name) => !vocabulary.has(name) && !suffixed.has(name))).toEqual([]);
  });

  it('hold every CET register that is an MSR, with its number', () => {
    for (const { name, msr } of CET_REGISTERS) {
      if (msr !== undefined) {
        expect(vocabulary.get(name.toLowerCase())?.heading).toBe(`${name} (MSR ${msr.toString(16).toUpperCase()}H)`);
      }
    }
  });

  it('say it in sentences', () => {
    for (const [name, { text }] of vocabulary) expect(text, name).toMatch(/^[A-Z].*\.$/);
  });
});
