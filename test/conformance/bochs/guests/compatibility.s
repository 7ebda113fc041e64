# compatibility: 32-bit code in ring 3 under a 64-bit kernel. Near transfers move 4 bytes of the shadow stack, far ones
# 24; the restore token says which mode it was made in; SSP has to fit into 32 bits.

    .include "harness.inc"

# As ENTER_USER, to 32-bit code. Its data segments are loaded here: they have to be usable there.
.macro ENTER_COMPATIBILITY u_cet, ssp, ssp_high=0
    MSR U_CET, \u_cet
    movl $PL3_SSP, %ecx
    movl $\ssp, %eax
    movl $\ssp_high, %edx
    wrmsr
    movl $USER_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    pushq $USER_DATA
    pushq $user_stack_top
    pushq $2
    pushq $USER_CODE32
    pushq $8f
    iretq
    .code32
8:
.endm
.macro DONE32
    int $INT_DONE
    .code64
7:
.endm

first_test:
# Near CALL and RET.
.macro NEAR name, ssp, instruction:vararg
TEST \name
    PROBE \ssp-16
    ENTER_COMPATIBILITY SH_STK_EN, \ssp
    movl $landing, %ebx
    \instruction
DONE32
.endm
NEAR call_returns, uss_top-64, call returns
NEAR call_pushes, uss_top-64, call stays
NEAR call_pushes_unaligned, uss_top-60, call stays
NEAR call_register, uss_top-64, call *%ebx
NEAR call_next, uss_top-64, .byte 0xe8, 0, 0, 0, 0
NEAR ret_immediate, uss_top-64, call returns_16
NEAR ret_mismatch, uss_top-64, call smashes
NEAR call_no_shadow_page, ss_top-64, call stays
NEAR call_below_the_page, uss, call stays
TEST ret_ignores_upper_half
    PUT uss_top-64, 0x1234567800000000+landing
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-64
    pushl $landing
    ret
DONE32

# The shadow-stack instructions in their 32-bit forms.
.macro PLAIN name, ssp, instruction:vararg
TEST \name
    PROBE uss_top-128
    ENTER_COMPATIBILITY SH_STK_EN | WR_SHSTK_EN, \ssp
    movl $3, %eax
    movl $uss_top-128, %ebx
    \instruction
DONE32
.endm
PLAIN rdsspd, uss_top-60, rdsspd %eax
PLAIN incsspd, uss_top-64, incsspd %eax
PLAIN incsspd_past_the_end, uss_top-8, incsspd %eax
PLAIN wrssd, uss_top-64, wrssd %eax, (%ebx)
PLAIN wrssd_at_4, uss_top-64, wrssd %eax, 4(%ebx)
PLAIN wrssd_at_2, uss_top-64, wrssd %eax, 2(%ebx)
PLAIN wrussd, uss_top-64, wrussd %eax, (%ebx)
PLAIN setssbsy, uss_top-64, setssbsy

# RSTORSSP: bit 0 of the token has to be 0 here, and its upper half too.
.macro RSTORSSP_ name, token
TEST \name
    PROBE uss_top-256
    PUT uss_top-256, \token
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-64
    rstorssp uss_top-256
DONE32
.endm
RSTORSSP_ rstorssp, uss_top-248
RSTORSSP_ rstorssp_unaligned_ssp, uss_top-244
RSTORSSP_ rstorssp_mode64, uss_top-248+1
RSTORSSP_ rstorssp_bit1, uss_top-248+2
RSTORSSP_ rstorssp_upper_half, uss_top-248+0x100000000
RSTORSSP_ rstorssp_above, uss_top-240
TEST rstorssp_misaligned
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-64
    rstorssp uss_top-252
DONE32

# SAVEPREVSSP: with CF = 1 it pops 4 more bytes, which have to be 0.
.macro SAVEPREVSSP_ name, token, above, flags
TEST \name
    PROBE uss_top-80
    PUT uss_top-256, \token
    PUT uss_top-248, \above
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-256
    pushl $\flags
    popfl
    saveprevssp
DONE32
.endm
SAVEPREVSSP_ saveprevssp, uss_top-64+2, 0, 0x2
SAVEPREVSSP_ saveprevssp_unaligned_previous, uss_top-60+2, 0, 0x2
SAVEPREVSSP_ saveprevssp_hole, uss_top-64+2, 0, 0x3
SAVEPREVSSP_ saveprevssp_hole_not_zero, uss_top-64+2, 1, 0x3
SAVEPREVSSP_ saveprevssp_mode64_token, uss_top-64+3, 0, 0x2
SAVEPREVSSP_ saveprevssp_bit1_clear, uss_top-64, 0, 0x2
SAVEPREVSSP_ saveprevssp_upper_half, uss_top-64+2+0x100000000, 0, 0x2
TEST switch
    PROBE uss_top-80
    PUT uss_top-256, uss_top-248
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-64
    rstorssp uss_top-256
    saveprevssp
DONE32
TEST switch_from_unaligned
    PROBE uss_top-80
    PUT uss_top-256, uss_top-248
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-60
    rstorssp uss_top-256
    saveprevssp
DONE32
TEST switch_to_unaligned
    PROBE uss_top-80
    PUT uss_top-256, uss_top-244
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-64
    rstorssp uss_top-256
    saveprevssp
DONE32

# Indirect-branch tracking wants ENDBR32 here.
.macro LANDING name, cet, branch, first:vararg
TEST \name
    ENTER_COMPATIBILITY \cet, uss_top-64
    movl $5f, %ebx
    \branch
    nop
5:  \first
DONE32
.endm
LANDING jmp_endbr32, ENDBR_EN, "jmp *%ebx", endbr32
LANDING jmp_endbr64, ENDBR_EN, "jmp *%ebx", endbr64
LANDING jmp_missing, ENDBR_EN, "jmp *%ebx", nop
LANDING call_endbr32, ENDBR_EN, "call *%ebx", endbr32
LANDING call_missing, ENDBR_EN, "call *%ebx", nop
LANDING notrack, ENDBR_EN | NO_TRACK_EN, "notrack jmp *%ebx", nop
LANDING notrack_off, ENDBR_EN, "notrack jmp *%ebx", nop
LANDING target_int3, ENDBR_EN, "jmp *%ebx", int3
LANDING target_bad_opcode, ENDBR_EN, "jmp *%ebx", ud2
LANDING suppressed, ENDBR_EN | SUPPRESS, "jmp *%ebx", nop
LANDING suppressed_endbr32, ENDBR_EN | SUPPRESS, "jmp *%ebx", endbr32

# Far CALL and RET between the two modes of ring 3.
.macro FAR name, ssp, selector, offset
TEST \name
    PROBE \ssp-28
    ENTER_COMPATIBILITY SH_STK_EN, \ssp
    lcall $\selector, $\offset
DONE32
.endm
FAR far_call, uss_top-64, USER_CODE32, stays
FAR far_call_misaligned, uss_top-60, USER_CODE32, stays
FAR far_call_to_64, uss_top-64, USER_CODE, stays
FAR far_call_to_64_misaligned, uss_top-60, USER_CODE, stays
FAR far_call_and_return, uss_top-64, USER_CODE32, returns_far
FAR far_call_and_return_misaligned, uss_top-60, USER_CODE32, returns_far
FAR far_call_to_64_and_return, uss_top-64, USER_CODE, returns_far
FAR far_call_smashed, uss_top-64, USER_CODE32, smashes_far
TEST far_jmp_to_64
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-64
    ljmp $USER_CODE, $stays
DONE32
TEST far_jmp_tracked
    ENTER_COMPATIBILITY ENDBR_EN, uss_top-64
    ljmp $USER_CODE32, $stays
DONE32
TEST far_call_from_64_and_return
    PROBE uss_top-92
    ENTER_USER SH_STK_EN, uss_top-64
    lcall *to_compatibility(%rip)
USER_DONE

# IRET in compatibility mode pops 24 bytes of the shadow stack too.
.macro IRET_SAME name, previous, lip, cs
TEST \name
    PUT uss_top-512, \previous
    PUT uss_top-504, \lip
    PUT uss_top-496, \cs
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-512
    pushl $2
    pushl $USER_CODE32
    pushl $landing
    iretl
DONE32
.endm
IRET_SAME iret_good, uss_top-256, landing, USER_CODE32
IRET_SAME iret_good_unaligned_previous, uss_top-252, landing, USER_CODE32
IRET_SAME iret_bad_cs, uss_top-256, landing, USER_CODE
IRET_SAME iret_bad_lip, uss_top-256, landing+1, USER_CODE32
IRET_SAME iret_bad_previous, uss_top-254, landing, USER_CODE32
IRET_SAME iret_previous_upper_half, uss_top-256+0x100000000, landing, USER_CODE32

# An SSP above 4 GiB cannot enter 32-bit code.
TEST enter_with_high_ssp
    ENTER_COMPATIBILITY SH_STK_EN, 0, 1
    nop
DONE32
TEST enter_with_high_ssp_while_off
    ENTER_COMPATIBILITY 0, 0, 1
    nop
DONE32
TEST far_call_with_high_ssp
    MSR U_CET, SH_STK_EN
    MSR PL3_SSP, 0x100000000
    pushq $USER_DATA
    pushq $user_stack_top
    pushq $2
    pushq $USER_CODE
    pushq $8f
    iretq
8:  lcall *to_compatibility(%rip)
USER_DONE
TEST far_jmp_with_high_ssp
    MSR U_CET, SH_STK_EN
    MSR PL3_SSP, 0x100000000
    pushq $USER_DATA
    pushq $user_stack_top
    pushq $2
    pushq $USER_CODE
    pushq $8f
    iretq
8:  ljmp *to_compatibility(%rip)
USER_DONE

# Events from 32-bit code arrive as those from 64-bit code do.
.macro EVENT name, token
TEST \name
    PROBE ss_top-528
    PUT ss_top-512, \token
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-512
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-60
    int $INT_PLAIN
DONE32
.endm
EVENT interrupt, ss_top-512
EVENT interrupt_without_token, 0
TEST round_trip
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-64
    ENTER_COMPATIBILITY SH_STK_EN, uss_top-60
    int $INT_RETURN
    rdsspd %eax
DONE32

    jmp all_done

# These bytes mean the same in both modes.
landing:
    int $INT_DONE
returns:
    ret
stays:
    int $INT_DONE
returns_far:
    lretl

    .code32
returns_16:
    popl %ecx
    subl $16, %esp
    pushl %ecx
    ret $16
smashes:
    movl $landing, (%esp)
    ret
smashes_far:
    movl $landing, (%esp)
    lretl
    .code64

    .data
    .balign 8
to_compatibility:
    .long returns_far
    .word USER_CODE32
