# legacy: CET in 32-bit protected mode, without IA-32e mode.

    .include "harness32.inc"

first_test:
# Near CALL and RET, in both rings.
.macro NEAR name, ssp, instruction:vararg
TEST \name
    PROBE \ssp-16
    ARM SH_STK_EN, \ssp
    movl $landing, %ebx
    \instruction
DONE
TEST user_\name
    PROBE u\ssp-16
    ENTER_USER SH_STK_EN, u\ssp
    movl $landing, %ebx
    \instruction
USER_DONE
.endm
NEAR call_returns, ss_top-64, call returns
NEAR call_pushes, ss_top-64, call stays
NEAR call_pushes_unaligned, ss_top-60, call stays
NEAR call_register, ss_top-64, call *%ebx
NEAR call_next, ss_top-64, .byte 0xe8, 0, 0, 0, 0
NEAR ret_immediate, ss_top-64, call returns_16
NEAR ret_mismatch, ss_top-64, call smashes

# The instructions.
.macro PLAIN name, ssp, instruction:vararg
TEST \name
    PROBE ss_top-128
    ARM SH_STK_EN | WR_SHSTK_EN, \ssp
    movl $3, %eax
    movl $ss_top-128, %ebx
    \instruction
DONE
TEST user_\name
    PROBE uss_top-128
    ENTER_USER SH_STK_EN | WR_SHSTK_EN, u\ssp
    movl $3, %eax
    movl $uss_top-128, %ebx
    \instruction
USER_DONE
.endm
PLAIN rdsspd, ss_top-60, rdsspd %eax
PLAIN incsspd, ss_top-64, incsspd %eax
PLAIN wrssd, ss_top-64, wrssd %eax, (%ebx)
PLAIN wrssd_at_4, ss_top-64, wrssd %eax, 4(%ebx)
PLAIN wrssd_at_2, ss_top-64, wrssd %eax, 2(%ebx)
TEST wrussd
    PROBE uss_top-128
    movl $3, %eax
    movl $uss_top-128, %ebx
    wrussd %eax, (%ebx)
DONE
TEST off_rdsspd
    movl $0x5a5a, %eax
    rdsspd %eax
DONE
TEST off_incsspd
    movl $1, %eax
    incsspd %eax
DONE

.macro SETSSBSY_ name, at, low, high=0
TEST \name
    PROBE ss_top-128
    PUT ss_top-128, \low, \high
    ARM SH_STK_EN, ss_top-64
    MSR PL0_SSP, \at
    setssbsy
DONE
.endm
SETSSBSY_ setssbsy, ss_top-128, ss_top-128
SETSSBSY_ setssbsy_busy, ss_top-128, ss_top-128+1
SETSSBSY_ setssbsy_upper_half, ss_top-128, ss_top-128, 1
SETSSBSY_ setssbsy_misaligned, ss_top-124, ss_top-124
TEST clrssbsy
    PROBE ss_top-128
    PUT ss_top-128, ss_top-128+1
    ARM SH_STK_EN, ss_top-64
    clrssbsy ss_top-128
    movl $S_CET, %ecx               # SSP is 0 now: no event could be delivered.
    movl $0, %eax
    movl $0, %edx
    wrmsr
DONE

.macro RSTORSSP_ name, low, high=0
TEST \name
    PROBE ss_top-256
    PUT ss_top-256, \low, \high
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
DONE
TEST user_\name
    PROBE uss_top-256
    PUT uss_top-256, u\low, \high
    ENTER_USER SH_STK_EN, uss_top-64
    rstorssp uss_top-256
USER_DONE
.endm
RSTORSSP_ rstorssp, ss_top-248
RSTORSSP_ rstorssp_unaligned_ssp, ss_top-244
RSTORSSP_ rstorssp_mode64, ss_top-248+1
RSTORSSP_ rstorssp_bit1, ss_top-248+2
RSTORSSP_ rstorssp_upper_half, ss_top-248, 1
RSTORSSP_ rstorssp_above, ss_top-240
.macro SWITCH name, ssp, token
TEST \name
    PROBE ss_top-80
    PUT ss_top-256, \token
    ARM SH_STK_EN, \ssp
    rstorssp ss_top-256
    saveprevssp
DONE
TEST user_\name
    PROBE uss_top-80
    PUT uss_top-256, u\token
    ENTER_USER SH_STK_EN, u\ssp
    rstorssp uss_top-256
    saveprevssp
USER_DONE
.endm
SWITCH switch, ss_top-64, ss_top-248
SWITCH switch_from_unaligned, ss_top-60, ss_top-248
TEST saveprevssp_bit1_clear
    PUT ss_top-256, ss_top-64
    ARM SH_STK_EN, ss_top-256
    saveprevssp
DONE
TEST saveprevssp_upper_half
    PUT ss_top-256, ss_top-64+2, 1
    ARM SH_STK_EN, ss_top-256
    saveprevssp
DONE

# Indirect-branch tracking.
.macro LANDING name, cet, branch, first:vararg
TEST \name
    movl $5f, %ebx
    MSR S_CET, \cet
    \branch
    nop
5:  \first
DONE
TEST user_\name
    ENTER_USER \cet, uss_top-64
    movl $5f, %ebx
    \branch
    nop
5:  \first
USER_DONE
.endm
LANDING jmp_endbr32, ENDBR_EN, "jmp *%ebx", endbr32
LANDING jmp_endbr64, ENDBR_EN, "jmp *%ebx", endbr64
LANDING jmp_missing, ENDBR_EN, "jmp *%ebx", nop
LANDING call_endbr32, ENDBR_EN, "call *%ebx", endbr32
LANDING call_missing, ENDBR_EN, "call *%ebx", nop
LANDING notrack, ENDBR_EN | NO_TRACK_EN, "notrack jmp *%ebx", nop
LANDING target_int3, ENDBR_EN, "jmp *%ebx", int3
LANDING suppressed, ENDBR_EN | SUPPRESS, "jmp *%ebx", nop

# Events in ring 0, and from ring 3 to the token at IA32_PL0_SSP.
.macro SAME name, ssp
TEST \name
    PROBE \ssp-28
    ARM SH_STK_EN, \ssp
    int $INT_PLAIN
DONE
.endm
SAME same, ss_top-64
SAME same_misaligned, ss_top-60
TEST same_misaligned_zero_word
    PROBE ss_top-72
    PUT ss_top-64, -1, -1
    PUT ss_top-72, -1, -1
    ARM SH_STK_EN, ss_top-60
    int $INT_PLAIN
DONE
TEST same_ud2
    PROBE ss_top-88
    ARM SH_STK_EN, ss_top-64
    ud2
DONE
.macro FROM_USER name, u_cet, ussp, instruction:vararg
TEST \name
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR PL0_SSP, ss_top-512
    ENTER_USER \u_cet, \ussp
    \instruction
USER_DONE
.endm
FROM_USER from_user, SH_STK_EN, uss_top-64, int $INT_PLAIN
FROM_USER from_user_unaligned, SH_STK_EN, uss_top-60, int $INT_PLAIN
FROM_USER from_user_off, 0, uss_top-64, int $INT_PLAIN
FROM_USER from_user_ud2, SH_STK_EN, uss_top-64, ud2
FROM_USER from_user_page_fault, SH_STK_EN, uss_top-64, movl absent, %eax
FROM_USER from_user_gate, SH_STK_EN, uss_top-64, lcall $CALL_GATE, $0
FROM_USER from_user_gate_off, 0, uss_top-64, lcall $CALL_GATE, $0
FROM_USER from_user_round_trips, SH_STK_EN, uss_top-60, call interrupts_itself
TEST from_user_supervisor_off
    ENTER_USER SH_STK_EN, uss_top-64
    int $INT_PLAIN
USER_DONE
TEST round_trip
    PROBE ss_top-96
    ARM SH_STK_EN, ss_top-64
    int $INT_RETURN
DONE
TEST round_trip_misaligned
    PROBE ss_top-96
    ARM SH_STK_EN, ss_top-60
    int $INT_RETURN
DONE

# IRET and far RET in the same ring.
.macro RETURN_SAME name, ssp, previous, previous_high, lip, cs
TEST iret_\name
    PUT ss_top-512, \previous, \previous_high
    PUT ss_top-504, \lip
    PUT ss_top-496, \cs
    ARM SH_STK_EN, \ssp
    pushl $2
    pushl $KERNEL_CODE
    pushl $landing
    iretl
DONE
TEST far_ret_\name
    PUT ss_top-512, \previous, \previous_high
    PUT ss_top-504, \lip
    PUT ss_top-496, \cs
    ARM SH_STK_EN, \ssp
    pushl $KERNEL_CODE
    pushl $landing
    lretl
DONE
.endm
RETURN_SAME good, ss_top-512, ss_top-256, 0, landing, KERNEL_CODE
RETURN_SAME good_unaligned_previous, ss_top-512, ss_top-252, 0, landing, KERNEL_CODE
RETURN_SAME bad_cs, ss_top-512, ss_top-256, 0, landing, USER_CODE
RETURN_SAME bad_lip, ss_top-512, ss_top-256, 0, landing+1, KERNEL_CODE
RETURN_SAME bad_previous, ss_top-512, ss_top-254, 0, landing, KERNEL_CODE
RETURN_SAME bad_previous_upper_half, ss_top-512, ss_top-256, 1, landing, KERNEL_CODE
RETURN_SAME bad_ssp_4, ss_top-516, ss_top-256, 0, landing, KERNEL_CODE
# Without IA-32e mode there is no IST: the token above the frame stays busy.
TEST iret_frees_no_token
    PROBE ss_top-488
    PUT ss_top-512, ss_top-256
    PUT ss_top-504, landing
    PUT ss_top-496, KERNEL_CODE
    PUT ss_top-488, ss_top-488+1
    ARM SH_STK_EN, ss_top-512
    pushl $2
    pushl $KERNEL_CODE
    pushl $landing
    iretl
DONE

# To ring 3. The event that ends the test comes back through IA32_PL0_SSP.
.macro TO_USER name, u_cet, ssp, token, pl3, pl3_high=0
TEST \name
    PROBE ss_top-512
    PUT ss_top-512, \token
    PUT ss_top-1024, ss_top-1024
    ARM SH_STK_EN, \ssp
    MSR PL0_SSP, ss_top-1024
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3, \pl3_high
    pushl $USER_DATA
    pushl $user_stack_top
    pushl $2
    pushl $USER_CODE
    pushl $landing
    iretl
DONE
TEST far_ret_\name
    PROBE ss_top-512
    PUT ss_top-512, \token
    PUT ss_top-1024, ss_top-1024
    ARM SH_STK_EN, \ssp
    MSR PL0_SSP, ss_top-1024
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3, \pl3_high
    pushl $USER_DATA
    pushl $user_stack_top
    pushl $USER_CODE
    pushl $landing
    lretl
DONE
.endm
TO_USER to_user, SH_STK_EN, ss_top-512, ss_top-512+1, 0x7000
TO_USER to_user_off, 0, ss_top-512, ss_top-512+1, 0x7000
TO_USER to_user_token_free, SH_STK_EN, ss_top-512, ss_top-512, 0x7000
TO_USER to_user_token_none, SH_STK_EN, ss_top-512, 0, 0x7000
TO_USER to_user_misaligned, SH_STK_EN, ss_top-508, ss_top-508+1, 0x7000
TO_USER to_user_waiting, SH_STK_EN | ENDBR_EN | TRACKER, ss_top-512, ss_top-512+1, 0x7000

# Far CALL and JMP in the same ring.
.macro FAR name, ssp, instruction:vararg
TEST \name
    PROBE \ssp-28
    ARM SH_STK_EN, \ssp
    \instruction
DONE
.endm
FAR far_call, ss_top-64, lcall $KERNEL_CODE, $stays
FAR far_call_misaligned, ss_top-60, lcall $KERNEL_CODE, $stays
FAR far_call_and_return, ss_top-64, lcall $KERNEL_CODE, $returns_far
FAR far_call_and_return_misaligned, ss_top-60, lcall $KERNEL_CODE, $returns_far
FAR far_call_smashed, ss_top-64, lcall $KERNEL_CODE, $smashes_far
FAR far_jmp, ss_top-60, ljmp $KERNEL_CODE, $stays
TEST far_jmp_tracked
    MSR S_CET, ENDBR_EN
    ljmp $KERNEL_CODE, $stays
DONE

# SYSENTER and SYSEXIT.
.macro SYSENTER_ name, s_cet, u_cet, entry
TEST \name
    PROBE ss_top-64
    MSR 0x174, KERNEL_CODE
    MSR 0x175, kernel_stack_top
    MSR 0x176, \entry
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR PL0_SSP, ss_top-64
    MSR S_CET, \s_cet
    ENTER_USER \u_cet, uss_top-60
    sysenter
USER_DONE
.endm
SYSENTER_ sysenter_both_on, SH_STK_EN, SH_STK_EN, entry
SYSENTER_ sysenter_user_only, 0, SH_STK_EN, entry
SYSENTER_ sysenter_supervisor_only, SH_STK_EN, 0, entry
SYSENTER_ sysenter_setssbsy, SH_STK_EN, SH_STK_EN, entry_setssbsy
SYSENTER_ sysenter_ibt, ENDBR_EN, ENDBR_EN, entry
SYSENTER_ sysenter_ibt_missing, ENDBR_EN, ENDBR_EN, stays
.macro SYSEXIT_ name, u_cet, pl3
TEST \name
    PROBE ss_top-64
    MSR 0x174, KERNEL_CODE
    PUT ss_top-64, ss_top-64+1
    PUT ss_top-512, ss_top-512
    ARM SH_STK_EN, ss_top-64
    MSR PL0_SSP, ss_top-512
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3
    movl $user_stack_top, %ecx
    movl $user_side, %edx
    sysexit
DONE
.endm
SYSEXIT_ sysexit_on, SH_STK_EN, 0x7004
SYSEXIT_ sysexit_off, 0, 0x7004
SYSEXIT_ sysexit_waiting, SH_STK_EN | ENDBR_EN | TRACKER, 0x7004

    jmp all_done

landing:
    int $INT_DONE
returns:
    ret
returns_16:
    popl %ecx
    subl $16, %esp
    pushl %ecx
    ret $16
stays:
    int $INT_DONE
interrupts_itself:
    int $INT_RETURN
    int $INT_RETURN
    rdsspd %eax
    ret
smashes:
    movl $landing, (%esp)
    ret
returns_far:
    lretl
smashes_far:
    movl $landing, (%esp)
    lretl
entry:
    endbr32
    jmp finish
entry_setssbsy:
    endbr32
    setssbsy
    jmp finish
user_side:
    rdsspd %eax
    int $INT_DONE
