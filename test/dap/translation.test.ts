import { describe, expect, it } from 'vitest';
import type { TranslationBody } from '../../adapter/protocol.ts';
import { entered, evaluate, failure, runTo, sample } from './client.ts';

const program = sample('user-ibt');

describe('the translation explainer', () => {
  it('shows every entry in the Debug Console, and the bit that refuses', async () => {
    const client = await entered(program);
    const code = (await evaluate(client, 'translate $rip', 'repl')).split('\n');
    expect(code[0]).toMatch(/^Linear 0x[0-9a-f]+: read, supervisor, 4-level paging$/);
    expect(code.filter((line) => /^ {2}P(ML4|DPT|D|T)E at 0x/.test(line)).length).toBeGreaterThan(2);
    expect(code.at(-1)).toMatch(/^=> Linear (0x[0-9a-f]+) is physical \1\.$/);
    expect(await evaluate(client, 'translate 0x7fff00000000 write user', 'repl')).toMatch(
      /^=> The user write of 0x7fff00000000 is refused: its PML4E at 0x[0-9a-f]+ is not present: #PF\(0x6\)\.$/m,
    );
    expect(await evaluate(client, 'translate fs:0x18', 'repl')).toMatch(/^FS base 0x0 \+ 0x18 = linear 0x18$/m);
  });

  it('answers other clients with numbers in hex', async () => {
    const client = await entered(program);
    const asked = { address: '$rsp', access: 'write', privilege: 'user' };
    const body: TranslationBody = (await client.send('shadowstep/translation', asked)).body;
    expect(body.linear).toBe(`0x${BigInt(await evaluate(client, '$rsp')).toString(16)}`);
    expect(body.access).toEqual({ kind: 'write', privilege: 'user' });
    expect(body.entries[0]).toMatchObject({ name: 'PML4E', level: 4, mapsPage: false });
    expect(body.text.at(-1)).toContain(body.outcome.sentence);
  });

  it('refuses what it does not know in one sentence', async () => {
    const client = await entered(program);
    expect(await failure(client.send('shadowstep/translation', { address: '0', access: 'sneak' }))).toBe(
      'sneak is not an access; one of read, write, fetch, ssread, sswrite is expected.',
    );
    expect(await failure(client.send('shadowstep/translation', { address: '0', privilege: 'root' }))).toBe(
      'root is not a privilege; one of user, supervisor, implicit is expected.',
    );
    expect(await failure(evaluate(client, 'translate', 'repl'))).toBe('An address is expected after the command.');
  });

  it('keeps the user rights that code at CPL 3 has', async () => {
    const client = await entered(program);
    await runTo(client, 'user_code');
    expect((await evaluate(client, 'translate $rip fetch', 'repl')).split('\n')[0]).toContain(
      'instruction fetch, user',
    );
  });
});
