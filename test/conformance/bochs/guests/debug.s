# debug: DR0 to DR7, TF, general detect and INT1 in 64-bit mode. The first #DB ends a test: the probe is DR6 and DR7 as its
# handler finds them.

    .include "harness.inc"

    .equ TF, 0x100
    .equ RF, 0x10000
    .equ CR4_DE, 8

.macro DEBUGS name
TEST \name
    PROBE debug_state
    call fresh
.endm
.macro WATCH register, at
    leaq \at, %rax
    movq %rax, \register
.endm
.macro DR7 value
    movl $\value, %eax
    movq %rax, %dr7
.endm
.macro STEP flags=TF
    pushq $\flags | 2
    popfq
.endm
# After the test's own code: what was not caught.
.macro UNCAUGHT
    nop
    pushq $2
    popfq
DONE
.endm

# What tests execute, where it is more than one instruction.
.macro CMPXCHG_FAILS
    movl $1, %eax
    cmpxchgl %ecx, (%rbx)
.endm
.macro PUSHES
    leaq 16(%rbx), %rsp
    pushq %rax
.endm
.macro POPS
    leaq 8(%rbx), %rsp
    popq %rax
.endm
.macro RETURNS
    leaq 8(%rbx), %rsp
    leaq 9f(%rip), %rax
    movq %rax, cell+8(%rip)
    ret
9:
.endm
.macro CALLS
    leaq 16(%rbx), %rsp
    call 9f
9:
.endm
.macro MOVES
    movq %rbx, %rsi
    leaq 32(%rbx), %rdi
    movsl
.endm
.macro MOVES_REPEATED
    leaq 32(%rbx), %rsi
    leaq 16(%rbx), %rdi
    movl $4, %ecx
    rep movsb
.endm
.macro BOTH_CELLS
    movl (%rbx), %eax
    movl 64(%rbx), %eax
.endm
.macro PORT_BELOW
    decl %edx
    inw %dx, %ax
.endm
.macro PORT_ABOVE
    incl %edx
    inb %dx, %al
.endm
.macro JUMPS
    jmp 9f
9:
.endm
.macro ASKS_LARGEST_LEAF
    movl $0x80000000, %eax
.endm
.macro READS_MSR
    movl $0xc0000080, %ecx
    rdmsr
.endm
.macro POPF_TF
    pushq $2
    popfq
.endm
.macro CALLS_NEXT
    call 9f
9:
.endm
.macro REP_STOS
    movq %rbx, %rdi
    rep stosb
.endm
.macro REP_ZERO
    xorl %ecx, %ecx
    rep stosb
.endm
.macro MOVSS_INT1
    movl %esi, %ss
    .byte 0xf1
.endm
.macro MOVSS_UD
    movl %esi, %ss
    ud2
.endm
.macro IRETS
    movq %rsp, %rcx
    pushq $KERNEL_DATA
    pushq %rcx
    pushq $2
    pushq $KERNEL_CODE
    leaq 9f(%rip), %rax
    pushq %rax
    iretq
9:
.endm
.macro IRETS_TF
    movq %rsp, %rcx
    pushq $KERNEL_DATA
    pushq %rcx
    pushq $TF | 2
    pushq $KERNEL_CODE
    leaq 9f(%rip), %rax
    pushq %rax
    iretq
9:
.endm
.macro FAR_RETURN
    pushq $KERNEL_CODE
    leaq 9f(%rip), %rax
    pushq %rax
    lretq
9:
.endm
.macro NOTHING
.endm
.macro WATCHES_CELL
    WATCH %dr0, cell(%rip)
    DR7 0xf0402
.endm
.macro WATCHES_NEXT
    WATCH %dr0, 8f(%rip)
    DR7 0x402
.endm
.macro WRITES register, value
    movabsq $\value, %rax
    movq %rax, \register
.endm
.macro WITH_DE instruction:vararg
    movq %cr4, %rax
    orl $CR4_DE, %eax
    movq %rax, %cr4
    \instruction
.endm
.macro DETECTED instruction:vararg
    WRITES %dr7, 0x2400
    \instruction
.endm

first_test:
# Instruction breakpoints.
.macro EXECUTES name, dr7, instruction:vararg
DEBUGS \name
    WATCH %dr0, 8f(%rip)
    WATCH %dr1, 8f(%rip)
    WATCH %dr2, cell(%rip)
    WATCH %dr3, 8f+1(%rip)
    DR7 \dr7
8:  \instruction
    UNCAUGHT
.endm
EXECUTES execute_local, 0x401, nop
EXECUTES execute_global, 0x402, nop
EXECUTES execute_both, 0x405, nop
EXECUTES execute_second, 0x404, nop
EXECUTES execute_none, 0x400, nop
EXECUTES execute_inside, 0x440, movl $1, %eax
EXECUTES execute_ud, 0x401, ud2
EXECUTES execute_rep, 0x401, rep stosb
EXECUTES execute_int1, 0x401, .byte 0xf1
EXECUTES execute_kind_write, 0x10401, nop
EXECUTES execute_kind_rw, 0x30401, nop
DEBUGS execute_rf
    WATCH %dr0, 8f(%rip)
    DR7 0x401
    movq %rsp, %rcx
    pushq $KERNEL_DATA
    pushq %rcx
    pushq $RF | 2
    pushq $KERNEL_CODE
    leaq 8f(%rip), %rax
    pushq %rax
    iretq
8:  nop
    WATCH %dr0, 9f(%rip)
9:  nop
    UNCAUGHT
DEBUGS execute_popf_rf
    WATCH %dr0, 8f(%rip)
    DR7 0x401
    pushq $RF | 2
    popfq
8:  nop
    UNCAUGHT

# Data breakpoints.
.macro ACCESSES name, at, dr7, instruction:vararg
DEBUGS \name
    WATCH %dr0, \at(%rip)
    WATCH %dr1, cell+64(%rip)
    leaq cell(%rip), %rbx
    DR7 \dr7
    \instruction
    UNCAUGHT
.endm
ACCESSES write_1, cell+1, 0x10402, movb %al, 1(%rbx)
ACCESSES write_1_below, cell+1, 0x10402, movb %al, (%rbx)
ACCESSES write_1_by_8, cell+5, 0x10402, movq %rax, (%rbx)
ACCESSES write_2, cell+2, 0x50402, movb %al, 3(%rbx)
ACCESSES write_2_misaligned, cell+3, 0x50402, movb %al, 2(%rbx)
ACCESSES write_2_misaligned_above, cell+3, 0x50402, movb %al, 4(%rbx)
ACCESSES write_4, cell+4, 0xd0402, movb %al, 7(%rbx)
ACCESSES write_4_above, cell+4, 0xd0402, movb %al, 8(%rbx)
ACCESSES write_8, cell+8, 0x90402, movb %al, 15(%rbx)
ACCESSES write_8_misaligned, cell+9, 0x90402, movb %al, 8(%rbx)
ACCESSES write_read, cell, 0x10402, movb (%rbx), %al
ACCESSES rw_read, cell, 0x30402, movb (%rbx), %al
ACCESSES rw_write, cell, 0x30402, movb %al, (%rbx)
ACCESSES write_modify, cell, 0xd0402, addl $1, (%rbx)
ACCESSES write_cmpxchg_fails, cell, 0xd0402, CMPXCHG_FAILS
ACCESSES write_split, cell+4, 0xd0402, movl %eax, 2(%rbx)
ACCESSES write_push, cell+8, 0x90402, PUSHES
ACCESSES rw_pop, cell+8, 0xb0402, POPS
ACCESSES rw_ret, cell+8, 0xb0402, RETURNS
ACCESSES write_call, cell+8, 0x90402, CALLS
ACCESSES rw_string, cell+2, 0x30402, MOVES
ACCESSES write_string_repeated, cell+18, 0x10402, MOVES_REPEATED
ACCESSES rw_sse, cell+8, 0x30402, movups (%rbx), %xmm0
ACCESSES rw_prefetch, cell, 0x30402, prefetcht0 (%rbx)
ACCESSES rw_lea, cell, 0x30402, leaq (%rbx), %rax
ACCESSES rw_disabled_too, cell, 0x330402, movq (%rbx), %rax
ACCESSES rw_two, cell, 0xf0402, BOTH_CELLS

# Ports.
.macro PORTS name, de, dr7, instruction:vararg
DEBUGS \name
    .if \de
    movq %cr4, %rax
    orl $CR4_DE, %eax
    movq %rax, %cr4
    .endif
    movl $0x3fa, %eax
    movq %rax, %dr0
    DR7 \dr7
    movl $0x3fa, %edx
    \instruction
    UNCAUGHT
.endm
PORTS port_in, 1, 0x20402, inb %dx, %al
PORTS port_in_wide, 1, 0x20402, PORT_BELOW
PORTS port_in_other, 1, 0x20402, PORT_ABOVE

# Single steps.
.macro STEPS name, instruction:vararg
DEBUGS step_\name
    leaq cell(%rip), %rbx
    movl %ss, %esi
    movl $2, %ecx
    xorl %edx, %edx
    STEP
    \instruction
    nop
    nop
    UNCAUGHT
.endm
STEPS nop, nop
STEPS rdmsr, READS_MSR
STEPS popf, POPF_TF
STEPS pushf, pushfq
STEPS load, movq (%rbx), %rax
STEPS jump, JUMPS
STEPS call, CALLS_NEXT
STEPS rep, REP_STOS
STEPS rep_zero, REP_ZERO
STEPS movss, movl %esi, %ss
STEPS movss_int1, MOVSS_INT1
STEPS movss_ud, MOVSS_UD
STEPS sti, sti
STEPS int1, .byte 0xf1
STEPS int3, int3
STEPS int, int $INT_PLAIN
STEPS ud, ud2
STEPS iret, IRETS
STEPS iret_tf, IRETS_TF
STEPS lret, FAR_RETURN
STEPS mov_cr, movq %rax, %cr2
STEPS mov_dr, movq %rax, %dr3
# The first step only.
.macro ONE name, setup, instruction:vararg
DEBUGS one_\name
    leaq cell(%rip), %rbx
    movl %ss, %esi
    \setup
    STEP
    \instruction
8:  nop
    UNCAUGHT
.endm
ONE cpuid, ASKS_LARGEST_LEAF, cpuid
ONE movss_nop, NOTHING, movl %esi, %ss
ONE data_too, WATCHES_CELL, movl (%rbx), %eax
ONE execute_next, WATCHES_NEXT, nop
ONE movss_execute_next, WATCHES_NEXT, movl %esi, %ss
DEBUGS dr6_accumulates
    movl $0xffff6ff5, %eax          # BS, BD of before and two breakpoints
    orl $0x6000, %eax
    movq %rax, %dr6
    WATCH %dr1, 8f(%rip)
    DR7 0x404
8:  nop
    UNCAUGHT
DEBUGS int1_keeps_dr6
    movl $0xffff4ff2, %eax
    movq %rax, %dr6
    .byte 0xf1
    UNCAUGHT

# The registers themselves.
.macro REGISTER name, instruction:vararg
DEBUGS register_\name
    \instruction
    movq %dr6, %rax
    movq %rax, debug_state(%rip)
    movq %dr7, %rax
    movq %rax, debug_state+8(%rip)
DONE
.endm
REGISTER dr6_zero, WRITES %dr6, 0
REGISTER dr6_ones, WRITES %dr6, 0xffffffff
REGISTER dr6_upper, WRITES %dr6, 0x100000000
REGISTER dr7_zero, WRITES %dr7, 0
REGISTER dr7_ones, WRITES %dr7, 0xffffdfff
REGISTER dr7_upper, WRITES %dr7, 0x100000400
REGISTER dr4, WRITES %dr4, 0xf
REGISTER dr5, WRITES %dr5, 0x755
REGISTER dr4_de, WITH_DE movq %dr4, %rax
REGISTER dr5_de, WITH_DE movq %rax, %dr5
REGISTER dr0_not_canonical, WRITES %dr0, 0x8000000000000000
REGISTER detect_read, WRITES %dr7, 0x2400
REGISTER detect_write, DETECTED movq %rax, %dr3
REGISTER detect_dr6, DETECTED movq %dr6, %rax
TEST user_mov_dr
    PROBE debug_state
    call fresh
    ENTER_USER 0, 0
    movq %dr0, %rax
USER_DONE
TEST user_step
    PROBE debug_state
    call fresh
    ENTER_USER 0, 0
    pushq $TF | 2
    popfq
    nop
    nop
USER_DONE
TEST user_step_int
    PROBE debug_state
    call fresh
    ENTER_USER 0, 0
    pushq $TF | 2
    popfq
    int $INT_DONE
USER_DONE

    jmp all_done

# fresh: the handler of #DB notes the registers. DR0 to DR6 as after power-up.
fresh:
    leaq debug_stub(%rip), %rax
    movl $1, %edi
    movl $0x8e01, %esi
    call set_gate
    xorl %eax, %eax
    movq %rax, %dr0
    movq %rax, %dr1
    movq %rax, %dr2
    movq %rax, %dr3
    movl $0xffff0ff0, %eax
    movq %rax, %dr6
    leaq cell(%rip), %rdi
    movl $24, %ecx
    xorl %eax, %eax
    cld
    rep stosq
    xorl %eax, %eax
    ret
debug_stub:
    endbr64
    pushq $0
    pushq $1
    pushq %rax
    movq %dr6, %rax
    movq %rax, debug_state(%rip)
    movq %dr7, %rax
    movq %rax, debug_state+8(%rip)
    movl $0x400, %eax
    movq %rax, %dr7
    popq %rax
    jmp event

    .bss
    .balign 64
cell:        .skip 128
debug_state: .skip 64
