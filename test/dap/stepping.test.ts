import { describe, expect, it } from 'vitest';
import {
  type Client,
  entered,
  evaluate,
  failure,
  frames,
  guest,
  line,
  lineAfter,
  lineOf,
  runTo,
  stopAfter,
} from './client.ts';

const steps = guest('steps.s');
const forever = guest('forever.s');

const next = (client: Client, granularity?: 'instruction') =>
  stopAfter(client, () => client.nextRequest({ threadId: 1, ...(granularity && { granularity }) }));
const stepIn = (client: Client, granularity?: 'instruction') =>
  stopAfter(client, () => client.stepInRequest({ threadId: 1, ...(granularity && { granularity }) }));
const stepOut = (client: Client) => stopAfter(client, () => client.stepOutRequest({ threadId: 1 }));
const ripIs = async (client: Client, expression: string) =>
  expect(await evaluate(client, `rip == ${expression}`)).toBe('1');

describe('by line', () => {
  it('next goes over a call, recursion and all', async () => {
    const client = await entered(steps);
    const first = lineAfter(steps, '_start');
    const lines: number[] = [];
    for (let count = 0; count < 3; count++) {
      expect((await next(client)).reason).toBe('step');
      lines.push(await line(client));
    }
    expect(lines).toEqual([first + 1, first + 2, lineAfter(steps, 'after_factorial')]);
  });

  it('next within the recursion comes back to the same frame', async () => {
    const client = await entered(steps);
    await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'recurse' }] });
    await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
    await client.setFunctionBreakpointsRequest({ breakpoints: [] });
    const depth = await evaluate(client, 'rsp');
    await next(client);
    await next(client);
    await next(client);
    await ripIs(client, 'multiply');
    expect(await evaluate(client, `rsp == ${depth} - 8`)).toBe('1');
  });

  it('stepIn enters a call, stepOut leaves it after the call', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_loop');
    await stepIn(client);
    expect((await frames(client))[0]!.name).toBe('outer');
    await stepOut(client);
    await ripIs(client, 'after_outer');
  });

  it('stepOut of the entry is refused', async () => {
    const client = await entered(steps);
    expect(await failure(client.stepOutRequest({ threadId: 1 }))).toBe(
      '_start is where the program begins; there is nothing to step out to.',
    );
  });

  it('stepOut of a recursion leaves one level', async () => {
    const client = await entered(steps);
    await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'factorial', condition: 'edi == 3' }] });
    await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
    await client.setFunctionBreakpointsRequest({ breakpoints: [] });
    await stepOut(client);
    await ripIs(client, 'multiply');
    expect(await evaluate(client, 'eax:d')).toBe('6');
  });

  it('a line that jumps to itself is stepped, not run for ever', async () => {
    const client = await entered(forever);
    await runTo(client, 'spin');
    expect((await next(client)).reason).toBe('step');
    await ripIs(client, 'spin');
  });

  it('stops at a breakpoint within what is stepped over', async () => {
    const client = await entered(steps);
    await next(client);
    await next(client);
    await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'multiply' }] });
    expect((await next(client)).reason).toBe('function breakpoint');
    await ripIs(client, 'multiply');
  });
});

describe('by instruction', () => {
  it('stepIn takes one iteration of a REP, next the rest', async () => {
    const client = await entered(steps);
    await runTo(client, 'fill');
    await stepIn(client, 'instruction');
    await ripIs(client, 'fill');
    expect(await evaluate(client, 'ecx:d')).toBe('99');
    await next(client, 'instruction');
    await ripIs(client, 'after_fill');
    expect(await evaluate(client, 'ecx:d')).toBe('0');
  });

  it('stepIn enters the handler of INT, next goes over it', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_fill');
    await stepIn(client, 'instruction');
    await ripIs(client, 'on_int');
    await stepOut(client);
    await ripIs(client, 'after_int');
    await client.restartRequest({ arguments: { program: steps, stopOnEntry: true } } as never);
    await runTo(client, 'after_fill');
    await next(client, 'instruction');
    await ripIs(client, 'after_int');
    expect(await evaluate(client, 'u32(counter):d')).toBe('1');
  });

  it('stepIn enters a call, next goes over it', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_loop');
    await next(client, 'instruction');
    await ripIs(client, 'after_outer');
  });

  it('a fault of the stepped instruction ends the step at its handler, and says which', async () => {
    const client = await entered(steps);
    await runTo(client, 'after_outer');
    const stopped = await next(client, 'instruction');
    expect(stopped).toMatchObject({ reason: 'step', description: 'Paused in the handler of #UD' });
    await ripIs(client, 'on_ud');
    await stepOut(client);
    await ripIs(client, 'after_ud2');
  });
});

describe('pause', () => {
  it.each([
    ['jmp .', 0, 'spin'],
    ['a page-fault loop', 1, 'faults'],
    ['a REP of 4 GiB', 2, 'repeat'],
  ])('answers in %s', async (_, way, place) => {
    const client = await entered(forever);
    await evaluate(client, `rsi = ${way}`, 'repl');
    await client.continueRequest({ threadId: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const stopped = await stopAfter(client, () => client.pauseRequest({ threadId: 1 }));
    expect(stopped.reason).toBe('pause');
    expect(await evaluate(client, `rip >= ${place}`)).toBe('1');
    // It goes on afterwards, and can be paused again.
    const before = await evaluate(client, 'steps:d');
    await client.continueRequest({ threadId: 1 });
    await stopAfter(client, () => client.pauseRequest({ threadId: 1 }));
    expect(await evaluate(client, `steps > ${before}`)).toBe('1');
  });
});

describe('goto', () => {
  it('sets the next statement', async () => {
    const client = await entered(steps);
    const at = lineOf(steps, 'movl $7, %eax');
    const { body } = await client.send('gotoTargets', { source: { path: steps }, line: at });
    expect(body.targets).toHaveLength(1);
    const stopped = await stopAfter(client, () => client.send('goto', { threadId: 1, targetId: body.targets[0]!.id }));
    expect(stopped.reason).toBe('goto');
    expect(await line(client)).toBe(at);
    expect(await failure(client.send('goto', { threadId: 1, targetId: 77 }))).toBe('There is no goto target 77.');
  });
});
