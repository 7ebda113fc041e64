/*
 * A SYSCALL and SYSRET round trip: a loop at CPL 3 calls the kernel, which returns at once; after `bench_units` rounds
 * it calls with another number and the kernel ends.
 */
        .set    efer, 0xc0000080
        .set    star, 0xc0000081
        .set    lstar, 0xc0000082
        .set    sfmask, 0xc0000084
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        map_window user_page, 7
        /* SYSCALL loads the selectors that are in use; SYSRET's user selectors only have to be selectors. */
        movl    $star, %ecx
        xorl    %eax, %eax
        movl    %cs, %edx
        orl     $0x00200000, %edx
        wrmsr
        movl    $lstar, %ecx
        leaq    entry(%rip), %rax
        xorl    %edx, %edx
        wrmsr
        movl    $sfmask, %ecx
        movl    $0x700, %eax
        wrmsr
        movl    $efer, %ecx
        rdmsr
        orl     $1, %eax
        wrmsr
        movq    bench_units(%rip), %rbx
        xorl    %r13d, %r13d
        call    bench_begin
        movq    $window, %rcx
        movl    $2, %r11d
        xorl    %eax, %eax
        sysretq
        .cfi_endproc
        .size   _start, . - _start

        .type   entry, @function
entry:
        testl   %eax, %eax
        jnz     1f
        incq    %r13
        sysretq
1:      movq    bench_units(%rip), %rax
        jmp     finish
        .size   entry, . - entry

        .data
        .balign 4096
user_page:
3:      syscall
        decq    %rbx
        jnz     3b
        movl    $1, %eax
        syscall
        .balign 4096
