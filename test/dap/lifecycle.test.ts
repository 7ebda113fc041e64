import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entered, failure, guest, INITIALIZE, line, lineOf, load, sample, start, stopAfter } from './client.ts';

const hello = sample('hello');

describe('launch', () => {
  it('runs a guest to its end: serial output on stdout, exited with its status, terminated', async () => {
    const client = await load({ program: hello });
    const [exited] = await Promise.all([
      client.waitForEvent('exited'),
      client.waitForEvent('terminated'),
      client.configurationDoneRequest(),
    ]);
    expect(exited.body).toEqual({ exitCode: 1 });
    expect(client.output('stdout')).toBe('Hello from a guest in 64-bit mode.\n');
  });

  it('stops at the first instruction with stopOnEntry', async () => {
    const client = await load({ program: hello, stopOnEntry: true });
    const stopped = await stopAfter(client, () => client.configurationDoneRequest());
    expect(stopped).toMatchObject({ reason: 'entry', threadId: 1, allThreadsStopped: true });
    expect(await line(client)).toBe(lineOf(hello, '_start:') + 1);
  });

  it('names every wrong field and lives on', async () => {
    const client = await start();
    await client.initializeRequest(INITIALIZE);
    const sentence = await failure(client.launchRequest({ program: hello, memory: 'much', start: 'real' } as never));
    expect(sentence.split('\n')).toEqual([
      'start is "real"; one of multiboot, long64, protected32, real16, linux, linux64 is expected.',
      expect.stringMatching(/^memory is "much"; a size such as "128M"/),
    ]);
    const initialized = client.waitForEvent('initialized');
    await client.launchRequest({ program: hello } as never);
    await initialized;
  });

  it.each<[string, object, RegExp]>([
    ['a missing file', { program: '/no/such.s' }, /^\/no\/such\.s: error: There is no (such )?file/],
    [
      'something that is no program',
      { program: join(hello, '../../../../package.json') },
      /neither an ELF file nor a Linux kernel nor an assembly source/,
    ],
    ['a start that does not fit', { program: hello, start: 'multiboot' }, /hold no multiboot 1 header/],
    ['an unknown processor', { program: hello, cpu: 'z80' }, /z80/],
  ])('refuses %s in one sentence', async (_, options, sentence) => {
    const client = await start();
    await client.initializeRequest(INITIALIZE);
    expect(await failure(client.launchRequest(options as never))).toMatch(sentence);
  });

  it('tells the errors of a source with file, line and column, as output that can be clicked', async () => {
    const client = await start();
    await client.initializeRequest(INITIALIZE);
    const folder = mkdtempSync(join(tmpdir(), 'shadowstep-'));
    const program = join(folder, 'wrong.s');
    writeFileSync(program, '_start:\n  nop\n  movq %rax\n  nosuch %rbx\n');
    const sentence = await failure(client.launchRequest({ program } as never));
    rmSync(folder, { recursive: true });
    expect(sentence).toContain(`${program}:3:`);
    expect(sentence).toContain(`${program}:4:`);
    const outputs = client.eventsNamed('output').map(({ body }) => [body.source?.path, body.line]);
    expect(outputs).toEqual([
      [program, 3],
      [program, 4],
    ]);
  });

  it('passes defines and include folders to the assembler', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shadowstep-'));
    writeFileSync(join(folder, 'code.inc'), '  movl $VALUE, %eax\n  outl %eax, $0xf4\n');
    const program = join(folder, 'main.s');
    writeFileSync(program, '_start:\n  .include "code.inc"\n');
    const client = await load({ program, include: [folder], defines: { VALUE: 5 } });
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.configurationDoneRequest()]);
    rmSync(folder, { recursive: true });
    expect(exited.body).toEqual({ exitCode: 11 });
  });
});

describe('restart', () => {
  it('assembles the source again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shadowstep-'));
    const program = join(folder, 'main.s');
    const write = (code: number) => writeFileSync(program, `_start:\n  movl $${code}, %eax\n  outl %eax, $0xf4\n`);
    write(1);
    const client = await load({ program });
    const [first] = await Promise.all([client.waitForEvent('exited'), client.configurationDoneRequest()]);
    write(2);
    const [second] = await Promise.all([client.waitForEvent('exited'), client.restartRequest({})]);
    rmSync(folder, { recursive: true });
    expect([first.body, second.body]).toEqual([{ exitCode: 3 }, { exitCode: 5 }]);
  });

  it('starts a running guest from its first instruction, with registers and memory as at reset', async () => {
    const client = await load({ program: guest('forever.s') });
    await client.configurationDoneRequest();
    const stopped = await stopAfter(client, () =>
      client.restartRequest({ arguments: { program: guest('forever.s'), stopOnEntry: true } } as never),
    );
    expect(stopped.reason).toBe('entry');
    expect((await client.evaluateRequest({ expression: 'steps', context: 'watch' })).body.result).toMatch(/^0x0+$/);
  });
});

describe('ends', () => {
  it('terminate stops a running guest', async () => {
    const client = await load({ program: guest('forever.s') });
    await client.configurationDoneRequest();
    await Promise.all([client.waitForEvent('terminated'), client.terminateRequest()]);
    expect(await failure(client.continueRequest({ threadId: 1 }))).toBe(
      'The guest has ended; restart it to run again.',
    );
  });

  it('disconnect with terminateDebuggee ends a running guest and the adapter', async () => {
    const client = await load({ program: guest('forever.s') });
    await client.configurationDoneRequest();
    await client.disconnectRequest({ terminateDebuggee: true });
  });
});

describe('messages out of order', () => {
  it('are answered with a sentence each, and the session lives', async () => {
    const client = await start();
    expect(await failure(client.threadsRequest())).toBe('threads came before initialize.');
    await client.initializeRequest(INITIALIZE);
    expect(await failure(client.initializeRequest(INITIALIZE))).toBe('initialize came a second time.');
    expect(await failure(client.configurationDoneRequest())).toBe('configurationDone came before a successful launch.');
    expect(await failure(client.continueRequest({ threadId: 1 }))).toBe(
      'No guest is loaded; a launch request comes first.',
    );
    expect(await failure(client.send('nosuch'))).toBe('nosuch is not a request that this adapter knows.');
    expect(await failure(client.attachRequest({}))).toMatch(/^attach is not possible/);
    await client.launchRequest({ program: hello, stopOnEntry: true } as never);
    expect(await failure(client.launchRequest({ program: hello } as never))).toMatch(/^A guest is loaded already/);
    await stopAfter(client, () => client.configurationDoneRequest());
    expect(await failure(client.configurationDoneRequest())).toBe('configurationDone came a second time.');
    expect(await failure(client.pauseRequest({ threadId: 1 }))).toBe('The guest is not running.');
    expect(await failure(client.continueRequest({ threadId: 9 }))).toBe('There is no thread 9; vCPU0 is thread 1.');
    expect(await failure(client.scopesRequest({ frameId: 999 }))).toBe('There is no stack frame 999 at this stop.');
    expect(await failure(client.variablesRequest({ variablesReference: 999 }))).toBe(
      'There is no variables reference 999 at this stop.',
    );
    expect(await failure(client.scopesRequest({} as never))).toBe('frameId is missing; a number is expected.');
    expect(await failure(client.evaluateRequest({} as never))).toBe('expression is missing; a string is expected.');
    expect(await failure(client.setBreakpointsRequest({ source: null } as never))).toBe(
      'source is null; an object is expected.',
    );
  });
});

it('loadedSources lists the files of the program', async () => {
  const client = await entered(hello);
  const { body } = await client.send('loadedSources');
  expect(body.sources).toEqual([{ name: 'hello.s', path: hello }]);
});
