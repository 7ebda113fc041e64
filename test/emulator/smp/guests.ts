/** Guests for several vCPUs: the bootstrap processor in 64-bit code, the others brought up by INIT and SIPI. */

const APIC = '0xfee00000';

/** An IDT entry of 16 bytes for 64-bit code; clobbers RAX. */
const gate64 = (vector: number, handler: string): string => `
    leaq ${handler}(%rip), %rax
    movw %ax, idt+${vector * 16}(%rip)
    movw $8, idt+${vector * 16 + 2}(%rip)
    movw $0x8e00, idt+${vector * 16 + 4}(%rip)
    shrq $16, %rax
    movw %ax, idt+${vector * 16 + 6}(%rip)
    shrq $16, %rax
    movl %eax, idt+${vector * 16 + 8}(%rip)`;

/** Where the others start: 16-bit code at 70000h that goes to 32-bit code with flat segments. */
const TRAMPOLINE = `
    .code16
trampoline:
    cli
    movw %cs, %ax
    movw %ax, %ds
    lgdtl (gdtr32 - trampoline)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $8, $(0x70000 + flat - trampoline)
    .code32
flat:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $ap, %eax
    jmp *%eax
    .align 8
gdt32: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr32: .word 23
    .long 0x70000 + gdt32 - trampoline
trampoline_end:
    .code64`;

export interface SmpGuest {
  /** 64-bit code of the bootstrap processor after the others were told to start. */
  readonly bootstrap: string;
  /** 32-bit code of each of the others; its number (1 …) is in EBX, its stack set. */
  readonly other: string;
  /** Handlers of the bootstrap processor by vector; each ends in iretq. */
  readonly handlers?: Readonly<Record<number, string>>;
  /** Handlers of the others; each ends in iretl. */
  readonly otherHandlers?: Readonly<Record<number, string>>;
  readonly data?: string;
}

export function smpGuest({ bootstrap, other, handlers = {}, otherHandlers = {}, data = '' }: SmpGuest): string {
  return `
_start:
    movl $0x180000, %esp
${Object.keys(handlers)
  .map((vector) => gate64(Number(vector), `handler${vector}`))
  .join('')}
    lidt idtr(%rip)
${Object.keys(otherHandlers)
  .map(
    (vector) => `
    leaq other${vector}(%rip), %rax
    movw %ax, idt32+${Number(vector) * 8}(%rip)
    movw $8, idt32+${Number(vector) * 8 + 2}(%rip)
    movw $0x8e00, idt32+${Number(vector) * 8 + 4}(%rip)
    shrl $16, %eax
    movw %ax, idt32+${Number(vector) * 8 + 6}(%rip)`,
  )
  .join('')}
    leaq trampoline(%rip), %rsi
    movl $0x70000, %edi
    movl $trampoline_end - trampoline, %ecx
    rep movsb
    movl $${APIC}, %ebp
    movl $0x1ff, 0xf0(%rbp)
    movl $0xc4500, 0x300(%rbp)
    movl $0xc4670, 0x300(%rbp)
${bootstrap}
${Object.entries(handlers)
  .map(([vector, body]) => `handler${vector}:\n${body}`)
  .join('\n')}
${TRAMPOLINE}
    .code32
ap: movl $${APIC}, %ebp
    movl 0x20(%ebp), %ebx
    shrl $24, %ebx
    movl %ebx, %esp
    shll $12, %esp
    addl $0x180000, %esp
    movl $0x1ff, 0xf0(%ebp)
    lidtl idtr32
${other}
${Object.entries(otherHandlers)
  .map(([vector, body]) => `other${vector}:\n${body}`)
  .join('\n')}
    .code64
    .data
    .align 16
idt: .skip 4096
idt32: .skip 2048
idtr: .word 4095
    .quad idt
idtr32: .word 2047
    .long idt32
    .align 64
${data}
`;
}

/** All vCPUs busy: a periodic timer, IPIs to all others, locked counters, spinning, sleeping, reading the time. */
export const BUSY = smpGuest({
  bootstrap: `
    movl $0xb, 0x3e0(%rbp)
    movl $0x20030, 0x320(%rbp)
    movl $300, 0x380(%rbp)
1:  sti
    hlt
    incl awake(%rip)
    rdtsc
    addl %eax, times(%rip)
    testl $3, awake(%rip)
    jnz 1b
    cli
    movl $40, %ecx
2:  lock incl counter(%rip)
    pause
    decl %ecx
    jnz 2b
    jmp 1b`,
  handlers: {
    48: `
    incl ticks(%rip)
    movl $0xc4041, 0x300(%rbp)
    movl $0, 0xb0(%rbp)
    iretq`,
  },
  other: `
    sti
1:  lock incl counter
    rdtsc
    addl %eax, times(,%ebx,4)
    movl $20, %ecx
2:  decl %ecx
    jnz 2b
    testl $64, counter
    jz 1b
    pause
    testl $1, %ebx
    jz 1b
    hlt
    jmp 1b`,
  otherHandlers: {
    65: `
    pushl %eax
    incl calls(,%ebx,4)
    movl $0, 0xb0(%ebp)
    popl %eax
    iretl`,
  },
  data: `
counter: .long 0
awake: .long 0
ticks: .long 0
times: .skip 64
calls: .skip 64`,
});

/** Each of the others adds to a shared counter under LOCK a thousand times, tells so, and sleeps for ever. */
export const COUNTING = smpGuest({
  bootstrap: `
1:  pause
    movl done(%rip), %eax
    cmpl others(%rip), %eax
    jne 1b
    movl counter(%rip), %eax
    cli
    hlt`,
  other: `
    movl $1000, %ecx
1:  lock incl counter
    decl %ecx
    jnz 1b
    lock incl done
    cli
    hlt`,
  data: `
counter: .long 0
done: .long 0
others: .long 0`,
});
