import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assembleText, hex } from './corpus.ts';
import { gasVersion, inScratch } from './gas.ts';

/** One piece of a program that mixes jumps, padding and differences of labels. */
const piece = (labels: number): fc.Arbitrary<string> => {
  const label = fc.nat(labels - 1).map((index) => `l${index}`);
  return fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.constantFrom('jmp', 'jne', 'jb', 'jg', 'call'), label)
        .map(([name, to]) => `\t${name} ${to}`),
    },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 130 }).map((count) => `\t.fill ${count}, 1, 0x90`) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '\t.p2align 4',
        '\t.p2align 3',
        '\t.p2align 5,,10',
        '\t.balign 16',
        '\t.p2align 6,,24',
        '\t.balign 64, 0xcc',
      ),
    },
    { weight: 1, arbitrary: fc.tuple(label, label).map(([a, b]) => `\t.long ${a}-${b}`) },
    { weight: 1, arbitrary: fc.tuple(label, label).map(([a, b]) => `\tadd $${a}-${b}, %eax`) },
    { weight: 1, arbitrary: label.map((to) => `\tlea ${to}(%rip), %rax`) },
    { weight: 1, arbitrary: fc.constantFrom('\tnop', '\tret', '\tmov %eax, %ebx', '\taddq $1, 8(%rsp)') },
    { weight: 1, arbitrary: label.map((to) => `\t.uleb128 ${to}-l0+100000`) },
  );
};

/** Labels l0, l1, ... each stand before one piece. */
const program = fc
  .integer({ min: 2, max: 30 })
  .chain((labels) =>
    fc
      .array(piece(labels), { minLength: labels, maxLength: labels * 3 })
      .map((pieces) => pieces.map((text, index) => (index < labels ? `l${index}:\n${text}` : text)).join('\n')),
  );

function gasText(source: string): string | undefined {
  return inScratch((folder) => {
    writeFileSync(join(folder, 'a.s'), source);
    if (spawnSync('as', ['-o', 'a.o', 'a.s'], { cwd: folder }).status !== 0) return undefined;
    if (spawnSync('ld', ['-Ttext=0x100000', '-e', '0', '-o', 'a', 'a.o'], { cwd: folder }).status !== 0)
      return undefined;
    execFileSync('objcopy', ['-O', 'binary', '-j', '.text', 'a', 'text'], { cwd: folder });
    return readFileSync(join(folder, 'text')).toString('hex');
  });
}

describe.skipIf(gasVersion() === undefined)('jumps, padding and label differences in any mixture', () => {
  it('are sized as GNU as sizes them', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (text) => {
        const { image, diagnostics } = await assembleText(`${text}\n`);
        const expected = gasText(`${text}\n`);
        if (expected === undefined) return;
        expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
        expect(image!.segments.length === 0 ? '' : hex(image!.segments[0]!.data)).toBe(expected);
      }),
      { numRuns: Number(process.env.RELAXATION_RUNS ?? 60) },
    );
  });
});
