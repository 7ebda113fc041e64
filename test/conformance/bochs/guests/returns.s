# returns: IRET and far RET to the same ring and to ring 3, far CALL, and the round trips of events.

    .include "harness.inc"

# The 24 bytes that IRET and far RET pop from the shadow stack.
.macro SHADOW_FRAME at, previous, lip, cs
    PUT \at, \previous
    PUT \at+8, \lip
    PUT \at+16, \cs
.endm
.macro IRET_FRAME ss, rsp, flags, cs, rip
    pushq $\ss
    pushq $\rsp
    pushq $\flags
    pushq $\cs
    movabsq $\rip, %rax
    pushq %rax
.endm

first_test:
# To the same ring: the frame is compared with CS and RIP, and SSP becomes its old SSP.
.macro IRET_SAME name, ssp, previous, lip, cs
TEST \name
    PROBE ss_top-512
    SHADOW_FRAME ss_top-512, \previous, \lip, \cs
    ARM SH_STK_EN, \ssp
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_CODE, landing
    iretq
DONE
TEST far_ret_\name
    PROBE ss_top-512
    SHADOW_FRAME ss_top-512, \previous, \lip, \cs
    ARM SH_STK_EN, \ssp
    pushq $KERNEL_CODE
    pushq $landing
    lretq
DONE
.endm
IRET_SAME good, ss_top-512, ss_top-256, landing, KERNEL_CODE
IRET_SAME good_unaligned_previous, ss_top-512, ss_top-252, landing, KERNEL_CODE
IRET_SAME good_previous_is_next, ss_top-512, ss_top-488, landing, KERNEL_CODE
IRET_SAME good_previous_anywhere, ss_top-512, absent, landing, KERNEL_CODE
IRET_SAME good_previous_zero, ss_top-512, 0, landing, KERNEL_CODE
IRET_SAME good_previous_high_half, ss_top-512, 0xffff800000000000, landing, KERNEL_CODE
IRET_SAME bad_cs, ss_top-512, ss_top-256, landing, USER_CODE
IRET_SAME bad_cs_high_bits, ss_top-512, ss_top-256, landing, 0x10008
IRET_SAME bad_cs_high_half, ss_top-512, ss_top-256, landing, 0x100000008
IRET_SAME bad_lip, ss_top-512, ss_top-256, landing+1, KERNEL_CODE
IRET_SAME bad_lip_high_half, ss_top-512, ss_top-256, landing+0x100000000, KERNEL_CODE
IRET_SAME bad_previous_bit0, ss_top-512, ss_top-255, landing, KERNEL_CODE
IRET_SAME bad_previous_bit1, ss_top-512, ss_top-254, landing, KERNEL_CODE
IRET_SAME bad_previous_not_canonical, ss_top-512, 0x800000000000, landing, KERNEL_CODE
IRET_SAME bad_ssp_4, ss_top-516, ss_top-256, landing, KERNEL_CODE
IRET_SAME empty_frame, ss_top-256, 0, landing, KERNEL_CODE
IRET_SAME frame_absent, absent+256, 0, landing, KERNEL_CODE
IRET_SAME frame_user_page, uss_top-512, 0, landing, KERNEL_CODE
IRET_SAME frame_over_the_end, ss_top-8, 0, landing, KERNEL_CODE

# IRET from an IST stack frees its token, which lies right above the frame. Far RET does not.
.macro IRET_IST name, token
TEST \name
    PROBE ss_top-496
    SHADOW_FRAME ss_top-512, ss_top-256, landing, KERNEL_CODE
    PUT ss_top-488, \token
    ARM SH_STK_EN, ss_top-512
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_CODE, landing
    iretq
DONE
TEST far_ret_\name
    PROBE ss_top-496
    SHADOW_FRAME ss_top-512, ss_top-256, landing, KERNEL_CODE
    PUT ss_top-488, \token
    ARM SH_STK_EN, ss_top-512
    pushq $KERNEL_CODE
    pushq $landing
    lretq
DONE
.endm
IRET_IST ist_token_busy, ss_top-488+1
IRET_IST ist_token_free, ss_top-488
IRET_IST ist_token_none, 0
TEST ist_token_page_missing
    PROBE ss_top-24
    SHADOW_FRAME ss_top-24, ss_top-256, landing, KERNEL_CODE
    ARM SH_STK_EN, ss_top-24
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_CODE, landing
    iretq
DONE

# Ordinary faults come first.
TEST iret_not_canonical
    SHADOW_FRAME ss_top-512, ss_top-256, 0x800000000000, KERNEL_CODE
    ARM SH_STK_EN, ss_top-512
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_CODE, 0x800000000000
    iretq
DONE
TEST iret_null_cs
    ARM SH_STK_EN, ss_top-512
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, 0, landing
    iretq
DONE
TEST iret_data_as_code
    ARM SH_STK_EN, ss_top-508
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_DATA, landing
    iretq
DONE
TEST iret_nested_task
    ARM SH_STK_EN, ss_top-508
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_CODE, landing
    pushq $0x4002
    popfq
    iretq
DONE
TEST iret_no_shadow_stack
    IRET_FRAME KERNEL_DATA, kernel_stack_top, 2, KERNEL_CODE, landing
    iretq
DONE

# To ring 3: nothing is popped; the token at SSP is freed, and SSP comes from IA32_PL3_SSP.
.macro TO_USER name, u_cet, ssp, token, pl3
TEST \name
    PROBE ss_top-512
    PUT ss_top-512, \token
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3
    ARM SH_STK_EN, \ssp
    IRET_FRAME USER_DATA, user_stack_top, 2, USER_CODE, landing
    iretq
DONE
TEST far_ret_\name
    PROBE ss_top-512
    PUT ss_top-512, \token
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3
    ARM SH_STK_EN, \ssp
    pushq $USER_DATA
    pushq $user_stack_top
    pushq $USER_CODE
    pushq $landing
    lretq
DONE
.endm
TO_USER to_user, SH_STK_EN, ss_top-512, ss_top-512+1, 0x7000
TO_USER to_user_off, 0, ss_top-512, ss_top-512+1, 0x7000
TO_USER to_user_token_free, SH_STK_EN, ss_top-512, ss_top-512, 0x7000
TO_USER to_user_token_none, SH_STK_EN, ss_top-512, 0, 0x7000
TO_USER to_user_token_bit1, SH_STK_EN, ss_top-512, ss_top-512+3, 0x7000
TO_USER to_user_misaligned, SH_STK_EN, ss_top-508, ss_top-508+1, 0x7000
TO_USER to_user_unaligned_pl3, SH_STK_EN, ss_top-512, ss_top-512+1, 0x7004
TO_USER to_user_high_pl3, SH_STK_EN, ss_top-512, ss_top-512+1, 0xffff800000000000
TO_USER to_user_waiting, SH_STK_EN | ENDBR_EN | TRACKER, ss_top-512, ss_top-512+1, 0x7000
TEST to_user_supervisor_off
    MSR U_CET, SH_STK_EN
    MSR PL3_SSP, 0x7000
    IRET_FRAME USER_DATA, user_stack_top, 2, USER_CODE, user_landing
    iretq
DONE
TEST to_user_bad_ss
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512+1
    ARM SH_STK_EN, ss_top-512
    IRET_FRAME KERNEL_DATA, user_stack_top, 2, USER_CODE, landing
    iretq
DONE
TEST to_user_not_canonical
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512+1
    ARM SH_STK_EN, ss_top-512
    IRET_FRAME USER_DATA, user_stack_top, 2, USER_CODE, 0x800000000000
    iretq
DONE
TEST far_ret_to_user_pops_parameters
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512+1
    MSR U_CET, SH_STK_EN
    MSR PL3_SSP, 0x7000
    ARM SH_STK_EN, ss_top-512
    pushq $USER_DATA
    pushq $user_stack_top-32
    pushq $0
    pushq $0
    pushq $USER_CODE
    pushq $landing
    lretq $16
DONE
# IRET and far RET in ring 3 itself.
.macro USER_SAME name, ssp, previous, lip, cs
TEST user_\name
    SHADOW_FRAME uss_top-512, \previous, \lip, \cs
    ENTER_USER SH_STK_EN, \ssp
    IRET_FRAME USER_DATA, user_stack_top, 2, USER_CODE, landing
    iretq
USER_DONE
TEST user_far_ret_\name
    SHADOW_FRAME uss_top-512, \previous, \lip, \cs
    ENTER_USER SH_STK_EN, \ssp
    pushq $USER_CODE
    pushq $landing
    lretq
USER_DONE
.endm
USER_SAME good, uss_top-512, uss_top-256, landing, USER_CODE
USER_SAME bad_cs, uss_top-512, uss_top-256, landing, KERNEL_CODE
USER_SAME bad_lip, uss_top-512, uss_top-256, landing+1, USER_CODE
USER_SAME bad_previous, uss_top-512, uss_top-254, landing, USER_CODE
USER_SAME bad_ssp_4, uss_top-508, uss_top-254, landing, USER_CODE
USER_SAME frame_supervisor_page, ss_top-512, uss_top-254, landing, USER_CODE

# Far CALL to the same ring pushes CS, LIP and SSP; far JMP pushes nothing.
.macro FAR_CALL name, ssp
TEST \name
    PROBE \ssp-28
    ARM SH_STK_EN, \ssp
    lcall *far_landing(%rip)
DONE
TEST user_\name
    PROBE u\ssp-28
    ENTER_USER SH_STK_EN, u\ssp
    lcall *user_far_landing(%rip)
USER_DONE
.endm
FAR_CALL far_call, ss_top-64
FAR_CALL far_call_misaligned, ss_top-60
FAR_CALL far_call_below_the_page, ss+8
TEST far_call_and_return
    ARM SH_STK_EN, ss_top-64
    lcall *far_return(%rip)
DONE
TEST far_call_and_return_misaligned
    ARM SH_STK_EN, ss_top-60
    lcall *far_return(%rip)
DONE
TEST user_far_call_and_return
    ENTER_USER SH_STK_EN, uss_top-64
    lcall *user_far_return(%rip)
USER_DONE
TEST user_far_call_smashed
    ENTER_USER SH_STK_EN, uss_top-64
    lcall *user_far_smashed(%rip)
USER_DONE
TEST far_jmp
    ARM SH_STK_EN, ss_top-60
    ljmp *far_landing(%rip)
DONE

# Round trips.
.macro ROUND_TRIP name, ssp
TEST \name
    PROBE \ssp-32
    ARM SH_STK_EN, \ssp
    int $INT_RETURN
DONE
.endm
ROUND_TRIP round_trip, ss_top-64
ROUND_TRIP round_trip_misaligned, ss_top-60
TEST round_trip_ist
    PROBE ss_top-528
    PUT ss_top-512, ss_top-512
    PUT ssp_table+24, ss_top-512
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3_RETURN
DONE
TEST round_trip_ist_misaligned
    PROBE ss_top-528
    PUT ss_top-512, ss_top-512
    PUT ssp_table+24, ss_top-512
    ARM SH_STK_EN, ss_top-60
    int $INT_IST3_RETURN
DONE
TEST user_round_trip
    PROBE ss_top-64
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-64
    ENTER_USER SH_STK_EN, uss_top-60
    int $INT_RETURN
    int $INT_RETURN
    rdsspq %rax
USER_DONE
TEST user_round_trip_ist
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512
    PUT ssp_table+24, ss_top-512
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    ENTER_USER SH_STK_EN, uss_top-64
    int $INT_IST3_RETURN
    int $INT_IST3_RETURN
    rdsspq %rax
USER_DONE
TEST user_call_around_round_trip
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-64
    ENTER_USER SH_STK_EN, uss_top-64
    call interrupts_itself
    rdsspq %rax
USER_DONE

    jmp all_done

landing:
user_landing:
    int $INT_DONE
returns_far:
    lretq
returns_far_32:
    lretl
smashes_far:
    movl $landing, %eax
    movl %eax, (%rsp)
    lretl
interrupts_itself:
    int $INT_RETURN
    ret

    .data
    .balign 8
far_landing:
    .long landing
    .word KERNEL_CODE
user_far_landing:
    .long landing
    .word USER_CODE
far_return:
    .long returns_far_32
    .word KERNEL_CODE
user_far_return:
    .long returns_far_32
    .word USER_CODE
user_far_smashed:
    .long smashes_far
    .word USER_CODE
