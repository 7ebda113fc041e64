/*
 * A #PF round trip: a page that is not present is touched; the handler maps it and returns, the read is done again,
 * and the page is unmapped.
 */
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        map_window page, 0                      /* not present */
        gate    14, handler
        movq    $window, %rbx
        leaq    page + 3(%rip), %r12
        xorl    %r13d, %r13d
        movq    bench_units(%rip), %r14
        call    bench_begin
1:      movq    (%rbx), %rax                    /* #PF, then the page's content */
        addq    %rax, %r13
        movq    $0, table(%rip)
        invlpg  (%rbx)
        decq    %r14
        jnz     1b
        imulq   $3, bench_units(%rip), %rax     /* every round read the page's 3 */
        jmp     finish
        .cfi_endproc
        .size   _start, . - _start

        .type   handler, @function
handler:
        movq    %r12, table(%rip)
        addq    $8, %rsp                        /* the error code */
        iretq
        .size   handler, . - handler

        .data
        .balign 4096
page:   .quad   3
