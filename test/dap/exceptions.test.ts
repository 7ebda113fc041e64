import { describe, expect, it } from 'vitest';
import { entered, evaluate, failure, frames, guest, lineAfter, lineOf, load, sample, stopAfter } from './client.ts';

const steps = guest('steps.s');
const smashed = sample('supervisor-shadow-stack');
const resume = { threadId: 1 };

describe('exception filters', () => {
  it('stop before #CP by default, at the RET, with expected and actual address in words', async () => {
    const client = await load({ program: smashed });
    const stopped = await stopAfter(client, () => client.configurationDoneRequest());
    expect(stopped).toMatchObject({ reason: 'exception', description: 'Paused on #CP(NEAR-RET)' });
    expect((await frames(client))[0]!.line).toBe(lineAfter(smashed, 'smashed_return'));
    const { body } = await client.exceptionInfoRequest({ threadId: 1 });
    expect(body.exceptionId).toBe('#CP(NEAR-RET)');
    const at = (label: string) => `<${label}> \\(supervisor-shadow-stack\\.s:${lineAfter(smashed, label)}\\)`;
    expect(body.description).toMatch(
      new RegExp(`Expected \\(shadow stack at SSP 0x[0-9a-f]+\\): 0x[0-9a-f]+ ${at('not_reached')}`),
    );
    expect(body.description).toMatch(
      new RegExp(`Actual \\(stack at RSP 0x[0-9a-f]+\\): 0x[0-9a-f]+ ${at('attacker')}`),
    );
    expect(body.description).toContain('S_CET.SH_STK_EN is 1');
    expect(body.description).toContain('Error code 1.');
  });

  it('deliver the exception when the guest goes on', async () => {
    const client = await load({ program: smashed });
    await stopAfter(client, () => client.configurationDoneRequest());
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.continueRequest(resume)]);
    expect(exited.body).toEqual({ exitCode: 1 });
    expect(client.output('stdout')).toContain('#CP, error code 0x0000000000000001');
  });

  it('name the missing ENDBR and the control bit of user mode', async () => {
    const client = await load({ program: sample('user-ibt') });
    const stopped = await stopAfter(client, () => client.configurationDoneRequest());
    expect(stopped.description).toBe('Paused on #CP(ENDBRANCH)');
    const { body } = await client.exceptionInfoRequest({ threadId: 1 });
    expect(body.description).toContain('where there is no ENDBR64.');
    expect(body.description).toContain('U_CET.ENDBR_EN is 1');
  });

  it('by vector, with a condition', async () => {
    const client = await entered(steps);
    const set = (condition: string) =>
      client.send('setExceptionBreakpoints', { filters: [], filterOptions: [{ filterId: 'ud', condition }] });
    await set('rip == after_outer');
    const stopped = await stopAfter(client, () => client.continueRequest(resume));
    expect(stopped.description).toBe('Paused on #UD');
    expect((await frames(client))[0]!.line).toBe(lineOf(steps, 'ud2'));
    const answer = await set('rip ==');
    expect(answer.body?.breakpoints?.[0]).toMatchObject({ verified: false });
    expect(await failure(client.setExceptionBreakpointsRequest({ filters: ['nosuch'] }))).toMatch(
      /^nosuch is not an exception filter/,
    );
  });

  it('whose condition does not hold let the guest run', async () => {
    const client = await entered(steps);
    await client.send('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [{ filterId: 'ud', condition: 'rip == inner' }],
    });
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.continueRequest(resume)]);
    expect(exited.body).toEqual({ exitCode: 15 });
  });

  it('can stop before a mismatching RET, which can then be repaired', async () => {
    const client = await entered(smashed);
    await client.setExceptionBreakpointsRequest({ filters: ['mismatch'] });
    const stopped = await stopAfter(client, () => client.continueRequest(resume));
    expect(stopped.description).toBe('Paused before a mismatching RET');
    const shadow = await client.send('shadowstep/shadowStack', {});
    expect(shadow.body.nextReturnMismatch).toBe(true);
    await evaluate(client, '[rsp] = [ssp]', 'repl');
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.continueRequest(resume)]);
    expect(exited.body).toEqual({ exitCode: 3 });
    expect(client.output('stdout')).toContain('The smashed return was not caught.');
  });

  it('a triple fault always stops, and tells the chain', async () => {
    const client = await entered(guest('tripleFault.s'));
    await client.setExceptionBreakpointsRequest({ filters: [] });
    const stopped = await stopAfter(client, () => client.continueRequest(resume));
    expect(stopped).toMatchObject({ reason: 'exception', description: 'Triple fault' });
    const { body } = await client.exceptionInfoRequest({ threadId: 1 });
    expect(body.exceptionId).toBe('Triple fault');
    expect(body.description).toMatch(/\.$/);
  });

  it('HLT that nothing can end is a stop with a sentence', async () => {
    const client = await load({ program: guest('halt.s') });
    const stopped = await stopAfter(client, () => client.configurationDoneRequest());
    expect(stopped).toMatchObject({ reason: 'halt', description: 'Halted' });
    expect(stopped.text).toMatch(/\.$/);
  });
});
