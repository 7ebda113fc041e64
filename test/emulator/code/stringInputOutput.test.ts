/** INS and OUTS (SDM Vol. 2): the serial port is what they talk to. */
import { describe, expect, it } from 'vitest';
import { hostPhysical } from '../../../emulator/addresses.ts';
import { assembleText, boot } from '../guest.ts';

const run = async (body: string, input = '') => {
  const made = boot(await assembleText(`_start:\n${body}\n hlt\n.data\ntext: .ascii "abcdef"\nroom: .skip 16, 0xee`));
  made.machine.serialInput(new TextEncoder().encode(input));
  const exit = made.machine.run(100_000);
  const room = made.machine.readPhysical(hostPhysical(Number(made.at('room'))), 8).data;
  return { made, exit, room: [...room], register: (name: string) => made.machine.readRegister(name) };
};

describe('OUTS', () => {
  it('writes one element and advances RSI', async () => {
    const { made, register } = await run(' lea text(%rip), %rsi\n mov $0x3f8, %edx\n outsb\n outsb');
    expect(made.serial()).toBe('ab');
    expect(register('rsi')).toBe(made.at('text') + 2n);
  });

  it('repeated, takes a step for each element and uses RCX up', async () => {
    const before = await run(' lea text(%rip), %rsi\n mov $0x3f8, %edx\n mov $6, %ecx');
    const { made, register } = await run(' lea text(%rip), %rsi\n mov $0x3f8, %edx\n mov $6, %ecx\n rep outsb');
    expect(made.serial()).toBe('abcdef');
    expect(register('rcx')).toBe(0n);
    expect(made.machine.steps - before.made.machine.steps).toBe(6);
  });

  it('goes down with DF, and not at all with RCX = 0', async () => {
    const down = await run(' lea text+5(%rip), %rsi\n mov $0x3f8, %edx\n mov $3, %ecx\n std\n rep outsb');
    expect(down.made.serial()).toBe('fed');
    expect(down.register('rsi')).toBe(down.made.at('text') + 2n);
    const none = await run(' lea text(%rip), %rsi\n mov $0x3f8, %edx\n xor %ecx, %ecx\n rep outsb');
    expect(none.made.serial()).toBe('');
  });

  it('with 32-bit addresses clears the upper halves', async () => {
    const { made, register } = await run(
      ' lea text(%rip), %rsi\n mov $0x3f8, %edx\n mov $0x500000002, %rcx\n .byte 0x67\n rep outsb',
    );
    expect(made.serial()).toBe('ab');
    expect(register('rcx')).toBe(0n);
    expect(register('rsi')).toBe(made.at('text') + 2n);
  });
});

describe('INS', () => {
  it('reads elements to RDI and on', async () => {
    const { made, room, register } = await run(
      ' lea room(%rip), %rdi\n mov $0x3f8, %edx\n mov $3, %ecx\n rep insb',
      'xyz',
    );
    expect(room).toEqual([0x78, 0x79, 0x7a, 0xee, 0xee, 0xee, 0xee, 0xee]);
    expect(register('rdi')).toBe(made.at('room') + 3n);
  });

  it('reads an empty port as ones, at its width', async () => {
    const { room } = await run(' lea room(%rip), %rdi\n mov $0x5000, %edx\n movl $0, room(%rip)\n insw');
    expect(room.slice(0, 4)).toEqual([0xff, 0xff, 0, 0]);
  });

  it('that faults has read nothing and moved nothing', async () => {
    const { made, exit, register } = await run(' mov $0x8000000000, %rdi\n mov $0x3f8, %edx\n insb', 'q');
    expect(exit.kind).toBe('tripleFault');
    expect(register('rdi')).toBe(0x80_0000_0000n);
    expect(made.machine.readRegister('cr2')).not.toBe(0n);
  });
});
