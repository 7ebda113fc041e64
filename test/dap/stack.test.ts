import { describe, expect, it } from 'vitest';
import { entered, evaluate, frames, guest, lineAfter, lineOf, runTo, sample, stopAfter } from './client.ts';

const steps = guest('steps.s');

describe('threads', () => {
  it('names the vCPU with its mode', async () => {
    const client = await entered(steps);
    expect((await client.threadsRequest()).body.threads).toEqual([{ id: 1, name: 'vCPU0: 64-bit, CPL 0' }]);
  });

  it('shows user mode', async () => {
    const client = await entered(sample('user-ibt'));
    await runTo(client, 'user_start');
    expect((await client.threadsRequest()).body.threads[0]!.name).toBe('vCPU0: 64-bit, CPL 3');
  });
});

describe('stackTrace', () => {
  it('finds the callers of plain assembly', async () => {
    const client = await entered(steps);
    await runTo(client, 'inner');
    expect((await frames(client)).map(({ name, line }) => [name, line])).toEqual([
      ['inner', lineAfter(steps, 'inner')],
      ['outer', lineOf(steps, 'call inner')],
      ['after_loop', lineOf(steps, 'call outer')],
    ]);
  });

  it('follows recursion level by level', async () => {
    const client = await entered(steps);
    await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'factorial', condition: 'edi == 1' }] });
    await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
    const names = (await frames(client)).map(({ name }) => name);
    expect(names).toEqual(['factorial', 'recurse', 'recurse', 'recurse', 'recurse', '_start']);
  });

  it('marks where an event interrupted, and shows registers of that frame', async () => {
    const client = await entered(steps);
    await runTo(client, 'on_ud');
    const all = await frames(client);
    expect(all.map(({ name, presentationHint }) => [name, presentationHint])).toEqual([
      ['on_ud', undefined],
      ['<interrupted here by #UD>', 'label'],
      ['after_outer', undefined],
    ]);
    expect(await evaluate(client, 'rip == after_outer', 'watch', all[2]!.id)).toBe('1');
  });

  it('pages: startFrame and levels', async () => {
    const client = await entered(steps);
    await runTo(client, 'inner');
    const { body } = await client.stackTraceRequest({ threadId: 1, startFrame: 1, levels: 1 });
    expect(body.stackFrames.map(({ name }) => name)).toEqual(['outer']);
    expect(body.totalFrames).toBe(3);
  });

  it('compares with the shadow stack and marks a mismatch before RET executes', async () => {
    const program = sample('supervisor-shadow-stack');
    const client = await entered(program);
    await runTo(client, 'smashed_return');
    const all = await frames(client);
    expect(all.map(({ name }) => name)).toEqual([
      'smashed_return',
      expect.stringMatching(
        /^<return mismatch: shadow stack 0x[0-9a-f]+ <not_reached>, stack 0x[0-9a-f]+ <attacker>>$/,
      ),
      'dishonest',
    ]);
    expect(all[2]!.line).toBe(lineOf(program, 'call victim'));
  });
});
