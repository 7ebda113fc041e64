# A guest in AT&T syntax: turns its shadow stack on and calls.
    .equ IA32_S_CET, 0x6a2
    .equ CR4_CET, 1 << 23

    .macro set_msr index:req, low=0
    movl $\index, %ecx
    movl $\low, %eax
    xorl %edx, %edx
    wrmsr
    .endm

    .text
    .globl _start
_start:
    movq %cr4, %rax
    orq $CR4_CET, %rax; movq %rax, %cr4
    set_msr IA32_S_CET, 1
    setssbsy
    leaq greeting(%rip), %rsi
    call print
1:  lock incq counter(%rip)
    notrack jmp *table(,%rax,8)
    jmp 1b

print:
    endbr64
    cld
    rep movsb               /* copies */
    rdsspq %rax // reads SSP
    vmread %rax, (%rbx)
    ret

    .data
    .balign 16
greeting: .asciz "hello\n"
counter:  .quad 'a', 017, 0b11, 1.5, . - greeting
table:    .fill 4, 8, 0
