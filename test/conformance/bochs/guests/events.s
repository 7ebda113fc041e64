# events: interrupts and exceptions that change SSP: from ring 0 and ring 3, with and without IST.

    .include "harness.inc"

first_test:
# From ring 0 to ring 0 without IST: CS, LIP and the old SSP go on the same shadow stack.
.macro SAME name, ssp
TEST \name
    PROBE \ssp-28
    ARM SH_STK_EN, \ssp
    int $INT_PLAIN
DONE
.endm
SAME same_aligned, ss_top-64
SAME same_misaligned, ss_top-60
SAME same_at_the_end, ss_top
SAME same_past_the_end, ss_top+4
SAME same_over_two_pages, ss+0x1008
SAME same_below_the_page, ss+8
SAME same_below_the_page_misaligned, ss+4
SAME same_user_page, uss_top-64
SAME same_ordinary_page, supervisor_writable+256
SAME same_readonly_page, supervisor_readonly+256
SAME same_absent_page, absent+256
TEST same_misaligned_zeroes
    PROBE ss_top-96
    PUT ss_top-64, -1
    PUT ss_top-72, -1
    PUT ss_top-80, -1
    PUT ss_top-88, -1
    PUT ss_top-96, -1
    ARM SH_STK_EN, ss_top-60
    int $INT_PLAIN
DONE
TEST same_misaligned_zero_word
    PROBE ss_top-72
    PUT ss_top-64, -1
    PUT ss_top-72, -1
    ARM SH_STK_EN, ss_top-60
    int $INT_PLAIN
DONE
TEST same_without_shadow_stack
    int $INT_PLAIN
DONE
TEST same_ud2
    PROBE ist1_token-24
    ARM SH_STK_EN, ss_top-64
    ud2
DONE
TEST same_partial_frame
    PROBE ss
    ARM SH_STK_EN, ss+8
    int $INT_PLAIN
DONE

# With IST 3: the shadow stack named by the third entry of the table; its token becomes busy.
.macro IST name, entry, at, token
TEST \name
    PROBE \at-16
    PUT \at, \token
    PUT ssp_table+24, \entry
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3
DONE
TEST user_\name
    PROBE \at-16
    PUT \at, \token
    PUT ssp_table+24, \entry
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    ENTER_USER SH_STK_EN, uss_top-64
    int $INT_IST3
USER_DONE
.endm
IST ist, ss_top-512, ss_top-512, ss_top-512
IST ist_busy, ss_top-512, ss_top-512, ss_top-512+1
IST ist_no_token, ss_top-512, ss_top-512, 0
IST ist_wrong_token, ss_top-512, ss_top-512, ss_top-504
IST ist_bit1, ss_top-512, ss_top-512, ss_top-512+2
IST ist_token_high_half, ss_top-512, ss_top-512, ss_top-512+0x100000000
IST ist_misaligned, ss_top-508, ss_top-512, ss_top-508
IST ist_misaligned_1, ss_top-511, ss_top-512, ss_top-511
IST ist_user_page, uss_top-512, uss_top-512, uss_top-512
IST ist_ordinary_page, supervisor_writable+512, supervisor_writable+512, supervisor_writable+512
IST ist_readonly_page, supervisor_readonly+512, supervisor_readonly+512, supervisor_readonly+512
IST ist_absent_page, absent+512, absent+512, 0
IST ist_frame_below_the_page, ss, ss, ss
IST ist_frame_over_the_page, ss+8, ss+8, ss+8
IST ist_frame_over_two_pages, ss+0x1008, ss+0x1008, ss+0x1008
IST ist_frame_in_32_bytes, ss_top-488, ss_top-488, ss_top-488
IST ist_zero, 0, ss_top-512, 0
IST ist_not_canonical, 0x800000000000, ss_top-512, 0
TEST ist_current_stack
    PUT ss_top-64, ss_top-64+1
    PUT ssp_table+24, ss_top-64
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3
DONE
TEST ist_nested
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512
    PUT ssp_table+24, ss_top-512
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3_RETURN
DONE
TEST ist_without_shadow_stack
    PUT ssp_table+24, 0
    int $INT_IST3
DONE
# A fault in the frame's pushes leaves the token busy.
TEST ist_prematurely_busy
    PROBE ss+8
    PUT ss+8, ss+8
    PUT ssp_table+24, ss+8
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3
DONE

# The table itself: its third entry in a page that is not there, and one at an address that is not canonical.
.macro TABLE_AT at
    PUT \at+8, ist1_token
    PUT \at+16, ist2_token
    MSR_ADDRESS SSP_TABLE, \at
.endm
TEST table_absent
    TABLE_AT absent-24
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3
DONE
TEST user_table_absent
    TABLE_AT absent-24
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    ENTER_USER SH_STK_EN, uss_top-64
    int $INT_IST3
USER_DONE
TEST user_table_absent_without_shadow_stack
    TABLE_AT absent-24
    ENTER_USER SH_STK_EN, uss_top-64
    int $INT_IST3
USER_DONE
TEST table_in_shadow_stack_page
    PUT ss_top-512, ss_top-512
    PUT ss_top-1000, ss_top-512
    TABLE_AT ss_top-1024
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3
DONE
TEST table_odd
    PROBE ss_top-512
    PUT ss_top-512, ss_top-512
    PUT user_writable+25, ss_top-512
    TABLE_AT user_writable+1
    ARM SH_STK_EN, ss_top-64
    int $INT_IST3
DONE

# From ring 3 without IST: IA32_PL0_SSP, its token made busy, nothing pushed; SSP goes to IA32_PL3_SSP.
.macro FROM_USER name, u_cet, ussp, pl0, at, token
TEST \name
    PROBE \at-16
    PUT \at, \token
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, \pl0
    ENTER_USER \u_cet, \ussp
    int $INT_PLAIN
USER_DONE
.endm
FROM_USER from_user, SH_STK_EN, uss_top-64, ss_top-512, ss_top-512, ss_top-512
FROM_USER from_user_off, 0, uss_top-64, ss_top-512, ss_top-512, ss_top-512
FROM_USER from_user_unaligned, SH_STK_EN, uss_top-60, ss_top-512, ss_top-512, ss_top-512
FROM_USER from_user_ssp_anywhere, SH_STK_EN, absent+4, ss_top-512, ss_top-512, ss_top-512
FROM_USER from_user_ibt, SH_STK_EN | ENDBR_EN, uss_top-64, ss_top-512, ss_top-512, ss_top-512
FROM_USER from_user_busy, SH_STK_EN, uss_top-64, ss_top-512, ss_top-512, ss_top-512+1
FROM_USER from_user_no_token, SH_STK_EN, uss_top-64, ss_top-512, ss_top-512, 0
FROM_USER from_user_wrong_token, SH_STK_EN, uss_top-64, ss_top-512, ss_top-512, ss_top-504
FROM_USER from_user_misaligned, SH_STK_EN, uss_top-64, ss_top-508, ss_top-512, ss_top-508
FROM_USER from_user_user_page, SH_STK_EN, uss_top-64, uss_top-512, uss_top-512, uss_top-512
FROM_USER from_user_ordinary_page, SH_STK_EN, uss_top-64, supervisor_writable+512, supervisor_writable+512, supervisor_writable+512
FROM_USER from_user_absent_page, SH_STK_EN, uss_top-64, absent+512, absent+512, 0
FROM_USER from_user_large_page, SH_STK_EN, uss_top-64, large_supervisor+512, large_supervisor+512, large_supervisor+512
TEST from_user_supervisor_off
    PROBE ss_top-528
    PUT ss_top-512, ss_top-512
    MSR_ADDRESS PL0_SSP, ss_top-512
    ENTER_USER SH_STK_EN, uss_top-64
    int $INT_PLAIN
USER_DONE
TEST from_user_ud2
    PROBE ist1_token-16
    ARM SH_STK_EN, arming
    ENTER_USER SH_STK_EN, uss_top-64
    ud2
USER_DONE
TEST from_user_page_fault
    ARM SH_STK_EN, arming
    ENTER_USER SH_STK_EN, uss_top-64
    movq absent, %rax
USER_DONE
# What the fault on the way in leaves: SSP and IA32_PL3_SSP.
TEST from_user_ss_page_fault_then_retry
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, absent+512
    MSR_ADDRESS PL1_SSP, uss_top
    ENTER_USER SH_STK_EN, uss_top-64
    call 1f
1:  int $INT_PLAIN
USER_DONE

# Faults in the delivery of faults.
TEST double_fault
    PUT ssp_table+8, ist1_token+4
    ARM SH_STK_EN, ss_top-64
    ud2
DONE
TEST double_fault_busy
    PUT ist1_token, ist1_token+1
    ARM SH_STK_EN, ss_top-64
    ud2
DONE
TEST user_double_fault
    PUT ist1_token, ist1_token+1
    ARM SH_STK_EN, arming
    ENTER_USER SH_STK_EN, uss_top-64
    ud2
USER_DONE
TEST double_fault_by_page_fault
    PUT ssp_table+8, absent
    ARM SH_STK_EN, ss_top-64
    movq absent, %rax
DONE
TEST cp_during_page_fault_handler_entry
    PUT ssp_table+8, 0
    ARM SH_STK_EN, ss_top-64
    pushq $1
    ret
DONE

# A call gate from ring 3: CS, LIP and SSP are not pushed when ring 3 had no shadow stack of its own in this mode.
.macro GATE name, u_cet, token
TEST \name
    PROBE ss_top-536
    PUT ss_top-512, \token
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-512
    ENTER_USER \u_cet, uss_top-64
    lcall *gate_pointer(%rip)
USER_DONE
.endm
GATE gate, SH_STK_EN, ss_top-512
GATE gate_user_off, 0, ss_top-512
GATE gate_busy, SH_STK_EN, ss_top-512+1
GATE gate_no_token, SH_STK_EN, 0
TEST gate_supervisor_off
    ENTER_USER SH_STK_EN, uss_top-64
    lcall *gate_pointer(%rip)
USER_DONE
TEST gate_ibt
    MSR S_CET, ENDBR_EN
    ENTER_USER SH_STK_EN | ENDBR_EN, uss_top-64
    lcall *gate_pointer(%rip)
USER_DONE

    jmp all_done

    .data
    .balign 8
gate_pointer:
    .long 0
    .word CALL_GATE
