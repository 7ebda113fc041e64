# delivery32: what event delivery in legacy protected mode refuses, in which order and with which error codes, through 32-bit
# and 16-bit gates. The faults of a delivery go to tasks of their own, so that they arrive whatever the stacks are.

    .include "harness32.inc"

    .equ INT_TEST, 0x20             # The gate that tests change, and those of #UD and INT3: for ring 3, to `handler32`.
    .equ UNDEFINED, 6
    .equ BREAK, 3
    .equ CONFORMING, 0x38
    .equ CONFORMING3, 0x40
    .equ ABSENT_CODE, 0x48
    .equ SMALL_CODE, 0x50
    .equ BASED_CODE, 0x58           # From `handler16` on
    .equ ABSENT_DATA, 0x60
    .equ READ_ONLY, 0x68
    .equ SMALL_STACK, 0x70          # Limit 0x1fff
    .equ DOWN_STACK, 0x78           # Expand-down, from 0x2000 on
    .equ STACK16, 0x80
    .equ NARROW_TSS, 0x88
    .equ FIRST_TASK, 0x90           # Tasks for vectors 8 to 15.
    .equ BEYOND, 0xd0

.macro DESCRIPTOR selector, base
    movl $\base, %eax
    movw %ax, tests_gdt+\selector+2
    shrl $16, %eax
    movb %al, tests_gdt+\selector+4
    movb %ah, tests_gdt+\selector+7
.endm
.macro GATE vector, field, value
    movw $\value, idt+8*\vector+\field
.endm
.macro FRESH name
TEST \name
    movl $KERNEL_DATA, %eax
    movl %eax, %ss
    movl $kernel_stack_top, %esp
    call fresh
.endm
# INT n, #UD and INT3 from ring 0 and from ring 3.
.macro ONE name, setup, ring, how
FRESH \name\()_\ring\()_\how
    \setup
    RING_\ring
    HOW_\how
    END_\ring
7:
.endm
.macro CASE name, setup
    ONE \name, "\setup", kernel, INTN
    ONE \name, "\setup", kernel, UD
    ONE \name, "\setup", kernel, BP
    ONE \name, "\setup", user, INTN
    ONE \name, "\setup", user, UD
    ONE \name, "\setup", user, BP
.endm
.macro RING_kernel
.endm
.macro RING_user
    MSR U_CET, 0
    movl $USER_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    pushl $USER_DATA
    pushl $user_stack_top
    pushl $2
    pushl $USER_CODE
    pushl $8f
    iretl
8:
.endm
.macro END_kernel
    jmp finish
.endm
.macro END_user
    int $INT_DONE
.endm
.macro HOW_INTN
    int $INT_TEST
.endm
.macro HOW_UD
    ud2
.endm
.macro HOW_BP
    int3
.endm
.macro TYPE value
    GATE INT_TEST, 4, \value
    GATE UNDEFINED, 4, \value
    GATE BREAK, 4, \value
.endm
.macro SELECTOR value
    GATE INT_TEST, 2, \value
    GATE UNDEFINED, 2, \value
    GATE BREAK, 2, \value
.endm
# A 16-bit gate: to `handler16` in BASED_CODE.
.macro NARROW_GATE type
    .irp vector, INT_TEST, UNDEFINED, BREAK
    movl $(BASED_CODE << 16), idt+8*\vector
    movw $\type, idt+8*\vector+4
    movw $0xffff, idt+8*\vector+6
    .endr
.endm
.macro SS0 value
    movl $\value, task_state+8
.endm
.macro ESP0 value
    movl $\value, task_state+4
.endm
.macro STACK ss, esp
    SS0 \ss
    ESP0 \esp
.endm
.macro SELECTOR_AND_STACK selector, ss
    SELECTOR \selector
    SS0 \ss
.endm
.macro GATE16_STACK ss, esp
    NARROW_GATE 0xe600
    STACK \ss, \esp
.endm
.macro SHORT_TSS limit
    movb $0x89, tests_gdt+TASK_STATE+5
    movw $\limit, tests_gdt+TASK_STATE
    movl $TASK_STATE, %eax
    ltr %ax
.endm
.macro NARROW ss, sp, limit
    movw $\limit, tests_gdt+NARROW_TSS
    movw $\sp, narrow_state+2
    movw $\ss, narrow_state+4
    movl $NARROW_TSS, %eax
    ltr %ax
.endm
.macro AS_IT_IS
.endm

first_test:
CASE good, AS_IT_IS
CASE trap_gate, "TYPE 0xef00"
CASE gate16, "NARROW_GATE 0xe600"
CASE trap_gate16, "NARROW_GATE 0xe700"
CASE call_gate, "TYPE 0xec00"
CASE data_segment, "TYPE 0xfe00"
CASE type_0, "TYPE 0xe000"
CASE absent, "TYPE 0x6e00"
CASE absent_wrong_type, "TYPE 0x6c00"
CASE dpl_0, "TYPE 0x8e00"
CASE absent_dpl_0, "TYPE 0x0e00"
CASE null_selector, "SELECTOR 3"
CASE beyond, "SELECTOR BEYOND+3"
CASE local, "SELECTOR KERNEL_CODE+4"
CASE data, "SELECTOR KERNEL_DATA"
CASE tss, "SELECTOR TASK_STATE"
CASE user_code, "SELECTOR USER_CODE"
CASE rpl_3, "SELECTOR KERNEL_CODE+3"
CASE conforming, "SELECTOR CONFORMING"
CASE conforming3, "SELECTOR CONFORMING3"
CASE absent_code, "SELECTOR ABSENT_CODE"
CASE absent_data, "SELECTOR ABSENT_DATA"
CASE beyond_limit, "SELECTOR SMALL_CODE"

# Stacks of ring 0.
.macro INNER name, setup
    ONE inner_\name, "\setup", user, INTN
    ONE inner_\name, "\setup", user, UD
.endm
INNER null, "SS0 0"
INNER null_rpl, "SS0 3"
INNER beyond, "SS0 BEYOND"
INNER local, "SS0 KERNEL_DATA+4"
INNER rpl, "SS0 KERNEL_DATA+1"
INNER user, "SS0 USER_DATA"
INNER user_dpl, "SS0 USER_DATA-3"
INNER code, "SS0 KERNEL_CODE"
INNER read_only, "SS0 READ_ONLY"
INNER absent, "SS0 ABSENT_DATA"
INNER tss, "SS0 TASK_STATE"
INNER room, "STACK SMALL_STACK, 20"
INNER no_room, "STACK SMALL_STACK, 19"
INNER no_room_at_all, "STACK SMALL_STACK, 0"
INNER above_limit, "STACK SMALL_STACK, 0x2004"
INNER at_limit, "STACK SMALL_STACK, 0x2000"
INNER room16, "GATE16_STACK SMALL_STACK, 10"
INNER no_room16, "GATE16_STACK SMALL_STACK, 9"
INNER down, "STACK DOWN_STACK, 0x3000"
INNER down_no_room, "STACK DOWN_STACK, 0x2010"
INNER down_room, "STACK DOWN_STACK, 0x2014"
INNER stack16, "STACK STACK16, 0x12345000"
INNER page_absent, "STACK KERNEL_DATA, absent+0x1000"
INNER over_absent, "STACK KERNEL_DATA, absent+0x1008"
INNER no_room_and_bad_code, "SELECTOR_AND_STACK SMALL_CODE, SMALL_STACK"
INNER bad_stack_and_bad_code, "SELECTOR_AND_STACK SMALL_CODE, 0"
INNER narrow, "NARROW KERNEL_DATA, 0x4000, 0x2b"
INNER narrow_null, "NARROW 0, 0x4000, 0x2b"

# The interrupted stack.
.macro ON selector, pointer
    movl $\selector, %eax
    movl %eax, %ss
    movl $\pointer, %esp
.endm
.macro ON16 selector, pointer
    NARROW_GATE 0xe600
    ON \selector, \pointer
.endm
.macro OWN name, selector, pointer
    ONE own_\name, "ON \selector, \pointer", kernel, INTN
    ONE own_\name, "ON \selector, \pointer", kernel, UD
    ONE own16_\name, "ON16 \selector, \pointer", kernel, INTN
    ONE own16_\name, "ON16 \selector, \pointer", kernel, UD
.endm
OWN room, SMALL_STACK, 12
OWN no_room, SMALL_STACK, 11
OWN little_room, SMALL_STACK, 5
OWN above, SMALL_STACK, 0x2006
OWN absent, KERNEL_DATA, absent+0x1000
OWN over_absent, KERNEL_DATA, absent+0x1004
OWN stack16, STACK16, 0x12344000
OWN stack16_wraps, STACK16, 0x12340004

# Events with an error code: #NP here, through a gate of its own.
    .equ ABSENT_DATA3, ABSENT_DATA+3
.macro CODED name, type, selector, handler, ss, esp
FRESH coded_\name
    movl $\handler, %eax
    movw %ax, idt+8*11
    shrl $16, %eax
    movw %ax, idt+8*11+6
    GATE 11, 2, \selector
    GATE 11, 4, \type
    STACK \ss, \esp
    RING_user
    movw $ABSENT_DATA3, %ax
    movw %ax, %es
    END_user
7:
.endm
CODED wide, 0x8e00, KERNEL_CODE, handler32_code, KERNEL_DATA, ring0_stack_top
CODED narrow, 0x8600, BASED_CODE, 16, KERNEL_DATA, ring0_stack_top
CODED no_room, 0x8e00, KERNEL_CODE, handler32_code, SMALL_STACK, 23
CODED room16, 0x8600, BASED_CODE, 16, SMALL_STACK, 12
CODED no_room16, 0x8600, BASED_CODE, 16, SMALL_STACK, 11

    jmp all_done

# fresh: IDT, GDT, TSS and the tasks of vectors 8 to 14 as they are meant to be.
fresh:
    cld
    movl %cr4, %eax
    andl $~0x800000, %eax
    movl %eax, %cr4
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl $template, %esi
    movl $tests_gdt, %edi
    movl $(template_end - template) / 4, %ecx
    rep movsl
    DESCRIPTOR TASK_STATE, task_state
    DESCRIPTOR NARROW_TSS, narrow_state
    DESCRIPTOR BASED_CODE, handler16
    lgdt tests_gdt_pointer
    movl $stubs, %eax
    xorl %edi, %edi
1:  movl $0x8e00, %esi
    call set_gate
    addl $STUB, %eax
    incl %edi
    cmpl $32, %edi
    jb 1b
    .irp vector, INT_TEST, UNDEFINED, BREAK
    movl $handler32, %eax
    movw %ax, idt+8*\vector
    movw $KERNEL_CODE, idt+8*\vector+2
    movw $0xee00, idt+8*\vector+4
    shrl $16, %eax
    movw %ax, idt+8*\vector+6
    .endr
    xorl %ebx, %ebx                 # Vector - 8
2:  imull $108, %ebx, %edi
    addl $tasks, %edi
    movl %edi, %edx
    movl $27, %ecx
    xorl %eax, %eax
    rep stosl
    movl $page_directory_pointers, 0x1c(%edx)
    movl task_entries(,%ebx,4), %eax
    movl %eax, 0x20(%edx)
    movl $2, 0x24(%edx)
    movl $task_stack_top, 0x38(%edx)
    movl $KERNEL_DATA, 0x48(%edx)
    movl $KERNEL_CODE, 0x4c(%edx)
    movl $KERNEL_DATA, 0x50(%edx)
    movl $KERNEL_DATA, 0x54(%edx)
    movw %dx, tests_gdt+FIRST_TASK+2(,%ebx,8)
    shrl $16, %edx
    movb %dl, tests_gdt+FIRST_TASK+4(,%ebx,8)
    movb %dh, tests_gdt+FIRST_TASK+7(,%ebx,8)
    leal FIRST_TASK(,%ebx,8), %eax
    shll $16, %eax
    movl %eax, idt+8*8(,%ebx,8)
    movl $0x0000e500, idt+8*8+4(,%ebx,8)
    incl %ebx
    cmpl $8, %ebx
    jb 2b
    movl $task_state, %edi
    movl $27, %ecx
    xorl %eax, %eax
    rep stosl
    movl $ring0_stack_top, task_state+4
    movl $KERNEL_DATA, task_state+8
    movl $page_directory_pointers, task_state+0x1c
    movl $narrow_state, %edi
    movl $11, %ecx
    rep stosl
    movl $TASK_STATE, %eax
    ltr %ax
    xorl %ebx, %ebx
    ret

# Of a 16-bit gate: what it pushed are words. RAX in the record is ESP.
    .balign 16
handler16:
    xorl %ebx, %ebx
    jmp 1f
    .balign 16
handler16_code:                     # At 16, with an error code.
    movl $2, %ebx
1:  movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %esp, %esi
    movl %ss, %eax
    cmpl $STACK16, %eax
    jne 2f
    movzwl %si, %esi
2:  movl $KERNEL_DATA, %edx
    movl %edx, %ss
    movl $task_stack_top, %esp
    pushl %eax
    movzwl 6(%esi,%ebx), %eax
    pushl %eax
    movzwl 4(%esi,%ebx), %eax
    pushl %eax
    movzwl 2(%esi,%ebx), %eax
    pushl %eax
    movzwl (%esi,%ebx), %eax
    pushl %eax
    movzwl (%esi), %eax
    pushl %eax
    pushl $0x116
    movl %esi, %eax
    ljmp $KERNEL_CODE, $event

# Of a 32-bit gate.
handler32_code:
    movl $4, %ebx
    jmp 1f
handler32:
    xorl %ebx, %ebx
1:  movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %esp, %esi
    movl %ss, %eax
    cmpl $STACK16, %eax
    jne 2f
    movzwl %si, %esi
2:  movl $KERNEL_DATA, %edx
    movl %edx, %ss
    movl $task_stack_top, %esp
    pushl %eax
    pushl 12(%esi,%ebx)
    pushl 8(%esi,%ebx)
    pushl 4(%esi,%ebx)
    pushl (%esi,%ebx)
    pushl (%esi)
    pushl $0x132
    movl %esi, %eax
    jmp event

# The fault's error code is on the stack; the interrupted code is in the TSS that the back link names.
    .irp vector, 8, 9, 10, 11, 12, 13, 14, 15
task_\vector:
    movl $\vector, %ebx
    jmp task_event
    .endr
task_event:
    popl %ecx
    movl $task_state, %edx
    pushl 0x50(%edx)
    pushl 0x38(%edx)
    pushl 0x24(%edx)
    pushl 0x4c(%edx)
    pushl 0x20(%edx)
    pushl %ecx
    pushl %ebx
    movl 0x28(%edx), %eax
    jmp event

    .data
    .balign 8
task_entries:
    .long task_8, task_9, task_10, task_11, task_12, task_13, task_14, task_15
template:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cffb000000ffff
    .quad 0x00cff3000000ffff
    .quad 0x000089000000006b        # The TSS
    .quad 0
    .quad 0x00cf9f000000ffff        # CONFORMING
    .quad 0x00cfff000000ffff        # CONFORMING3
    .quad 0x00cf1b000000ffff        # ABSENT_CODE
    .quad 0x00409b000000000f        # SMALL_CODE
    .quad 0x00409b000000ffff        # BASED_CODE
    .quad 0x00cf73000000ffff        # ABSENT_DATA
    .quad 0x00cf91000000ffff        # READ_ONLY
    .quad 0x0040930000001fff        # SMALL_STACK
    .quad 0x0040970000001fff        # DOWN_STACK
    .quad 0x008f93000000ffff        # STACK16
    .quad 0x000081000000002b        # NARROW_TSS
    .rept 8
    .quad 0x000089000000006b        # Tasks
    .endr
template_end:
tests_gdt_pointer:
    .word template_end - template - 1
    .long tests_gdt

    .bss
    .balign 16
tests_gdt:    .skip 0xd0
narrow_state: .skip 44
    .balign 16
tasks:        .skip 108 * 8
task_stack:   .skip 256
task_stack_top:
