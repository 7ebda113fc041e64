# instructions: RDSSP, INCSSP, WRSS, WRUSS, SETSSBSY, CLRSSBSY, RSTORSSP and SAVEPREVSSP, good and bad.

    .include "harness.inc"

first_test:
TEST rdsspq
    ARM SH_STK_EN, ss_top-64
    movq $-1, %rax
    rdsspq %rax
DONE
TEST rdsspd
    ARM SH_STK_EN, ss_top-60
    movq $-1, %rax
    rdsspd %eax
DONE
TEST user_rdsspq
    ENTER_USER SH_STK_EN, uss_top-64
    movq $-1, %rax
    rdsspq %rax
USER_DONE
TEST user_rdsspd
    ENTER_USER SH_STK_EN, uss_top-60
    movq $-1, %rax
    rdsspd %eax
USER_DONE
TEST user_rdsspq_off
    ENTER_USER 0, uss_top-64
    movq $-1, %rax
    rdsspq %rax
USER_DONE

# INCSSP: the low 8 bits of the register count; the first and the last element are read.
.macro INCSSP_ name, ssp, count, instruction:vararg
TEST \name
    ARM SH_STK_EN, \ssp
    movq $\count, %rax
    \instruction
DONE
TEST user_\name
    ENTER_USER SH_STK_EN, u\ssp
    movq $\count, %rax
    \instruction
USER_DONE
.endm
INCSSP_ incsspq_0, ss_top-64, 0, incsspq %rax
INCSSP_ incsspq_1, ss_top-64, 1, incsspq %rax
INCSSP_ incsspq_2, ss_top-64, 2, incsspq %rax
INCSSP_ incsspq_255, ss+64, 255, incsspq %rax
INCSSP_ incsspq_256, ss+64, 256, incsspq %rax
INCSSP_ incsspq_257, ss+64, 257, incsspq %rax
INCSSP_ incsspq_minus_1, ss+64, -1, incsspq %rax
INCSSP_ incsspq_to_the_end, ss_top-64, 8, incsspq %rax
INCSSP_ incsspq_past_the_end, ss_top-64, 9, incsspq %rax
INCSSP_ incsspq_0_at_the_end, ss_top, 0, incsspq %rax
INCSSP_ incsspq_1_at_the_end, ss_top, 1, incsspq %rax
INCSSP_ incsspq_unaligned, ss_top-60, 2, incsspq %rax
INCSSP_ incsspd_0, ss_top-64, 0, incsspd %eax
INCSSP_ incsspd_1, ss_top-64, 1, incsspd %eax
INCSSP_ incsspd_255, ss+64, 255, incsspd %eax
INCSSP_ incsspd_256, ss+64, 256, incsspd %eax
INCSSP_ incsspd_to_the_end, ss_top-64, 16, incsspd %eax
INCSSP_ incsspd_past_the_end, ss_top-64, 17, incsspd %eax
INCSSP_ incsspd_unaligned, ss_top-60, 1, incsspd %eax
# The first page is missing, the last is there; and the other way round.
INCSSP_ incsspq_last_missing, ss_top-1016, 255, incsspq %rax

# WRSS and WRUSS.
.macro WRSS_ name, at, instruction:vararg
TEST \name
    PROBE ss_top-128
    PUT ss_top-128, 0x1111111111111111
    PUT ss_top-120, 0x2222222222222222
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-64
    movl $ss_top-128+\at, %ebx
    movabsq $0x8877665544332211, %rax
    \instruction
DONE
TEST user_\name
    PROBE uss_top-128
    PUT uss_top-128, 0x1111111111111111
    PUT uss_top-120, 0x2222222222222222
    ENTER_USER SH_STK_EN | WR_SHSTK_EN, uss_top-64
    movl $uss_top-128+\at, %ebx
    movabsq $0x8877665544332211, %rax
    \instruction
USER_DONE
.endm
WRSS_ wrssq, 0, wrssq %rax, (%rbx)
WRSS_ wrssq_at_1, 1, wrssq %rax, (%rbx)
WRSS_ wrssq_at_2, 2, wrssq %rax, (%rbx)
WRSS_ wrssq_at_4, 4, wrssq %rax, (%rbx)
WRSS_ wrssq_at_8, 8, wrssq %rax, (%rbx)
WRSS_ wrssd, 0, wrssd %eax, (%rbx)
WRSS_ wrssd_at_1, 1, wrssd %eax, (%rbx)
WRSS_ wrssd_at_2, 2, wrssd %eax, (%rbx)
WRSS_ wrssd_at_4, 4, wrssd %eax, (%rbx)
WRSS_ wrussq_from_there, 0, wrussq %rax, (%rbx)
WRSS_ wrussq_from_there_at_4, 4, wrussq %rax, (%rbx)
TEST wrss_not_enabled
    ARM SH_STK_EN, ss_top-64
    movl $ss_top-128, %ebx
    wrssq %rax, (%rbx)
DONE
TEST user_wrss_not_enabled
    ENTER_USER SH_STK_EN, uss_top-64
    movl $uss_top-128, %ebx
    wrssq %rax, (%rbx)
USER_DONE
TEST user_wrss_enabled_without_shadow_stack
    ENTER_USER WR_SHSTK_EN, uss_top-64
    movl $uss_top-128, %ebx
    wrssq %rax, (%rbx)
USER_DONE
TEST wrss_not_canonical
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-64
    movabsq $0x800000000000, %rbx
    wrssq %rax, (%rbx)
DONE
TEST wrss_stack_not_canonical
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-64
    movabsq $0x800000000000, %rbp
    wrssq %rax, (%rbp)
DONE
TEST wrussq
    PROBE uss_top-128
    movl $uss_top-128, %ebx
    movabsq $0x8877665544332211, %rax
    wrussq %rax, (%rbx)
DONE
TEST wrussd
    PROBE uss_top-128
    movl $uss_top-128, %ebx
    movabsq $0x8877665544332211, %rax
    wrussd %eax, (%rbx)
DONE
TEST wrussq_at_4
    movl $uss_top-124, %ebx
    wrussq %rax, (%rbx)
DONE
TEST wrussd_at_2
    movl $uss_top-126, %ebx
    wrussd %eax, (%rbx)
DONE
TEST wrussd_at_4
    PROBE uss_top-128
    movl $uss_top-124, %ebx
    movabsq $0x8877665544332211, %rax
    wrussd %eax, (%rbx)
DONE
TEST wruss_not_canonical
    movabsq $0x800000000000, %rbx
    wrussq %rax, (%rbx)
DONE

# SETSSBSY. ARM leaves a busy token in `arming`; here a token of its own.
.macro SETSSBSY_ name, at, token
TEST \name
    PROBE ss_top-128
    PUT ss_top-128, \token
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, \at
    setssbsy
DONE
.endm
SETSSBSY_ setssbsy, ss_top-128, ss_top-128
SETSSBSY_ setssbsy_busy, ss_top-128, ss_top-128+1
SETSSBSY_ setssbsy_zero, ss_top-128, 0
SETSSBSY_ setssbsy_bit1, ss_top-128, ss_top-128+2
SETSSBSY_ setssbsy_bit2, ss_top-128, ss_top-128+4
SETSSBSY_ setssbsy_other_address, ss_top-128, ss_top-120
SETSSBSY_ setssbsy_high_half, ss_top-128, 0x100000000+ss_top-128
SETSSBSY_ setssbsy_misaligned, ss_top-124, ss_top-124
SETSSBSY_ setssbsy_absent, absent, 0
TEST setssbsy_twice
    PUT ss_top-128, ss_top-128
    ARM SH_STK_EN, ss_top-64
    MSR_ADDRESS PL0_SSP, ss_top-128
    setssbsy
    setssbsy
DONE
TEST user_setssbsy
    ARM SH_STK_EN, arming
    ENTER_USER SH_STK_EN, uss_top-64
    setssbsy
USER_DONE
TEST user_setssbsy_off
    ENTER_USER SH_STK_EN, uss_top-64
    setssbsy
USER_DONE

# CLRSSBSY: CF tells whether the token was not a busy one; SSP becomes 0 either way.
.macro CLRSSBSY_ name, at, token
TEST \name
    PROBE ss_top-128
    PUT ss_top-128, \token
    ARM SH_STK_EN, ss_top-64
    movl $\at, %ebx
    pushq $0x8d7                    # All arithmetic flags set.
    popfq
    clrssbsy (%rbx)
DONE
.endm
CLRSSBSY_ clrssbsy, ss_top-128, ss_top-128+1
CLRSSBSY_ clrssbsy_not_busy, ss_top-128, ss_top-128
CLRSSBSY_ clrssbsy_zero, ss_top-128, 0
CLRSSBSY_ clrssbsy_bit1, ss_top-128, ss_top-128+3
CLRSSBSY_ clrssbsy_other_address, ss_top-128, ss_top-120+1
CLRSSBSY_ clrssbsy_misaligned, ss_top-124, ss_top-124+1
CLRSSBSY_ clrssbsy_misaligned_1, ss_top-127, ss_top-127
TEST clrssbsy_absent
    ARM SH_STK_EN, ss_top-64
    clrssbsy absent
DONE
TEST clrssbsy_not_canonical
    ARM SH_STK_EN, ss_top-64
    movabsq $0x800000000000, %rbx
    clrssbsy (%rbx)
DONE
TEST user_clrssbsy
    ARM SH_STK_EN, arming
    ENTER_USER SH_STK_EN, uss_top-64
    movl $uss_top-128, %ebx
    clrssbsy (%rbx)
USER_DONE

# RSTORSSP.
.macro RSTORSSP_ name, at, token
TEST \name
    PROBE ss_top-256
    PUT ss_top-256, \token
    ARM SH_STK_EN, ss_top-64
    movl $\at, %ebx
    pushq $0x8d7
    popfq
    rstorssp (%rbx)
DONE
TEST user_\name
    PROBE uss_top-256
    PUT uss_top-256, u\token
    ENTER_USER SH_STK_EN, uss_top-64
    movl $u\at, %ebx
    pushq $0x8d7
    popfq
    rstorssp (%rbx)
USER_DONE
.endm
RSTORSSP_ rstorssp, ss_top-256, ss_top-248+1
RSTORSSP_ rstorssp_unaligned_ssp, ss_top-256, ss_top-244+1
RSTORSSP_ rstorssp_below, ss_top-256, ss_top-252+1
RSTORSSP_ rstorssp_above, ss_top-256, ss_top-240+1
RSTORSSP_ rstorssp_itself, ss_top-256, ss_top-256+1
RSTORSSP_ rstorssp_not_mode64, ss_top-256, ss_top-248
RSTORSSP_ rstorssp_bit1, ss_top-256, ss_top-248+3
RSTORSSP_ rstorssp_previous_ssp_token, ss_top-256, ss_top-248+2
RSTORSSP_ rstorssp_high_half, ss_top-256, ss_top-248+1+0x100000000
RSTORSSP_ rstorssp_misaligned, ss_top-252, ss_top-248+1
RSTORSSP_ rstorssp_misaligned_1, ss_top-255, ss_top-248+1
TEST rstorssp_zero
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
DONE
TEST rstorssp_absent
    ARM SH_STK_EN, ss_top-64
    rstorssp absent
DONE
TEST rstorssp_not_canonical
    ARM SH_STK_EN, ss_top-64
    movabsq $0x800000000000, %rbx
    rstorssp (%rbx)
DONE
TEST rstorssp_from_unaligned_ssp
    PROBE ss_top-256
    PUT ss_top-256, ss_top-248+1
    ARM SH_STK_EN, ss_top-60
    rstorssp ss_top-256
DONE
TEST rstorssp_supervisor_token
    PUT ss_top-256, ss_top-256
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
DONE
TEST rstorssp_twice
    PROBE ss_top-256
    PUT ss_top-256, ss_top-248+1
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
    rstorssp ss_top-256
DONE

# SAVEPREVSSP.
.macro SAVEPREVSSP_ name, ssp, token
TEST \name
    PROBE ss_top-88
    PUT ss_top-256, \token
    ARM SH_STK_EN, \ssp
    saveprevssp
DONE
TEST user_\name
    PROBE uss_top-88
    PUT uss_top-256, u\token
    ENTER_USER SH_STK_EN, u\ssp
    pushq $0x8d6
    popfq
    saveprevssp
USER_DONE
.endm
SAVEPREVSSP_ saveprevssp, ss_top-256, ss_top-64+3
SAVEPREVSSP_ saveprevssp_unaligned_previous, ss_top-256, ss_top-68+3
SAVEPREVSSP_ saveprevssp_not_mode64, ss_top-256, ss_top-64+2
SAVEPREVSSP_ saveprevssp_bit1_clear, ss_top-256, ss_top-64+1
SAVEPREVSSP_ saveprevssp_misaligned, ss_top-252, ss_top-64+3
SAVEPREVSSP_ saveprevssp_to_absent, ss_top-256, ss+3
TEST saveprevssp_no_token
    ARM SH_STK_EN, ss_top-256
    saveprevssp
DONE
TEST saveprevssp_carry
    PUT ss_top-256, ss_top-64+3
    ARM SH_STK_EN, ss_top-256
    stc
    saveprevssp
DONE
TEST saveprevssp_carry_no_token
    ARM SH_STK_EN, ss_top-256
    stc
    saveprevssp
DONE
TEST saveprevssp_no_page
    ARM SH_STK_EN, absent+64
    saveprevssp
DONE
TEST saveprevssp_no_page_misaligned
    ARM SH_STK_EN, absent+68
    saveprevssp
DONE
TEST saveprevssp_high_half
    PUT ss_top-256, ss_top-64+3+0x100000000
    ARM SH_STK_EN, ss_top-256
    saveprevssp
DONE

# The two together, there and back.
TEST switch
    PROBE ss_top-80
    PUT ss_top-256, ss_top-248+1
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
    saveprevssp
DONE
TEST switch_from_unaligned
    PROBE ss_top-80
    PUT ss_top-256, ss_top-248+1
    ARM SH_STK_EN, ss_top-60
    rstorssp ss_top-256
    saveprevssp
DONE
TEST switch_to_unaligned
    PROBE ss_top-80
    PUT ss_top-256, ss_top-244+1
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
    saveprevssp
DONE
TEST switch_there_and_back
    PROBE ss_top-80
    PUT ss_top-256, ss_top-248+1
    ARM SH_STK_EN, ss_top-64
    rstorssp ss_top-256
    saveprevssp
    rstorssp ss_top-72
    saveprevssp
DONE
TEST user_switch_there_and_back
    PROBE uss_top-80
    PUT uss_top-256, uss_top-248+1
    ENTER_USER SH_STK_EN, uss_top-64
    rstorssp uss_top-256
    saveprevssp
    rstorssp uss_top-72
    saveprevssp
USER_DONE

    jmp all_done
