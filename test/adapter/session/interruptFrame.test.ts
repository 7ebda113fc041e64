import { describe, expect, it } from 'vitest';
import { interruptFrameAt, vectorOfHandler } from '../../../adapter/session/interruptFrame.ts';
import { memoryMachine } from '../../emulator/memoryMachine.ts';

function stackWith(values: readonly bigint[], size: 2 | 4 | 8 = 8) {
  const made = memoryMachine(0x4000, (size * 8) as 16 | 32 | 64);
  const view = new DataView(made.memory.buffer);
  for (const [index, value] of values.entries()) {
    if (size === 8) view.setBigUint64(0x1000 + index * 8, value, true);
    else if (size === 4) view.setUint32(0x1000 + index * 4, Number(value), true);
    else view.setUint16(0x1000 + index * 2, Number(value), true);
  }
  made.registers.set('cs', 8n);
  return made;
}

describe('interruptFrameAt', () => {
  it('reads RIP, CS, RFLAGS and RSP as 64-bit delivery pushes them', () => {
    const { machine } = stackWith([0x10_0000n, 8n, 0x202n, 0x8_0000n, 0x10n]);
    expect(interruptFrameAt(machine, 0x1000n, 8)).toEqual({
      ...{ instructionPointer: 0x10_0000n, codeSelector: 8n, flags: 0x202n, stackPointer: 0x8_0000n },
      ...{ size: 8, codeBase: 0n, stackBase: 0n },
    });
  });

  it.each<[string, bigint[]]>([
    ['flags with bit 1 clear', [0x10_0000n, 8n, 0x200n, 0x8_0000n, 0x10n]],
    ['flags with a reserved bit', [0x10_0000n, 8n, 0x20an, 0x8_0000n, 0x10n]],
    ['a null code selector', [0x10_0000n, 3n, 0x202n, 0x8_0000n, 0x10n]],
    ['a selector of more than 16 bits', [0x10_0000n, 0x1_0008n, 0x202n, 0x8_0000n, 0x10n]],
    ['a stack selector of another privilege', [0x10_0000n, 8n, 0x202n, 0x8_0000n, 0x13n]],
    ['a return address that is not canonical', [1n << 60n, 8n, 0x202n, 0x8_0000n, 0x10n]],
  ])('does not take %s for one', (_, values) => {
    expect(interruptFrameAt(stackWith(values).machine, 0x1000n, 8)).toBeUndefined();
  });

  it('knows that 32-bit delivery without a privilege change pushes no stack pointer', () => {
    const { machine } = stackWith([0x10_0000n, 8n, 0x202n], 4);
    expect(interruptFrameAt(machine, 0x1000n, 4)?.stackPointer).toBe(0x100cn);
  });

  it('adds the segment bases of real-address mode', () => {
    const { machine, registers } = stackWith([0x12n, 0x7c0n, 0x202n], 2);
    registers.set('ss.base', 0x800n);
    expect(interruptFrameAt(machine, 0x1000n, 2)).toMatchObject({
      ...{ instructionPointer: 0x7c12n, stackPointer: 0x1006n, size: 2, codeBase: 0x7c00n, stackBase: 0x800n },
    });
  });

  it('follows an event from virtual-8086 mode into its segments', () => {
    const { machine } = stackWith([0x12n, 0x7c0n, 0x2_0202n, 0xfff0n, 0x2000n], 4);
    expect(interruptFrameAt(machine, 0x1000n, 4)).toMatchObject({
      ...{ instructionPointer: 0x7c12n, stackPointer: 0x2_fff0n, size: 2, codeBase: 0x7c00n, stackBase: 0x2_0000n },
    });
  });
});

describe('vectorOfHandler', () => {
  it("finds a handler in real-address mode's table", () => {
    const { machine, memory, registers } = memoryMachine(0x4000, 16);
    new DataView(memory.buffer).setUint32(0x21 * 4, 0x07c0_0012, true);
    registers.set('idtr.limit', 0x3ffn);
    expect(vectorOfHandler(machine, 0x7c12n)).toBe(0x21);
  });

  it('finds the gate of a handler', () => {
    const { machine, memory, registers } = memoryMachine(0x4000);
    const view = new DataView(memory.buffer);
    const handler = 0xffff_8000_0012_3456n;
    const at = 0x2000 + 21 * 16;
    view.setBigUint64(
      at,
      (handler & 0xffffn) | (8n << 16n) | (0x8en << 40n) | (((handler >> 16n) & 0xffffn) << 48n),
      true,
    );
    view.setUint32(at + 8, Number(handler >> 32n), true);
    registers.set('idtr.base', 0x2000n);
    registers.set('idtr.limit', 0xfffn);
    expect(vectorOfHandler(machine, handler)).toBe(21);
    expect(vectorOfHandler(machine, handler + 1n)).toBeUndefined();
  });
});
