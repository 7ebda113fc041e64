import { describe, expect, it } from 'vitest';
import type { CetBody, ShadowStackBody } from '../../adapter/protocol.ts';
import { type Client, entered, evaluate, failure, frames, guest, lineOf, runTo, sample, stopAfter } from './client.ts';

const smashed = sample('supervisor-shadow-stack');

const shadowStack = async (client: Client, args = {}): Promise<ShadowStackBody> =>
  (await client.send('shadowstep/shadowStack', args)).body;
const cet = async (client: Client): Promise<CetBody> => (await client.send('shadowstep/cet', {})).body;
const field = (body: CetBody, register: string, name: string) =>
  body.registers.find((each) => each.name === register)?.fields.find((each) => each.name === name);

describe('shadowstep/shadowStack', () => {
  it('says which bit keeps it off', async () => {
    const client = await entered(smashed);
    expect(await shadowStack(client)).toMatchObject({ enabled: false, reason: 'CR4.CET is 0.', entries: [] });
  });

  it('lists return addresses with symbol and source up to the supervisor token', async () => {
    const client = await entered(smashed);
    await runTo(client, 'inner');
    const body = await shadowStack(client);
    expect(body).toMatchObject({ enabled: true, privilege: 'supervisor', nextReturnMismatch: false });
    expect(body.entries.slice(0, 3).map(({ kind, symbol, description }) => [kind, symbol, description])).toEqual([
      ['return', 'outer+0x5', 'return address'],
      ['return', 'shadow_stack_on+0x5', 'return address'],
      ['supervisorToken', undefined, 'supervisor token, busy'],
    ]);
    expect(body.entries[0]!.source).toMatchObject({ path: smashed, line: lineOf(smashed, 'call inner') });
    expect(body.entries[0]!.address).toBe(body.ssp);
  });

  it('marks the mismatch before the RET executes', async () => {
    const client = await entered(smashed);
    await runTo(client, 'smashed_return');
    const body = await shadowStack(client);
    expect(body.nextReturnMismatch).toBe(true);
    const [entry] = body.entries;
    expect(entry!.mismatch!.text).toMatch(/holds 0x[0-9a-f]+ <attacker>.*expects 0x[0-9a-f]+ <not_reached>/);
    expect(await evaluate(client, `[rsp] == ${entry!.mismatch!.actual} && [ssp] == ${entry!.mismatch!.expected}`)).toBe(
      '1',
    );
    expect(await evaluate(client, `rsp == ${entry!.mismatch!.stackAddress}`)).toBe('1');
  });

  it('names what an event pushed', async () => {
    const client = await entered(smashed);
    await client.setExceptionBreakpointsRequest({ filters: [] });
    await runTo(client, 'control_protection');
    const kinds = (await shadowStack(client)).entries.map(({ kind }) => kind);
    expect(kinds.slice(0, 4)).toEqual(['farSsp', 'farLip', 'farCs', 'return']);
    expect((await frames(client)).map(({ name }) => name)).toContain('<interrupted here by #CP>');
  });

  it('names a previous-SSP token, and where it leads', async () => {
    const client = await entered(sample('shadow-stack-switch'));
    await runTo(client, 'restore');
    const before = await evaluate(client, 'ssp:x');
    await runTo(client, 'save_previous');
    const [token, first] = (await shadowStack(client)).entries;
    expect(token).toMatchObject({ kind: 'previousSspToken', size: 8 });
    expect(token!.description).toBe(`previous-SSP token, 64-bit: SSP 0x${BigInt(before).toString(16)}`);
    expect(first).toMatchObject({ kind: 'return', symbol: 'worker' });
  });

  it('can be written entry by entry', async () => {
    const client = await entered(smashed);
    await runTo(client, 'smashed_return');
    const [entry] = (await shadowStack(client)).entries;
    const set = (args: object) => client.send('shadowstep/setShadowStackEntry', args);
    const { body } = await set({ address: entry!.address, value: 'attacker' });
    expect(body.nextReturnMismatch).toBe(false);
    expect(body.entries[0].symbol).toBe('attacker');
    expect(await failure(set({ address: '0x100000', value: '1' }))).toBe(
      '0x100000 is not an entry of the current shadow stack.',
    );
  });
});

describe('shadowstep/cet', () => {
  it('shows every register bit by bit', async () => {
    const client = await entered(smashed);
    await runTo(client, 'shadow_stack_on');
    const body = await cet(client);
    expect(body.available).toBe(true);
    expect(body.registers.map(({ name }) => name)).toEqual([
      ...['CR4', 'IA32_S_CET', 'IA32_U_CET', 'SSP', 'IA32_PL0_SSP', 'IA32_PL1_SSP', 'IA32_PL2_SSP', 'IA32_PL3_SSP'],
      ...['IA32_INTERRUPT_SSP_TABLE_ADDR', 'IA32_XSS'],
    ]);
    expect(field(body, 'CR4', 'CET')).toMatchObject({ value: '0x1', meaning: 'enabled' });
    expect(field(body, 'IA32_S_CET', 'SH_STK_EN')).toMatchObject({ value: '0x1', meaning: 'enabled' });
    expect(field(body, 'IA32_S_CET', 'TRACKER')).toMatchObject({ value: '0x0', meaning: 'IDLE' });
    expect(body.summary).toEqual({ shadowStack: 'on (S_CET.SH_STK_EN)', tracker: 'off' });
  });

  it('shows the tracker of user mode waiting', async () => {
    const client = await entered(sample('user-ibt'));
    await stopAfter(client, () => client.continueRequest({ threadId: 1 }));
    const body = await cet(client);
    expect(field(body, 'IA32_U_CET', 'TRACKER')).toMatchObject({ value: '0x1', meaning: 'WAIT_FOR_ENDBRANCH' });
    expect(body.summary.tracker).toBe('WAIT_FOR_ENDBRANCH (U_CET.ENDBR_EN on)');
  });

  it('sets a register or one field, and refuses what the processor could not hold', async () => {
    const client = await entered(smashed);
    const set = (args: object) => client.send('shadowstep/setCet', args);
    const { body } = await set({ register: 'IA32_U_CET', field: 'SH_STK_EN', value: '1' });
    expect(field(body, 'IA32_U_CET', 'SH_STK_EN')).toMatchObject({ value: '0x1' });
    await set({ register: 'IA32_PL3_SSP', value: 'stack_top - 8' });
    expect(await evaluate(client, 'pl3_ssp == stack_top - 8')).toBe('1');
    expect(await failure(set({ register: 'IA32_U_CET', field: 'SH_STK_EN', value: '2' }))).toBe(
      'SH_STK_EN is 1 bit wide and cannot hold 2.',
    );
    expect(await failure(set({ register: 'IA32_U_CET', field: 'NOSUCH', value: '1' }))).toBe(
      'IA32_U_CET has no field NOSUCH.',
    );
    expect(await failure(set({ register: 'RAX', value: '1' }))).toBe('RAX is not a CET register.');
    expect(await failure(set({ register: 'IA32_PL0_SSP', value: '1' }))).toMatch(/\.$/);
  });

  it('says so when the processor has no CET', async () => {
    const client = await entered(guest('steps.s'), { features: { CET_SS: false, CET_IBT: false } });
    const body = await cet(client);
    expect(body).toMatchObject({ available: false, registers: [] });
    expect(body.reason).toMatch(/no CET/);
  });
});
