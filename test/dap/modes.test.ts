import { describe, expect, it } from 'vitest';
import { entered, evaluate, frames, guest, lineAfter, lineOf, runTo, sample, stopAfter } from './client.ts';

const thread = { threadId: 1 };
const flat32 = guest('protected32.s');

describe('32-bit protected mode', () => {
  const start = () => entered(flat32, { start: 'protected32' });

  it('is named, and its stack is walked', async () => {
    const client = await start();
    expect((await client.threadsRequest()).body.threads[0]!.name).toBe('vCPU0: 32-bit, CPL 0');
    await runTo(client, 'leave_square');
    const all = await frames(client);
    expect(all.map(({ name, line }) => [name, line])).toEqual([
      ['leave_square', lineAfter(flat32, 'leave_square')],
      ['before_call', lineOf(flat32, 'call square')],
    ]);
    expect(await evaluate(client, '[esp + 8]')).toBe('0x00000005');
  });

  it('is stepped over, into and out of', async () => {
    const client = await start();
    await runTo(client, 'before_call');
    await stopAfter(client, () => client.nextRequest(thread));
    await stopAfter(client, () => client.stepInRequest(thread));
    expect((await frames(client))[0]!.name).toBe('square');
    await stopAfter(client, () => client.stepOutRequest(thread));
    expect(await evaluate(client, 'eip == after_call && eax == 25')).toBe('1');
  });

  it('shows where an interrupt without a change of privilege came from', async () => {
    const client = await start();
    await runTo(client, 'handler');
    expect((await frames(client)).map(({ name }) => name)).toEqual([
      'handler',
      '<interrupted here by vector 0x30>',
      'after_int',
    ]);
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.continueRequest(thread)]);
    expect(exited.body).toEqual({ exitCode: 26 * 2 + 1 });
  });
});

describe('user mode', () => {
  it('next goes over SYSCALL, stepIn follows it into the kernel', async () => {
    const client = await entered(guest('syscall.s'));
    await runTo(client, 'call_kernel');
    await stopAfter(client, () => client.nextRequest(thread));
    expect(await evaluate(client, 'rip == after_syscall && eax == 42 && cpl == 3')).toBe('1');
    const back = { program: guest('syscall.s'), stopOnEntry: true };
    await stopAfter(client, () => client.restartRequest({ arguments: back } as never));
    await runTo(client, 'call_kernel');
    await stopAfter(client, () => client.stepInRequest(thread));
    expect(await evaluate(client, 'rip == entry && cpl == 0')).toBe('1');
  });

  it('the handler of INT shows the interrupted program as its caller', async () => {
    const program = sample('user-ibt');
    const client = await entered(program);
    await runTo(client, 'service');
    const all = await frames(client);
    expect(all.map(({ name }) => name).slice(0, 2)).toEqual(['service', '<interrupted here by vector 0x80>']);
    const user = all[2]!;
    expect(await evaluate(client, 'rip', 'watch', user.id)).not.toBe(await evaluate(client, 'rip'));
    expect(user.source!.path).toBe(program);
  });
});
