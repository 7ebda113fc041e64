import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildZlibGuest, missingToolchain } from '../guests/build.ts';
import { fetchZlib } from '../guests/zlib.ts';
import { type Client, entered, evaluate, frames, lineOf, runTo, stopAfter } from './client.ts';

const missing = missingToolchain();

/** zlib as Debian ships it, built by gcc with -O2 -g -fcf-protection=full: stepping through code by others. */
describe.skipIf(missing !== undefined)(`a C program${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let program: string;
  let source: (name: string) => string;

  beforeAll(() => {
    program = buildZlibGuest();
    const folder = fetchZlib();
    source = (name) => join(folder, name);
  });

  const next = (client: Client) => stopAfter(client, () => client.nextRequest({ threadId: 1 }));
  const names = async (client: Client) => (await frames(client)).map(({ name }) => name);

  it('runs to its result', async () => {
    const client = await entered(program);
    const [exited] = await Promise.all([client.waitForEvent('exited'), client.continueRequest({ threadId: 1 })]);
    expect(exited.body).toEqual({ exitCode: 1 });
  });

  it('stops at lines of several files, each with its callers', async () => {
    const client = await entered(program);
    for (const [file, text, chain] of [
      ['deflate.c', 'int ZEXPORT deflate(strm, flush)', ['deflate']],
      ['inflate.c', 'int ZEXPORT inflate(strm, flush)', ['inflate']],
      ['inffast.c', 'void ZLIB_INTERNAL inflate_fast(strm, start)', ['inflate_fast', 'inflate']],
    ] as const) {
      const path = source(file);
      const { body } = await client.setBreakpointsRequest({
        source: { path },
        breakpoints: [{ line: lineOf(path, text) }],
      });
      expect(body.breakpoints[0]).toMatchObject({ verified: true, source: { path } });
      const stopped = await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
      expect(stopped.reason).toBe('breakpoint');
      const all = await frames(client);
      expect(all[0]).toMatchObject({ name: chain[0], source: { path } });
      expect(all.map(({ name }) => name).slice(0, chain.length)).toEqual(chain);
      expect(all.slice(-2).map(({ name }) => name)).toEqual(['main', '_start']);
      await client.setBreakpointsRequest({ source: { path }, breakpoints: [] });
    }
  });

  it('next stays in the function and moves by statements', async () => {
    const client = await entered(program);
    await runTo(client, 'deflateInit2_');
    const outer = (await names(client)).slice(1);
    const seen = new Set<number>();
    for (let step = 0; step < 12; step++) {
      expect((await next(client)).reason).toBe('step');
      const all = await frames(client);
      expect(all[0]!.source!.name).toBe('deflate.c');
      expect(all[0]!.name).toBe('deflateInit2_');
      expect(all.slice(1).map(({ name }) => name)).toEqual(outer);
      seen.add(all[0]!.line);
    }
    expect(seen.size).toBeGreaterThan(5);
  });

  it('stepIn enters a function, stepOut comes back to the caller', async () => {
    const client = await entered(program);
    await runTo(client, 'deflate');
    const [, caller] = await frames(client);
    const depth = (await frames(client)).length;
    let inner = await frames(client);
    for (let step = 0; step < 200 && inner.length <= depth; step++) {
      await stopAfter(client, () => client.stepInRequest({ threadId: 1 }));
      inner = await frames(client);
    }
    expect(inner.length).toBe(depth + 1);
    expect(inner[1]!.name).toBe('deflate');
    await stopAfter(client, () => client.stepOutRequest({ threadId: 1 }));
    expect((await frames(client)).length).toBe(depth);
    await stopAfter(client, () => client.stepOutRequest({ threadId: 1 }));
    const [top] = await frames(client);
    expect(top!.name).toBe(caller!.name);
    // RIP is where the caller goes on: inside it, not at its start.
    expect(await evaluate(client, 'rip > main && rip < main + 0x1000')).toBe('1');
  });

  it('shows inlined functions as callers, and stops where one begins', async () => {
    const client = await entered(program);
    await runTo(client, 'deflate');
    // The compiler made `pack` part of `main`.
    expect(await names(client)).toEqual(['deflate', 'pack', 'main', '_start']);
    const check = await entered(program);
    const { body } = await check.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'unpack' }] });
    expect(body.breakpoints[0]).toMatchObject({ verified: true, source: { name: 'zlib-check.c' } });
    await stopAfter(check, () => check.continueRequest({ threadId: 1 }));
    expect(check.output('stdout')).toMatch(/level 1: .*\n$/);
  });

  it('a conditional breakpoint with a count is met at the right call', async () => {
    const client = await entered(program);
    // The checksum of 65536 bytes is taken of the input, then of what each level unpacked.
    await client.setFunctionBreakpointsRequest({
      breakpoints: [{ name: 'crc32', condition: 'edx == 65536', hitCondition: '2' }],
    });
    const stopped = await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
    expect(stopped.reason).toBe('function breakpoint');
    expect((await frames(client)).map(({ name }) => name)).toEqual(['crc32', 'main', '_start']);
    expect(client.output('stdout')).toMatch(/level 1: \d+ bytes, crc32 [0-9a-f]+\n$/);
  });
});
