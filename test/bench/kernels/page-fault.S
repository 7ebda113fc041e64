/*
 * A #PF round trip: a page that is not present is touched; the handler maps it and returns, the read is done again,
 * and the page is unmapped. `bench_units` rounds. Runs at CPL 0 from the `long64` state.
 */
        .set    window, 0x8000000000            /* the second PML4 entry: no one else's */
        .set    vector, 14
        .section .text.start, "ax", @progbits
        .globl  _start, bench_begin, bench_end
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        /* Tables from PML4 to the page table; the page itself stays not present. */
        movq    %cr3, %rax
        leaq    directory_pointers + 3(%rip), %rcx
        movq    %rcx, 8(%rax)
        leaq    directory + 3(%rip), %rcx
        movq    %rcx, directory_pointers(%rip)
        leaq    table + 3(%rip), %rcx
        movq    %rcx, directory(%rip)
        /* A 64-bit interrupt gate to the handler, in the code segment that is in use. */
        leaq    handler(%rip), %rax
        leaq    gates + vector * 16(%rip), %rdi
        movw    %ax, (%rdi)
        movw    %cs, 2(%rdi)
        movw    $0x8e00, 4(%rdi)
        shrq    $16, %rax
        movw    %ax, 6(%rdi)
        shrq    $16, %rax
        movl    %eax, 8(%rdi)
        lidt    gates_pointer(%rip)

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
        movq    %r13, bench_checksum(%rip)
        call    bench_end
        imulq   $3, bench_units(%rip), %rcx     /* every round read the page's 3 */
        xorl    %eax, %eax
        cmpq    %rcx, %r13
        setne   %al
        outl    %eax, $0xf4
2:      hlt
        jmp     2b
        .cfi_endproc
        .size   _start, . - _start

        .type   handler, @function
handler:
        movq    %r12, table(%rip)
        addq    $8, %rsp                        /* the error code */
        iretq
        .size   handler, . - handler

        .type   bench_begin, @function
bench_begin:
        ret
        .size   bench_begin, . - bench_begin
        .type   bench_end, @function
bench_end:
        ret
        .size   bench_end, . - bench_end

        .data
        .globl  bench_units, bench_checksum
        .balign 8
bench_units:    .quad 1000
bench_checksum: .quad 0
gates_pointer:  .word (vector + 1) * 16 - 1
                .quad gates
        .balign 4096
page:   .quad   3
        .bss
        .balign 4096
directory_pointers: .skip 4096
directory:      .skip 4096
table:  .skip   4096
gates:  .skip   (vector + 1) * 16
        .balign 16
        .skip   4096
stack_top:
        .section .note.GNU-stack, "", @progbits
