/*
 * Puts a processor that multiboot started into the `long64` state, or with -DPROTECTED32 into `protected32`, and jumps
 * to 1 MiB, where QEMU's loader device has put the guest (whose entry is the first byte of its text). Linked at 0x90000,
 * out of a guest's way.
 */
        .set    tables, 0x1000
        .set    stack_top, 0x80000
        .set    entry, 0x100000
        .section .text.start, "ax", @progbits
        .balign 4
        .long   0x1badb002, 0, -0x1badb002
        .code32
        .globl  start
start:
        cld
#ifdef PROTECTED32
        lgdt    gdt_pointer
        ljmp    $24, $1f
1:      movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        movl    $stack_top, %esp
        movl    $entry, %eax
        jmp     *%eax
#else
        /* PML4, PDPT, and four directories of 2 MiB pages that map 4 GiB to itself. */
        movl    $tables, %edi
        xorl    %eax, %eax
        movl    $0x1800, %ecx
        rep stosl
        movl    $tables + 0x1003, tables
        movl    $tables + 0x2003, tables + 0x1000
        movl    $tables + 0x3003, tables + 0x1008
        movl    $tables + 0x4003, tables + 0x1010
        movl    $tables + 0x5003, tables + 0x1018
        movl    $tables + 0x2000, %edi
        movl    $0x83, %eax
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        cmpl    $tables + 0x6000, %edi
        jb      1b
        movl    $tables, %eax
        movl    %eax, %cr3
        movl    $0x620, %eax
        movl    %eax, %cr4
        movl    $0xc0000080, %ecx
        movl    $0x901, %eax
        xorl    %edx, %edx
        wrmsr
        movl    $0x80010033, %eax
        movl    %eax, %cr0
        lgdt    gdt_pointer
        ljmp    $8, $2f
        .code64
2:      movl    $16, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %eax, %fs
        movl    %eax, %gs
        movl    $stack_top, %esp
        xorl    %edi, %edi
        xorl    %esi, %esi
        movl    $entry, %eax
        jmp     *%rax
#endif

        .balign 8
gdt:    .quad   0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
gdt_pointer:
        .word   . - gdt - 1
        .long   gdt
        .section .note.GNU-stack, "", @progbits
