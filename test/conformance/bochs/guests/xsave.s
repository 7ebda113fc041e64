# xsave: XGETBV, XSETBV and what the XSAVE family saves, restores and refuses. Images lie in `area`, the start of the
# page `user_writable`; RAX in a record is the CRC-32C of an image, the probe its header.

    .include "harness.inc"

    .equ area, user_writable
    .equ other, supervisor_writable
    .equ header, area+512
    .equ IMAGE, 1024
    .equ CR4_XSAVE, CR4_START | (1 << 18)
    .equ X87_SSE, 3
    .equ USER_STATE, X87_SSE
    .equ CET_U, 1 << 11
    .equ CET_S, 1 << 12
    .equ ALL_STATE, USER_STATE | CET_U | CET_S
    .equ XSS, 0xda0

# CR4.OSXSAVE, XCR0 and IA32_XSS as most tests want them; x87 and SSE state from an FXSAVE image.
.macro BEGIN image
    movl $CR4_XSAVE, %eax
    movq %rax, %cr4
    XCR0 X87_SSE, 0
    MSR XSS, CET_U | CET_S
    fxrstor64 \image(%rip)
    PROBE header
.endm
.macro XCR0 low, high
    xorl %ecx, %ecx
    movl $\low, %eax
    movl $\high, %edx
    xsetbv
.endm
.macro MASK low
    movl $\low, %eax
    xorl %edx, %edx
.endm
# Everything that was never written shows.
.macro FILL at
    leaq ALIAS+\at(%rip), %rdi
    movl $IMAGE / 8, %ecx
    movabsq $0xa5a5a5a5a5a5a5a5, %rax
    cld
    rep stosq
.endm
.macro CHECKSUM at
    leaq ALIAS+\at(%rip), %rsi
    movl $IMAGE / 8, %ecx
    xorl %eax, %eax
9:  crc32q (%rsi), %rax
    addq $8, %rsi
    decl %ecx
    jnz 9b
.endm
# The state as XSAVES sees it.
.macro STATE_CHECKSUM
    FILL other
    MASK ALL_STATE
    xsaves64 ALIAS+other(%rip)
    CHECKSUM other
.endm
.macro CET_STATE
    MSR U_CET, SH_STK_EN | 0x10
    MSR_ADDRESS PL3_SSP, uss_top
    MSR_ADDRESS PL0_SSP, ss_top
    MSR_ADDRESS PL1_SSP, 0x1000
    MSR_ADDRESS PL2_SSP, 0x2004
.endm

# One save: the image over a filled area.
.macro SAVE name, instruction, mask, image=filled
TEST \name
    BEGIN \image
    CET_STATE
    FILL area
    movq $0, ALIAS+header(%rip)
    MASK \mask
    \instruction area(%rip)
    CHECKSUM area
DONE
.endm

# One restore: from a header and the filled image, into other state; what the state is then.
.macro RESTORE name, instruction, mask, xstate, xcomp, mxcsr=0x3fa0, extra=0, at=16
TEST \name
    BEGIN other_state
    CET_STATE
    FILL area
    leaq filled(%rip), %rsi
    leaq ALIAS+area(%rip), %rdi
    movl $512 / 8, %ecx
    rep movsq
    movl $\mxcsr, ALIAS+area+24(%rip)
    leaq ALIAS+header(%rip), %rdi
    movl $64 / 8, %ecx
    xorl %eax, %eax
    rep stosq
    movabsq $\xstate, %rax
    movq %rax, ALIAS+header(%rip)
    movabsq $\xcomp, %rax
    movq %rax, ALIAS+header+8(%rip)
    movl $\extra, %eax
    orq %rax, ALIAS+header+\at(%rip)
    # Compacted components follow the header: plausible values, in any order.
    movq $0x14, ALIAS+area+576(%rip)
    movq $0x3000, ALIAS+area+584(%rip)
    movq $0x4000, ALIAS+area+592(%rip)
    movq $0x5000, ALIAS+area+600(%rip)
    movq $0x6000, ALIAS+area+608(%rip)
    movq $0x7000, ALIAS+area+616(%rip)
    MASK \mask
    \instruction area(%rip)
    STATE_CHECKSUM
DONE
.endm
.macro SETS name, low, high, index=0
TEST \name
    BEGIN initial
    movl $\index, %ecx
    movl $\low, %eax
    movl $\high, %edx
    xsetbv
    xorl %ecx, %ecx
    xgetbv
DONE
.endm
.macro UNDEFINED name, instruction, operand
TEST \name
    BEGIN initial
    movl $CR4_START, %eax
    movq %rax, %cr4
    xorl %ecx, %ecx
    movl $3, %eax
    xorl %edx, %edx
    \instruction \operand
DONE
.endm

    .equ COMPACT, 0x8000000000000000

first_test:
SETS xcr0_x87, 1, 0
SETS xcr0_x87_sse, 3, 0
SETS xcr0_zero, 0, 0
SETS xcr0_without_x87, 2, 0
SETS xcr0_avx_without_sse, 5, 0
SETS xcr0_high, 3, 1
SETS xcr0_bit63, 3, 0x80000000
SETS xcr0_supervisor_bit, 0x803, 0
SETS xcr1, 3, 0, 1
SETS xcr_high, 3, 0, 0x80000000
UNDEFINED off_xgetbv, xgetbv
UNDEFINED off_xsetbv, xsetbv
UNDEFINED off_xsave, xsave, "area(%rip)"
UNDEFINED off_xsavec, xsavec, "area(%rip)"
UNDEFINED off_xsaveopt, xsaveopt, "area(%rip)"
UNDEFINED off_xsaves, xsaves, "area(%rip)"
UNDEFINED off_xrstor, xrstor, "area(%rip)"
UNDEFINED off_xrstors, xrstors, "area(%rip)"

TEST xgetbv_in_use_initial
    BEGIN initial
    movl $1, %ecx
    xgetbv
DONE
TEST xgetbv_in_use_filled
    BEGIN filled
    movl $1, %ecx
    xgetbv
DONE
TEST xgetbv_2
    BEGIN initial
    movl $2, %ecx
    xgetbv
DONE

# 0DH: sizes and offsets of what is enabled.
.macro LEAF name, leaf, register, xcr0=USER_STATE, xss=0
TEST \name
    BEGIN initial
    XCR0 \xcr0, 0
    MSR XSS, \xss
    movl $0xd, %eax
    movl $\leaf, %ecx
    cpuid
    movl %\register, %eax
DONE
.endm
LEAF leaf0_size_x87, 0, ebx, 1
LEAF leaf0_size_sse, 0, ebx, 3
LEAF leaf1_size_sse, 1, ebx, 3
LEAF leaf1_size_cet_u, 1, ebx, 0x3, CET_U
LEAF leaf1_size_cet, 1, ebx, 0x3, CET_U|CET_S
LEAF leaf1_size_cet_s, 1, ebx, 3, CET_S
LEAF leaf11_size, 11, eax
LEAF leaf11_offset, 11, ebx
LEAF leaf11_flags, 11, ecx
LEAF leaf12_size, 12, eax
LEAF leaf12_flags, 12, ecx
LEAF leaf13, 13, eax
LEAF leaf62, 62, eax

TEST xss_mask
    BEGIN initial
    MSR XSS, CET_U | CET_S
    rdmsr
DONE
TEST xss_user_bit
    BEGIN initial
    MSR XSS, 1
DONE
TEST xss_high
    BEGIN initial
    MSR XSS, 0x100000000
DONE

SAVE xsave_all, xsave64, ALL_STATE
SAVE xsave_none, xsave64, 0
SAVE xsave_x87, xsave64, 1
SAVE xsave_sse, xsave64, 2
SAVE xsave_mxcsr_by_avx, xsave64, 4
SAVE xsave_initial, xsave64, ALL_STATE, initial
SAVE xsaveopt_all, xsaveopt64, ALL_STATE
SAVE xsaveopt_x87, xsaveopt64, 1
SAVE xsaveopt_initial, xsaveopt64, ALL_STATE, initial
SAVE xsavec_all, xsavec64, ALL_STATE
SAVE xsavec_none, xsavec64, 0
SAVE xsavec_sse, xsavec64, 2
SAVE xsavec_x87, xsavec64, 1
SAVE xsavec_initial, xsavec64, ALL_STATE, initial
SAVE xsavec_mxcsr, xsavec64, ALL_STATE, only_mxcsr
SAVE xsaves_all, xsaves64, ALL_STATE
SAVE xsaves_cet_u, xsaves64, CET_U
SAVE xsaves_cet_s, xsaves64, CET_S
SAVE xsaves_sse_cet_s, xsaves64, 2|CET_S
SAVE xsaves_initial, xsaves64, ALL_STATE, initial

TEST xsave_keeps_other_bits
    BEGIN filled
    FILL area
    MASK X87_SSE
    xsave64 area(%rip)
    CHECKSUM area
DONE
TEST xsave_clears_initial_bits
    BEGIN initial
    FILL area
    MASK USER_STATE
    xsave64 area(%rip)
    CHECKSUM area
DONE
.macro REFUSED name, instruction, cr0=CR0_START, offset=0
TEST \name
    BEGIN filled
    movl $\cr0, %eax
    movq %rax, %cr0
    MASK 3
    \instruction area+\offset(%rip)
    CHECKSUM area
DONE
.endm
REFUSED xsave_misaligned, xsave64, CR0_START, 16
REFUSED xsavec_misaligned, xsavec64, CR0_START, 32
REFUSED xsaves_misaligned, xsaves64, CR0_START, 8
REFUSED xrstor_misaligned, xrstor64, CR0_START, 32
REFUSED xrstors_misaligned, xrstors64, CR0_START, 1
REFUSED xsave_task_switched, xsave64, CR0_START|8
REFUSED xsaves_task_switched, xsaves64, CR0_START|8
REFUSED xrstor_task_switched, xrstor64, CR0_START|8
REFUSED xsave_emulate, xsave64, CR0_START|4
REFUSED xsave_task_switched_misaligned, xsave64, CR0_START|8, 8

RESTORE xrstor_all, xrstor64, USER_STATE, USER_STATE, 0
RESTORE xrstor_none_present, xrstor64, USER_STATE, 0, 0
RESTORE xrstor_x87, xrstor64, 1, USER_STATE, 0
RESTORE xrstor_sse, xrstor64, 2, USER_STATE, 0
RESTORE xrstor_sse_absent, xrstor64, 2, 1, 0
RESTORE xrstor_nothing_asked, xrstor64, 0, USER_STATE, 0
RESTORE xrstor_unknown_present, xrstor64, USER_STATE, 0x1003, 0
RESTORE xrstor_high_present, xrstor64, USER_STATE, 0x100000003, 0
RESTORE xrstor_format_not_compact, xrstor64, USER_STATE, 3, 3
RESTORE xrstor_reserved_quadword, xrstor64, USER_STATE, 3, 0, 0x1fa0, 1, 16
RESTORE xrstor_ignored_quadword, xrstor64, USER_STATE, 3, 0, 0x1fa0, 1, 24
RESTORE xrstor_bad_mxcsr, xrstor64, USER_STATE, 3, 0, 0x10000
RESTORE xrstor_bad_mxcsr_not_present, xrstor64, USER_STATE, 1, 0, 0x10000
RESTORE xrstor_bad_mxcsr_not_asked, xrstor64, 1, 3, 0, 0x10000
RESTORE xrstor_compact, xrstor64, USER_STATE, 3, COMPACT|3
RESTORE xrstor_compact_sse_absent, xrstor64, USER_STATE, 1, COMPACT|3
RESTORE xrstor_compact_not_in_format, xrstor64, USER_STATE, 3, COMPACT|1
RESTORE xrstor_compact_supervisor, xrstor64, USER_STATE, 3, COMPACT|0x803
RESTORE xrstor_compact_format_high, xrstor64, USER_STATE, 3, COMPACT|0x100000003
RESTORE xrstor_compact_reserved, xrstor64, USER_STATE, 3, COMPACT|3, 0x1fa0, 1, 56
RESTORE xrstor_compact_bad_mxcsr, xrstor64, USER_STATE, 3, COMPACT|3, 0x10000
RESTORE xrstor_compact_bad_mxcsr_absent, xrstor64, USER_STATE, 1, COMPACT|3, 0x10000
RESTORE xrstors_all, xrstors64, ALL_STATE, X87_SSE|CET_S, COMPACT|X87_SSE|CET_S
RESTORE xrstors_cet_u, xrstors64, CET_U, CET_U, COMPACT|CET_U
RESTORE xrstors_cet_both, xrstors64, CET_U|CET_S, CET_U|CET_S, COMPACT|CET_U|CET_S
RESTORE xrstors_cet_absent, xrstors64, CET_U|CET_S, 0, COMPACT|CET_U|CET_S
RESTORE xrstors_not_compact, xrstors64, ALL_STATE, X87_SSE, 0
RESTORE xrstors_not_in_format, xrstors64, ALL_STATE, CET_U, COMPACT|3
RESTORE xrstors_unknown, xrstors64, ALL_STATE, 3, COMPACT|0x2003
RESTORE xrstors_bad_ssp, xrstors64, CET_S, CET_S, COMPACT|CET_S

.macro ALTERED name, component, offset, value
TEST \name
    BEGIN other_state
    CET_STATE
    movq $\component, ALIAS+header(%rip)
    movabsq $COMPACT|\component, %rax
    movq %rax, ALIAS+header+8(%rip)
    movabsq $\value, %rax
    movq %rax, ALIAS+area+576+\offset(%rip)
    MASK \component
    xrstors64 area(%rip)
    STATE_CHECKSUM
DONE
.endm
ALTERED cet_u_reserved, CET_U, 0, 0x40
ALTERED cet_u_suppress_and_tracker, CET_U, 0, 0xc00
ALTERED cet_u_bitmap, CET_U, 0, 0x7ffffffff000
ALTERED cet_u_not_canonical, CET_U, 0, 0x800000000000
ALTERED cet_u_ssp_low_bits, CET_U, 8, 2
ALTERED cet_u_ssp_not_canonical, CET_U, 8, 0x800000000000
ALTERED cet_s_ssp0_low_bits, CET_S, 0, 1
ALTERED cet_s_ssp1_low_bits, CET_S, 8, 1
ALTERED cet_s_ssp2_not_canonical, CET_S, 16, 0x800000000000

# Ring 3.
.macro FROM_USER name, instruction, operand
TEST \name
    BEGIN filled
    ENTER_USER 0, 0
    movl $3, %eax
    xorl %edx, %edx
    xorl %ecx, %ecx
    \instruction \operand
USER_DONE
.endm
FROM_USER user_xgetbv, xgetbv
FROM_USER user_xsetbv, xsetbv
FROM_USER user_xsave, xsave64, "area(%rip)"
FROM_USER user_xsavec, xsavec64, "area(%rip)"
FROM_USER user_xsaves, xsaves64, "area(%rip)"
FROM_USER user_xsaves_misaligned, xsaves64, "area+1(%rip)"
FROM_USER user_xrstors, xrstors64, "area(%rip)"

TEST last
    jmp all_done
7:

    .data
    .balign 64
# FXSAVE images: initial state; everything filled; other values; MXCSR alone away from its initial value.
.macro FX_IMAGE control, status, tags, mxcsr, start, step
    .word \control, \status
    .byte \tags, 0
    .word 0
    .quad 0, 0
    .long \mxcsr, 0
    .set value, \start
    .rept 8
    .quad value * 0x0101010101010101
    .quad value
    .set value, value + \step
    .endr
    .rept 32
    .quad value * 0x0103050709
    .set value, value + \step
    .endr
    .skip 96
.endm
initial:     FX_IMAGE 0x37f, 0, 0, 0x1f80, 0, 0
filled:      FX_IMAGE 0x27f, 0x3000, 0x81, 0x3fa0, 3, 1
other_state: FX_IMAGE 0x33f, 0x1800, 0x0f, 0x5f80, 70, 2
only_mxcsr:  FX_IMAGE 0x37f, 0, 0, 0x5f80, 0, 0
