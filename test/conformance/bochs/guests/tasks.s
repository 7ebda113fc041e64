# tasks: task switches by far CALL and JMP, by events and by IRET, in legacy protected mode.

    .include "harness32.inc"

    .equ TASK, 0x38                 # A 32-bit TSS,
    .equ TASK16, 0x40               # a 16-bit one,
    .equ GATE, 0x48                 # and a task gate to the first, for ring 3 too.
    .equ LDT, 0x50
    .equ ABSENT_DATA, 0x58
    .equ EXECUTE_ONLY, 0x60
    .equ READ_ONLY, 0x68
    .equ CONFORMING, 0x70
    .equ CONFORMING3, 0x78
    .equ ABSENT_CODE, 0x80
    .equ SMALL_CODE, 0x88
    .equ SMALL_STACK, 0x90
    .equ OTHER, 0x98                # Another 32-bit TSS.
    .equ ABSENT_LDT, 0xa0
    .equ STACK16, 0xa8
    .equ BEYOND, 0xb0
    .equ INT_TASK, 0x20             # Through a task gate, for ring 3 too.
    .equ LINEAR, 0x700              # Where the task in virtual-8086 mode is.

    .equ ESP0_, 4
    .equ SS0_, 8
    .equ CR3_, 0x1c
    .equ EIP_, 0x20
    .equ EFLAGS_, 0x24
    .equ ESP_, 0x38
    .equ ES_, 0x48
    .equ CS_, 0x4c
    .equ SS_, 0x50
    .equ DS_, 0x54
    .equ FS_, 0x58
    .equ GS_, 0x5c
    .equ LDT_, 0x60
    .equ TRAP_, 0x64
    .equ SSP_, 0x68

.macro DESCRIPTOR selector, base
    movl $\base, %eax
    movw %ax, task_gdt+\selector+2
    shrl $16, %eax
    movb %al, task_gdt+\selector+4
    movb %ah, task_gdt+\selector+7
.endm
.macro SET task, field, value
    movl $\value, \task+\field
.endm
# A test with its probe; CR4.CET is off.
.macro TASKS name, at
TEST \name
    PROBE \at
    movl $KERNEL_DATA, %eax
    movl %eax, %ss
    movl $kernel_stack_top, %esp
    call setup
.endm
# The same switch with probes of what both tasks look like.
.macro SEEN name, setup, instruction:vararg
    .irp probe, 0, 24, 48
TASKS \name\()_image_\probe, image+\probe
    \setup
    \instruction
    jmp landed
DONE
    .endr
    .irp probe, 0, 24, 36, 60, 72
TASKS \name\()_old_\probe, task_state+\probe
    \setup
    \instruction
    jmp landed
DONE
    .endr
TASKS \name\()_new_link, task
    \setup
    \instruction
    jmp landed
DONE
TASKS \name\()_descriptors, task_gdt+TASK_STATE
    \setup
    \instruction
    jmp landed
DONE
TASKS \name\()_new_descriptors, task_gdt+TASK
    \setup
    \instruction
    jmp landed
DONE
.endm
.macro REGISTERS
    movl $0x11111111, %eax
    movl $0x22222222, %ebx
    movl $0x33333333, %ecx
    movl $0x44444444, %edx
    movl $0x55555555, %esi
    movl $0x66666666, %edi
    movl $0x77777777, %ebp
.endm
.macro NOTHING
    REGISTERS
.endm
.macro RETURNING
    SET task, EIP_, does_iret
    REGISTERS
.endm
.macro RETURNING16
    movw $0, task16+0x0e
    movw $SMALL_CODE, task16+0x24
    DESCRIPTOR SMALL_CODE, does_iret
    REGISTERS
.endm
.macro INTO16
    movw $SMALL_CODE, task16+0x24
    DESCRIPTOR SMALL_CODE, jumps_to_landed
    REGISTERS
.endm
.macro FLAGS_SET
    pushl $0x40ed7
    popfl
    REGISTERS
.endm
.macro LOCAL_BREAKPOINTS
    movl $0x7ff, %eax
    movl %eax, %dr7
    REGISTERS
.endm

first_test:
SEEN call, NOTHING, lcall $TASK, $0x12345678
SEEN jump, NOTHING, ljmp $TASK, $0x12345678
SEEN call_gate, NOTHING, lcall $GATE, $0x12345678
SEEN jump_gate, NOTHING, ljmp $GATE, $0x12345678
SEEN interrupt, NOTHING, int $INT_TASK
SEEN call_with_flags, FLAGS_SET, lcall $TASK, $0
SEEN call_and_back, RETURNING, lcall $TASK, $0
SEEN interrupt_and_back, RETURNING, int $INT_TASK
SEEN call16, INTO16, lcall $TASK16, $0
SEEN jump16, INTO16, ljmp $TASK16, $0
SEEN call16_and_back, RETURNING16, lcall $TASK16, $0
SEEN call_with_breakpoints, LOCAL_BREAKPOINTS, lcall $TASK, $0

# Faults that are tasks: RF in the saved flags, the error code on the new stack.
.macro FAULT_TASK name, vector, instruction:vararg
TASKS \name\()_stack, task_stack_top-16
    movl $0x0000e500, idt+8*\vector+4
    movl $TASK << 16, idt+8*\vector
    \instruction
    jmp landed
DONE
TASKS \name\()_esp, image+24
    movl $0x0000e500, idt+8*\vector+4
    movl $TASK << 16, idt+8*\vector
    \instruction
    jmp landed
DONE
TASKS \name\()_saved, task_state+EIP_
    movl $0x0000e500, idt+8*\vector+4
    movl $TASK << 16, idt+8*\vector
    \instruction
    jmp landed
DONE
.endm
.macro LOADS_BAD_ES
    movw $0x1234, %ax
    movw %ax, %es
.endm
.macro DIVIDES_BY_ZERO
    xorl %ecx, %ecx
    divl %ecx
.endm
FAULT_TASK undefined, 6, ud2
FAULT_TASK protection, 13, LOADS_BAD_ES
FAULT_TASK page, 14, movl absent, %eax
FAULT_TASK breakpoint, 3, int3
FAULT_TASK divide, 0, DIVIDES_BY_ZERO
FAULT_TASK debug, 1, .byte 0xf1

# What refuses a switch while the old task still runs.
.macro REFUSED name, setup, instruction:vararg
TASKS \name, task_gdt+TASK_STATE
    \setup
    \instruction
DONE
.endm
.macro BUSY_TASK
    movb $0x8b, task_gdt+TASK+5
.endm
.macro ABSENT_TASK
    movb $0x09, task_gdt+TASK+5
.endm
.macro SHORT_TASK
    movw $0x66, task_gdt+TASK
.endm
.macro SHORT_TASK16
    movw $0x2a, task_gdt+TASK16
.endm
.macro NO_TASK
    movb $0x82, task_gdt+TASK+5
.endm
.macro ABSENT_GATE
    movb $0x65, task_gdt+GATE+5
.endm
.macro GATE_TO selector
    movw $\selector, task_gdt+GATE+2
.endm
.macro SHORT_OLD
    movb $0x89, task_gdt+TASK_STATE+5
    movw $0x5e, task_gdt+TASK_STATE
    movw $TASK_STATE, %ax
    ltr %ax
.endm
.macro ABSENT_PAGE
    DESCRIPTOR TASK, absent
.endm
.macro SECOND_PAGE_ABSENT
    DESCRIPTOR TASK, absent-64
.endm
.macro READ_ONLY_TASK
    DESCRIPTOR TASK, ss
    movl $task, %esi
    movl $ss+ALIAS, %edi
    movl $27, %ecx
    rep movsl
.endm
.macro LOW_RPL
.endm
.irp how, lcall, ljmp
REFUSED \how\()_busy, BUSY_TASK, \how $TASK, $0
REFUSED \how\()_absent, ABSENT_TASK, \how $TASK, $0
REFUSED \how\()_short, SHORT_TASK, \how $TASK, $0
REFUSED \how\()_short16, SHORT_TASK16, \how $TASK16, $0
REFUSED \how\()_ldt, NO_TASK, \how $TASK, $0
REFUSED \how\()_rpl, LOW_RPL, \how $TASK+3, $0
REFUSED \how\()_itself, LOW_RPL, \how $TASK_STATE, $0
REFUSED \how\()_absent_gate, ABSENT_GATE, \how $GATE, $0
REFUSED \how\()_gate_null, "GATE_TO 0", \how $GATE, $0
REFUSED \how\()_gate_local, "GATE_TO TASK+4", \how $GATE, $0
REFUSED \how\()_gate_beyond, "GATE_TO BEYOND", \how $GATE, $0
REFUSED \how\()_gate_data, "GATE_TO KERNEL_DATA", \how $GATE, $0
REFUSED \how\()_gate_busy, "GATE_TO TASK_STATE", \how $GATE, $0
REFUSED \how\()_gate_absent, ABSENT_TASK, \how $GATE, $0
REFUSED \how\()_short_old, SHORT_OLD, \how $TASK, $0
REFUSED \how\()_absent_page, ABSENT_PAGE, \how $TASK, $0
REFUSED \how\()_second_page_absent, SECOND_PAGE_ABSENT, \how $TASK, $0
.endr
REFUSED lcall_read_only, READ_ONLY_TASK, lcall $TASK, $0
TASKS ljmp_read_only, image+24
    READ_ONLY_TASK
    ljmp $TASK, $0
DONE

# The same in the delivery of events: with EXT unless the program asked for it.
.macro EVENT_REFUSED name, setup
TASKS interrupt_\name, task_gdt+TASK_STATE
    \setup
    int $INT_TASK
DONE
TASKS exception_\name, task_gdt+TASK_STATE
    movl $0x0000e500, idt+8*6+4
    movl idt+8*INT_TASK, %eax
    movl %eax, idt+8*6
    \setup
    movl idt+8*INT_TASK, %eax
    movl %eax, idt+8*6
    movl idt+8*INT_TASK+4, %eax
    movl %eax, idt+8*6+4
    ud2
DONE
.endm
.macro IDT_TO selector
    movw $\selector, idt+8*INT_TASK+2
.endm
.macro IDT_ABSENT
    movb $0x65, idt+8*INT_TASK+5
.endm
EVENT_REFUSED busy, BUSY_TASK
EVENT_REFUSED absent, ABSENT_TASK
EVENT_REFUSED short, SHORT_TASK
EVENT_REFUSED ldt, NO_TASK
EVENT_REFUSED gate_absent, IDT_ABSENT
EVENT_REFUSED gate_null, "IDT_TO 0"
EVENT_REFUSED gate_local, "IDT_TO TASK+4"
EVENT_REFUSED gate_beyond, "IDT_TO BEYOND"
EVENT_REFUSED gate_data, "IDT_TO KERNEL_DATA"
EVENT_REFUSED gate_itself, "IDT_TO TASK_STATE"
EVENT_REFUSED short_old, SHORT_OLD
EVENT_REFUSED absent_page, ABSENT_PAGE

# IRET with NT.
.macro LINKED name, link, setup
TASKS iret_\name, task_gdt+TASK_STATE
    movb $0x8b, task_gdt+TASK+5
    movw $\link, task_state
    \setup
    pushl $0x4002
    popfl
    iretl
DONE
.endm
.macro AVAILABLE_TASK
    movb $0x89, task_gdt+TASK+5
.endm
.macro ABSENT_BUSY
    movb $0x0b, task_gdt+TASK+5
.endm
LINKED task, TASK, LOW_RPL
LINKED rpl, TASK+3, LOW_RPL
LINKED null, 0, LOW_RPL
LINKED local, TASK+4, LOW_RPL
LINKED beyond, BEYOND, LOW_RPL
LINKED data, KERNEL_DATA, LOW_RPL
LINKED available, TASK, AVAILABLE_TASK
LINKED absent, TASK, ABSENT_BUSY
LINKED short, TASK, SHORT_TASK
LINKED short_old, TASK, SHORT_OLD
LINKED absent_page, TASK, ABSENT_PAGE
LINKED itself, TASK_STATE, LOW_RPL
TASKS iret_image, image+48
    movb $0x8b, task_gdt+TASK+5
    movw $TASK, task_state
    pushl $0x4002
    popfl
    iretl
DONE
TASKS iret_saved, task_state+EIP_
    movb $0x8b, task_gdt+TASK+5
    movw $TASK, task_state
    pushl $0x4002
    popfl
    iretl
DONE

# What faults in the new task's context: by a CALL, by an exception (with EXT), and by an INT n.
.macro BROKEN name, field, value
TASKS \name, task_gdt+TASK_STATE
    SET task, \field, \value
    lcall $TASK, $0
DONE
TASKS \name\()_by_exception, task_gdt+TASK_STATE
    SET task, \field, \value
    movl idt+8*INT_TASK, %eax
    movl %eax, idt+8*6
    movl idt+8*INT_TASK+4, %eax
    movl %eax, idt+8*6+4
    ud2
DONE
.endm
TASKS ss_null_by_interrupt, task_gdt+TASK_STATE
    SET task, SS_, 0
    int $INT_TASK
DONE
BROKEN ldt_local, LDT_, LDT+4
BROKEN ldt_beyond, LDT_, BEYOND
BROKEN ldt_data, LDT_, KERNEL_DATA
BROKEN ldt_absent, LDT_, ABSENT_LDT
BROKEN ldt_good, LDT_, LDT
BROKEN ss_null, SS_, 0
BROKEN ss_beyond, SS_, BEYOND
BROKEN ss_local, SS_, KERNEL_DATA+4
BROKEN ss_read_only, SS_, READ_ONLY
BROKEN ss_code, SS_, KERNEL_CODE
BROKEN ss_absent, SS_, ABSENT_DATA
BROKEN ss_dpl, SS_, USER_DATA&~3
BROKEN ss_rpl, SS_, KERNEL_DATA+3
BROKEN ss_tss, SS_, TASK
    .irp register, DS_, ES_, FS_, GS_
BROKEN \register\()beyond, \register, BEYOND
BROKEN \register\()execute_only, \register, EXECUTE_ONLY
BROKEN \register\()absent, \register, ABSENT_DATA
BROKEN \register\()tss, \register, TASK
BROKEN \register\()null, \register, 3
BROKEN \register\()rpl, \register, KERNEL_DATA+3
BROKEN \register\()conforming, \register, CONFORMING+3
    .endr
BROKEN cs_null, CS_, 0
BROKEN cs_beyond, CS_, BEYOND
BROKEN cs_data, CS_, KERNEL_DATA
BROKEN cs_dpl, CS_, USER_CODE&~3
BROKEN cs_conforming_dpl, CS_, CONFORMING3
BROKEN cs_conforming, CS_, CONFORMING
BROKEN cs_absent, CS_, ABSENT_CODE
BROKEN cs_tss, CS_, TASK
BROKEN eip_beyond_limit, CS_, SMALL_CODE

# Two things wrong: which comes first.
.macro BOTH name, first, one, second, other
TASKS both_\name, task_gdt+TASK_STATE
    SET task, \first, \one
    SET task, \second, \other
    lcall $TASK, $0
DONE
.endm
BOTH ldt_ss, LDT_, BEYOND, SS_, 0
BOTH ss_cs, SS_, READ_ONLY, CS_, KERNEL_DATA
BOTH ds_cs, DS_, EXECUTE_ONLY, CS_, KERNEL_DATA
BOTH ds_es, DS_, EXECUTE_ONLY, ES_, READ_ONLY+0x48
BOTH es_fs, ES_, EXECUTE_ONLY, FS_, BEYOND
BOTH fs_gs, FS_, EXECUTE_ONLY, GS_, BEYOND
BOTH ss_ds, SS_, READ_ONLY, DS_, BEYOND

# Ring 3.
.macro USER_TASK
    SET task, CS_, USER_CODE
    SET task, SS_, USER_DATA
    SET task, EIP_, user_landed
    SET task, ESP_, user_stack_top
.endm
TASKS into_user, task_gdt+TASK
    USER_TASK
    SET task, DS_, USER_DATA
    lcall $TASK, $0
DONE
TASKS into_user_kernel_data, task_gdt+TASK
    USER_TASK
    SET task, DS_, KERNEL_DATA
    lcall $TASK, $0
DONE
TASKS into_user_kernel_stack, task_gdt+TASK
    USER_TASK
    SET task, SS_, KERNEL_DATA
    lcall $TASK, $0
DONE
TASKS into_user_kernel_code, task_gdt+TASK
    USER_TASK
    SET task, CS_, KERNEL_CODE+3
    lcall $TASK, $0
DONE
TASKS into_user_conforming, task_gdt+TASK
    USER_TASK
    SET task, CS_, CONFORMING+3
    lcall $TASK, $0
DONE
.macro BY_USER name, setup, instruction:vararg
TASKS user_\name, task_gdt+TASK_STATE
    movl %cr4, %ebx
    \setup
    ENTER_USER 0, 0
    \instruction
USER_DONE
.endm
.macro OPEN_TASK
    movb $0xe9, task_gdt+TASK+5
.endm
BY_USER call, LOW_RPL, lcall $TASK, $0
BY_USER call_open, OPEN_TASK, lcall $TASK, $0
BY_USER call_open_rpl, OPEN_TASK, lcall $TASK+3, $0
BY_USER jump_open, OPEN_TASK, ljmp $TASK, $0
BY_USER call_gate, LOW_RPL, lcall $GATE+3, $0
BY_USER jump_gate, LOW_RPL, ljmp $GATE+3, $0
BY_USER interrupt, LOW_RPL, int $INT_TASK
BY_USER call_and_back, RETURNING, lcall $GATE+3, $0

# Stacks that have no room for the error code.
.macro NO_STACK name, vector, stack, pointer, at
TASKS \name, \at
    movl $0x0000e500, idt+8*13+4
    movl $TASK << 16, idt+8*13
    movl $0x0000e500, idt+8*\vector+4
    movl $OTHER << 16, idt+8*\vector
    SET task, SS_, \stack
    SET task, ESP_, \pointer
    movw $0x1234, %ax
    movw %ax, %es
DONE
.endm
.macro NO_STACKS name, at
NO_STACK no_room_\name, 8, SMALL_STACK, 2, \at
NO_STACK stack_page_absent_\name, 14, KERNEL_DATA, absent+0x1000, \at
.endm
NO_STACKS descriptors, task_gdt+TASK_STATE
NO_STACKS saved, task+EIP_
NO_STACKS saved_stack, task+ESP_
NO_STACKS code, task_stack_top-16
NO_STACKS link, other
NO_STACKS image, image+40

# Debug traps.
.macro DEBUGGED name, trap, flags
TASKS \name, debug_state
    movl $0xffff0ff0, %eax
    movl %eax, %dr6
    SET task, TRAP_, \trap
    SET task, EFLAGS_, \flags
    movl $debug_handler, %eax
    movw %ax, idt+8*1
    shrl $16, %eax
    movw %ax, idt+8*1+6
    lcall $TASK, $0
DONE
.endm
DEBUGGED trap_flag, 1, 2
DEBUGGED trap_flag_high_bits, 0xfffe0000, 2
DEBUGGED single_step, 0, 0x102
DEBUGGED both_traps, 1, 0x102
TASKS old_single_step, debug_state
    movl $0xffff0ff0, %eax
    movl %eax, %dr6
    pushl $0x102
    popfl
    lcall $TASK, $0
DONE

# Another address space; PAE's four entries follow.
TASKS other_space, image+48
    movl $page_directory_pointers, %esi
    movl $other_directory_pointers, %edi
    movl $8, %ecx
    rep movsl
    SET task, CR3_, other_directory_pointers
    lcall $TASK, $0
DONE

# Virtual-8086 mode: #UD there is a task of its own.
TASKS virtual8086, other+0
    movl $0x0000e500, idt+8*6+4
    movl $OTHER << 16, idt+8*6
    movw $0x0b0f, LINEAR            # UD2
    SET task, EFLAGS_, 0x20002
    SET task, CS_, LINEAR >> 4
    SET task, EIP_, 0
    SET task, SS_, 0x1234
    SET task, DS_, 0x2345
    SET task, ES_, 0x3456
    SET task, FS_, 0xffff
    SET task, GS_, 0x0007
    lcall $TASK, $0
DONE
TASKS virtual8086_saved, task+EIP_
    movl $0x0000e500, idt+8*6+4
    movl $OTHER << 16, idt+8*6
    movw $0x0b0f, LINEAR
    SET task, EFLAGS_, 0x20002
    SET task, CS_, LINEAR >> 4
    SET task, EIP_, 0
    SET task, SS_, 0x1234
    lcall $TASK, $0
DONE
TASKS virtual8086_selectors, task+ES_
    movl $0x0000e500, idt+8*6+4
    movl $OTHER << 16, idt+8*6
    movw $0x0b0f, LINEAR
    SET task, EFLAGS_, 0x20002
    SET task, CS_, LINEAR >> 4
    SET task, EIP_, 0
    SET task, SS_, 0x1234
    SET task, ES_, 0x3456
    lcall $TASK, $0
DONE
# Shadow stacks.
.macro SHADOWED name, at, new_ssp, instruction:vararg
TASKS \name, \at
    orl $0x800000, %ebx
    movl %ebx, %cr4
    SET task, SSP_, \new_ssp
    PUT ss_top-256, ss_top-256
    ARM SH_STK_EN, ss_top-64
    \instruction
    jmp finish
DONE
.endm
.macro BACK_lcall
    SET task, EIP_, does_iret
    lcall $TASK, $0
.endm
.macro BACK_int
    SET task, EIP_, does_iret
    int $INT_TASK
.endm
SHADOWED shadow_call, ss_top-280, ss_top-256, lcall $TASK, $0
SHADOWED shadow_call_token, ss_top-256, ss_top-256, lcall $TASK, $0
SHADOWED shadow_jump, ss_top-280, ss_top-256, ljmp $TASK, $0
SHADOWED shadow_jump_token, ss_top-256, ss_top-256, ljmp $TASK, $0
SHADOWED shadow_interrupt, ss_top-280, ss_top-256, int $INT_TASK
SHADOWED shadow_misaligned, ss_top-280, ss_top-252, lcall $TASK, $0
SHADOWED shadow_no_token, ss_top-280, ss_top-512, lcall $TASK, $0
SHADOWED shadow_no_page, ss_top-280, absent+0x100, lcall $TASK, $0
SHADOWED shadow_16, ss_top-280, ss_top-256, lcall $TASK16, $0
.macro SHORT_LIMIT_CALL
    movw $0x6a, task_gdt+TASK
    lcall $TASK, $0
.endm
SHADOWED shadow_short, ss_top-280, ss_top-256, SHORT_LIMIT_CALL
    .irp how, lcall, int
SHADOWED shadow_back_\how, ss_top-280, ss_top-256, BACK_\how
SHADOWED shadow_back_token_\how, ss_top-256, ss_top-256, BACK_\how
    .endr

    jmp all_done

# setup: the descriptors, both tasks and the IDT as they are meant to be; CR4.CET off; EBX = CR4 then.
setup:
    movl %cr4, %ebx
    andl $~0x800000, %ebx
    movl %ebx, %cr4
    movl $0x400, %eax
    movl %eax, %dr7
    movl $KERNEL_DATA, %eax
    movl %eax, %ss
    movl %eax, %ds
    movl %eax, %es
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    lldt %ax
    cld
    movl $template, %esi
    movl $task_gdt, %edi
    movl $(template_end - template) / 4, %ecx
    rep movsl
    DESCRIPTOR TASK_STATE, task_state
    DESCRIPTOR TASK, task
    DESCRIPTOR TASK16, task16
    DESCRIPTOR OTHER, other
    DESCRIPTOR LDT, task_gdt
    lgdt task_gdt_pointer
    movl $image, %edi
    movl $(tasks_end - image) / 4, %ecx
    xorl %eax, %eax
    rep stosl
    movl $task_state, %edi
    movl $27, %ecx
    rep stosl
    SET task_state, ESP0_, ring0_stack_top
    SET task_state, SS0_, KERNEL_DATA
    SET task_state, CR3_, page_directory_pointers
    .irp one, task, other
    SET \one, ESP0_, ring0_stack_top
    SET \one, SS0_, KERNEL_DATA
    SET \one, CR3_, page_directory_pointers
    SET \one, EIP_, landed
    SET \one, EFLAGS_, 2
    SET \one, ESP_, task_stack_top
    SET \one, ES_, KERNEL_DATA
    SET \one, CS_, KERNEL_CODE
    SET \one, SS_, KERNEL_DATA
    SET \one, DS_, KERNEL_DATA
    SET \one, FS_, KERNEL_DATA
    SET \one, GS_, USER_DATA
    .endr
    movl $task+0x28, %edi
    movl $0xa1a2a3a4, %eax
    movl $4, %ecx
1:  stosl
    addl $0x01010101, %eax
    loop 1b
    movl $task16+0x0e, %edi         # A zero IP; FLAGS below.
    movl $16, %ecx
    movl $0x5a01, %eax
2:  stosw
    incl %eax
    loop 2b
    movl $0x00020000, task16+0x0e
    movw $0x3000, task16+0x1a       # SP
    movl $(SMALL_CODE << 16) + KERNEL_DATA, task16+0x22
    movl $(KERNEL_DATA << 16) + STACK16, task16+0x26
    movw $0, task16+0x2a
    movw $0x2000, task16+2
    movw $KERNEL_DATA, task16+4
    # The exceptions' own handlers.
    movl $stubs, %eax
    xorl %edi, %edi
3:  movl $0x8e00, %esi
    cmpl $3, %edi
    jne 4f
    movl $0xee00, %esi
4:  call set_gate
    addl $STUB, %eax
    incl %edi
    cmpl $32, %edi
    jb 3b
    movl $0x0000e500, idt+8*INT_TASK+4
    movl $TASK << 16, idt+8*INT_TASK
    movl $TASK_STATE, %eax
    ltr %ax
    ret

# Where tasks land: what they find goes to `image`.
    .balign 16
jumps_to_landed:
    .byte 0xea                      # JMP far
    .long landed
    .word KERNEL_CODE
    .balign 16
does_iret:
    iretl
    jmp landed
moves_and_iret:
    addl $2, task_state+EIP_
    iretl
landed:
    endbr32
    movl %eax, %ss:image
    movl %ebx, %ss:image+4
    movl %ecx, %ss:image+8
    movl %edx, %ss:image+12
    movl %esi, %ss:image+16
    movl %edi, %ss:image+20
    movl %ebp, %ss:image+24
    movl %esp, %ss:image+28
    movw %ds, %ss:image+32
    movw %es, %ss:image+34
    movw %fs, %ss:image+36
    movw %gs, %ss:image+38
    movw %ss, %ss:image+40
    movw %cs, %ss:image+42
    str %ss:image+44
    sldt %ss:image+46
    pushfl
    popl %ss:image+48
    movl %cr0, %eax
    movl %eax, %ss:image+52
    movl %cr3, %eax
    subl $page_directory_pointers, %eax
    movl %eax, %ss:image+56
    movl %dr7, %eax
    movl %eax, %ss:image+60
    str %ax
    andl $0xffff, %eax
    jmp finish
user_landed:
    int $INT_DONE
debug_handler:
    movl %dr6, %eax
    movl %eax, debug_state
    movl (%esp), %eax
    movl %eax, debug_state+4
    movl 8(%esp), %eax
    movl %eax, debug_state+8
    jmp finish

    .data
    .balign 8
template:
    .quad 0
    .quad 0x00cf9b000000ffff
    .quad 0x00cf93000000ffff
    .quad 0x00cffb000000ffff
    .quad 0x00cff3000000ffff
    .quad 0x000089000000006b        # The first task's TSS
    .quad 0
    .quad 0x000089000000006b        # TASK
    .quad 0x000081000000002b        # TASK16
    .quad 0x0000e50000380000        # GATE
    .quad 0x0000820000000027        # LDT
    .quad 0x00cf13000000ffff        # ABSENT_DATA
    .quad 0x00cf99000000ffff        # EXECUTE_ONLY
    .quad 0x00cf91000000ffff        # READ_ONLY
    .quad 0x00cf9f000000ffff        # CONFORMING
    .quad 0x00cfff000000ffff        # CONFORMING3
    .quad 0x00cf1b000000ffff        # ABSENT_CODE
    .quad 0x00409b000000000f        # SMALL_CODE
    .quad 0x0040930000000fff        # SMALL_STACK
    .quad 0x000089000000006b        # OTHER
    .quad 0x0000020000000027        # ABSENT_LDT
    .quad 0x008f93000000ffff        # STACK16
template_end:
task_gdt_pointer:
    .word template_end - template - 1
    .long task_gdt

    .bss
    .balign 4096
other_directory_pointers: .skip 4096
    .balign 64
task_gdt:                 .skip 0xb0
    .balign 64
image:                    .skip 64
debug_state:              .skip 32
task:                     .skip 108
    .balign 64
task16:                   .skip 44
    .balign 64
other:                    .skip 108
    .balign 64
tasks_end:
task_stack:               .skip 1024
task_stack_top:
