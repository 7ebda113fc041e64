import { describe, expect, it } from 'vitest';
import { entered, evaluate, failure, guest, runTo, sample } from './client.ts';

const steps = guest('steps.s');

describe('evaluate', () => {
  it.each(['watch', 'hover', 'repl', 'clipboard'])('answers in the context %s', async (context) => {
    const client = await entered(steps);
    expect(await evaluate(client, 'rsp', context)).toBe('0x0000000000080000');
  });

  it('reads registers, memory and symbols', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_int');
    expect(await evaluate(client, 'u32(counter):d')).toBe('1');
    expect(await evaluate(client, 'counter')).toMatch(/^0x[0-9a-f]{16} <counter>$/);
    expect(await evaluate(client, 'u8(buffer + 99)')).toBe('0x5a');
    expect(await evaluate(client, 'message:s')).toBe('"text"');
    expect(await evaluate(client, 'cs == 8 && cpl == 0')).toBe('1');
  });

  it('gives a memory reference for what can be read', async () => {
    const client = await entered(steps);
    const { body } = await client.evaluateRequest({ expression: 'buffer', context: 'watch' });
    expect(BigInt(body.memoryReference!)).toBe(BigInt(body.result.split(' ')[0]!));
  });

  it('fails with a sentence', async () => {
    const client = await entered(steps);
    expect(await failure(evaluate(client, 'nosuch'))).toBe('nosuch is not a register or symbol.');
    expect(await failure(evaluate(client, '[1 << 40]'))).toMatch(/\.$/);
    expect(await failure(evaluate(client, 'rax = 1'))).toMatch(/^An assignment can only be made in the Debug Console/);
  });
});

describe('the Debug Console', () => {
  const commands = async (program: string, to: string, texts: string[]) => {
    const client = await entered(program);
    if (to !== '') await runTo(client, to);
    const answers: string[] = [];
    for (const text of texts) answers.push(await evaluate(client, text, 'repl'));
    return answers;
  };

  it('assigns', async () => {
    const [assigned, read] = await commands(steps, '', ['rbx = 1 + 1', 'rbx:d']);
    expect([assigned, read]).toEqual(['0x0000000000000002', '2']);
  });

  it('has commands for registers, memory, code and addresses', async () => {
    const [help, registers, memory, bytes, text, code, symbol, physical] = await commands(steps, 'after_fill', [
      ...[
        'help',
        'registers control',
        'x/2gx buffer',
        'x/4xb buffer',
        'x/s message',
        'x/2i after_fill',
        'symbol after_int',
      ],
      'translate buffer',
    ]);
    expect(help).toContain('shadowstack');
    expect(registers).toMatch(/^cr0 +0x0000000080010033/m);
    expect(memory).toMatch(/^0x[0-9a-f]+: 0x5a5a5a5a5a5a5a5a 0x5a5a5a5a5a5a5a5a$/);
    expect(bytes).toMatch(/: 0x5a 0x5a 0x5a 0x5a$/);
    expect(text).toBe('"text"');
    expect(code).toMatch(/^=> 0x[0-9a-f]+ <after_fill>: cd 40 +int \$0x40\n {3}0x[0-9a-f]+ <after_int>/);
    expect(symbol).toMatch(/^0x[0-9a-f]+ <after_int> \(steps\.s:\d+\)$/);
    expect(physical).toMatch(/^=> Linear (0x[0-9a-f]+) is physical \1\.$/m);
  });

  it('has commands for CET', async () => {
    const [stack, cet] = await commands(sample('supervisor-shadow-stack'), 'smashed_return', ['shadowstack', 'cet']);
    expect(stack).toMatch(/<not_reached> {2}return address {2}MISMATCH/);
    expect(stack).toContain('supervisor token, busy');
    expect(cet).toContain('SH_STK_EN = 0x1  enabled');
  });

  it('fails with a sentence', async () => {
    const client = await entered(steps);
    const fails = (text: string) => failure(evaluate(client, text, 'repl'));
    expect(await fails('x/9z buffer')).toMatch(/^\/9z is not a count/);
    expect(await fails('registers nosuch')).toMatch(/^nosuch is not a group of registers/);
    expect(await fails('symbol')).toBe('An address is expected after the command.');
    expect(await fails('shadowstack -1')).toMatch(/^-1 is not a count|register or symbol/);
  });

  it('completes commands, registers and symbols', async () => {
    const client = await entered(steps);
    const complete = async (text: string) => {
      const { body } = await client.completionsRequest({ text, column: text.length + 1 });
      return body.targets.map(({ label }) => label);
    };
    expect(await complete('disas')).toEqual(['disassemble']);
    expect(await complete('1 + fact')).toEqual(['factorial']);
    expect(await complete('$r1')).toEqual(expect.arrayContaining(['r10', 'r15', 'r10d']));
    expect(await complete('zzz')).toEqual([]);
  });
});
