# near: CALL, RET and what they do with the shadow stack.

    .include "harness.inc"

first_test:
# What a CALL pushes, by each form.
.macro CALLS name, ssp, instruction:vararg
TEST \name
    PROBE \ssp-16
    ARM SH_STK_EN, \ssp
    movl $landing, %ebx
    movq %rbx, pointer(%rip)
    \instruction
DONE
TEST user_\name
    PROBE u\ssp-16
    ENTER_USER SH_STK_EN, u\ssp
    movl $landing, %ebx
    movq %rbx, pointer(%rip)
    \instruction
USER_DONE
.endm
CALLS call_relative, ss_top-64, call returns
CALLS call_register, ss_top-64, call *%rbx
CALLS call_memory, ss_top-64, call *pointer(%rip)
CALLS call_pushes, ss_top-64, call stays
CALLS call_pushes_unaligned, ss_top-60, call stays
CALLS call_register_pushes, ss_top-64, call *%rbx
CALLS ret_immediate, ss_top-64, call returns_16

# A CALL to the next instruction pushes nothing on the shadow stack; one with the same target through a register does.
TEST call_next
    PROBE ss_top-80
    ARM SH_STK_EN, ss_top-64
    call 1f
1:
DONE
TEST call_next_then_ret
    ARM SH_STK_EN, ss_top-64
    call 1f
1:  ret
DONE
TEST user_call_next
    PROBE uss_top-80
    ENTER_USER SH_STK_EN, uss_top-64
    call 1f
1:
USER_DONE
TEST call_next_by_register
    PROBE ss_top-80
    ARM SH_STK_EN, ss_top-64
    movl $1f, %eax
    call *%rax
1:
DONE
TEST call_next_word_displacement
    PROBE ss_top-80
    ARM SH_STK_EN, ss_top-64
    .byte 0x66, 0xe8, 0, 0, 0, 0    # 66h is ignored by a near CALL in 64-bit mode (Intel).
DONE

# Without shadow stacks, SSP stays out of it.
TEST call_without_shadow_stack
    call returns
DONE

# Smashed return addresses.
TEST ret_mismatch
    ARM SH_STK_EN, ss_top-64
    call smashes
DONE
TEST ret_immediate_mismatch
    ARM SH_STK_EN, ss_top-64
    call smashes_16
DONE
TEST user_ret_mismatch
    ENTER_USER SH_STK_EN, uss_top-64
    call smashes
USER_DONE
TEST user_ret_immediate_mismatch
    ENTER_USER SH_STK_EN, uss_top-64
    call smashes_16
USER_DONE
TEST ret_mismatch_high_half
    PUT ss_top-64, 0x100000000+landing
    ARM SH_STK_EN, ss_top-64
    pushq $landing
    ret
DONE
TEST ret_matches
    PUT ss_top-64, landing
    ARM SH_STK_EN, ss_top-64
    pushq $landing
    ret
DONE
TEST ret_matches_unaligned
    PUT ss_top-68, landing
    ARM SH_STK_EN, ss_top-68
    pushq $landing
    ret
DONE
TEST ret_matches_over_two_pages
    PUT ss+0xffc, landing
    ARM SH_STK_EN, ss+0xffc
    pushq $landing
    ret
DONE
TEST ret_repz
    PUT ss_top-64, landing
    ARM SH_STK_EN, ss_top-64
    pushq $landing
    rep ret
DONE

# Which fault comes first.
TEST ret_not_canonical
    PUT ss_top-64, 0x800000000000
    ARM SH_STK_EN, ss_top-64
    movabsq $0x800000000000, %rax
    pushq %rax
    ret
DONE
TEST ret_not_canonical_and_mismatch
    ARM SH_STK_EN, ss_top-64
    movabsq $0x800000000000, %rax
    pushq %rax
    ret
DONE
TEST ret_not_canonical_and_no_shadow_page
    ARM SH_STK_EN, absent+64
    movabsq $0x800000000000, %rax
    pushq %rax
    ret
DONE
TEST ret_no_stack_and_no_shadow_page
    ARM SH_STK_EN, uss+64
    movl $absent+64, %esp
    ret
DONE
TEST call_no_stack_and_no_shadow_page
    ARM SH_STK_EN, uss+64
    movl $absent+64, %esp
    call stays
DONE
TEST call_not_canonical_and_no_shadow_page
    ARM SH_STK_EN, absent+64
    movabsq $0x800000000000, %rax
    call *%rax
DONE
TEST call_no_shadow_page_keeps_rsp
    PROBE kernel_stack_top-24
    ARM SH_STK_EN, absent+64
    call stays
DONE
TEST user_ret_no_shadow_page
    ENTER_USER SH_STK_EN, ss_top-64
    pushq $landing
    ret
USER_DONE

# Calls in calls, and a return to the outer one only.
TEST nested
    PROBE ss_top-88
    ARM SH_STK_EN, ss_top-64
    call nests
DONE
TEST skipped_frame
    ARM SH_STK_EN, ss_top-64
    call skips
DONE
TEST skipped_frame_with_incssp
    ARM SH_STK_EN, ss_top-64
    call skips_well
DONE

# Bit 63 and canonical halves: SSP in the high half cannot be mapped here, so its page is missing.
TEST call_ssp_high_half
    ARM SH_STK_EN, 0
    movl $1, %eax
    call stays
DONE
    jmp all_done

landing:
    int $INT_DONE
returns:
    ret
returns_16:
    subq $16, (%rsp)                # Changed and changed back: the memory counts, not who wrote it.
    addq $16, (%rsp)
    popq %rcx
    subq $16, %rsp
    pushq %rcx
    ret $16
stays:
    int $INT_DONE
smashes:
    movl $landing, %eax
    movq %rax, (%rsp)
    ret
smashes_16:
    movl $landing, %eax
    movq %rax, (%rsp)
    ret $16
nests:
    call nests_1
    ret
nests_1:
    call returns
    ret
skips:
    call skips_1
    nop
skips_1:
    addq $8, %rsp
    ret
skips_well:
    call skips_well_1
    nop
skips_well_1:
    addq $8, %rsp
    movl $1, %eax
    incsspq %rax
    ret

    .data
    .balign 8
pointer: .quad 0
