# registers: CR4.CET and CR0.WP, the CET MSRs, and the CET instructions while shadow stacks are off.

    .include "harness.inc"

# WRMSR and, when it was allowed, RDMSR: RAX in the record is what was written (its low half), or what was read.
.macro WRITE name, index, value
TEST \name
    MSR \index, \value
    rdmsr
    shlq $32, %rdx
    addq %rdx, %rax
DONE
.endm

.macro CET_OFF
    movl $CR4_START & ~CR4_CET, %eax
    movq %rax, %cr4
.endm

first_test:
TEST cr4_cet_with_wp
    CET_OFF
    movl $CR4_START, %eax
    movq %rax, %cr4
    movq %cr4, %rax
DONE
TEST cr4_cet_without_wp
    CET_OFF
    movl $CR0_START & ~CR0_WP, %eax
    movq %rax, %cr0
    movl $CR4_START, %eax
    movq %rax, %cr4
DONE
TEST cr0_wp_clear_with_cet
    movl $CR0_START & ~CR0_WP, %eax
    movq %rax, %cr0
DONE
TEST cr0_wp_clear_without_cet
    CET_OFF
    movl $CR0_START & ~CR0_WP, %eax
    movq %rax, %cr0
    movq %cr0, %rax
DONE
TEST cr4_cet_off_keeps_msrs
    MSR S_CET, SH_STK_EN
    CET_OFF
    movl $S_CET, %ecx
    rdmsr
DONE
TEST msrs_writable_without_cet
    CET_OFF
    MSR U_CET, SH_STK_EN | ENDBR_EN
    MSR_ADDRESS PL3_SSP, uss_top
DONE
TEST ssp_kept_while_cet_off
    ARM SH_STK_EN, ss_top-64
    CET_OFF
    movl $0x5a5a, %eax
    rdsspq %rax
    movl $CR4_START, %ecx
    movq %rcx, %cr4
DONE
TEST ssp_kept_while_shadow_stack_off
    ARM SH_STK_EN, ss_top-64
    MSR S_CET, 0
    movl $0x5a5a, %eax
    rdsspq %rax
    movq %rax, %rbx
    MSR S_CET, SH_STK_EN
    movq %rbx, %rax
DONE

WRITE u_cet_zero, U_CET, 0
WRITE u_cet_sh_stk_en, U_CET, 1
WRITE u_cet_wr_shstk_en, U_CET, 2
WRITE u_cet_leg_iw_en, U_CET, 8
WRITE u_cet_no_track_en, U_CET, 0x10
WRITE u_cet_suppress_dis, U_CET, 0x20
WRITE u_cet_bit6, U_CET, 0x40
WRITE u_cet_bit7, U_CET, 0x80
WRITE u_cet_bit8, U_CET, 0x100
WRITE u_cet_bit9, U_CET, 0x200
WRITE u_cet_suppress, U_CET, 0x400
WRITE u_cet_tracker, U_CET, 0x800
WRITE u_cet_suppress_and_tracker, U_CET, 0xc00
WRITE u_cet_bitmap_base_bit12, U_CET, 0x1000
WRITE u_cet_bitmap_base_low, U_CET, 0x7ffffffff000
WRITE u_cet_bitmap_base_not_canonical, U_CET, 0x800000000000
WRITE u_cet_bitmap_base_bit63, U_CET, 0x8000000000000000
WRITE u_cet_bitmap_base_high, U_CET, 0xffff800000000000
WRITE u_cet_all_but_reserved, U_CET, 0xfffffffffffff03b
WRITE u_cet_all_with_tracker, U_CET, 0xfffffffffffff83b
WRITE u_cet_endbr_en, U_CET, 4
WRITE s_cet_zero, S_CET, 0
WRITE s_cet_sh_stk_en, S_CET, 1
WRITE s_cet_wr_shstk_en, S_CET, 2
WRITE s_cet_leg_iw_en, S_CET, 8
WRITE s_cet_no_track_en, S_CET, 0x10
WRITE s_cet_suppress_dis, S_CET, 0x20
WRITE s_cet_bit6, S_CET, 0x40
WRITE s_cet_bit7, S_CET, 0x80
WRITE s_cet_bit8, S_CET, 0x100
WRITE s_cet_bit9, S_CET, 0x200
WRITE s_cet_suppress, S_CET, 0x400
WRITE s_cet_tracker, S_CET, 0x800
WRITE s_cet_suppress_and_tracker, S_CET, 0xc00
WRITE s_cet_bitmap_base_bit12, S_CET, 0x1000
WRITE s_cet_bitmap_base_low, S_CET, 0x7ffffffff000
WRITE s_cet_bitmap_base_not_canonical, S_CET, 0x800000000000
WRITE s_cet_bitmap_base_bit63, S_CET, 0x8000000000000000
WRITE s_cet_bitmap_base_high, S_CET, 0xffff800000000000
WRITE s_cet_all_but_reserved, S_CET, 0xfffffffffffff03b
WRITE s_cet_all_with_tracker, S_CET, 0xfffffffffffff83b
WRITE s_cet_endbr_en, S_CET, 0x404
WRITE pl0_ssp_zero, PL0_SSP, 0
WRITE pl0_ssp_bit0, PL0_SSP, 1
WRITE pl0_ssp_bit1, PL0_SSP, 2
WRITE pl0_ssp_bit2, PL0_SSP, 4
WRITE pl0_ssp_bit3, PL0_SSP, 8
WRITE pl0_ssp_low_end, PL0_SSP, 0x7ffffffffffc
WRITE pl0_ssp_not_canonical, PL0_SSP, 0x800000000000
WRITE pl0_ssp_high, PL0_SSP, 0xffff800000000000
WRITE pl0_ssp_misaligned_high, PL0_SSP, 0xffff800000000001
WRITE pl0_ssp_bit63, PL0_SSP, 0x8000000000000000
WRITE pl1_ssp_zero, PL1_SSP, 0
WRITE pl1_ssp_bit0, PL1_SSP, 1
WRITE pl1_ssp_bit1, PL1_SSP, 2
WRITE pl1_ssp_bit2, PL1_SSP, 4
WRITE pl1_ssp_low_end, PL1_SSP, 0x7ffffffffffc
WRITE pl1_ssp_not_canonical, PL1_SSP, 0x800000000000
WRITE pl1_ssp_high, PL1_SSP, 0xffff800000000000
WRITE pl2_ssp_zero, PL2_SSP, 0
WRITE pl2_ssp_bit0, PL2_SSP, 1
WRITE pl2_ssp_bit1, PL2_SSP, 2
WRITE pl2_ssp_bit2, PL2_SSP, 4
WRITE pl2_ssp_low_end, PL2_SSP, 0x7ffffffffffc
WRITE pl2_ssp_not_canonical, PL2_SSP, 0x800000000000
WRITE pl2_ssp_high, PL2_SSP, 0xffff800000000000
WRITE pl3_ssp_zero, PL3_SSP, 0
WRITE pl3_ssp_bit0, PL3_SSP, 1
WRITE pl3_ssp_bit1, PL3_SSP, 2
WRITE pl3_ssp_bit2, PL3_SSP, 4
WRITE pl3_ssp_bit3, PL3_SSP, 8
WRITE pl3_ssp_low_end, PL3_SSP, 0x7ffffffffffc
WRITE pl3_ssp_not_canonical, PL3_SSP, 0x800000000000
WRITE pl3_ssp_high, PL3_SSP, 0xffff800000000000
WRITE pl3_ssp_misaligned_high, PL3_SSP, 0xffff800000000001
WRITE pl3_ssp_bit63, PL3_SSP, 0x8000000000000000
WRITE ssp_table_odd, SSP_TABLE, 1
WRITE ssp_table_bit2, SSP_TABLE, 4
WRITE ssp_table_aligned, SSP_TABLE, 0x1000
WRITE ssp_table_low_end, SSP_TABLE, 0x7fffffffffff
WRITE ssp_table_not_canonical, SSP_TABLE, 0x800000000000
WRITE ssp_table_high, SSP_TABLE, 0xffff800000000000
WRITE ssp_table_bit63, SSP_TABLE, 0x8000000000000000

# The indices between the two are not defined.
WRITE msr_6a1, 0x6a1, 0
WRITE msr_6a3, 0x6a3, 0

# IA32_XSS: the two components of CET.
WRITE xss_cet_u, 0xda0, 0x800
WRITE xss_cet_s, 0xda0, 0x1000
WRITE xss_cet_both, 0xda0, 0x1800
WRITE xss_user_component, 0xda0, 1
WRITE xss_bit62, 0xda0, 0x4000000000000000
TEST xss_back_to_zero
    MSR 0xda0, 0
DONE

# The CET instructions with CR4.CET = 0, though IA32_S_CET asks for shadow stacks.
.macro OFF name, instruction:vararg
TEST \name
    MSR S_CET, SH_STK_EN | WR_SHSTK_EN
    CET_OFF
    movl $ss_top-64, %ebx
    movl $0x5a5a, %eax
    \instruction
DONE
.endm
OFF off_rdsspd, rdsspd %eax
OFF off_rdsspq, rdsspq %rax
OFF off_endbr64, endbr64
OFF off_endbr32, endbr32
OFF off_incsspd, incsspd %eax
OFF off_incsspq, incsspq %rax
OFF off_rstorssp, rstorssp (%rbx)
OFF off_saveprevssp, saveprevssp
OFF off_setssbsy, setssbsy
OFF off_clrssbsy, clrssbsy (%rbx)
OFF off_wrssd, wrssd %eax, (%rbx)
OFF off_wrssq, wrssq %rax, (%rbx)
OFF off_wrussd, wrussd %eax, (%rbx)
OFF off_wrussq, wrussq %rax, (%rbx)

# The same with CR4.CET = 1 and IA32_S_CET = 0. WRUSS asks for CR4.CET only.
.macro DISABLED name, instruction:vararg
TEST \name
    movl $ss_top-64, %ebx
    movl $0x5a5a, %eax
    \instruction
DONE
.endm
DISABLED disabled_rdsspd, rdsspd %eax
DISABLED disabled_rdsspq, rdsspq %rax
DISABLED disabled_incsspd, incsspd %eax
DISABLED disabled_incsspq, incsspq %rax
DISABLED disabled_rstorssp, rstorssp (%rbx)
DISABLED disabled_saveprevssp, saveprevssp
DISABLED disabled_setssbsy, setssbsy
DISABLED disabled_clrssbsy, clrssbsy (%rbx)
DISABLED disabled_wrssd, wrssd %eax, (%rbx)
DISABLED disabled_wrssq, wrssq %rax, (%rbx)
TEST disabled_wrussq
    PROBE uss+8
    movl $uss+8, %ebx
    movl $0x5a5a, %eax
    wrussq %rax, (%rbx)
DONE

# Shadow stacks on in ring 3 only: nothing of them in ring 0.
TEST ring3_only_rdssp
    MSR U_CET, SH_STK_EN
    movl $0x5a5a, %eax
    rdsspq %rax
DONE
TEST ring3_only_incssp
    MSR U_CET, SH_STK_EN
    movl $1, %eax
    incsspq %rax
DONE

# Encodings: LOCK is never allowed; a register where memory must be; the NOPs of the hint space keep their meaning.
.macro ENCODED name, bytes:vararg
TEST \name
    ARM SH_STK_EN | WR_SHSTK_EN, ss_top-64
    movl $ss_top-128, %ebx
    movl $0x5a5a, %eax
    .byte \bytes
DONE
.endm
ENCODED lock_rdssp, 0xf0, 0xf3, 0x48, 0x0f, 0x1e, 0xc8
ENCODED lock_incssp, 0xf0, 0xf3, 0x48, 0x0f, 0xae, 0xe8
ENCODED lock_rstorssp, 0xf0, 0xf3, 0x0f, 0x01, 0x2b
ENCODED lock_saveprevssp, 0xf0, 0xf3, 0x0f, 0x01, 0xea
ENCODED lock_setssbsy, 0xf0, 0xf3, 0x0f, 0x01, 0xe8
ENCODED lock_clrssbsy, 0xf0, 0xf3, 0x0f, 0xae, 0x33
ENCODED lock_wrssq, 0xf0, 0x48, 0x0f, 0x38, 0xf6, 0x03
ENCODED lock_wrussq, 0xf0, 0x66, 0x48, 0x0f, 0x38, 0xf5, 0x03
ENCODED lock_endbr64, 0xf0, 0xf3, 0x0f, 0x1e, 0xfa
ENCODED wrssq_register, 0x48, 0x0f, 0x38, 0xf6, 0xc3
ENCODED wrussq_register, 0x66, 0x48, 0x0f, 0x38, 0xf5, 0xc3
ENCODED endbr64_without_f3, 0x0f, 0x1e, 0xfa
ENCODED rdssp_memory_is_nop, 0xf3, 0x48, 0x0f, 0x1e, 0x0b
ENCODED rdssp_without_f3, 0x48, 0x0f, 0x1e, 0xc8
ENCODED hint_nop, 0xf3, 0x0f, 0x1e, 0xc0

    jmp all_done
