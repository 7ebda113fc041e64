# syscalls: SYSCALL, SYSRET, SYSENTER and SYSEXIT: SSP, IA32_PL3_SSP and the tracker.

    .include "harness.inc"

    .equ STAR, 0xc0000081
    .equ LSTAR, 0xc0000082
    .equ FMASK, 0xc0000084
    .equ SYSENTER_CS, 0x174
    .equ SYSENTER_ESP, 0x175
    .equ SYSENTER_EIP, 0x176

.macro TARGETS entry
    MSR STAR, 0x0010000800000000
    MSR_ADDRESS LSTAR, \entry
    MSR FMASK, 0x4700
    MSR SYSENTER_CS, KERNEL_CODE
    MSR_ADDRESS SYSENTER_ESP, kernel_stack_top
    MSR_ADDRESS SYSENTER_EIP, \entry
.endm

.macro CALLS name, s_cet, u_cet, ussp, entry
TEST \name
    PROBE ss_top-64
    TARGETS \entry
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-64
    MSR S_CET, \s_cet
    ENTER_USER \u_cet, \ussp
    syscall
USER_DONE
TEST sysenter_\name
    PROBE ss_top-64
    TARGETS \entry
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-64
    MSR S_CET, \s_cet
    ENTER_USER \u_cet, \ussp
    sysenter
USER_DONE
.endm

first_test:
CALLS both_on, SH_STK_EN, SH_STK_EN, uss_top-64, entry
CALLS both_off, 0, 0, uss_top-64, entry
CALLS user_only, 0, SH_STK_EN, uss_top-64, entry
CALLS supervisor_only, SH_STK_EN, 0, uss_top-64, entry
CALLS unaligned, SH_STK_EN, SH_STK_EN, uss_top-60, entry
CALLS ssp_anywhere, SH_STK_EN, SH_STK_EN, absent+4, entry
CALLS ibt, ENDBR_EN, ENDBR_EN, uss_top-64, entry
CALLS ibt_missing, ENDBR_EN, ENDBR_EN, uss_top-64, entry_without_endbr
CALLS ibt_suppressed, ENDBR_EN | SUPPRESS, 0, uss_top-64, entry_without_endbr
CALLS ibt_off_missing, 0, ENDBR_EN, uss_top-64, entry_without_endbr
CALLS all, SH_STK_EN | ENDBR_EN, SH_STK_EN | ENDBR_EN, uss_top-64, entry
CALLS then_setssbsy, SH_STK_EN, SH_STK_EN, uss_top-64, entry_setssbsy
CALLS then_call, SH_STK_EN, SH_STK_EN, uss_top-64, entry_call

TEST from_ring0
    TARGETS entry
    ARM SH_STK_EN, ss_top-64
    syscall
DONE
TEST from_ring0_ibt
    TARGETS entry_without_endbr
    MSR S_CET, ENDBR_EN
    syscall
DONE

# And back.
.macro RETURNS name, u_cet, pl3, s_cet
TEST \name
    PROBE ss_top-64
    TARGETS entry
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR S_CET, \s_cet
    movl $user_stack_top, %esp
    movl $user_side, %ecx
    movl $2, %r11d
    sysretq
DONE
TEST sysexit_\name
    PROBE ss_top-64
    TARGETS entry
    MSR U_CET, \u_cet
    MSR PL3_SSP, \pl3
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR S_CET, \s_cet
    movl $user_stack_top, %ecx
    movl $user_side, %edx
    sysexitq
DONE
.endm
RETURNS back, SH_STK_EN, 0x7000, SH_STK_EN
RETURNS back_supervisor_off, SH_STK_EN, 0x7000, 0
RETURNS back_user_off, 0, 0x7000, SH_STK_EN
RETURNS back_unaligned, SH_STK_EN, 0x7004, SH_STK_EN
RETURNS back_high, SH_STK_EN, 0xffff800000000000, SH_STK_EN
RETURNS back_waiting, ENDBR_EN | TRACKER, 0x7000, 0
RETURNS back_idle, ENDBR_EN, 0x7000, ENDBR_EN

# There and back, twice, with a call open in ring 3.
TEST there_and_back
    TARGETS entry_and_back
    PUT ss_top-64, ss_top-64+1
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-64
    ENTER_USER SH_STK_EN, uss_top-64
    call 1f
    rdsspq %rax
    int $INT_DONE
1:  syscall
    syscall
    ret
7:
# The last test ended by its own INT.

    jmp all_done

entry:
    endbr64
    jmp finish
entry_without_endbr:
    nop
    jmp finish
entry_setssbsy:
    endbr64
    setssbsy
    jmp finish
entry_call:
    movl $kernel_stack_top, %esp
    call entry
entry_and_back:
    sysretq
user_side:
    rdsspq %rax
    int $INT_DONE
