import { describe, expect, it } from 'vitest';
import { type Client, entered, evaluate, failure, frames, guest, runTo } from './client.ts';

const steps = guest('steps.s');

async function scope(client: Client, name: string): Promise<number> {
  const [top] = await frames(client);
  const { body } = await client.scopesRequest({ frameId: top!.id });
  const found = body.scopes.find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no scope ${name}.`);
  return found.variablesReference;
}

async function values(client: Client, name: string): Promise<Record<string, string>> {
  const { body } = await client.variablesRequest({ variablesReference: await scope(client, name) });
  return Object.fromEntries(body.variables.map((variable) => [variable.name.toLowerCase(), variable.value]));
}

describe('scopes and variables', () => {
  it('shows every group of registers', async () => {
    const client = await entered(steps);
    const [top] = await frames(client);
    const { body } = await client.scopesRequest({ frameId: top!.id });
    expect(body.scopes.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['General', 'Flags', 'Segments', 'Control', 'CET', 'Debug', 'SSE']),
    );
  });

  it('has the entry state in them', async () => {
    const client = await entered(steps);
    expect(await values(client, 'General')).toMatchObject({ rsp: '0x0000000000080000', rax: '0x0000000000000000' });
    expect(await values(client, 'Flags')).toMatchObject({ zf: '0', if: '0' });
    expect(await values(client, 'Segments')).toMatchObject({ cs: '0x0008', ss: '0x0010' });
    expect(await values(client, 'Control')).toMatchObject({ cr0: '0x0000000080010033', cr4: '0x0000000000000620' });
    expect(await values(client, 'CET')).toMatchObject({ ssp: '0x0000000000000000' });
  });

  it('gives a memory reference where a register points to memory', async () => {
    const client = await entered(steps);
    const { body } = await client.variablesRequest({ variablesReference: await scope(client, 'General') });
    const named = (name: string) => body.variables.find((variable) => variable.name.toLowerCase() === name)!;
    expect(named('rsp').memoryReference).toBe('0x80000');
    expect(named('rax').memoryReference).toBeUndefined();
    expect(named('rip').evaluateName).toBe('$rip');
  });

  it('pages', async () => {
    const client = await entered(steps);
    const variablesReference = await scope(client, 'General');
    const all = await client.variablesRequest({ variablesReference });
    const part = await client.variablesRequest({ variablesReference, start: 2, count: 3 });
    expect(part.body.variables).toEqual(all.body.variables.slice(2, 5));
  });

  it('shows preserved registers of a caller as they were there', async () => {
    const client = await entered(steps);
    await runTo(client, 'inner');
    const [, outer] = await frames(client);
    expect(await evaluate(client, 'rsp', 'watch', outer!.id)).not.toBe(await evaluate(client, 'rsp'));
    expect(await evaluate(client, 'rip == after_inner', 'watch', outer!.id)).toBe('1');
  });
});

describe('setVariable and setExpression', () => {
  it('take any expression, and show the new value', async () => {
    const client = await entered(steps);
    const variablesReference = await scope(client, 'General');
    const { body } = await client.setVariableRequest({ variablesReference, name: 'rax', value: 'factorial + 1' });
    expect(body.value).toMatch(/^0x[0-9a-f]{16} <factorial\+0x1>$/);
    expect(await evaluate(client, 'rax == factorial + 1')).toBe('1');
    // What is shown can be given back.
    await client.setVariableRequest({ variablesReference, name: 'rax', value: body.value });
    expect(await evaluate(client, 'rax == factorial + 1')).toBe('1');
  });

  it('set flags one by one', async () => {
    const client = await entered(steps);
    await client.setVariableRequest({ variablesReference: await scope(client, 'Flags'), name: 'cf', value: '1' });
    expect(await evaluate(client, 'rflags & 1')).toMatch(/1$/);
  });

  it('set MMX registers, which are the significands of x87 ones', async () => {
    const client = await entered(steps);
    const variablesReference = await scope(client, 'x87 and MMX');
    const { body } = await client.setVariableRequest({ variablesReference, name: 'mm2', value: '0x8000 << 4' });
    expect(body.value).toBe('0x0000000000080000');
    expect(await evaluate(client, 'mm2 == 0x80000')).toBe('1');
    expect(await evaluate(client, 'st2 & 0xfffff')).toMatch(/80000$/);
    await client.send('setExpression', { expression: 'mm7', value: 'mm2 + 1' });
    expect(await evaluate(client, 'mm7 == 0x80001')).toBe('1');
    expect(await failure(client.setVariableRequest({ variablesReference, name: 'mm8', value: '1' }))).toBe(
      'There is no mm8 in this scope.',
    );
  });

  it('answer with one sentence when it cannot be', async () => {
    const client = await entered(steps);
    const set = async (group: string, name: string, value: string) =>
      failure(client.setVariableRequest({ variablesReference: await scope(client, group), name, value }));
    expect(await set('General', 'rax', 'nosuch')).toBe('nosuch is not a register or symbol.');
    expect(await set('Flags', 'cf', '2')).toBe('cf is 1 bit wide and cannot hold 0x2.');
    expect(await set('General', 'rxx', '1')).toBe('There is no rxx in this scope.');
    expect(await set('CET', 'ssp', '3')).toMatch(/\.$/);
  });

  it('write registers, parts of registers and memory by expression', async () => {
    const client = await entered(steps);
    const set = (expression: string, value: string) => client.send('setExpression', { expression, value });
    await set('rax', '0x1122334455667788');
    await set('al', '0xff');
    await set('ah', '0');
    expect(await evaluate(client, 'rax')).toBe('0x11223344556600ff');
    expect((await set('u16(rsp - 8)', "'A'")).body.value).toBe('0x0041');
    expect(await evaluate(client, 'u16(rsp - 8)')).toBe('0x0041');
    expect(await failure(set('factorial', '1'))).toMatch(/^factorial is a symbol/);
  });

  it('refuses to set general registers of a caller', async () => {
    const client = await entered(steps);
    await runTo(client, 'inner');
    const [, outer] = await frames(client);
    expect(await failure(client.send('setExpression', { expression: 'rax', value: '1', frameId: outer!.id }))).toMatch(
      /^rax of a caller cannot be set/,
    );
  });

  it('tell the client what is stale', async () => {
    const client = await entered(steps);
    await client.send('setExpression', { expression: 'rax', value: '1' });
    expect(client.eventsNamed('invalidated').at(-1)?.body).toEqual({ areas: ['all'] });
  });
});
