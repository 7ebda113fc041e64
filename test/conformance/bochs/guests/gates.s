# gates: far transfers of protected mode between 16- and 32-bit segments and rings: direct, through call gates, far RET, IRET.

    .include "harnessModes.inc"

    .equ CODE_HIGH, 0x00cf0000

# Direct far JMP and CALL to every kind of descriptor.
.macro DIRECT rights, rpl
TEST jmp_\rights\()_\rpl
    PROBE gdt+SLOT
    PUT gdt+SLOT, 0x0000ffff, CODE_HIGH+\rights*0x100
    ljmpl $SLOT+\rpl, $8f
8:
DONE
TEST user_call_\rights\()_\rpl
    PROBE gdt+SLOT
    PUT gdt+SLOT, 0x0000ffff, CODE_HIGH+\rights*0x100
    USER
    lcalll $SLOT+\rpl, $8f
8:
DONE
TEST ret_\rights\()_\rpl
    PROBE gdt+SLOT
    PUT gdt+SLOT, 0x0000ffff, CODE_HIGH+\rights*0x100
    pushl $USER_DATA
    pushl $user_stack_top
    pushl $SLOT+\rpl
    pushl $8f
    lretl
8:
DONE
TEST iret_\rights\()_\rpl
    PROBE gdt+SLOT
    PUT gdt+SLOT, 0x0000ffff, CODE_HIGH+\rights*0x100
    pushl $USER_DATA
    pushl $user_stack_top
    pushl $0x202
    pushl $SLOT+\rpl
    pushl $8f
    iretl
8:
DONE
.endm

first_test:
    .irp rights, 0x92, 0x98, 0x9a, 0x9e, 0xba, 0xbe, 0xf2, 0xfa, 0xfe, 0x1a, 0x7a, 0x82
    DIRECT \rights, 0
    DIRECT \rights, 3
    .endr

.macro BAD name, selector
TEST jmp_\name
    ljmpl $\selector, $8f
8:
DONE
TEST ret_\name
    pushl $\selector
    pushl $8f
    lretl
8:
DONE
TEST iret_\name
    pushl $2
    pushl $\selector
    pushl $8f
    iretl
8:
DONE
.endm
BAD null, 0
BAD null_3, 3
BAD beyond, 0x70
BAD local_beyond, 0x84
TEST jmp_limit
    PUT gdt+SLOT, 0x0000ffff, 0x00409a00
    ljmpl $SLOT, $0x10000
DONE
TEST call_limit
    PUT gdt+SLOT, 0x0000ffff, 0x00409a00
    lcalll $SLOT, $0x10000
DONE
TEST ret_limit
    PUT gdt+SLOT, 0x0000ffff, 0x00409a00
    pushl $SLOT
    pushl $0x10000
    lretl
DONE
TEST iret_limit
    PUT gdt+SLOT, 0x0000ffff, 0x00409a00
    pushl $2
    pushl $SLOT
    pushl $0x10000
    iretl
DONE

# 16-bit code.
TEST narrow_entry
    PROTECTED16
    movw %cs, %cx
    pushfl
    popl %edx
DONE
TEST narrow_jmp_near
    PROTECTED16
    .byte 0x66, 0xe9
    .long 0x10000
DONE
TEST narrow_call_far
    PROTECTED16
    lcallw $CODE16, $8f-HIGH
8:  popl %ecx
DONE
TEST narrow_call_wide
    PROTECTED16
    lcalll $KERNEL_CODE, $8f
    .code32
8:  popl %ecx
    popl %edx
DONE
TEST narrow_retf
    PROTECTED16
    pushw $CODE16
    pushw $8f-HIGH
    lretw
8:  movl $1, %ecx
DONE
TEST narrow_iret
    PROTECTED16
    pushw $0x7ed7-0x100-0x4000
    pushw $CODE16
    pushw $8f-HIGH
    iretw
8:  movl $1, %ecx
DONE
TEST narrow_popf
    PROTECTED16
    pushw $0x7ed7-0x100
    popfw
DONE
TEST narrow_stack
    movl $0x12340000, %esp
    movl $DATA16, %eax
    movl %eax, %ss
    movw $0x7000, %sp
    pushl $0x11223344
    popw %cx
    call 8f
8:  popl %edx
    pushw $1
    enterl $8, $2
DONE
TEST narrow_stack_wraps
    movl $DATA16, %eax
    movl %eax, %ss
    movl $0x5432fffe, %esp
    popw %cx
    pushl $0x11223344
    movw %sp, %dx
DONE
TEST narrow_stack_retf
    movl $DATA16, %eax
    movl %eax, %ss
    movl $0x00010100, %esp
    pushl $KERNEL_CODE
    pushl $8f
    lretl $8
8:
DONE
TEST esp_kept_by_outer_16
    PUT gdt+SLOT, 0x0000ffff, 0x0000f206
    movl $0x5a5a, %ecx
    pushl $SLOT+3
    pushl $0x12345678
    pushl $USER_CODE
    pushl $8f
    lretl
8:
DONE
TEST esp_by_iretw
    movl $USER_DATA, %eax
    pushw %ax
    pushw $0x1234
    pushw $0x3002
    pushw $USER_CODE
    pushw $0x1000
    iretw
DONE

# Outer returns: the stack they find, and what happens to data segments.
.macro OUTER name, ss, high
TEST outer_\name
    PROBE gdt+SLOT2
    PUT gdt+SLOT2, 0x0000ffff, \high
    pushl $\ss
    pushl $user_stack_top
    pushl $USER_CODE
    pushl $8f
    lretl
8:
DONE
TEST outer_iret_\name
    PROBE gdt+SLOT2
    PUT gdt+SLOT2, 0x0000ffff, \high
    pushl $\ss
    pushl $user_stack_top
    pushl $0x3002
    pushl $USER_CODE
    pushl $8f
    iretl
8:
DONE
.endm
OUTER ss_good, SLOT2+3, 0x00cff200
OUTER ss_null, 0, 0x00cff200
OUTER ss_null_3, 3, 0x00cff200
OUTER ss_rpl, SLOT2, 0x00cff200
OUTER ss_dpl, SLOT2+3, 0x00cf9200
OUTER ss_read_only, SLOT2+3, 0x00cff000
OUTER ss_code, SLOT2+3, 0x00cffa00
OUTER ss_absent, SLOT2+3, 0x00cf7200
OUTER ss_system, SLOT2+3, 0x00cfe200
OUTER ss_beyond, 0x73, 0
OUTER ss_expand_down, SLOT2+3, 0x00cff600
TEST outer_segments
    PUT gdt+SLOT, 0x0000ffff, 0x00cfba00    # Code of ring 1
    PUT gdt+SLOT2, 0x0000ffff, 0x00cf9e00   # Conforming code of ring 0
    movl $SLOT, %eax
    movl %eax, %ds
    movl $SLOT2, %eax
    movl %eax, %es
    movl $USER_DATA, %eax
    movl %eax, %fs
    movl $RING1_DATA, %eax
    movl %eax, %gs
    pushl $USER_DATA
    pushl $user_stack_top
    pushl $USER_CODE
    pushl $8f
    lretl
8:
DONE
TEST outer_ring1
    pushl $RING1_DATA
    pushl $ring1_stack_top
    pushl $RING1_CODE
    pushl $8f
    lretl $0
8:
DONE
TEST outer_release
    pushl $USER_DATA
    pushl $user_stack_top-64
    pushl $1
    pushl $2
    pushl $USER_CODE
    pushl $8f
    lretl $8
8:
DONE
.macro IRET_FLAGS name, iopl, image
TEST iret_flags_\name
    USER \iopl*0x1000+2
    pushl $\image
    pushl $USER_CODE
    pushl $8f
    iretl
8:  movl $1, %ecx
DONE
.endm
IRET_FLAGS user, 0, 0x1f7ed7-0x100-0x20000
IRET_FLAGS user_iopl3, 3, 0x3f4cd7-0x20000
TEST iret_flags_kernel
    pushl $0x1b7ed7-0x100-0x20000
    pushl $KERNEL_CODE
    pushl $8f
    iretl
8:  movl $1, %ecx
DONE

# Call gates. The target pops nothing: the record shows the stack.
.macro GATE name, selector=KERNEL_CODE, type=0xec, count=0, rpl=3, call=lcalll, low=0
TEST gate_\name
    PROBE ring0_stack_top-24
    movl $gate_target, %eax
    movw %ax, gdt+SLOT
    movw $\selector, gdt+SLOT+2
    movw $\type*0x100+\count, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    .if \low
    movw $gate_target-0x100000, gdt+SLOT
    .endif
    USER
    pushl $0x33333333
    pushl $0x22222222
    pushl $0x11111111
    \call $SLOT+\rpl, $0
DONE
.endm
GATE plain
GATE rpl0, rpl=0
GATE parameters, count=3
GATE jmp, call=ljmpl
GATE jmp_user, selector=USER_CODE, call=ljmpl
GATE user, selector=USER_CODE
GATE dpl0, type=0x8c
GATE absent, type=0x6c
GATE null, selector=0
GATE data, selector=KERNEL_DATA
GATE beyond, selector=0x70
GATE gate_to_gate, selector=SLOT
GATE ring1, selector=RING1_CODE
GATE ring1_parameters, selector=RING1_CODE, count=2
GATE narrow, selector=NARROW_CODE, type=0xe4, low=1
GATE narrow_parameters, selector=NARROW_CODE, type=0xe4, count=4, low=1
GATE narrow_call16, selector=NARROW_CODE, type=0xe4, low=1, call="data16 lcall"
GATE interrupt_gate, type=0xee
GATE limit, selector=NARROW_CODE
# From ring 0, and conforming targets.
TEST gate_kernel
    PROBE kernel_stack_top-24
    movl $gate_target, %eax
    movw %ax, gdt+SLOT
    movl $KERNEL_CODE*0x10000, %ebx
    movw $KERNEL_CODE, gdt+SLOT+2
    movw $0x8c00, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    lcalll $SLOT, $0
DONE
TEST gate_conforming
    PUT gdt+SLOT2, 0x0000ffff, 0x00cf9e00
    movl $gate_target, %eax
    movw %ax, gdt+SLOT
    movw $SLOT2, gdt+SLOT+2
    movw $0xec00, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    USER
    lcalll $SLOT+3, $0
DONE
# The stack in the TSS.
.macro INNER name, ss, high=0x00cf9200, low=0x0000ffff, esp=ring0_stack_top, count=0
TEST inner_\name
    PROBE gdt+SLOT2
    PUT gdt+SLOT2, \low, \high
    movl $\esp, task_state+4
    movw $\ss, task_state+8
    movl $gate_target, %eax
    movw %ax, gdt+SLOT
    movw $RING1_CODE-1, gdt+SLOT+2
    movw $0xec00+\count, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    movl task_state+4, %ecx             # Events go to ring 0: the stack of ring 1 is the bad one.
    movl %ecx, task_state+12
    movw task_state+8, %cx
    orw $1, %cx
    movw %cx, task_state+16
    movl $ring0_stack_top, task_state+4
    movw $KERNEL_DATA, task_state+8
    USER
    lcalll $SLOT+3, $0
DONE
.endm
INNER good, SLOT2, 0x00cfb200
INNER dpl, SLOT2, 0x00cf9200
INNER read_only, SLOT2, 0x00cfb000
INNER code, SLOT2, 0x00cfba00
INNER absent, SLOT2, 0x00cf3200
INNER beyond, 0x70
INNER small, SLOT2, 0x0040b200, 0x0000000f, 0x10
INNER small_exact, SLOT2, 0x0040b206, 0x0000000f, 0x10
INNER small_parameters, SLOT2, 0x0040b206, 0x00000013, 0x14, 2
INNER narrow, SLOT2, 0x0000b206, 0x0000ffff, 0x12340100
INNER down, SLOT2, 0x0040b606, 0x00000fff, 0x1008
TEST inner_null
    movw $0, task_state+16
    movl $gate_target, %eax
    movw %ax, gdt+SLOT
    movw $RING1_CODE, gdt+SLOT+2
    movw $0xec00, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    USER
    lcalll $SLOT+3, $0
DONE
TEST inner_rpl
    movw $RING1_DATA+2, task_state+16
    movl $gate_target, %eax
    movw %ax, gdt+SLOT
    movw $RING1_CODE, gdt+SLOT+2
    movw $0xec00, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    USER
    lcalll $SLOT+3, $0
DONE
# There and back.
TEST round_trip
    movl $gate_returns, %eax
    movw %ax, gdt+SLOT
    movw $KERNEL_CODE, gdt+SLOT+2
    movw $0xec02, gdt+SLOT+4
    shrl $16, %eax
    movw %ax, gdt+SLOT+6
    USER
    pushl $2
    pushl $1
    lcalll $SLOT+3, $0
DONE

    jmp all_done

    .code32
gate_target:
    ud2
gate_returns:
    movl 8(%esp), %ecx
    movl 12(%esp), %edx
    lretl $8
