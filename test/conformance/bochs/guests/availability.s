# availability: which x87, SSE and AVX instructions CR0.EM, MP and TS, CR4.OSFXSR and OSXSAVE and XCR0 let through, and which
# fault comes first (#UD, #NM, #MF, #GP, #PF). RAX in a record is MXCSR and the x87 status word.

    .include "harness.inc"

    .equ area, user_writable
    .equ CR0_BASE, 0x80010031       # PG, WP, NE, ET, PE
    .equ CR4_ALL, CR4_START | (1 << 18)
    .equ OSFXSR, 1 << 9
    .equ OSXMMEXCPT, 1 << 10
    .equ OSXSAVE, 1 << 18
    .equ MP, 2
    .equ EM, 4
    .equ TS, 8
    .equ AWAY, 0x123400000000       # Canonical, not mapped
    .equ NOWHERE, 0x8000000000000000

.macro BEGIN
    movl $CR4_ALL, %eax
    movq %rax, %cr4
    xorl %ecx, %ecx
    xorl %edx, %edx
    movl $7, %eax
    xsetbv
    xorl %edx, %edx
    fninit
    leaq area(%rip), %rbx
    movl $0x1f80, (%rbx)
    ldmxcsr (%rbx)
    fxsave (%rbx)
    movq $0, 512(%rbx)
    movq $0, 520(%rbx)
    movq $0, 528(%rbx)
    xorl %eax, %eax
    xorl %ebp, %ebp
.endm
.macro CONTROL0 bits
    movl $CR0_BASE | \bits, %ecx
    movq %rcx, %cr0
.endm
# What is there afterwards, whatever CR0 and CR4 are.
.macro STATE
    movl $CR0_BASE, %eax
    movq %rax, %cr0
    movl $CR4_ALL, %eax
    movq %rax, %cr4
    stmxcsr (%rbx)
    fnstsw 4(%rbx)
    movzwl 4(%rbx), %eax
    shlq $32, %rax
    movl (%rbx), %ecx
    orq %rcx, %rax
.endm

# Under all eight combinations.
.macro UNDER name, bits, instruction
TEST \name\()_\bits
    BEGIN
    CONTROL0 \bits
    \instruction
    STATE
DONE
.endm
.macro EACH name, instruction
    .irp bits, 0, 2, 4, 6, 8, 10, 12, 14
    UNDER \name, \bits, "\instruction"
    .endr
.endm

first_test:
    EACH fld1, "fld1"
    EACH fwait, "fwait"
    EACH fnstsw, "fnstsw %ax"
    EACH fninit, "fninit"
    EACH fldcw, "fldcw (%rbx)"
    EACH x87_undefined, ".byte 0xd9, 0xd1"
    EACH fxsave, "fxsave (%rbx)"
    EACH fxrstor, "fxrstor (%rbx)"
    EACH addps, "addps %xmm1, %xmm0"
    EACH ldmxcsr, "ldmxcsr 24(%rbx)"
    EACH movnti, "movnti %edx, 528(%rbx)"
    EACH sfence, "sfence"
    EACH prefetch, "prefetcht0 (%rbx)"
    EACH crc32, "crc32l %edx, %edx"
    EACH popcnt, "popcntl %edx, %edx"
    EACH pshufb, "pshufb %xmm1, %xmm0"
    EACH vaddps, "vaddps %ymm1, %ymm0, %ymm0"
    EACH vzeroupper, "vzeroupper"
    EACH vldmxcsr, "vldmxcsr 24(%rbx)"
    EACH vpaddb, "vpaddb (%rbx), %ymm0, %ymm0"
    EACH xsave, "xsave (%rbx)"
    EACH xrstor, "xrstor (%rbx)"
    EACH xgetbv, "xorl %ecx, %ecx; xgetbv"

# CR4 and XCR0.
.macro WITHOUT name, what, cr4, xcr0, instruction
TEST \name\()_\what
    BEGIN
    xorl %ecx, %ecx
    movl $\xcr0, %eax
    xsetbv
    movl $CR4_ALL & ~(\cr4), %eax
    movq %rax, %cr4
    xorl %eax, %eax
    \instruction
    STATE
DONE
.endm
.macro ENABLED name, instruction
    WITHOUT \name, no_osfxsr, OSFXSR, 7, "\instruction"
    WITHOUT \name, no_osxsave, OSXSAVE, 7, "\instruction"
    WITHOUT \name, neither, OSXSAVE | OSFXSR, 7, "\instruction"
    WITHOUT \name, x87_only, 0, 1, "\instruction"
    WITHOUT \name, no_avx, 0, 3, "\instruction"
.endm
    ENABLED addps, "addps %xmm1, %xmm0"
    ENABLED ldmxcsr, "ldmxcsr 24(%rbx)"
    ENABLED stmxcsr, "stmxcsr 24(%rbx)"
    ENABLED fxsave, "fxsave (%rbx)"
    ENABLED fxrstor, "fxrstor (%rbx)"
    ENABLED movnti, "movnti %edx, 528(%rbx)"
    ENABLED lfence, "lfence"
    ENABLED crc32, "crc32l %edx, %edx"
    ENABLED vaddps, "vaddps %ymm1, %ymm0, %ymm0"
    ENABLED vaddss, "vaddss %xmm1, %xmm0, %xmm0"
    ENABLED vzeroupper, "vzeroupper"
    ENABLED vstmxcsr, "vstmxcsr 24(%rbx)"
    ENABLED andn, "andnl %edx, %edx, %edx"
    ENABLED xsave, "xsave (%rbx)"
    ENABLED xgetbv, "xorl %ecx, %ecx; xgetbv"

# An unmasked division by zero waits.
.macro PENDING name, bits, instruction
TEST pending_\name\()_\bits
    BEGIN
    movw $0x37b, (%rbx)
    fldcw (%rbx)
    movw $0, (%rbx)
    fld1
    fldz
    fdivrp
    movabsq $AWAY, %rsi
    movabsq $NOWHERE, %rdi
    CONTROL0 \bits
    \instruction
    STATE
DONE
.endm
    .irp instruction, fld1, fwait, fnop, fnclex, fninit, finit, fsin, fldpi, fxam, fincstp
    PENDING \instruction, 2, "\instruction"
    .endr
    PENDING fnstsw, 2, "fnstsw %ax"
    PENDING fstsw, 2, "fstsw %ax"
    PENDING fnstcw, 2, "fnstcw (%rbx)"
    PENDING fldcw, 2, "fldcw (%rbx)"
    PENDING fnstenv, 2, "fnstenv (%rbx)"
    PENDING fldenv, 2, "fldenv (%rbx)"
    PENDING fnsave, 2, "fnsave (%rbx)"
    PENDING frstor, 2, "frstor (%rbx)"
    PENDING fxsave, 2, "fxsave (%rbx)"
    PENDING fxrstor, 2, "fxrstor (%rbx)"
    PENDING xsave, 2, "xsave (%rbx)"
    PENDING addps, 2, "addps %xmm1, %xmm0"
    PENDING vaddps, 2, "vaddps %ymm1, %ymm0, %ymm0"
    PENDING undefined, 2, ".byte 0xd9, 0xd1"
    PENDING flds_away, 2, "flds (%rsi)"
    PENDING flds_nowhere, 2, "flds (%rdi)"
    PENDING fstpt_away, 2, "fstpt (%rsi)"
    PENDING fbld_away, 2, "fbld (%rsi)"
    PENDING fbstp_away, 2, "fbstp (%rsi)"
    PENDING fldenv_away, 2, "fldenv (%rsi)"
    PENDING frstor_nowhere, 2, "frstor (%rdi)"
    PENDING fnstenv_away, 2, "fnstenv (%rsi)"
    PENDING lock, 2, ".byte 0xf0, 0xd9, 0x03"
    PENDING fwait, 0, "fwait"
    PENDING fwait, 8, "fwait"
    PENDING fwait, 10, "fwait"
    PENDING fld1, 8, "fld1"
    PENDING fld1, 4, "fld1"
    PENDING fwait, 6, "fwait"

# What comes first of several.
.macro FIRST name, bits, instruction
TEST first_\name\()_\bits
    BEGIN
    movabsq $AWAY, %rsi
    movabsq $NOWHERE, %rdi
    CONTROL0 \bits
    \instruction
    STATE
DONE
.endm
    .irp bits, 0, 4, 8, 12
    FIRST movaps_unaligned, \bits, "movaps 8(%rbx), %xmm0"
    FIRST movaps_away, \bits, "movaps 8(%rsi), %xmm0"
    FIRST addps_nowhere, \bits, "addps (%rdi), %xmm0"
    FIRST lock_addps, \bits, ".byte 0xf0, 0x0f, 0x58, 0xc1"
    FIRST fxsave_unaligned, \bits, "fxsave 8(%rbx)"
    FIRST fxsave_away, \bits, "fxsave 8(%rsi)"
    FIRST lock_fxsave, \bits, ".byte 0xf0, 0x0f, 0xae, 0x03"
    FIRST vmovaps_unaligned, \bits, "vmovaps 8(%rbx), %ymm0"
    FIRST vmovups_nowhere, \bits, "vmovups (%rdi), %ymm0"
    FIRST rex_vex, \bits, ".byte 0x40, 0xc5, 0xf8, 0x58, 0xc1"
    FIRST flds_away, \bits, "flds (%rsi)"
    FIRST xsave_unaligned, \bits, "xsave 8(%rbx)"
    FIRST xrstor_header, \bits, "movb $1, 517(%rbx); xrstor (%rbx)"
    .endr

# In ring 3, and at an address that is not canonical, which would be #SS.
.macro UNPRIVILEGED name, instruction
TEST unprivileged_\name
    BEGIN
    movabsq $NOWHERE, %rbp
    ENTER_USER 0, uss_top
    \instruction
USER_DONE
.endm
    .irp instruction, lgdt, lidt, lldt, ltr, lmsw
    UNPRIVILEGED \instruction, "\instruction (%rbp)"
    .endr
    UNPRIVILEGED invpcid, "invpcid (%rbp), %rax"
    UNPRIVILEGED xsaves, "xsaves (%rbp)"

# Pointers of 64 bits through the images of FXSAVE64, FXSAVE and the environment; RAX is the image's checksum.
.macro IMAGES name, load, store
TEST image_\name
    PROBE area+1024
    BEGIN
    leaq area(%rip), %rbx
    leaq area+1024(%rip), %rsi
    pcmpeqd %xmm0, %xmm0
    movdqa %xmm0, %xmm9
    psrlw $3, %xmm9
    fldpi
    fldz
    fldl2e
    fxsave64 (%rbx)
    movabsq $0x05a7005a2f040e7f, %rax
    movq %rax, (%rbx)
    movabsq $0x123456789abcdef0, %rax
    movq %rax, 8(%rbx)
    movabsq $0xfedcba9876543210, %rax
    movq %rax, 16(%rbx)
    pxor %xmm0, %xmm0
    pxor %xmm9, %xmm9
    fninit
    \load
    \store
    xorl %eax, %eax
    movl $512 / 8, %ecx
9:  crc32q (%rsi), %rax
    addq $8, %rsi
    decl %ecx
    jnz 9b
DONE
.endm
    .irp load, fxrstor, fxrstor64
    .irp store, fxsave, fxsave64, fnstenv, fnsave
    IMAGES \load\()_\store, "\load (%rbx)", "\store (%rsi)"
    .endr
    IMAGES \load\()_fnstenv16, "\load (%rbx)", ".byte 0x66; fnstenv (%rsi)"
    IMAGES \load\()_fnsave16, "\load (%rbx)", ".byte 0x66; fnsave (%rsi)"
    IMAGES \load\()_through_fldenv, "\load (%rbx); fnstenv (%rsi); fldenv (%rsi)", "fxsave64 (%rsi)"
    IMAGES \load\()_through_frstor, "\load (%rbx); fnsave (%rsi); frstor (%rsi)", "fxsave64 (%rsi)"
    .endr
    jmp all_done
