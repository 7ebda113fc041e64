# delivery: what event delivery in 64-bit mode refuses, in which order and with which error codes; double faults;
# alignment checks in ring 3.

    .include "harness.inc"

    .equ INT_TEST, 0x20             # The gate that tests change: as INT_PLAIN's, for ring 3 too.
    .equ UNDEFINED, 6               # #UD's gate: on the interrupted stack, like INT_TEST's.
    .equ CONFORMING, 0x58
    .equ CODE32, 0x60
    .equ LONG_AND_BIG, 0x68
    .equ ABSENT_CODE, 0x70
    .equ ABSENT_CODE32, 0x78
    .equ ABSENT_DATA, 0x80
    .equ BEYOND, 0x88
    .equ CR0_AM, 1 << 18
    .equ AC, 1 << 18

.macro GATE vector, field, value
    movw $\value, idt+16*\vector+\field(%rip)
.endm
# The two gates alike.
.macro GATES field, value
    GATE INT_TEST, \field, \value
    GATE UNDEFINED, \field, \value
.endm
.macro FRESH name
TEST \name
    call fresh
.endm
# From ring 0 and ring 3, by INT n and by #UD.
.macro CASE name, setup
FRESH int_\name
    \setup
    int $INT_TEST
DONE
FRESH ud_\name
    \setup
    ud2
DONE
FRESH user_int_\name
    \setup
    ENTER_USER 0, 0
    int $INT_TEST
USER_DONE
FRESH user_ud_\name
    \setup
    ENTER_USER 0, 0
    ud2
USER_DONE
.endm
.macro TYPE value
    GATES 4, \value
.endm
.macro SELECTOR value
    GATES 2, \value
.endm
.macro UPPER value
    movl $\value, idt+16*INT_TEST+8(%rip)
    movl $\value, idt+16*UNDEFINED+8(%rip)
.endm
# Without IST 7, which the gates want.
.macro SHORT_TSS
    TYPE 0xee07
    movb $0x89, tests_gdt+TASK_STATE+5(%rip)
    movw $0x5a, tests_gdt+TASK_STATE(%rip)
    movl $TASK_STATE, %eax
    ltr %ax
.endm
.macro RSP0 value
    movabsq $\value, %rax
    movq %rax, task_state+4(%rip)
.endm
.macro IST value
    TYPE 0xee04                     # IST 4
    movabsq $\value, %rax
    movq %rax, task_state+60(%rip)
.endm
.macro AS_IT_IS
.endm
.macro UPPER_AND_SHORT_TSS
    UPPER 0x8000
    SHORT_TSS
.endm
.macro UPPER_AND_IST value
    UPPER 0x8000
    IST \value
.endm
.macro ABSENT_AND_LOW
    TYPE 0x0e00
.endm

first_test:
CASE good, AS_IT_IS
CASE trap_gate, "TYPE 0xef00"
CASE call_gate, "TYPE 0xec00"
CASE task_gate, "TYPE 0xe500"
CASE interrupt_gate_16, "TYPE 0xe600"
CASE trap_gate_16, "TYPE 0xe700"
CASE data_segment, "TYPE 0xfe00"
CASE type_0, "TYPE 0xe000"
CASE absent, "TYPE 0x6e00"
CASE absent_wrong_type, "TYPE 0x6c00"
CASE dpl_0, "TYPE 0x8e00"
CASE absent_dpl_0, ABSENT_AND_LOW
CASE null_selector, "SELECTOR 0"
CASE null_selector_rpl, "SELECTOR 3"
CASE beyond, "SELECTOR BEYOND"
CASE beyond_rpl, "SELECTOR BEYOND+3"
CASE local, "SELECTOR KERNEL_CODE+4"
CASE data, "SELECTOR KERNEL_DATA"
CASE tss, "SELECTOR TASK_STATE"
CASE user_code, "SELECTOR USER_CODE"
CASE kernel_code_rpl_3, "SELECTOR KERNEL_CODE+3"
CASE conforming, "SELECTOR CONFORMING"
CASE code32, "SELECTOR CODE32"
CASE long_and_big, "SELECTOR LONG_AND_BIG"
CASE absent_code, "SELECTOR ABSENT_CODE"
CASE absent_code32, "SELECTOR ABSENT_CODE32"
CASE absent_data, "SELECTOR ABSENT_DATA"
CASE not_canonical, "UPPER 0x8000"
CASE canonical_top, "UPPER 0xffff8000"
CASE not_canonical_and_short_tss, UPPER_AND_SHORT_TSS
CASE not_canonical_and_ist_absent, "UPPER_AND_IST absent+0x800"
CASE short_tss, SHORT_TSS
CASE rsp0_not_canonical, "RSP0 0x800000000000"
CASE rsp0_low_half_end, "RSP0 0x7ffffffffff8"
CASE rsp0_misaligned, "RSP0 ring0_stack_top-3"
CASE rsp0_absent, "RSP0 absent+0x1000"
CASE rsp0_user_readonly, "RSP0 user_readonly+0x1000"
CASE rsp0_supervisor_readonly, "RSP0 supervisor_readonly+0x1000"
CASE rsp0_reserved, "RSP0 reserved+0x1000"
CASE rsp0_over_absent, "RSP0 absent+0x1010"
CASE ist_not_canonical, "IST 0x800000000000"
CASE ist_zero, "IST 0x10"
CASE ist_absent, "IST absent+0x1000"
CASE ist_readonly, "IST supervisor_readonly+0x1000"
CASE ist_misaligned, "IST ring0_stack_top-5"

# Ring 0's own stack.
.macro STACKED name, pointer
FRESH stack_\name
    movabsq $\pointer, %rsp
    int $INT_TEST
DONE
FRESH stack_ud_\name
    movabsq $\pointer, %rsp
    ud2
DONE
.endm
STACKED not_canonical, 0x8000000000000000
STACKED just_not_canonical, 0x800000000008
STACKED misaligned, ring0_stack_top-7
STACKED absent, absent+0x1000
STACKED over_absent, absent+0x1010
STACKED readonly, user_readonly+0x1000
STACKED wraps, 0x18

.macro RAISES_GP
    movw $0x1234, %ax
    movw %ax, %es
.endm
# The IDT itself.
.macro LIMITED name, limit, instruction:vararg
FRESH \name
    movw $\limit, short_idt(%rip)
    leaq idt(%rip), %rax
    movq %rax, short_idt+2(%rip)
    lidt short_idt(%rip)
    \instruction
DONE
.endm
LIMITED int_beyond_idt, 16*INT_TEST-1, int $INT_TEST
LIMITED int_partly_in_idt, 16*INT_TEST+14, int $INT_TEST
LIMITED int_in_idt, 16*INT_TEST+15, int $INT_TEST
LIMITED ud_without_gp, 16*9-1, .byte 0x0f, 0x0b
LIMITED int_without_gp, 16*9-1, int $INT_TEST
LIMITED gp_without_gp, 16*9-1, RAISES_GP
FRESH int_255
    int $255
DONE
FRESH user_int_255
    ENTER_USER 0, 0
    int $255
USER_DONE

# Double faults: the first event's gate is bad in a way that raises the second.
.macro RAISES_DE
    xorl %ecx, %ecx
    divl %ecx
.endm
.macro RAISES_PF
    movl absent(%rip), %eax
.endm
.macro RAISES_UD
    ud2
.endm
.macro RAISES_NP
    movw $ABSENT_DATA, %ax
    movw %ax, %es
.endm
.macro RAISES_SS
    movw $ABSENT_DATA, %ax
    movw %ax, %ss
.endm
.macro RAISES_DB
    .byte 0xf1
.endm
.macro RAISES_BP
    int3
.endm
.macro RAISES_INT
    int $INT_TEST
.endm
.macro THEN_NP vector
    GATE \vector, 4, 0x6e01
.endm
.macro THEN_GP vector
    GATE \vector, 2, KERNEL_DATA
.endm
.macro THEN_PF vector
    GATE \vector, 4, 0x8e04
    movabsq $absent+0x1000, %rax
    movq %rax, task_state+60(%rip)
.endm
.macro THEN_SS vector
    GATE \vector, 4, 0x8e04
    movabsq $0x800000000000, %rax
    movq %rax, task_state+60(%rip)
.endm
.macro PAIR first, vector
    .irp second, NP, GP, PF, SS
FRESH \first\()_then_\second
    THEN_\second \vector
    RAISES_\first
DONE
    .endr
.endm
PAIR DE, 0
PAIR DB, 1
PAIR BP, 3
PAIR UD, 6
PAIR NP, 11
PAIR SS, 12
PAIR GP, 13
PAIR PF, 14
PAIR INT, INT_TEST

# Three in a row that is still served: benign, contributory, page fault.
FRESH ud_then_gp_then_pf
    THEN_GP 6
    THEN_PF 13
    ud2
DONE
FRESH pf_then_gp_is_double
    THEN_GP 14
    THEN_PF 13
    movl absent(%rip), %eax
DONE

# Alignment.
.macro ALIGNED name, instruction:vararg
FRESH aligned_\name
    movl $CR0_START | CR0_AM, %eax
    movq %rax, %cr0
    ENTER_USER 0, 0
    pushq $AC | 2
    popfq
    leaq user_writable+0x100(%rip), %rbx
    \instruction
USER_DONE
.endm
.macro ON_STACK offset, instruction:vararg
    leaq \offset(%rbx), %rsp
    \instruction
.endm
.macro LOADS_STRING
    leaq 1(%rbx), %rsi
    lodsq
.endm
ALIGNED word_1, movw 1(%rbx), %ax
ALIGNED long_2, movl 2(%rbx), %eax
ALIGNED long_4, movl 4(%rbx), %eax
ALIGNED quad_4, movq 4(%rbx), %rax
ALIGNED store_4, movq %rax, 4(%rbx)
ALIGNED modify_1, addw $1, 1(%rbx)
ALIGNED byte_1, movb 1(%rbx), %al
ALIGNED over_page, movq 0xefc(%rbx), %rax
ALIGNED absent_first, movl absent+1(%rip), %eax
ALIGNED stack_4, ON_STACK 4, pushq %rax
ALIGNED stack_word_1, ON_STACK 1, pushw %ax
ALIGNED movups_8, movups 8(%rbx), %xmm0
ALIGNED movaps_8, movaps 8(%rbx), %xmm0
ALIGNED movsd_4, movsd 4(%rbx), %xmm0
ALIGNED movss_2, movss 2(%rbx), %xmm0
ALIGNED cmpxchg8b_4, cmpxchg8b 4(%rbx)
ALIGNED string_1, LOADS_STRING
ALIGNED far_2, ljmp *2(%rbx)

    jmp all_done

# fresh: IDT, GDT and TSS as they were made.
fresh:
    cld
    cmpl $0, have_copies(%rip)
    jne 1f
    incl have_copies(%rip)
    movl $idt, %esi
    movl $idt_copy, %edi
    movl $16 * (INT_DONE + 1) / 8, %ecx
    rep movsq
    movl $idt_copy+16*INT_PLAIN, %esi
    movl $idt_copy+16*INT_TEST, %edi
    movsq
    movsq
    movw $0xee00, idt_copy+16*UNDEFINED+4(%rip)
1:  movl $idt_copy, %esi
    movl $idt, %edi
    movl $16 * (INT_DONE + 1) / 8, %ecx
    rep movsq
    lidt idt_pointer(%rip)
    movl $gdt, %esi
    movl $tests_gdt, %edi
    movl $11, %ecx
    rep movsq
    movl $more_descriptors, %esi
    movl $6, %ecx
    rep movsq
    movb $0x89, tests_gdt+TASK_STATE+5(%rip)
    lgdt tests_gdt_pointer(%rip)
    movl $TASK_STATE, %eax
    ltr %ax
    leaq ring0_stack_top(%rip), %rax
    movq %rax, task_state+4(%rip)
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    ret

    .data
    .balign 8
have_copies: .quad 0
more_descriptors:
    .quad 0x00af9f000000ffff        # CONFORMING
    .quad 0x00cf9b000000ffff        # CODE32
    .quad 0x00ef9b000000ffff        # LONG_AND_BIG
    .quad 0x00af1b000000ffff        # ABSENT_CODE
    .quad 0x00cf1b000000ffff        # ABSENT_CODE32
    .quad 0x00cf13000000ffff        # ABSENT_DATA
tests_gdt_pointer:
    .word 0x87
    .quad tests_gdt
short_idt:
    .word 0
    .quad 0

    .bss
    .balign 16
tests_gdt: .skip 0x90
idt_copy:  .skip 16 * (INT_DONE + 1)
