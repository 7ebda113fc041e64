/*
 * Four address spaces in turn, each with eight pages of its own at the same addresses: a round is a MOV to CR3 and a
 * read of each page. With PCIDS defined, every space has its PCID and the moves keep the translations.
 */
        .set    spaces, 4
        .set    pages, 8
        .set    cr4_pcide, 0x20000
_start:
        .cfi_startproc
        .cfi_undefined rip
        leaq    stack_top(%rip), %rsp
#ifdef PCIDS
        movq    %cr4, %rax
        orq     $cr4_pcide, %rax
        movq    %rax, %cr4
#endif
        /* Tables of space %rsi are five pages at `tables`: PML4, PDPT, directory, page table, and the page behind it. */
        movq    %cr3, %rax
        movq    (%rax), %rdx                    /* the first 512 GiB are everybody's */
        xorl    %esi, %esi
1:      imulq   $0x5000, %rsi, %rdi
        leaq    tables(%rip), %rax
        addq    %rax, %rdi
        movq    %rdx, (%rdi)
        leaq    0x1003(%rdi), %rax
        movq    %rax, 8(%rdi)
        leaq    0x2003(%rdi), %rax
        movq    %rax, 0x1000(%rdi)
        leaq    0x3003(%rdi), %rax
        movq    %rax, 0x2000(%rdi)
        leaq    0x4003(%rdi), %rax
        xorl    %ecx, %ecx
2:      movq    %rax, 0x3000(%rdi, %rcx, 8)
        incl    %ecx
        cmpl    $pages, %ecx
        jne     2b
        leaq    1(%rsi), %rax
        movq    %rax, 0x4000(%rdi)
#ifdef PCIDS
        leaq    1(%rdi, %rsi), %rdi             /* PCIDs from 1 on; bit 63 keeps translations */
        btsq    $63, %rdi
#endif
        leaq    roots(%rip), %rax
        movq    %rdi, (%rax, %rsi, 8)
        incl    %esi
        cmpl    $spaces, %esi
        jne     1b

        movq    $window, %rbx
        leaq    roots(%rip), %r12
        xorl    %r13d, %r13d
        xorl    %esi, %esi
        movq    bench_units(%rip), %r14
        call    bench_begin
3:      movq    (%r12, %rsi, 8), %rax
        movq    %rax, %cr3
        leal    1(%rsi), %esi
        andl    $spaces - 1, %esi
        .set    page, 0
        .rept   pages
        addq    page * 0x1000(%rbx), %r13
        .set    page, page + 1
        .endr
        decq    %r14
        jnz     3b
        /* Space s reads s + 1 from each of its pages: 10 pages' worth in four rounds, then 1, 3, 6. */
        movq    bench_units(%rip), %rcx
        movq    %rcx, %rax
        shrq    $2, %rax
        imulq   $10, %rax, %rax
        andl    $3, %ecx
        leal    1(%rcx), %edx
        imull   %ecx, %edx
        shrl    $1, %edx
        addq    %rdx, %rax
        imulq   $pages, %rax, %rax
        jmp     finish
        .cfi_endproc
        .size   _start, . - _start

        .bss
        .balign 4096
tables: .skip   0x5000 * spaces
roots:  .skip   8 * spaces
