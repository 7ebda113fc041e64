import { describe, expect, it } from 'vitest';
import type { ShadowStackBody, ShadowStackEntry } from '../../adapter/protocol.ts';
import {
  pageSize,
  shadowStackMessage,
  shadowStackRows,
  shadowStackTitle,
  shadowStackValues,
} from '../../extension/views/shadowStack/model.ts';

const call = (address: string, value: string, more: Partial<ShadowStackEntry> = {}): ShadowStackEntry => ({
  address,
  value,
  size: 8,
  kind: 'return',
  description: 'return address',
  symbol: 'main+0x5',
  source: { path: '/w/guest.s', line: 12 },
  ...more,
});

const body = (entries: ShadowStackEntry[], more: Partial<ShadowStackBody> = {}): ShadowStackBody => ({
  enabled: true,
  ssp: '0x0000000000002ff0',
  privilege: 'supervisor',
  nextReturnMismatch: false,
  entries,
  ...more,
});

const token: ShadowStackEntry = {
  address: '0x0000000000002ff8',
  value: '0x0000000000003001',
  size: 8,
  kind: 'supervisorToken',
  description: 'supervisor token, busy',
};

const pair = body([call('0x0000000000002ff0', '0x0000000000101005'), token]);

describe('the Shadow Stack view', () => {
  it('shows address, value, symbol and source, and names tokens', () => {
    expect(shadowStackRows(pair, 64, undefined)).toMatchObject([
      {
        label: '0x2ff0  main+0x5',
        description: '0x101005 · guest.s:12',
        icon: 'debug-stackframe',
        mark: 'none',
        context: 'shadowStackEntry.source',
      },
      { label: '0x2ff8  supervisor token, busy', description: '0x3001', icon: 'key', context: 'shadowStackEntry' },
    ]);
    expect(shadowStackTitle(pair)).toBe('supervisor · SSP 0x2ff0');
    expect(shadowStackMessage(pair)).toBeUndefined();
  });

  it('shortens long addresses, and shows the value where there is no symbol', () => {
    const { symbol: _, ...nameless } = call('0xffffc90000003ff0', '0xffffffff81000005');
    expect(shadowStackRows(body([nameless]), 64, undefined)).toMatchObject([
      { label: '…03ff0  0xffffffff81000005', description: 'guest.s:12' },
    ]);
  });

  it('marks a mismatch with both addresses, and says what RET would do', () => {
    const mismatch = {
      expected: '0x0000000000101005',
      actual: '0x0000000000000bad',
      stackAddress: '0x0000000000007ff8',
      text: 'The return address was overwritten.',
    };
    const wrong = body([call('0x0000000000002ff0', '0x0000000000101005', { mismatch })], { nextReturnMismatch: true });
    const [row] = shadowStackRows(wrong, 64, undefined);
    expect(row).toMatchObject({ mark: 'wrong', icon: 'error', label: '0x2ff0  main+0x5' });
    expect(row?.description).toBe('≠ 0xbad on the stack · 0x101005 · guest.s:12');
    expect(row?.tooltip).toContain(
      'The return address was overwritten.\n\nExpected (shadow stack): `0x0000000000101005`\n\nActual (stack at `0x7ff8`): `0x0000000000000bad`',
    );
    expect(shadowStackMessage(wrong)).toBe(
      'RET here raises #CP(NEAR-RET): the two stacks hold different return addresses.',
    );
  });

  it('marks what was pushed and what was overwritten since the last stop, not what came with a longer page', () => {
    const before = new Map([
      ['0x0000000000002ff0', '0x0000000000101005'],
      ['0x0000000000002ff8', '0x0000000000101111'],
    ]);
    const now = body([
      call('0x0000000000002fe8', '0x0000000000101005'),
      call('0x0000000000002ff0', '0x0000000000101005'),
      call('0x0000000000002ff8', '0x0000000000102222'),
      call('0x0000000000003000', '0x0000000000103333'),
    ]);
    expect(shadowStackRows(now, 64, before).map((row) => row.mark)).toEqual(['changed', 'none', 'changed', 'none']);
    expect(shadowStackRows(now, 64, shadowStackValues(now)).every((row) => row.mark === 'none')).toBe(true);
    expect(shadowStackRows(now, 64, new Map()).every((row) => row.mark === 'none')).toBe(true);
  });

  it('offers more when as many entries came as were asked for', () => {
    const full = body(Array.from({ length: pageSize }, (_, i) => call(`0x${(0x3000 + 8 * i).toString(16)}`, '0x1')));
    expect(shadowStackRows(full, pageSize, undefined).at(-1)).toMatchObject({ kind: 'more', label: 'Show 64 more' });
    expect(shadowStackRows(full, pageSize + 1, undefined).at(-1)).toMatchObject({ kind: 'entry' });
  });

  it('says where and why reading ended', () => {
    const ended = body([call('0x2ff8', '0x1')], { stopped: '0x3000 is not present.' });
    expect(shadowStackRows(ended, 1, undefined).at(-1)).toMatchObject({
      kind: 'stopped',
      description: '0x3000 is not present.',
    });
  });

  it('gives a run of zero words one row', () => {
    const zero = (i: number): ShadowStackEntry => ({
      ...{ address: `0x${(0x3000 + 8 * i).toString(16)}`, value: '0x0000000000000000' },
      ...{ size: 8, kind: 'data', description: 'empty or padding' },
    });
    const words = (count: number) => [
      call('0x2ff8', '0x1'),
      ...Array.from({ length: count }, (_, i) => zero(i)),
      call('0x9000', '0x2'),
    ];
    expect(shadowStackRows(body(words(20)), 64, undefined)).toMatchObject([
      { kind: 'entry' },
      { label: '0x3000  20 words of zero', description: 'to 0x3098', context: 'zeros' },
      { kind: 'entry' },
    ]);
    expect(shadowStackRows(body(words(3)), 64, undefined).map((row) => row.kind)).toEqual(Array(5).fill('entry'));
  });

  it('is empty, with the reason, when shadow stacks are off', () => {
    const off = body([], { enabled: false, reason: 'CR4.CET is 0.' });
    expect(shadowStackRows(off, 64, undefined)).toEqual([]);
    expect(shadowStackMessage(off)).toBe('CR4.CET is 0.');
    expect(shadowStackMessage(body([]))).toBe('The shadow stack holds no entry.');
  });
});
