import { describe, expect, it } from 'vitest';
import { type Client, entered, evaluate, guest, lineAfter, runTo, stopAfter } from './client.ts';

const smp = guest('smp.s');
const start = () => entered(smp, { cpus: 2 });
const FIRST = { threadId: 1 };
const SECOND = { threadId: 2 };

const names = async (client: Client) => (await client.threadsRequest()).body.threads.map(({ name }) => name);
const framesOf = async (client: Client, threadId: number) =>
  (await client.stackTraceRequest({ threadId })).body.stackFrames;

describe('two processors', () => {
  it('are threads; the second waits for its SIPI', async () => {
    const client = await start();
    expect(await names(client)).toEqual(['vCPU0: 64-bit, CPL 0', 'vCPU1: waiting for SIPI']);
    await runTo(client, 'before_sipi');
    const [waiting] = await framesOf(client, 2);
    expect(await evaluate(client, 'vcpu', 'watch', waiting!.id)).toBe('0x00000001');
    expect(await evaluate(client, 'vcpu')).toBe('0x00000001');
    const [first] = await framesOf(client, 1);
    expect(await evaluate(client, 'vcpu == 0 && rip == before_sipi', 'watch', first!.id)).toBe('1');
  });

  it('stop at a segmented address in the second as soon as it has started', async () => {
    const client = await start();
    const offset = Number(await evaluate(client, 'announce - ap_start'));
    const { body } = await client.setFunctionBreakpointsRequest({
      breakpoints: [{ name: `0x800:${offset}` }],
    });
    expect(body.breakpoints[0]).toMatchObject({ verified: true });
    const stopped = await stopAfter(client, () => client.continueRequest(FIRST));
    expect(stopped).toMatchObject({ threadId: 2, allThreadsStopped: true });
    expect(await names(client)).toEqual([expect.stringMatching(/^vCPU0: 64-bit/), 'vCPU1: real mode']);
    expect(await evaluate(client, 'cs == 0x800 && cs:ip == announce')).toBe('1');
    expect((await framesOf(client, 2)).map(({ name, line }) => [name, line])).toEqual([
      ['announce', lineAfter(smp, 'announce')],
      ['ap_start', lineAfter(smp, 'ap_start') + 1],
    ]);
  });

  it('are stepped one by one: the second from its first instruction on, while the first waits in its loop', async () => {
    const client = await start();
    await runTo(client, 'before_sipi');
    const step = () => stopAfter(client, () => client.stepInRequest({ ...SECOND, granularity: 'instruction' }));
    // It has not started: the step ends after its first instruction.
    expect(await step()).toMatchObject({ reason: 'step', threadId: 2 });
    expect(await evaluate(client, 'sp == 0x7000 && cs:ip == ap_start + 3')).toBe('1');
    await step();
    expect((await framesOf(client, 2))[0]!.name).toBe('announce');
    await stopAfter(client, () => client.stepOutRequest(SECOND));
    expect(await evaluate(client, 'cs:ip == after_announce && u8(flag) == 1')).toBe('1');
    await stopAfter(client, () => client.nextRequest(SECOND));
    expect(await evaluate(client, 'cs:ip == after_int && u8(flag) == 2')).toBe('1');
    const [first] = await framesOf(client, 1);
    expect(['wait', 'woken']).toContain(first!.name);
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.continueRequest(FIRST)]);
    expect(exited.body).toEqual({ exitCode: 11 });
  });

  it('show what a real-mode interrupt interrupted', async () => {
    const client = await start();
    const stopped = await runTo(client, 'dos');
    expect(stopped.threadId).toBe(2);
    expect((await framesOf(client, 2)).map(({ name }) => name)).toEqual([
      'dos',
      '<interrupted here by vector 0x21>',
      'after_int',
    ]);
    const listing = await evaluate(client, 'disassemble announce', 'repl');
    expect(listing).toMatch(/<announce>: +50 +push %ax/);
    expect(listing).toMatch(/movb \$1,0x[0-9a-f]+/);
  });

  it('disassemble code of the other width by its source', async () => {
    const client = await start();
    expect(await evaluate(client, 'disassemble announce', 'repl')).toMatch(/<announce>: +50 +push %ax/);
  });
});
