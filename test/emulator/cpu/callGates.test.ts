/** Call gates, inner stacks and IRET in 32-bit protected mode (SDM Vol. 3A §5.8.3–5.8.6). */
import { describe, expect, it } from 'vitest';
import { type Guest, guest, read32, runToEnd } from '../guest.ts';

/** Ring 3 code at `user` with ESP `user_top`; `gate` is the descriptor of selector 2Bh, `ring0_top` the stack in the TSS. */
async function ring3(gate: string, user: string): Promise<Guest> {
  const g = await guest(
    `
    .globl _start
_start:
    movl $tss, %eax
    movw %ax, tss_descriptor+2
    shrl $16, %eax
    movb %al, tss_descriptor+4
    movl $handler, %eax
    movw %ax, gate
    ${gate}
    shrl $16, %eax
    movw %ax, gate+6
    movl $ring0_top, tss+4
    movl $0x10, tss+8
    lgdt gdt_pointer
    ljmp $8, $1f
1:  movl $0x30, %eax
    ltr %ax
    movl $0x23, %eax
    movl %eax, %ds
    pushl $0x23
    pushl $user_top
    pushl $0x3002               # IOPL 3: the debug-exit port is open to ring 3.
    pushl $0x1b
    pushl $user
    iretl
user:
    ${user}
handler:
    movl %esp, handler_esp
    movl 8(%esp), %eax
    movl 12(%esp), %ebx
    lretl $8

    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
gate:
    .quad 0
tss_descriptor:
    .quad 0x0000890000000067
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt
    .balign 8
handler_esp: .long 0
esp_after: .long 0
    .balign 4096
    .skip 256
user_top:
    .skip 256
ring0_top:
tss: .skip 104
`,
    { start: 'protected32' },
  );
  g.machine.setExceptionStops(-1);
  return g;
}

const GATE32 = 'movl $8, gate+2\n movw $0xec02, gate+4';
const CALL = `
    pushl $0x1111
    pushl $0x2222
    lcall $0x2b, $0
    movl %esp, esp_after
    outl %eax, $0xf4`;

const exitOf = (g: Guest) => {
  const exit = runToEnd(g.machine);
  return exit.kind === 'exception' ? { vector: exit.event.vector, errorCode: exit.event.errorCode } : exit.kind;
};

describe('a 32-bit call gate from ring 3', () => {
  it('copies the parameters, and RET with a count drops them from both stacks', async () => {
    const g = await ring3(GATE32, CALL);
    expect(exitOf(g)).toBe('debugExit');
    expect(g.machine.readRegister('rax')).toBe(0x2222n);
    expect(g.machine.readRegister('rbx')).toBe(0x1111n);
    // SS, ESP, two parameters, CS, EIP.
    const esp = BigInt(read32(g.machine, g.at('handler_esp')));
    expect(esp).toBe(g.at('ring0_top') - 24n);
    expect(read32(g.machine, esp + 4n)).toBe(0x1b);
    expect(read32(g.machine, esp + 16n)).toBe(Number(g.at('user_top')) - 8);
    expect(read32(g.machine, esp + 20n)).toBe(0x23);
    expect(BigInt(read32(g.machine, g.at('esp_after')))).toBe(g.at('user_top'));
    expect(g.machine.readRegister('cs')).toBe(0x1bn);
  });

  it.each([
    ['whose DPL is below CPL', 'movl $8, gate+2\n movw $0x8c02, gate+4', { vector: 13, errorCode: 0x28 }],
    ['that is not present', 'movl $8, gate+2\n movw $0x6c02, gate+4', { vector: 11, errorCode: 0x28 }],
    ['with a null selector', 'movl $0, gate+2\n movw $0xec02, gate+4', { vector: 13, errorCode: 0 }],
    ['to a data segment', 'movl $0x10, gate+2\n movw $0xec02, gate+4', { vector: 13, errorCode: 0x10 }],
    ['beyond the GDT', 'movl $0x48, gate+2\n movw $0xec02, gate+4', { vector: 13, errorCode: 0x48 }],
  ])('refuses one %s', async (_, gate, fault) => {
    const g = await ring3(gate, CALL);
    expect(exitOf(g)).toEqual(fault);
    expect(g.machine.readRegister('cs')).toBe(0x1bn);
    expect(g.machine.readRegister('rsp')).toBe(g.at('user_top') - 8n);
  });

  it.each([
    ['with a null SS in the TSS', 'movl $0, tss+8', 0],
    ['with the SS of another level', 'movl $0x23, tss+8', 0x20],
    ['with code as SS', 'movl $8, tss+8', 8],
  ])('raises #TS %s', async (_, stack, errorCode) => {
    // Ring 3 may write the TSS here: all of memory is its own.
    const g = await ring3(GATE32, `${stack}\n ${CALL}`);
    expect(exitOf(g)).toEqual({ vector: 10, errorCode });
    expect(g.machine.readRegister('cpl')).toBe(3n);
  });

  it('is not for JMP to another level', async () => {
    const g = await ring3(GATE32, 'ljmp $0x2b, $0');
    expect(exitOf(g)).toEqual({ vector: 13, errorCode: 8 });
  });
});

describe('IRET in 32-bit code', () => {
  it('single-steps what it returns to when it sets TF', async () => {
    const g = await ring3(
      GATE32,
      `
    movl $0x3002, %ebx          # The first time without TF: the place is known when TF comes.
again:
    pushl %ebx
    pushl %cs
    pushl $1f
    iretl
1:  incl %eax
stepped:
    orl $0x100, %ebx
    jmp again`,
    );
    expect(exitOf(g)).toEqual({ vector: 1, errorCode: undefined });
    expect(g.machine.readRegister('rip')).toBe(g.at('stepped'));
  });
});
