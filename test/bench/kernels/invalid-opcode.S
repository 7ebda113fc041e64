/* A #UD round trip: the handler steps over the UD2. */
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        gate    6, handler
        xorl    %r13d, %r13d
        movq    bench_units(%rip), %r14
        call    bench_begin
1:      ud2
        decq    %r14
        jnz     1b
        movq    bench_units(%rip), %rax
        jmp     finish
        .cfi_endproc
        .size   _start, . - _start

        .type   handler, @function
handler:
        addq    $2, (%rsp)
        incq    %r13
        iretq
        .size   handler, . - handler
