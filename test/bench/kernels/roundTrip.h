/*
 * Comes before the source of every round trip: gates, the marks around what is measured, and the end. A round trip has
 * `_start` in .text.start, makes `bench_units` rounds between `call bench_begin` and `finish`, and runs at CPL 0 from the
 * `long64` state. Port 0xe9 is for machines that cannot be stopped at a symbol: it gets 2 at the beginning, 3 at the end,
 * then the checksum in hexadecimal and a newline.
 */
        .set    window, 0x8000000000            /* the second PML4 entry: no one else's */
        .set    mark_port, 0xe9
        .set    exit_port, 0xf4

        .globl  _start, bench_begin, bench_end
        .type   _start, @function

        /* A 64-bit interrupt gate in the code segment that is in use; `access` 0xee lets CPL 3 call it. */
        .macro  gate vector, handler, access=0x8e
        leaq    \handler(%rip), %rax
        leaq    gates + \vector * 16(%rip), %rdi
        movw    %ax, (%rdi)
        movw    %cs, 2(%rdi)
        movw    $(\access << 8), 4(%rdi)
        shrq    $16, %rax
        movw    %ax, 6(%rdi)
        shrq    $16, %rax
        movl    %eax, 8(%rdi)
        lidt    gates_pointer(%rip)
        .endm

        /* Maps the page at `window` to what `entry`, a page-table entry with its flags, says. */
        .macro  map_window entry, flags
        movq    %cr3, %rax
        leaq    directory_pointers + 7(%rip), %rcx
        movq    %rcx, 8(%rax)
        leaq    directory + 7(%rip), %rcx
        movq    %rcx, directory_pointers(%rip)
        leaq    table + 7(%rip), %rcx
        movq    %rcx, directory(%rip)
        leaq    \entry + \flags(%rip), %rcx
        movq    %rcx, table(%rip)
        .endm

        .text
        .type   bench_begin, @function
bench_begin:
        movb    $2, %al
        outb    %al, $mark_port
        ret
        .size   bench_begin, . - bench_begin
        .type   bench_end, @function
bench_end:
        movb    $3, %al
        outb    %al, $mark_port
        ret
        .size   bench_end, . - bench_end

        /* Jumped to after the last round at CPL 0: %r13 is the checksum, %rax what it must be. */
        .type   finish, @function
finish:
        leaq    stack_top(%rip), %rsp
        movq    %rax, %rbx
        movq    %r13, bench_checksum(%rip)
        call    bench_end
        movl    $16, %ecx
1:      rolq    $4, %r13
        movl    %r13d, %eax
        andl    $15, %eax
        leaq    digits(%rip), %rdx
        movb    (%rdx, %rax), %al
        outb    %al, $mark_port
        loop    1b
        movb    $'\n', %al
        outb    %al, $mark_port
        xorl    %eax, %eax
        cmpq    %rbx, %r13
        setne   %al
        outl    %eax, $exit_port
2:      hlt
        jmp     2b
        .size   finish, . - finish

        .data
        .globl  bench_units, bench_checksum
        .balign 8
bench_units:    .quad 1000
bench_checksum: .quad 0
gates_pointer:  .word 256 * 16 - 1
                .quad gates
digits: .ascii  "0123456789abcdef"
        .bss
        .balign 4096
directory_pointers: .skip 4096
directory:      .skip 4096
table:  .skip   4096
gates:  .skip   4096
        .skip   4096
stack_top:
        .section .note.GNU-stack, "", @progbits
        .section .text.start, "ax", @progbits
