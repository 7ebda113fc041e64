# kernel64: runs the fuzzer's table of cases in 64-bit mode, one instruction each with TF set, and writes down how each
# ended. Every event arrives on IST 1, so that any RSP will do. Starts in flat 32-bit protected mode at its first byte.

    .include "layout.inc"

    .equ KERNEL_CODE, 0x08
    .equ KERNEL_DATA, 0x10
    .equ TASK_STATE, 0x30
    .equ IST_TOP, ist_top

    .text
    .code32
    .globl _start
_start:
    cli
    movl $KERNEL_DATA, %eax
    lgdt gdt_pointer
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $stack_top, %esp
    movb $0xff, %al                 # No interrupt from outside.
    outb %al, $0x21
    outb %al, $0xa1

# Tables: 1 MiB to 128 MiB as they are, for the supervisor; six 4-KiB pages for all.
    movl $pdpt + 7, pml4
    movl $directory + 7, pdpt
    movl $directory, %edi
    movl $0x83, %eax
    movl $64, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b
    movl $low_table + 3, directory
    movl $low_table + 256 * 8, %edi
    movl $0x100003, %eax
    movl $256, %ecx
1:  movl %eax, (%edi)
    addl $0x1000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b
    movl $tables + 7, directory + (CODE >> 21) * 8
    movl $tables + 0x1007, directory + (DATA >> 21) * 8
    movl $tables + 0x2007, directory + (STACK >> 21) * 8

    movl $0x628, %eax               # OSXMMEXCPT, OSFXSR, PAE, DE
    movl %eax, %cr4
    movl $pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx          # IA32_EFER: NXE, LME; no SYSCALL
    movl $0x900, %eax
    xorl %edx, %edx
    wrmsr
    movl $0x80050033, %eax          # PG, AM, WP, NE, ET, MP, PE
    movl %eax, %cr0
    ljmp $KERNEL_CODE, $start64

    .code64
start64:
    movl $0x68, %eax                # A busy-free 64-bit TSS
    leaq task_state(%rip), %rbx
    leaq gdt + TASK_STATE(%rip), %rdi
    movw $0x67, (%rdi)
    movw %bx, 2(%rdi)
    shrq $16, %rbx
    movb %bl, 4(%rdi)
    movb $0x89, 5(%rdi)
    movb $0, 6(%rdi)
    movb %bh, 7(%rdi)
    movq $0, 8(%rdi)
    leaq ist_top(%rip), %rax
    movq %rax, task_state + 36(%rip)
    leaq stack_top(%rip), %rax
    movq %rax, task_state + 4(%rip)
    movw $0x68, task_state + 102(%rip)
    movw $TASK_STATE, %ax
    ltr %ax
    xorl %eax, %eax
    lldt %ax

# 256 gates to 256 stubs of 16 bytes; #BP and #OF may be called from ring 3.
    leaq idt(%rip), %rdi
    leaq stubs(%rip), %rbx
    xorl %ecx, %ecx
1:  movq %rbx, %rax
    movw %ax, (%rdi)
    movw $KERNEL_CODE, 2(%rdi)
    movw $0x8e01, 4(%rdi)
    leal -3(%rcx), %edx
    cmpl $2, %edx
    jae 2f
    movw $0xee01, 4(%rdi)
2:  shrq $16, %rax
    movw %ax, 6(%rdi)
    movl $0, 8(%rdi)
    movl $0, 12(%rdi)
    addq $16, %rdi
    addq $16, %rbx
    incl %ecx
    cmpl $256, %ecx
    jne 1b
    lidt idt_pointer(%rip)

    call refresh_tables
    movl $WINDOW_PAGES, %ecx
1:  leal -1(%rcx), %eax
    call restore_page
    decl %ecx
    jnz 1b
    movq $INPUT, input(%rip)
    movq $OUTPUT, output(%rip)

next_case:
    decl COUNT
    js exit
    call refresh_tables
    movq input(%rip), %rsi
    addq $RECORD, input(%rip)
    movl IN_CODE_AT(%rsi), %edi     # The code goes in by its frames: that leaves no accessed bits.
    movq (%rsi), %rax
    movq %rax, (%rdi)
    movq 8(%rsi), %rax
    movq %rax, 8(%rdi)
    movq %rdi, code_at(%rip)
    movl IN_OPTIONS(%rsi), %eax
    movl %eax, options(%rip)
    testb $1, %al
    jz 1f
    movzbl %ah, %eax
    shll $9, %eax
    fxrstor64 TEMPLATES(%rax)
1:  xorl %eax, %eax
    movq %rax, %cr2
    movl $0xffff0ff0, %eax
    movq %rax, %dr6
    movw IN_DS(%rsi), %ds
    movw IN_ES(%rsi), %es
    movw IN_FS(%rsi), %fs
    movw IN_GS(%rsi), %gs
    movl $0xc0000100, %ecx
    movl IN_FS_BASE(%rsi), %eax
    movl IN_FS_BASE+4(%rsi), %edx
    wrmsr
    incl %ecx
    movl IN_GS_BASE(%rsi), %eax
    movl IN_GS_BASE+4(%rsi), %edx
    wrmsr
    movzwl IN_SS(%rsi), %eax
    pushq %rax
    pushq IN_GPR+32(%rsi)
    movl IN_FLAGS(%rsi), %eax
    pushq %rax
    movzwl IN_CS(%rsi), %eax
    pushq %rax
    pushq IN_IP(%rsi)
    movq IN_GPR(%rsi), %rax
    movq IN_GPR+8(%rsi), %rcx
    movq IN_GPR+16(%rsi), %rdx
    movq IN_GPR+24(%rsi), %rbx
    movq IN_GPR+40(%rsi), %rbp
    movq IN_GPR+56(%rsi), %rdi
    movq IN_GPR+64(%rsi), %r8
    movq IN_GPR+72(%rsi), %r9
    movq IN_GPR+80(%rsi), %r10
    movq IN_GPR+88(%rsi), %r11
    movq IN_GPR+96(%rsi), %r12
    movq IN_GPR+104(%rsi), %r13
    movq IN_GPR+112(%rsi), %r14
    movq IN_GPR+120(%rsi), %r15
    movq IN_GPR+48(%rsi), %rsi
    iretq

# The vector is on the stack, below the frame and perhaps an error code.
common:
    movq %rdi, saved(%rip)
    movq output(%rip), %rdi
    movq %rax, OUT_GPR(%rdi)
    movq %rcx, OUT_GPR+8(%rdi)
    movq %rdx, OUT_GPR+16(%rdi)
    movq %rbx, OUT_GPR+24(%rdi)
    movq %rbp, OUT_GPR+40(%rdi)
    movq %rsi, OUT_GPR+48(%rdi)
    movq saved(%rip), %rax
    movq %rax, OUT_GPR+56(%rdi)
    movq %r8, OUT_GPR+64(%rdi)
    movq %r9, OUT_GPR+72(%rdi)
    movq %r10, OUT_GPR+80(%rdi)
    movq %r11, OUT_GPR+88(%rdi)
    movq %r12, OUT_GPR+96(%rdi)
    movq %r13, OUT_GPR+104(%rdi)
    movq %r14, OUT_GPR+112(%rdi)
    movq %r15, OUT_GPR+120(%rdi)
    cld
    popq %rax
    movl %eax, OUT_VECTOR(%rdi)
    movl $-1, %eax
    leaq ist_top - 40(%rip), %rbx
    cmpq %rbx, %rsp
    je 1f
    popq %rax
1:  movl %eax, OUT_ERROR(%rdi)
    movq (%rsp), %rax
    movq %rax, OUT_IP(%rdi)
    movq 8(%rsp), %rax
    movw %ax, OUT_CS(%rdi)
    movq 16(%rsp), %rax
    movq %rax, OUT_FLAGS(%rdi)
    movq 24(%rsp), %rax
    movq %rax, OUT_GPR+32(%rdi)
    movq 32(%rsp), %rax
    movw %ax, OUT_SS(%rdi)
    leaq stack_top(%rip), %rsp
    movq %cr2, %rax
    movq %rax, OUT_CR2(%rdi)
    movq %dr6, %rax
    movl %eax, OUT_DR6(%rdi)
    movw %ds, OUT_DS(%rdi)
    movw %es, OUT_ES(%rdi)
    movw %fs, OUT_FS(%rdi)
    movw %gs, OUT_GS(%rdi)
    movl $0xc0000100, %ecx
    rdmsr
    movl %eax, OUT_FS_BASE(%rdi)
    movl %edx, OUT_FS_BASE+4(%rdi)
    incl %ecx
    rdmsr
    movl %eax, OUT_GS_BASE(%rdi)
    movl %edx, OUT_GS_BASE+4(%rdi)
    movl $KERNEL_DATA, %eax
    movw %ax, %ds
    movw %ax, %es

    xorl %r8d, %r8d                 # The x87 and SSE state
    xorl %ebx, %ebx
    testb $1, options(%rip)
    jz 1f
    fxsave64 FXAREA
    movl $FXAREA, %esi
    movzwl 2(%rsi), %ebx
    movw $0, 2(%rsi)
    movw $0, 6(%rsi)                # FOP, FIP, FDP
    movq $0, 8(%rsi)
    movq $0, 16(%rsi)
    movl $416 / 8, %ecx
2:  crc32q (%rsi), %r8
    addq $8, %rsi
    decl %ecx
    jnz 2b
1:  movq %r8, OUT_FX(%rdi)
    movl %ebx, OUT_STATUS(%rdi)

    xorl %r9d, %r9d                 # Pages: the last six entries of all three tables
    xorl %r8d, %r8d
    movl $WINDOW_PAGES - 1, %ebp
1:  movl %ebp, %eax
    shrl $1, %eax
    shll $12, %eax
    movl %ebp, %ecx
    andl $1, %ecx
    leaq (%rax,%rcx,8), %rax
    movl tables(%rax), %eax
    andl $0x60, %eax
    movb %al, OUT_PAGES(%rdi,%rbp)
    testb $0x40, %al
    jz 2f
    movl %ebp, %esi
    shll $12, %esi
    addl $FRAMES, %esi
    movl $64, %ecx
3:  crc32q (%rsi), %r8
    crc32q 8(%rsi), %r8
    crc32q 16(%rsi), %r8
    crc32q 24(%rsi), %r8
    crc32q 32(%rsi), %r8
    crc32q 40(%rsi), %r8
    crc32q 48(%rsi), %r8
    crc32q 56(%rsi), %r8
    addq $64, %rsi
    decl %ecx
    jnz 3b
    crc32l %ebp, %r8d
    movl %ebp, %eax
    call restore_page
    movq output(%rip), %rdi
2:  decl %ebp
    jns 1b
    movq %r8, OUT_MEMORY(%rdi)
    movq $0, OUT_PAGES+6(%rdi)      # The rest of the quadword, and padding
    movq output(%rip), %rdi
    movq code_at(%rip), %rsi
    movabsq $0xcccccccccccccccc, %rax
    movq %rax, (%rsi)
    movq %rax, 8(%rsi)
    addq $RECORD, output(%rip)
    jmp next_case

# restore_page: gives the page of number EAX its content; changes RSI, RDI, RCX (saved by none) but not EBP, R8.
restore_page:
    pushq %rcx
    shll $12, %eax
    leaq PRISTINE(%rax), %rsi
    leaq FRAMES(%rax), %rdi
    movl $512, %ecx
    rep movsq
    popq %rcx
    ret

# refresh_tables: the six pages present, writable, for users, neither accessed nor dirty.
refresh_tables:
    movq $FRAMES + 7, tables
    movq $FRAMES + 0x1007, tables + 8
    movq $FRAMES + 0x2007, tables + 0x1000
    movq $FRAMES + 0x3007, tables + 0x1008
    movq $FRAMES + 0x4007, tables + 0x2000
    movq $FRAMES + 0x5007, tables + 0x2008
    invlpg CODE
    invlpg CODE + 0x1000
    invlpg DATA
    invlpg DATA + 0x1000
    invlpg STACK
    invlpg STACK + 0x1000
    ret

    .globl exit
exit:
    xorl %eax, %eax
    outl %eax, $0xf4
1:  jmp 1b

    .balign 16
stubs:
    .set number, 0
    .rept 256
    .balign 16
    pushq $number
    jmp common
    .set number, number + 1
    .endr

    .data
    .balign 16
gdt:
    .quad 0
    .quad 0x00af9b000000ffff        # 0x08 code, 64 bits
    .quad 0x00cf93000000ffff        # 0x10 data
    .quad 0x00cffb000000ffff        # 0x18 code, 32 bits, ring 3
    .quad 0x00cff3000000ffff        # 0x20 data, ring 3
    .quad 0x00affb000000ffff        # 0x28 code, 64 bits, ring 3
    .quad 0, 0                      # 0x30 TSS
    .quad 0x00af9f000000ffff        # 0x40 conforming code, 64 bits
    .quad 0x00cf73000000ffff        # 0x48 data, not present
    .quad 0x0040f7000000ffff        # 0x50 expand-down data, ring 3
    .quad 0x00cf9b000000ffff        # 0x58 code, 32 bits
    .quad 0x00cff1000000ffff        # 0x60 read-only data, ring 3
    .quad 0x00aff9000000ffff        # 0x68 execute-only code, 64 bits, ring 3
    .quad 0x00afff000000ffff        # 0x70 conforming code, 64 bits, ring 3
    .quad 0x002f7b000000ffff        # 0x78 code, not present
    .quad 0x00009b000000ffff        # 0x80 code, 16 bits
    .quad 0x0000fb000000ffff        # 0x88 code, 16 bits, ring 3
    .quad 0x0000f30000000fff        # 0x90 small data, ring 3
    .quad 0x00ef9b000000ffff        # 0x98 code with L and D
    .quad 0x000082000000ffff        # 0xa0 LDT
    .quad 0
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .quad gdt
idt_pointer:
    .word 256 * 16 - 1
    .quad idt

    .bss
    .balign 4096
pml4:        .skip 4096
pdpt:        .skip 4096
directory:   .skip 4096
low_table:   .skip 4096
tables:      .skip 4096 * 3
idt:         .skip 4096
task_state:  .skip 128
ist:         .skip 1024
ist_top:     .skip 16
stack:       .skip 1024
stack_top:   .skip 16
input:       .skip 8
output:      .skip 8
saved:       .skip 8
code_at:     .skip 8
options:     .skip 8
