# pages: every kind of access against every kind of page, from ring 0 and from ring 3.

    .include "harness.inc"

    .equ SPOT, 64                   # The offset in the page.

.macro READ page
TEST read_\page
    movq \page+SPOT, %rax
DONE
.endm
.macro WRITE page
TEST write_\page
    movq %rax, \page+SPOT
DONE
.endm
.macro FETCH page
TEST fetch_\page
    movl $\page+SPOT, %eax
    movb $0xc3, ALIAS+\page+SPOT    # RET
    call *%rax
DONE
.endm
.macro WRSSD_ page
TEST wrssd_\page
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-512
    movl $\page+SPOT, %ebx
    wrssd %eax, (%rbx)
DONE
.endm
.macro WRSSQ_ page
TEST wrssq_\page
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-512
    movl $\page+SPOT, %ebx
    wrssq %rax, (%rbx)
DONE
.endm
.macro WRUSSQ_ page
TEST wrussq_\page
    movl $\page+SPOT, %ebx
    wrussq %rax, (%rbx)
DONE
.endm
.macro INCSSP_ page
TEST incssp_\page
    ARM SH_STK_EN, \page+SPOT
    movl $1, %eax
    incsspq %rax
DONE
.endm
.macro CALL_ page
TEST call_\page
    ARM SH_STK_EN, \page+SPOT
    call 1f
    nop
1:
DONE
.endm
.macro RET_ page
TEST ret_\page
    ARM SH_STK_EN, \page+SPOT
    pushq $1
    ret
DONE
.endm
.macro SETSSBSY_ page
TEST setssbsy_\page
    ARM SH_STK_EN, ss_top-512
    MSR_ADDRESS PL0_SSP, \page+SPOT
    setssbsy
DONE
.endm
.macro CLRSSBSY_ page
TEST clrssbsy_\page
    ARM SH_STK_EN, ss_top-512
    movl $\page+SPOT, %ebx
    clrssbsy (%rbx)
DONE
.endm
.macro RSTORSSP_ page
TEST rstorssp_\page
    ARM SH_STK_EN, ss_top-512
    movl $\page+SPOT, %ebx
    rstorssp (%rbx)
DONE
.endm

.macro USER_READ page
TEST user_read_\page
    ENTER_USER 0, uss_top
    movq \page+SPOT, %rax
USER_DONE
.endm
.macro USER_WRITE page
TEST user_write_\page
    ENTER_USER 0, uss_top
    movq %rax, \page+SPOT
USER_DONE
.endm
.macro USER_WRSSQ page
TEST user_wrssq_\page
    ENTER_USER SH_STK_EN | WR_SHSTK_EN, uss_top-512
    movl $\page+SPOT, %ebx
    wrssq %rax, (%rbx)
USER_DONE
.endm
.macro USER_INCSSP page
TEST user_incssp_\page
    ENTER_USER SH_STK_EN, \page+SPOT
    movl $1, %eax
    incsspq %rax
USER_DONE
.endm
.macro USER_CALL page
TEST user_call_\page
    ENTER_USER SH_STK_EN, \page+SPOT
    call 1f
    nop
1:
USER_DONE
.endm
.macro USER_RET page
TEST user_ret_\page
    ENTER_USER SH_STK_EN, \page+SPOT
    pushq $1
    ret
USER_DONE
.endm
.macro USER_RSTORSSP page
TEST user_rstorssp_\page
    ENTER_USER SH_STK_EN, uss_top-512
    movl $\page+SPOT, %ebx
    rstorssp (%rbx)
USER_DONE
.endm

.macro ON_EACH_PAGE access
    \access ss
    \access uss
    \access supervisor_readonly
    \access user_readonly
    \access supervisor_writable
    \access user_writable
    \access absent
    \access reserved
    \access narrow_supervisor
    \access narrow_user
    \access large_supervisor
    \access large_user
    \access kernel_half
.endm

first_test:
    ON_EACH_PAGE READ
    ON_EACH_PAGE WRITE
    ON_EACH_PAGE WRSSD_
    ON_EACH_PAGE WRSSQ_
    ON_EACH_PAGE WRUSSQ_
    ON_EACH_PAGE INCSSP_
    ON_EACH_PAGE CALL_
    ON_EACH_PAGE RET_
    ON_EACH_PAGE SETSSBSY_
    ON_EACH_PAGE CLRSSBSY_
    ON_EACH_PAGE RSTORSSP_
    ON_EACH_PAGE USER_READ
    ON_EACH_PAGE USER_WRITE
    ON_EACH_PAGE USER_WRSSQ
    ON_EACH_PAGE USER_INCSSP
    ON_EACH_PAGE USER_CALL
    ON_EACH_PAGE USER_RET
    ON_EACH_PAGE USER_RSTORSSP

    # A shadow-stack page may be executed as any other.
    FETCH ss
    FETCH uss

# Accessed and dirty: the record ends with the page-table entries of the page and its two neighbours.
.macro PROBE_ENTRY page
    movl $\page, %eax
    shrl $12, %eax
    leaq page_table(,%rax,8), %rax
    movq %rax, probe(%rip)
    pushq $2
    popfq
.endm
TEST accessed_by_wrss
    PROBE_ENTRY ss
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-512
    movl $ss+SPOT, %ebx
    wrssq %rax, (%rbx)
DONE
TEST accessed_by_incssp
    PROBE_ENTRY ss
    ARM SH_STK_EN, ss+SPOT
    movl $1, %eax
    incsspq %rax
DONE
TEST accessed_by_wruss
    PROBE_ENTRY uss
    movl $uss+SPOT, %ebx
    wrussq %rax, (%rbx)
DONE
TEST not_accessed_by_fault
    PROBE_ENTRY supervisor_readonly
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-512
    movl $supervisor_readonly+SPOT, %ebx
    wrssq %rax, (%rbx)
DONE
TEST dirty_by_write_only
    PROBE_ENTRY before_ss
    movq before_ss+SPOT, %rax
    movq %rax, after_ss+SPOT
DONE
TEST readonly_stays_clean
    PROBE_ENTRY user_readonly
    movq %rax, user_readonly+SPOT
DONE

# Two pages, one store: both are checked before either is written.
TEST wrssq_needs_alignment
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-512
    movl $ss+0xffc, %ebx
    wrssq %rax, (%rbx)
DONE
TEST call_split_over_two_pages
    PROBE ss+0xff0
    ARM SH_STK_EN, ss+0x1004
    call 1f
    nop
1:
DONE
TEST call_split_over_page_below
    PROBE ss
    ARM SH_STK_EN, ss+4
    call 1f
    nop
1:
DONE
TEST incssp_split_over_page_above
    ARM SH_STK_EN, ss_top-4
    movl $1, %eax
    incsspq %rax
DONE

    jmp all_done
