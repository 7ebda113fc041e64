# Code to step through: calls, recursion, a repeated string instruction, a loop, an event, a fault.
    .equ DEBUG_EXIT, 0xf4

    .text
    .globl _start
_start:
    call load_idt
    movl $5, %edi
    call factorial
after_factorial:
    leaq buffer(%rip), %rdi
    movl $100, %ecx
    movb $0x5a, %al
fill:
    rep stosb
after_fill:
    int $0x40
after_int:
    movl $3, %ecx
loop:
    decl %ecx
    jnz loop
after_loop:
    call outer
after_outer:
    ud2
after_ud2:
    movl $7, %eax
    outl %eax, $DEBUG_EXIT
    hlt

# EDI! in EAX, by recursion.
factorial:
    cmpl $1, %edi
    ja recurse
    movl $1, %eax
    ret
recurse:
    pushq %rdi
    decl %edi
    call factorial
multiply:
    popq %rdi
    imull %edi, %eax
    ret

outer:
    pushq %rbp
    movq %rsp, %rbp
    subq $32, %rsp
    call inner
after_inner:
    leave
    ret
inner:
    nop
    ret

load_idt:
    leaq on_int(%rip), %rax
    movl $0x40, %ecx
    call set_gate
    leaq on_ud(%rip), %rax
    movl $6, %ecx
    call set_gate
    lidt idt_pointer(%rip)
    ret

# Gate ECX leads to RAX.
set_gate:
    shlq $4, %rcx
    leaq idt(%rip), %rdx
    addq %rcx, %rdx
    movw %ax, (%rdx)
    movw $8, 2(%rdx)
    movw $0x8e00, 4(%rdx)
    shrq $16, %rax
    movw %ax, 6(%rdx)
    shrq $16, %rax
    movl %eax, 8(%rdx)
    ret

on_int:
    incl counter(%rip)
    iretq
on_ud:
    addq $2, (%rsp)
    iretq

    .data
    .balign 8
counter:    .long 0
message:    .asciz "text"
    .balign 8
idt_pointer:
    .word 16 * 0x41 - 1
    .quad idt

    .bss
    .balign 16
idt:        .skip 16 * 0x41
buffer:     .skip 128
