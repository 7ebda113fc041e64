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
    const values = [0x1010n, 0x5010n, 0x5011n & ~1n, 0x5019n, 0x5029n, 0n];
    values[1] = 0x5010n | 1n; // At 0x5008: restore token for 0x5010.
    values[2] = 0x5010n; // Its own address: a free supervisor token.
    values[3] = 0x5019n; // Its own address and the busy bit.
    values[4] = 0x5003n; // Points into a readable stack, bits 1:0 set: a previous-SSP token.
    const { entries, stopped } = withShadowStack(values).read();
    expect(entries.map(({ kind, description }) => [kind, description])).toEqual([
      ['return', 'return address'],
      ['restoreToken', 'restore token, 64-bit: SSP 0x5010'],
      ['supervisorToken', 'supervisor token, free'],
      ['supervisorToken', 'supervisor token, busy'],
      ['previousSspToken', 'previous-SSP token, 64-bit: SSP 0x5000'],
      ['data', 'empty or padding'],
    ]);
    expect(entries[0]).toMatchObject({
      address: '0x0000000000005000',
      value: '0x0000000000001010',
      symbol: 'main+0x10',
    });
    expect(stopped).toBe('0x5030: Beyond RAM.');
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
