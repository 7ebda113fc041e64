import { describe, expect, it } from 'vitest';
import type { CetBody } from '../../adapter/protocol.ts';
import { CET_REGISTERS, describeRegister } from '../../adapter/session/cetTable.ts';
import { type CetRow, cetMessage, cetRows, cetValues, flipped } from '../../extension/views/cet/model.ts';

/** The adapter's own registers, all with one value. */
const body = (value: bigint, summary = { shadowStack: 'on', tracker: 'IDLE' }): CetBody => ({
  available: true,
  summary,
  registers: CET_REGISTERS.map((register) => describeRegister(register, value)),
});

const find = (rows: readonly CetRow[], id: string): CetRow => {
  const all = rows.flatMap((row) => (row.kind === 'register' ? [row, ...row.children] : [row]));
  const row = all.find((one) => one.id === id);
  if (!row) throw new Error(`there is no row ${id}`);
  return row;
};

describe('the CET view', () => {
  it('puts the state in words above the registers', () => {
    expect(cetRows(body(0n), undefined).slice(0, 2)).toMatchObject([
      { label: 'Shadow stack', description: 'on' },
      { label: 'Branch tracker', description: 'IDLE' },
    ]);
  });

  it('names the bits that are set beside a register, from bit 0 up', () => {
    const rows = cetRows(body(0x7f805n), undefined);
    expect(find(rows, 'IA32_S_CET').description).toBe(
      '0x7f805  SH_STK_EN  ENDBR_EN  TRACKER  EB_LEG_BITMAP_BASE=0x7f000',
    );
    expect(find(rows, 'CR4').description).toBe('0x7f805');
    expect(find(rows, 'SSP').description).toBe('0x7f805');
  });

  it('shows bits as set or not, with their meaning', () => {
    const rows = cetRows(body(0x805n), undefined);
    expect(find(rows, 'IA32_U_CET/SH_STK_EN')).toMatchObject({ description: '1  enabled', icon: 'pass-filled' });
    expect(find(rows, 'IA32_U_CET/WR_SHSTK_EN')).toMatchObject({
      description: '0  disabled',
      icon: 'circle-large-outline',
      context: 'cetField.bit.settable',
    });
    expect(find(rows, 'IA32_U_CET/TRACKER').description).toBe('1  WAIT_FOR_ENDBRANCH');
    expect(find(rows, 'IA32_U_CET/EB_LEG_BITMAP_BASE')).toMatchObject({
      icon: 'symbol-numeric',
      context: 'cetField.settable',
    });
    expect(find(rows, 'IA32_U_CET/EB_LEG_BITMAP_BASE').tooltip).toContain('bits 63:12');
  });

  it('marks the registers, bits and words that differ from the last stop', () => {
    const before = cetValues(body(0x5n));
    const rows = cetRows(body(0x805n, { shadowStack: 'on', tracker: 'WAIT_FOR_ENDBRANCH' }), before);
    const marked = rows
      .flatMap((row) => (row.kind === 'register' && row.id === 'IA32_S_CET' ? [row, ...row.children] : [row]))
      .filter((row) => row.mark === 'changed' && (row.id.startsWith('IA32_S_CET') || row.kind === 'summary'));
    expect(marked.map((row) => row.id)).toEqual(['summary/tracker', 'IA32_S_CET', 'IA32_S_CET/TRACKER']);
    expect(cetRows(body(0x5n), before).every((row) => row.mark === 'none')).toBe(true);
  });

  it('flips a bit to its other value', () => {
    const bit = find(cetRows(body(1n), undefined), 'IA32_S_CET/SH_STK_EN');
    const clear = find(cetRows(body(0n), undefined), 'IA32_S_CET/SH_STK_EN');
    expect([bit, clear].map((row) => row.kind === 'field' && flipped(row.field))).toEqual(['0', '1']);
  });

  it('says why there is nothing to show', () => {
    const none: CetBody = { ...body(0n), available: false, reason: 'The processor has no CET.' };
    expect(cetRows(none, undefined)).toEqual([]);
    expect(cetMessage(none)).toBe('The processor has no CET.');
  });
});
