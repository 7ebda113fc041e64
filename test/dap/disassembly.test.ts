import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { type Client, entered, evaluate, guest, lineAfter } from './client.ts';

const steps = guest('steps.s');

async function disassemble(
  client: Client,
  memoryReference: string,
  instructionOffset: number,
  instructionCount: number,
  rest = {},
) {
  const { body } = await client.send('disassemble', { memoryReference, instructionOffset, instructionCount, ...rest });
  return body.instructions as DebugProtocol.DisassembledInstruction[];
}

const reference = async (client: Client, symbol: string) =>
  `0x${BigInt(await evaluate(client, `${symbol}:x`)).toString(16)}`;

describe('disassemble', () => {
  it('returns exactly the rows asked for, contiguous, the base among them', async () => {
    const client = await entered(steps);
    const base = await reference(client, 'multiply');
    const rows = await disassemble(client, base, -50, 100);
    expect(rows).toHaveLength(100);
    expect(rows[50]!.address).toBe(base);
    expect(new Set(rows.map(({ address }) => address)).size).toBe(100);
    for (const [index, row] of rows.entries()) {
      const next = rows[index + 1];
      if (next === undefined || row.instructionBytes === undefined) continue;
      const length = row.instructionBytes.split(' ').length;
      expect(BigInt(next.address)).toBe(BigInt(row.address) + BigInt(length));
    }
  });

  it('decodes backwards to what it decodes forwards', async () => {
    const client = await entered(steps);
    const forwards = await disassemble(client, await reference(client, '_start'), 0, 40);
    const backwards = await disassemble(client, forwards[30]!.address, -30, 40);
    expect(backwards.map(({ address, instruction }) => [address, instruction])).toEqual(
      forwards.map(({ address, instruction }) => [address, instruction]),
    );
  });

  it('names symbols and says where a line begins', async () => {
    const client = await entered(steps);
    const [first, second] = await disassemble(client, await reference(client, 'recurse'), 0, 2);
    expect(first).toMatchObject({
      ...{ symbol: 'recurse', instruction: 'push %rdi', line: lineAfter(steps, 'recurse'), location: { path: steps } },
    });
    expect(second).toMatchObject({ line: lineAfter(steps, 'recurse') + 1 });
    expect(second).not.toHaveProperty('location');
  });

  it('applies the byte offset before the instruction offset', async () => {
    const client = await entered(steps);
    const [row] = await disassemble(client, await reference(client, 'recurse'), 0, 1, { offset: 1 });
    expect(row!.address).toBe(`0x${(BigInt(await reference(client, 'recurse')) + 1n).toString(16)}`);
  });

  it('marks rows that cannot be read, and never fails for a bad reference', async () => {
    const client = await entered(steps, { memory: '16M' });
    const rows = await disassemble(client, '0x1000000', -2, 5);
    expect(rows.map(({ presentationHint }) => presentationHint)).toEqual([
      undefined,
      undefined,
      'invalid',
      'invalid',
      'invalid',
    ]);
    const unknown = await disassemble(client, 'no such', 0, 3);
    expect(unknown.map(({ presentationHint }) => presentationHint)).toEqual(['invalid', 'invalid', 'invalid']);
  });

  it('writes Intel syntax when asked', async () => {
    const client = await entered(steps, { disassemblySyntax: 'intel' });
    const [mov] = await disassemble(client, await reference(client, 'after_int'), 0, 1);
    expect(mov!.instruction).toBe('mov ecx, 3');
  });
});
