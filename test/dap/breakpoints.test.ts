import { describe, expect, it } from 'vitest';
import { entered, evaluate, failure, frames, guest, line, lineAfter, lineOf, stopAfter } from './client.ts';

const steps = guest('steps.s');
const resume = { threadId: 1 };

describe('line breakpoints', () => {
  it('stops with the id of the breakpoint', async () => {
    const client = await entered(steps);
    const at = lineAfter(steps, 'after_factorial');
    const { body } = await client.setBreakpointsRequest({ source: { path: steps }, breakpoints: [{ line: at }] });
    expect(body.breakpoints[0]).toMatchObject({ verified: true, line: at });
    const stopped = await stopAfter(client, () => client.continueRequest(resume));
    expect(stopped).toMatchObject({ reason: 'breakpoint', hitBreakpointIds: [body.breakpoints[0]!.id] });
    expect(await line(client)).toBe(at);
    expect(await evaluate(client, 'eax:d')).toBe('120');
  });

  it('moves to the next line with code, and says why others cannot be', async () => {
    const client = await entered(steps);
    const comment = lineOf(steps, '# EDI! in EAX');
    const { body } = await client.setBreakpointsRequest({
      source: { path: steps },
      breakpoints: [{ line: comment }, { line: 10_000 }],
    });
    expect(body.breakpoints[0]).toMatchObject({ verified: true, line: lineAfter(steps, 'factorial') });
    expect(body.breakpoints[1]).toMatchObject({
      ...{ verified: false, reason: 'failed', message: 'There is no code on line 10000 of steps.s or after it.' },
    });
    const other = await client.setBreakpointsRequest({ source: { path: '/other.s' }, breakpoints: [{ line: 1 }] });
    expect(other.body.breakpoints[0]).toMatchObject({
      verified: false,
      message: 'No code of this program comes from other.s.',
    });
  });

  it('with conditions stops only where they hold', async () => {
    const client = await entered(steps);
    const at = lineAfter(steps, 'factorial');
    await client.setBreakpointsRequest({ source: { path: steps }, breakpoints: [{ line: at, condition: 'edi == 2' }] });
    await stopAfter(client, () => client.continueRequest(resume));
    expect(await evaluate(client, 'edi:d')).toBe('2');
  });

  it('with hit conditions counts', async () => {
    const client = await entered(steps);
    const at = lineAfter(steps, 'factorial');
    await client.setBreakpointsRequest({ source: { path: steps }, breakpoints: [{ line: at, hitCondition: '% 2' }] });
    const seen: string[] = [];
    for (let stop = 0; stop < 2; stop++) {
      await stopAfter(client, () => client.continueRequest(resume));
      seen.push(await evaluate(client, 'edi:d'));
    }
    expect(seen).toEqual(['4', '2']);
  });

  it('with a log message prints and goes on', async () => {
    const client = await entered(steps);
    await client.setBreakpointsRequest({
      source: { path: steps },
      breakpoints: [
        { line: lineAfter(steps, 'factorial'), logMessage: 'edi is {edi:d}' },
        { line: lineAfter(steps, 'after_factorial') },
      ],
    });
    await stopAfter(client, () => client.continueRequest(resume));
    expect(client.output('console')).toBe('edi is 5\nedi is 4\nedi is 3\nedi is 2\nedi is 1\n');
  });

  it('with a condition that is wrong are not verified, and say what is wrong', async () => {
    const client = await entered(steps);
    const source = { path: steps };
    const at = lineAfter(steps, 'factorial');
    const wrong = [
      { condition: 'edi ==' },
      { condition: 'edi = 5' },
      { hitCondition: 'often' },
      { logMessage: '{1 +}' },
    ];
    const { body } = await client.setBreakpointsRequest({
      source,
      breakpoints: wrong.map((each) => ({ line: at, ...each })),
    });
    expect(body.breakpoints.map(({ verified }) => verified)).toEqual([false, false, false, false]);
    for (const { message } of body.breakpoints) expect(message).toMatch(/\.$/);
  });

  it('whose condition cannot be evaluated stops and says why', async () => {
    const client = await entered(steps);
    const at = lineAfter(steps, 'factorial');
    await client.setBreakpointsRequest({ source: { path: steps }, breakpoints: [{ line: at, condition: 'nosuch' }] });
    await stopAfter(client, () => client.continueRequest(resume));
    expect(client.output('console')).toContain('nosuch is not a register or symbol.');
  });

  it('can be set while the guest runs', async () => {
    const forever = guest('forever.s');
    const client = await entered(forever);
    await client.continueRequest(resume);
    const at = lineAfter(forever, 'spin');
    const stopped = await stopAfter(client, () =>
      client.setBreakpointsRequest({ source: { path: forever }, breakpoints: [{ line: at }] }),
    );
    expect(stopped.reason).toBe('breakpoint');
    expect(await line(client)).toBe(at);
  });
});

describe('other breakpoints', () => {
  it('by function stop at a symbol', async () => {
    const client = await entered(steps);
    const { body } = await client.setFunctionBreakpointsRequest({
      breakpoints: [{ name: 'inner' }, { name: 'nosuch' }],
    });
    expect(body.breakpoints.map(({ verified, message }) => [verified, message])).toEqual([
      [true, undefined],
      [false, 'The program has no symbol nosuch.'],
    ]);
    const stopped = await stopAfter(client, () => client.continueRequest(resume));
    expect(stopped.reason).toBe('function breakpoint');
    expect((await frames(client))[0]!.name).toBe('inner');
  });

  it('by instruction stop at reference plus offset', async () => {
    const client = await entered(steps);
    const { body } = await client.send('setInstructionBreakpoints', {
      breakpoints: [{ instructionReference: await evaluate(client, 'multiply:x'), offset: 1 }],
    });
    expect(body.breakpoints[0].verified).toBe(true);
    const stopped = await stopAfter(client, () => client.continueRequest(resume));
    expect(stopped).toMatchObject({ reason: 'instruction breakpoint', hitBreakpointIds: [body.breakpoints[0].id] });
    expect(await evaluate(client, 'rip == multiply + 1')).toBe('1');
    expect(
      await failure(client.send('setInstructionBreakpoints', { breakpoints: [{ instructionReference: 'nosuch' }] })),
    ).toMatch(/^"nosuch" is not a memory reference/);
  });

  it('breakpointLocations lists the lines that hold code', async () => {
    const client = await entered(steps);
    const first = lineAfter(steps, 'factorial') - 1;
    const { body } = await client.send('breakpointLocations', {
      source: { path: steps },
      line: first,
      endLine: first + 6,
    });
    expect(body.breakpoints).toEqual([1, 2, 3, 4, 6].map((offset) => ({ line: first + offset })));
  });
});
