/*
 * A SYSCALL and SYSRET round trip: a loop at CPL 3 calls the kernel, which returns at once; after `bench_units` rounds
 * it calls with another number and the kernel ends. Runs from the `long64` state.
 */
        .set    window, 0x8000000000            /* the second PML4 entry, where user code is mapped */
        .set    efer, 0xc0000080
        .set    star, 0xc0000081
        .set    lstar, 0xc0000082
        .set    sfmask, 0xc0000084
        .section .text.start, "ax", @progbits
        .globl  _start, bench_begin, bench_end
        .type   _start, @function
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
        /* The user's page: present, writable, user at every level. */
        movq    %cr3, %rax
        leaq    directory_pointers + 7(%rip), %rcx
        movq    %rcx, 8(%rax)
        leaq    directory + 7(%rip), %rcx
        movq    %rcx, directory_pointers(%rip)
        leaq    table + 7(%rip), %rcx
        movq    %rcx, directory(%rip)
        leaq    user_page + 7(%rip), %rcx
        movq    %rcx, table(%rip)
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
1:      movq    %r13, bench_checksum(%rip)
        leaq    stack_top(%rip), %rsp
        call    bench_end
        xorl    %eax, %eax
        cmpq    bench_units(%rip), %r13
        setne   %al
        outl    %eax, $0xf4
2:      hlt
        jmp     2b
        .size   entry, . - entry

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
        .balign 4096
user_page:
3:      syscall
        decq    %rbx
        jnz     3b
        movl    $1, %eax
        syscall
        .balign 4096
        .bss
        .balign 4096
directory_pointers: .skip 4096
directory:      .skip 4096
table:  .skip   4096
        .balign 16
        .skip   4096
stack_top:
        .section .note.GNU-stack, "", @progbits
