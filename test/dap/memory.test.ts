import { describe, expect, it } from 'vitest';
import { entered, evaluate, failure, guest, runTo } from './client.ts';

const steps = guest('steps.s');
const bytesOf = (data: string | undefined) => [...Buffer.from(data ?? '', 'base64')];

describe('readMemory', () => {
  it('reads at reference plus offset', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_fill');
    const memoryReference = (await evaluate(client, 'buffer:x')).replace(/0x0+/, '0x');
    const { body } = await client.send('readMemory', { memoryReference, offset: 98, count: 4 });
    expect(bytesOf(body.data)).toEqual([0x5a, 0x5a, 0, 0]);
    expect(BigInt(body.address)).toBe(BigInt(memoryReference) + 98n);
    expect(body.unreadableBytes).toBeUndefined();
  });

  it('tells how many bytes cannot be read', async () => {
    const client = await entered(steps, { memory: '16M' });
    const { body } = await client.send('readMemory', { memoryReference: '0xfffff8', count: 16 });
    expect(bytesOf(body.data)).toHaveLength(8);
    expect(body.unreadableBytes).toBe(8);
    const none = await client.send('readMemory', { memoryReference: '0x1000000', count: 4 });
    expect(none.body).toMatchObject({ data: '', unreadableBytes: 4 });
  });

  it('reads physical memory by its own references', async () => {
    const client = await entered(steps);
    const { body } = await client.send('readMemory', { memoryReference: 'phys:0x100000', count: 4 });
    const linear = await client.send('readMemory', { memoryReference: '0x100000', count: 4 });
    expect(body).toEqual({ ...linear.body, address: 'phys:0x100000' });
  });

  it('refuses what is no reference', async () => {
    const client = await entered(steps);
    expect(await failure(client.send('readMemory', { memoryReference: 'no such', count: 1 }))).toMatch(
      /is not a memory reference/,
    );
  });
});

describe('writeMemory', () => {
  it('writes, and tells by the very reference that was read', async () => {
    const client = await entered(steps);
    await client.send('readMemory', { memoryReference: '0x7ff00', count: 16 });
    const data = Buffer.from([1, 2, 3, 4]).toString('base64');
    const { body } = await client.send('writeMemory', { memoryReference: '0x7ff00', offset: 4, data });
    expect(body.bytesWritten).toBe(4);
    expect(await evaluate(client, 'u32(0x7ff04)')).toBe('0x04030201');
    expect(client.eventsNamed('memory').map(({ body: event }) => event)).toEqual([
      { memoryReference: '0x7ff00', offset: 4, count: 4 },
    ]);
  });

  it('writes whole or not at all, or in part when that is allowed', async () => {
    const client = await entered(steps, { memory: '16M' });
    const data = Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]).toString('base64');
    expect(await failure(client.send('writeMemory', { memoryReference: '0xfffffc', data }))).toMatch(/\.$/);
    expect(await evaluate(client, 'u32(0xfffffc)')).toBe('0x00000000');
    const { body } = await client.send('writeMemory', { memoryReference: '0xfffffc', data, allowPartial: true });
    expect(body.bytesWritten).toBe(4);
    expect(await evaluate(client, 'u32(0xfffffc)')).toBe('0x04030201');
    expect(await failure(client.send('writeMemory', { memoryReference: '0x1000', data: '***' }))).toBe(
      'data is not base64.',
    );
  });

  it('changes code that was executed already', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_factorial');
    // JMP to itself in place of the instruction at after_fill.
    const data = Buffer.from([0xeb, 0xfe]).toString('base64');
    await client.send('writeMemory', {
      memoryReference: (await evaluate(client, 'after_fill:x')).replace(/0x0+/, '0x'),
      data,
    });
    await runTo(client, 'after_fill');
    expect(await evaluate(client, 'x/1i after_fill', 'repl')).toContain('jmp');
  });
});
