# 32-bit protected mode: calls, a frame pointer, an interrupt without a change of privilege.
    .code32
    .text
    .globl _start
_start:
    leal handler, %eax
    movw %ax, idt + 8 * 0x30
    shrl $16, %eax
    movw %ax, idt + 8 * 0x30 + 6
    movw $8, idt + 8 * 0x30 + 2
    movw $0x8e00, idt + 8 * 0x30 + 4
    lidt idt_pointer
before_call:
    pushl $5
    call square
after_call:
    addl $4, %esp
    int $0x30
after_int:
    outl %eax, $0xf4
    hlt

square:
    pushl %ebp
    movl %esp, %ebp
    movl 8(%ebp), %eax
    imull %eax, %eax
leave_square:
    popl %ebp
    ret

handler:
    incl %eax
    iretl

    .data
idt_pointer:
    .word 8 * 0x31 - 1
    .long idt
    .bss
    .balign 8
idt:    .skip 8 * 0x31
