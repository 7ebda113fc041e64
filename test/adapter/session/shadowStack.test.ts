import { describe, expect, it } from 'vitest';
import type { ProgramImage } from '../../../adapter/program/image.ts';
import { ProgramView } from '../../../adapter/session/programView.ts';
import { nextReturnMismatch, readShadowStack } from '../../../adapter/session/shadowStack.ts';
import { memoryMachine } from '../../emulator/memoryMachine.ts';

const image: ProgramImage = {
  ...{ bits: 64, entry: 0x1000n, segments: [], sources: [], frames: [], warnings: [], lines: [] },
  sections: [{ name: '.text', address: 0x1000n, size: 0x1000n, executable: true, writable: false }],
  symbols: [{ name: 'main', address: 0x1000n, size: 0x100n, kind: 'function', global: true }],
};

/** Shadow stack on at CPL 0, with these quadwords at and above SSP; RAM ends behind them. */
function withShadowStack(values: readonly bigint[]) {
  const base = 0x5000;
  const made = memoryMachine(base + values.length * 8);
  const view = new DataView(made.memory.buffer);
  for (const [index, value] of values.entries()) view.setBigUint64(base + index * 8, value, true);
  for (const [name, value] of [
    ['cr0', 1n],
    ['cr4', 1n << 23n],
    ['cs', 8n],
    ['s_cet', 1n],
    ['ssp', BigInt(base)],
  ] as const) {
    made.registers.set(name, value);
  }
  return { ...made, read: () => readShadowStack(made.machine, new ProgramView(image), [], 64) };
}

describe('readShadowStack', () => {
  it('tells return addresses, tokens and padding apart', () => {
    // At 0x5008 a restore token for 0x5010; at 0x5010 a previous-SSP token: into readable memory, bits 1:0 set.
    const { entries, stopped } = withShadowStack([0x1010n, 0x5011n, 0x5003n, 0n, 0x5020n]).read();
    expect(entries.map(({ kind, description }) => [kind, description])).toEqual([
      ['return', 'return address'],
      ['restoreToken', 'restore token, 64-bit: SSP 0x5010'],
      ['previousSspToken', 'previous-SSP token, 64-bit: SSP 0x5000'],
      ['data', 'empty or padding'],
      ['supervisorToken', 'supervisor token, free'],
    ]);
    expect(entries[0]).toMatchObject({
      address: '0x0000000000005000',
      value: '0x0000000000001010',
      symbol: 'main+0x10',
    });
    expect(stopped).toBeUndefined();
  });

  it('ends at the supervisor token, which stands at the base', () => {
    const { entries, stopped } = withShadowStack([0x1010n, 0x5009n, 0x1010n]).read();
    expect(entries.map(({ description }) => description)).toEqual(['return address', 'supervisor token, busy']);
    expect(stopped).toBeUndefined();
  });

  it('ends where memory cannot be read, and says so', () => {
    expect(withShadowStack([0x1010n]).read().stopped).toBe('0x5008: Beyond RAM.');
  });

  it('ends where the page is no shadow-stack page', () => {
    const { memory, registers, read } = withShadowStack(Array.from({ length: 0x201 }, () => 0x1010n));
    const view = new DataView(memory.buffer);
    // One table on each level at 0x1000 to 0x4000: 0x5000 is R/W=0 and dirty, 0x6000 writable.
    for (let level = 0; level < 3; level++)
      view.setBigUint64(0x1000 + level * 0x1000, BigInt(0x2003 + level * 0x1000), true);
    view.setBigUint64(0x4000 + 5 * 8, 0x5041n, true);
    view.setBigUint64(0x4000 + 6 * 8, 0x6043n, true);
    registers.set('cr0', 0x8000_0001n);
    registers.set('efer', 1n << 10n);
    registers.set('cr3', 0x1000n);
    registers.set('ssp', 0x5ff8n);
    const body = read();
    expect(body.entries).toHaveLength(1);
    expect(body.stopped).toBe('0x6000: its page is writable (R/W=1), not a shadow-stack page.');
    view.setBigUint64(0x4000 + 5 * 8, 0x5001n, true);
    expect(read().stopped).toBe('0x5ff8: its page is not dirty (D=0), so no shadow-stack page.');
  });

  it('knows the three slots of an event', () => {
    const { entries } = withShadowStack([0x5020n, 0x1020n, 8n, 0x1030n]).read();
    expect(entries.map(({ kind }) => kind)).toEqual(['farSsp', 'farLip', 'farCs', 'return']);
    expect(entries[2]!.description).toBe('CS selector, CPL 0');
  });

  it('says which bit keeps it off', () => {
    const { registers, read } = withShadowStack([0x1010n]);
    registers.set('s_cet', 0n);
    expect(read()).toMatchObject({ enabled: false, reason: 'S_CET.SH_STK_EN is 0.' });
    registers.set('cr4', 0n);
    expect(read()).toMatchObject({ enabled: false, reason: 'CR4.CET is 0.' });
  });
});

describe('nextReturnMismatch', () => {
  it('holds exactly at a RET whose two addresses differ', () => {
    const { machine, memory, registers } = withShadowStack([0x1010n]);
    memory[0x1000] = 0xc3;
    registers.set('rip', 0x1000n);
    registers.set('rsp', 0x2000n);
    new DataView(memory.buffer).setBigUint64(0x2000, 0x1010n, true);
    expect(nextReturnMismatch(machine)).toBe(false);
    memory[0x2000] = 0x11;
    expect(nextReturnMismatch(machine)).toBe(true);
    memory[0x1000] = 0x90;
    expect(nextReturnMismatch(machine)).toBe(false);
  });
});
