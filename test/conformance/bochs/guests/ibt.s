# ibt: the tracker of indirect branches, in ring 0 and in ring 3.

    .include "harness.inc"

# An indirect branch to `5:`, where `first` is the first instruction. RBX and `pointer` hold the target.
.macro LANDING name, cet, branch, first:vararg
TEST \name
    movl $5f, %ebx
    movq %rbx, pointer(%rip)
    MSR S_CET, \cet
    \branch
    nop
5:  \first
DONE
TEST user_\name
    ENTER_USER \cet, uss_top-64
    movl $5f, %ebx
    movq %rbx, pointer(%rip)
    \branch
    nop
5:  \first
USER_DONE
.endm

first_test:
LANDING jmp_endbr, ENDBR_EN, "jmp *%rbx", endbr64
LANDING call_endbr, ENDBR_EN, "call *%rbx", endbr64
LANDING jmp_memory_endbr, ENDBR_EN, "jmp *pointer(%rip)", endbr64
LANDING call_memory_endbr, ENDBR_EN, "call *pointer(%rip)", endbr64
LANDING jmp_missing, ENDBR_EN, "jmp *%rbx", nop
LANDING call_missing, ENDBR_EN, "call *%rbx", nop
LANDING jmp_memory_missing, ENDBR_EN, "jmp *pointer(%rip)", nop
LANDING call_memory_missing, ENDBR_EN, "call *pointer(%rip)", nop
LANDING jmp_endbr32, ENDBR_EN, "jmp *%rbx", endbr32
LANDING endbr_without_f3, ENDBR_EN, "jmp *%rbx", .byte 0x0f, 0x1e, 0xfa
LANDING endbr_with_rex, ENDBR_EN, "jmp *%rbx", .byte 0xf3, 0x48, 0x0f, 0x1e, 0xfa
LANDING endbr_with_segment, ENDBR_EN, "jmp *%rbx", .byte 0x3e, 0xf3, 0x0f, 0x1e, 0xfa
LANDING endbr_with_66, ENDBR_EN, "jmp *%rbx", .byte 0x66, 0xf3, 0x0f, 0x1e, 0xfa
LANDING endbr_with_f2_f3, ENDBR_EN, "jmp *%rbx", .byte 0xf2, 0xf3, 0x0f, 0x1e, 0xfa
LANDING off_jmp_missing, 0, "jmp *%rbx", nop
LANDING direct_jmp, ENDBR_EN, "jmp 5f", nop
LANDING direct_call, ENDBR_EN, "call 5f", nop
LANDING near_ret, ENDBR_EN, "pushq %rbx; ret", nop

# What stands at the target: INT3 is let through, the rest is not even decoded.
LANDING target_int3, ENDBR_EN, "jmp *%rbx", int3
LANDING target_int1, ENDBR_EN, "jmp *%rbx", .byte 0xf1
LANDING target_ud2, ENDBR_EN, "jmp *%rbx", ud2
LANDING target_int_n, ENDBR_EN, "jmp *%rbx", int $INT_PLAIN
LANDING target_hlt, ENDBR_EN, "jmp *%rbx", hlt
LANDING target_bad_opcode, ENDBR_EN, "jmp *%rbx", .byte 0x06
LANDING target_load_absent, ENDBR_EN, "jmp *%rbx", movq absent, %rax

# The no-track prefix.
LANDING notrack_off, ENDBR_EN, "notrack jmp *%rbx", nop
LANDING notrack_jmp, ENDBR_EN | NO_TRACK_EN, "notrack jmp *%rbx", nop
LANDING notrack_call, ENDBR_EN | NO_TRACK_EN, "notrack call *%rbx", nop
LANDING notrack_memory, ENDBR_EN | NO_TRACK_EN, "notrack jmp *pointer(%rip)", nop
LANDING notrack_absent, ENDBR_EN | NO_TRACK_EN, "jmp *%rbx", nop
LANDING notrack_then_endbr, ENDBR_EN | NO_TRACK_EN, "notrack jmp *%rbx", endbr64
LANDING prefix_2e_3e, ENDBR_EN | NO_TRACK_EN, ".byte 0x2e, 0x3e, 0xff, 0xe3", nop
LANDING prefix_3e_2e, ENDBR_EN | NO_TRACK_EN, ".byte 0x3e, 0x2e, 0xff, 0xe3", nop
LANDING prefix_3e_64, ENDBR_EN | NO_TRACK_EN, ".byte 0x3e, 0x64, 0xff, 0xe3", nop
LANDING prefix_64_3e, ENDBR_EN | NO_TRACK_EN, ".byte 0x64, 0x3e, 0xff, 0xe3", nop
LANDING prefix_3e_rex, ENDBR_EN | NO_TRACK_EN, ".byte 0x3e, 0x48, 0xff, 0xe3", nop
LANDING prefix_3e_f2, ENDBR_EN | NO_TRACK_EN, ".byte 0x3e, 0xf2, 0xff, 0xe3", nop

# Suppressed: nothing sets the tracker, until an ENDBR64 executes.
LANDING suppressed_jmp, ENDBR_EN | SUPPRESS, "jmp *%rbx", nop
LANDING suppressed_endbr, ENDBR_EN | SUPPRESS, "jmp *%rbx", endbr64
LANDING suppressed_endbr32, ENDBR_EN | SUPPRESS, "jmp *%rbx", endbr32
LANDING suppressed_direct_endbr, ENDBR_EN | SUPPRESS, "jmp 5f", endbr64

# ENDBR64 without a waiting tracker is a NOP.
LANDING idle_endbr, ENDBR_EN, "nop", endbr64

# The tracker set by WRMSR counts at once; in ring 3 from the first instruction.
TEST wrmsr_tracker
    MSR S_CET, ENDBR_EN | TRACKER
    nop
DONE
TEST wrmsr_tracker_endbr
    MSR S_CET, ENDBR_EN | TRACKER
    endbr64
DONE
TEST user_begins_waiting
    ENTER_USER ENDBR_EN | TRACKER, uss_top-64
    nop
USER_DONE
TEST user_begins_waiting_endbr
    ENTER_USER ENDBR_EN | TRACKER, uss_top-64
    endbr64
USER_DONE
TEST user_waiting_without_endbr_en
    ENTER_USER TRACKER, uss_top-64
    nop
USER_DONE

# A fault on the fetch of the target comes before the missing ENDBR64.
TEST target_absent
    MSR S_CET, ENDBR_EN
    movl $absent, %eax
    jmp *%rax
DONE
TEST user_target_absent
    ENTER_USER ENDBR_EN, uss_top-64
    movl $absent, %eax
    jmp *%rax
USER_DONE
TEST target_not_canonical
    MSR S_CET, ENDBR_EN
    movabsq $0x800000000000, %rax
    jmp *%rax
DONE
TEST user_target_supervisor
    ENTER_USER ENDBR_EN, uss_top-64
    movl $supervisor_readonly, %eax
    jmp *%rax
USER_DONE
TEST endbr_split_over_absent
    movl $0xfa1e0ff3, ALIAS+user_writable+0xffd   # ENDBR64 whose last byte is in the next page
    RIGHTS reserved, 0
    MSR S_CET, ENDBR_EN
    movl $user_writable+0xffd, %eax
    jmp *%rax
DONE
TEST nop_before_absent
    movb $0x90, ALIAS+user_writable+0xfff
    RIGHTS reserved, 0
    MSR S_CET, ENDBR_EN
    movl $user_writable+0xfff, %eax
    jmp *%rax
DONE

# So does a code breakpoint on the target.
.macro BREAK_AT address
    movl $\address, %eax
    movq %rax, %dr0
    movl $0x402, %eax               # G0: execution
    movq %rax, %dr7
.endm
TEST target_breakpoint
    BREAK_AT 5f
    MSR S_CET, ENDBR_EN
    movl $5f, %eax
    jmp *%rax
5:  nop
DONE
TEST target_breakpoint_endbr
    BREAK_AT 5f
    MSR S_CET, ENDBR_EN
    movl $5f, %eax
    jmp *%rax
5:  endbr64
DONE
TEST user_target_breakpoint
    BREAK_AT 5f
    ENTER_USER ENDBR_EN, uss_top-64
    movl $5f, %eax
    jmp *%rax
5:  nop
USER_DONE
# A trap of the branch itself finds the tracker waiting.
TEST user_single_step_of_branch
    ENTER_USER ENDBR_EN, uss_top-64
    movl $5f, %eax
    pushq $0x102
    popfq
    jmp *%rax
    nop
5:  nop
USER_DONE

# The faulting branch itself: a branch that does not complete leaves the tracker alone.
TEST user_call_no_shadow_page
    ENTER_USER ENDBR_EN | SH_STK_EN, ss_top-64
    movl $landing, %eax
    call *%rax
USER_DONE
TEST user_jmp_memory_absent
    ENTER_USER ENDBR_EN, uss_top-64
    jmp *absent
USER_DONE
TEST user_jmp_not_canonical
    ENTER_USER ENDBR_EN, uss_top-64
    movabsq $0x800000000000, %rax
    jmp *%rax
USER_DONE

# The legacy bitmap: bit LIP[14:12] of byte LIP[47:15]. As a bit string its offset is LIP >> 12.
.macro LEGACY name, extra, set, first:vararg
TEST \name
    movl $5f, %ebx
    movl %ebx, %ecx
    shrl $12, %ecx
    .if \set
    btsl %ecx, bitmap
    .else
    movq $-1, %rax
    movq %rax, bitmap+0x20
    btrl %ecx, bitmap
    .endif
    movl $S_CET, %ecx
    movl $bitmap+ENDBR_EN+LEG_IW_EN+\extra, %eax
    xorl %edx, %edx
    wrmsr
    pushq $2
    popfq
    jmp *%rbx
    nop
5:  \first
DONE
TEST user_\name
    movl $5f, %ebx
    movl %ebx, %ecx
    shrl $12, %ecx
    .if \set
    btsl %ecx, bitmap
    .else
    movq $-1, %rax
    movq %rax, bitmap+0x20
    btrl %ecx, bitmap
    .endif
    movl %ebx, %r12d
    ENTER_USER_AT bitmap+ENDBR_EN+LEG_IW_EN+\extra
    jmp *%r12
    nop
5:  \first
USER_DONE
.endm
# As ENTER_USER, with an address in U_CET.
.macro ENTER_USER_AT u_cet
    movl $U_CET, %ecx
    movl $\u_cet, %eax
    xorl %edx, %edx
    wrmsr
    leaq user_stack_top(%rip), %rax
    pushq $USER_DATA
    pushq %rax
    pushq $2
    pushq $USER_CODE
    leaq 8f(%rip), %rax
    pushq %rax
    iretq
8:
.endm
LEGACY legacy_allowed, 0, 1, nop
LEGACY legacy_allowed_endbr, 0, 1, endbr64
LEGACY legacy_allowed_suppress_dis, SUPPRESS_DIS, 1, nop
LEGACY legacy_forbidden, 0, 0, nop
LEGACY legacy_forbidden_endbr, 0, 0, endbr64
LEGACY legacy_forbidden_int3, 0, 0, int3
LEGACY legacy_allowed_ud2, 0, 1, ud2

# After a legacy landing everything is let through, until an ENDBR64.
TEST user_legacy_then_jmp
    movl $5f, %ecx
    movl %ecx, %ebx
    shrl $12, %ecx
    btsl %ecx, bitmap
    movl %ebx, %r12d
    ENTER_USER_AT bitmap+ENDBR_EN+LEG_IW_EN
    jmp *%r12
5:  movl $6f, %eax
    jmp *%rax
    nop
6:  nop
USER_DONE
TEST legacy_bitmap_absent
    movl $5f, %ebx
    movl $S_CET, %ecx
    movl $absent+ENDBR_EN+LEG_IW_EN, %eax
    movl $0, %edx
    wrmsr
    jmp *%rbx
5:  nop
DONE
TEST user_legacy_bitmap_absent
    movl $5f, %r12d
    ENTER_USER_AT absent+ENDBR_EN+LEG_IW_EN
    jmp *%r12
5:  nop
USER_DONE
TEST user_legacy_bitmap_supervisor
    movl $5f, %r12d
    ENTER_USER_AT supervisor_readonly+ENDBR_EN+LEG_IW_EN
    jmp *%r12
5:  nop
USER_DONE

# Events. A handler in ring 0 under IBT has to begin with ENDBR64; the tracker of ring 3 waits for its return.
TEST handler_with_endbr
    MSR S_CET, ENDBR_EN
    int $INT_PLAIN
DONE
TEST handler_without_endbr
    MSR S_CET, ENDBR_EN
    int $INT_NO_ENDBR
DONE
TEST handler_clears_suppress
    MSR S_CET, ENDBR_EN | SUPPRESS
    int $INT_RETURN
DONE
TEST handler_without_endbr_while_suppressed
    MSR S_CET, ENDBR_EN | SUPPRESS
    int $INT_NO_ENDBR
DONE
TEST user_handler_without_endbr
    MSR S_CET, ENDBR_EN
    ENTER_USER ENDBR_EN, uss_top-64
    int $INT_NO_ENDBR
USER_DONE
TEST user_int3_then_return
    ENTER_USER ENDBR_EN, uss_top-64
    int $INT_RETURN
    nop
USER_DONE
TEST return_to_waiting_user
    MSR S_CET, ENDBR_EN
    ENTER_USER ENDBR_EN | TRACKER, uss_top-64
    int3
USER_DONE
TEST ring0_waiting_lost_by_event
    movl $5f, %eax
    movl $idt + 16 * 3, %ebx        # The breakpoint handler becomes the one that returns.
    movl $stub_return, %ecx
    movw (%rbx), %r8w
    movw 6(%rbx), %r9w
    movw %cx, (%rbx)
    shrl $16, %ecx
    movw %cx, 6(%rbx)
    pushq $2
    popfq
    MSR S_CET, ENDBR_EN
    movl $5f, %eax
    jmp *%rax
    nop
5:  int3
    movl $idt + 16 * 3, %ebx
    movw %r8w, (%rbx)
    movw %r9w, 6(%rbx)
DONE
TEST user_waiting_kept_over_event
    movl $idt + 16 * 3, %ebx
    movl $stub_return, %ecx
    movw (%rbx), %r8w
    movw 6(%rbx), %r9w
    movw %cx, (%rbx)
    shrl $16, %ecx
    movw %cx, 6(%rbx)
    ENTER_USER ENDBR_EN, uss_top-64
    movl $5f, %eax
    jmp *%rax
    nop
5:  int3
    nop
USER_DONE
# Puts the breakpoint gate back. R8 and R9 still hold its offset.
TEST restore_breakpoint_gate
    movl $idt + 16 * 3, %ebx
    movw %r8w, (%rbx)
    movw %r9w, 6(%rbx)
DONE
TEST iret_keeps_tracker
    MSR S_CET, ENDBR_EN
    pushq $KERNEL_DATA
    pushq $kernel_stack_top
    pushq $2
    pushq $KERNEL_CODE
    pushq $5f
    iretq
5:  nop
DONE
TEST far_call_sets_tracker
    MSR S_CET, ENDBR_EN
    lcall *far_pointer(%rip)
    nop
DONE
TEST far_jmp_sets_tracker
    MSR S_CET, ENDBR_EN
    ljmp *far_pointer(%rip)
    nop
DONE
TEST far_jmp_endbr
    MSR S_CET, ENDBR_EN
    ljmp *far_pointer_endbr(%rip)
    nop
DONE
TEST far_jmp_notrack_prefix
    MSR S_CET, ENDBR_EN | NO_TRACK_EN
    .byte 0x3e
    ljmp *far_pointer(%rip)
    nop
DONE
TEST far_jmp_while_suppressed
    MSR S_CET, ENDBR_EN | SUPPRESS
    ljmp *far_pointer(%rip)
    nop
DONE
TEST far_ret_keeps_tracker
    MSR S_CET, ENDBR_EN
    pushq $KERNEL_CODE
    pushq $5f
    lretq
5:  nop
DONE

# Both halves of CET at once.
TEST user_call_pushes_then_misses
    PROBE uss_top-80
    ENTER_USER ENDBR_EN | SH_STK_EN, uss_top-64
    movl $landing, %eax
    call *%rax
    nop
USER_DONE
TEST user_call_endbr_ret
    ENTER_USER ENDBR_EN | SH_STK_EN, uss_top-64
    movl $returns, %eax
    call *%rax
    nop
USER_DONE

# Conditional and counted branches are direct.
LANDING jcc, ENDBR_EN, "jnz 5f", nop
LANDING loop, ENDBR_EN, "loop 5f", nop

    jmp all_done

landing:
    nop
    int $INT_DONE
returns:
    endbr64
    ret
landing_endbr:
    endbr64
    int $INT_DONE

    .data
    .balign 8
pointer: .quad 0
far_pointer:
    .long landing
    .word KERNEL_CODE
far_pointer_endbr:
    .long landing_endbr
    .word KERNEL_CODE
