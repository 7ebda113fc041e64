import { describe, expect, it } from 'vitest';
import { guest, read32, rip, runToEnd } from '../guest.ts';

/** What Bochs's recording leaves out: PKRU, page faults, 32-bit code. The rest is in test/conformance/bochs. */
const ENABLE = `
  mov %cr4, %rax
  or $0x440000, %rax
  mov %rax, %cr4
  xor %ecx, %ecx
  xor %edx, %edx
  mov $0x203, %eax
  xsetbv
`;
const EXIT = 'mov $0, %eax; out %al, $0xf4';

describe('XSAVE and protection keys', () => {
  it('saves PKRU at 2688, and in the compacted format behind the header', async () => {
    const { machine, at } = await guest(`${ENABLE}
      xor %ecx, %ecx; xor %edx, %edx; mov $0x30, %eax; wrpkru
      mov $0x200, %eax; xor %edx, %edx
      xsave64 area(%rip); xsavec64 packed(%rip)
      mov $1, %ecx; xgetbv; mov %eax, %ebx
      ${EXIT}
      .data
      .balign 64
      area: .skip 4096
      packed: .skip 4096`);
    runToEnd(machine);
    expect(read32(machine, at('area') + 2688n)).toBe(0x30);
    expect(read32(machine, at('area') + 512n)).toBe(0x200);
    expect(read32(machine, at('packed') + 576n)).toBe(0x30);
    expect(machine.readRegister('ebx') & 0x200n).toBe(0x200n);
  });

  it('restores PKRU, or initializes it, and the next access obeys', async () => {
    const { machine } = await guest(`${ENABLE}
      movl $0x200, area+512(%rip); movl $0xc, area+2688(%rip)
      mov $0x200, %eax; xor %edx, %edx
      xrstor64 area(%rip)
      xor %ecx, %ecx; rdpkru; mov %eax, %ebx
      movl $0, area+512(%rip)
      mov $0x200, %eax; xor %edx, %edx
      xrstor64 area(%rip)
      xor %ecx, %ecx; rdpkru; mov %eax, %esi
      ${EXIT}
      .data
      .balign 64
      area: .skip 4096`);
    runToEnd(machine);
    expect(machine.readRegister('ebx')).toBe(0xcn);
    expect(machine.readRegister('esi')).toBe(0n);
  });

  it('tells sizes for what is enabled', async () => {
    const { machine } = await guest(`${ENABLE}
      mov $0xd, %eax; xor %ecx, %ecx; cpuid; mov %ebx, %esi
      mov $0xd, %eax; mov $1, %ecx; cpuid; mov %ebx, %edi
      ${EXIT}`);
    runToEnd(machine);
    expect(machine.readRegister('esi')).toBe(2696n);
    expect(machine.readRegister('edi')).toBe(584n);
  });
});

describe('a page fault of XSAVE and XRSTOR', () => {
  // RAM ends at 4 MiB and the identity map goes on: a page is taken out of it in a table of our own.
  const run = async (instruction: string, offset: number) => {
    const { machine, at } = await guest(`${ENABLE}
      mov $3, %eax; xor %edx, %edx
      here: ${instruction}
      ${EXIT}`);
    machine.setExceptionStops(1 << 14);
    machine.writeRegister('rbx', 0x7fff_0000_0000n + BigInt(offset));
    const exit = machine.run(1000);
    if (exit.kind !== 'exception') throw new Error(exit.kind);
    expect(rip(machine)).toBe(at('here'));
    return { code: exit.event.errorCode, cr2: exit.event.cr2 };
  };

  it('of a save is a write, and at the first byte', async () => {
    expect(await run('xsave64 (%rbx)', 0x40)).toEqual({ code: 2, cr2: 0x7fff_0000_0040n });
    expect(await run('xsavec64 (%rbx)', 0x40)).toMatchObject({ code: 2 });
  });

  it('of a restore is a read of the header first', async () => {
    expect(await run('xrstor64 (%rbx)', 0x40)).toEqual({ code: 0, cr2: 0x7fff_0000_0240n });
  });

  it('comes after the alignment check', async () => {
    const { machine, at } = await guest(`${ENABLE}
      mov $3, %eax; xor %edx, %edx
      here: xsave64 (%rbx)
      ${EXIT}`);
    machine.setExceptionStops(-1);
    machine.writeRegister('rbx', 0x7fff_0000_0001n);
    const exit = machine.run(1000);
    expect(exit).toMatchObject({ kind: 'exception', event: { vector: 13, errorCode: 0 } });
    expect(rip(machine)).toBe(at('here'));
  });
});
