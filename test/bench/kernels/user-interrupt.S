/*
 * An INT n round trip from CPL 3 to CPL 0 and back by IRET, each with a switch of stacks. After `bench_units` rounds INT
 * with another number ends.
 */
        .set    kernel_code, 0x08
        .set    kernel_data, 0x10
        .set    user_data, 0x18 | 3
        .set    user_code, 0x20 | 3
        .set    task, 0x28
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        map_window user_page, 7
        leaq    tss(%rip), %rax                 /* the base of its descriptor, and RSP0 */
        movw    %ax, gdt + task + 2(%rip)
        shrq    $16, %rax
        movb    %al, gdt + task + 4(%rip)
        movb    %ah, gdt + task + 7(%rip)
        movq    %rsp, tss + 4(%rip)
        lgdt    gdt_pointer(%rip)
        pushq   $kernel_code
        leaq    1f(%rip), %rax
        pushq   %rax
        lretq
1:      movl    $kernel_data, %eax
        movl    %eax, %ss
        movl    $task, %eax
        ltr     %ax
        gate    0x80, handler, 0xee
        gate    0x81, ended, 0xee
        movq    bench_units(%rip), %r14
        xorl    %r13d, %r13d
        call    bench_begin
        pushq   $user_data
        pushq   $0
        pushq   $2
        pushq   $user_code
        movq    $window, %rax
        pushq   %rax
        iretq
        .cfi_endproc
        .size   _start, . - _start

        .type   handler, @function
handler:
        incq    %r13
        iretq
        .size   handler, . - handler

        .type   ended, @function
ended:
        movq    bench_units(%rip), %rax
        jmp     finish
        .size   ended, . - ended

        .data
gdt_pointer:    .word gdt_end - gdt - 1
                .quad gdt
        .balign 8
gdt:    .quad   0
        .quad   0x00af9b000000ffff              /* code, data */
        .quad   0x00cf93000000ffff
        .quad   0x00cff3000000ffff              /* data, code of CPL 3 */
        .quad   0x00affb000000ffff
        .quad   0x0000890000000067, 0           /* the TSS */
gdt_end:
        .balign 4096
user_page:
3:      int     $0x80
        decq    %r14
        jnz     3b
        int     $0x81
        .balign 4096
        .bss
        .balign 128
tss:    .skip   104
