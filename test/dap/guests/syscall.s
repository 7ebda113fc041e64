# User mode entered by SYSRET and left by SYSCALL.
    .equ PAGE, 0x200000
    .text
    .globl _start
_start:
    # Every page becomes one for user mode too: bit U/S on each level.
    movq %cr3, %rdi
    movl $512 * 6, %ecx
allow:
    orq $4, (%rdi)
    addq $8, %rdi
    loop allow
    movq %cr3, %rax
    movq %rax, %cr3
    lgdt gdt_pointer
    movl $0xc0000081, %ecx
    xorl %eax, %eax
    movl $0x00100008, %edx
    wrmsr
    movl $0xc0000082, %ecx
    leaq entry(%rip), %rax
    xorl %edx, %edx
    wrmsr
    leaq user(%rip), %rcx
    movl $2, %r11d
    sysretq
user:
    movl $41, %eax
call_kernel:
    syscall
after_syscall:
    jmp .
entry:
    incl %eax
    sysretq

    .data
    .balign 8
gdt:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cff3000000ffff, 0x00affb000000ffff
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt
