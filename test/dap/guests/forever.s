# Three ways never to end; RSI chooses: 0 jumps to itself, 1 faults for ever, 2 repeats 4 GiB.
    .text
    .globl _start
_start:
    testl %esi, %esi
    jz spin
    cmpl $1, %esi
    je faults
    movl $0xffffffff, %ecx
    leaq buffer(%rip), %rsi
repeat:
    rep lodsb %ds:(%rsi), %al
    jmp repeat
spin:
    jmp .
faults:
    leaq handler(%rip), %rax
    leaq idt + 16 * 14(%rip), %rdx
    movw %ax, (%rdx)
    movw $8, 2(%rdx)
    movw $0x8e00, 4(%rdx)
    shrq $16, %rax
    movw %ax, 6(%rdx)
    shrq $16, %rax
    movl %eax, 8(%rdx)
    lidt idt_pointer(%rip)
    movq $-8, %rbx
    shlq $40, %rbx
    shrq $17, %rbx
touch:
    movq (%rbx), %rax
handler:
    addq $8, %rsp
    iretq

    .data
    .balign 8
idt_pointer:
    .word 16 * 15 - 1
    .quad idt
    .bss
    .balign 16
idt:        .skip 16 * 15
buffer:     .skip 16
