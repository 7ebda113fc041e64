# v86: virtual-8086 mode, its extensions, and PVI.

    .include "harnessModes.inc"

    .equ VME, 1
    .equ PVI, 2
    .equ IOPL0, 0x0002
    .equ IOPL3, 0x3002
    .equ WITH_VIF, 0x80000
    .equ WITH_VIP, 0x100000

.macro V name, flags=IOPL3, cr4=0
TEST \name
    V86 \flags, \cr4
.endm

first_test:
V v86_entry
    nop
DONE
V v86_segments
    movw %cs, %ax
    movw %ss, %bx
    movw %ds, %cx
    movw %es, %dx
    movw %fs, %si
    movw %gs, %di
DONE
V v86_flags
    pushfl
    popl %ecx
DONE
V v86_load
    movw $0x6010, %bx
    movw %bx, %ds
    movl 0, %ecx
    movw $0x7010, %bx
    movw %bx, %ss
DONE
V v86_null
    movw $0, %bx
    movw %bx, %ds
    movw $1, %bx
    movw %bx, %es
DONE
V v86_limit
    movw 0xffff, %ax
DONE
V v86_limit_ss
    movw %ss:0xffff, %ax
DONE
V v86_address32
    movl $0x10000, %ebx
    movb (%ebx), %al
DONE
V v86_write_cs
    movb $1, %cs:area_low-HIGH
    movb %cs:area_low-HIGH, %cl
DONE
V v86_lds
    movl $0x60300008, 0x10
    ldsw 0x10, %bx
    movl (%bx), %ecx
DONE
V v86_jmp_far
    ljmpw $0xfffe, $9f-HIGH+0x10
    ud2
9:  movw %cs, %cx
DONE
V v86_call_far
    lcallw $0xfffe, $9f-HIGH+0x10
    ud2
9:  movw %cs, %cx
    popl %edx
DONE
V v86_retf
    pushw $0xfffe
    pushw $9f-HIGH+0x10
    lretw
    ud2
9:  movw %cs, %cx
DONE
V v86_jmp_limit
    ljmpl $0xffff, $0x10000
DONE
V v86_enter_32
    pushl $0x12345678
    popl %ecx
DONE

# What CPL 3 and the mode refuse.
V v86_hlt
    hlt
DONE
V v86_clts
    clts
DONE
V v86_lgdt
    lgdtl 0x10
DONE
V v86_mov_cr
    movl %cr0, %ecx
DONE
V v86_mov_dr
    movl %db0, %ecx
DONE
V v86_smsw
    smsww %cx
DONE
V v86_lmsw
    lmsw %cx
DONE
V v86_sgdt
    sgdtl 0x10
    movl 0x10, %ecx
DONE
V v86_sldt
    sldt %cx
DONE
V v86_str
    str %cx
DONE
V v86_lldt
    lldt %cx
DONE
V v86_ltr
    ltr %cx
DONE
V v86_verr
    verr %cx
DONE
V v86_lar
    larw %ax, %cx
DONE
V v86_arpl
    arpl %ax, %cx
DONE
V v86_invlpg
    invlpg 0x10
DONE
V v86_rdmsr
    rdmsr
DONE
V v86_sysexit
    sysexit
DONE
V v86_syscall
    syscall
DONE
V v86_wbinvd
    wbinvd
DONE
V v86_rdpmc
    rdpmc
DONE
V v86_in, IOPL3
    movw $0x1ff0, %dx
    inb %dx, %al
DONE
V v86_in_refused, IOPL3
    movw $0x1ff8, %dx
    inb %dx, %al
DONE
V v86_in_wide, IOPL3
    movw $0x1ff7, %dx
    inw %dx, %ax
DONE
V v86_out, IOPL3
    movw $0x1ff8, %dx
    outb %al, %dx
DONE
V v86_ins_refused, IOPL3
    movw $0x1ff8, %dx
    insb
DONE
V v86_outs_limit, IOPL3
    movw $0x1ff0, %dx
    movw $0xffff, %si
    outsw
DONE

# IOPL.
V v86_cli_0, 0x200+2+0*0x1000
    cli
    pushfl
    popl %ecx
DONE
V v86_sti_0, 2+0*0x1000
    sti
    pushfl
    popl %ecx
DONE
V v86_pushf_0, 0x402+0*0x1000
    pushfw
    popw %cx
DONE
V v86_pushfd_0, 0x402+0*0x1000
    pushfl
    popl %ecx
DONE
V v86_popf_0, 2+0*0x1000
    pushw $0x7ed7-0x100
    popfw
DONE
V v86_popfd_0, 2+0*0x1000
    pushl $0x3f7ed7-0x100-0x40000
    popfl
    nop
DONE
V v86_int_0, 2+0*0x1000
    int $INT_SLOT
DONE
V v86_int_dpl0_0, 2+0*0x1000
    int $0x10
DONE
V v86_int3_0, 2+0*0x1000
    int3
DONE
V v86_into_0, 0x2+0*0x1000
    movb $0x7f, %al
    addb $1, %al
    into
DONE
V v86_iret_0, 2+0*0x1000
    pushw $0x7ed7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V v86_iretd_0, 2+0*0x1000
    pushl $0x3f7ed7-0x100-0x40000
    pushl $0xffff
    pushl $9f-HIGH
    iretl
    ud2
9:  nop
DONE
V v86_narrow_0, 2+0*0x1000
    int $INT_NARROW
DONE
V v86_cli_1, 0x200+2+1*0x1000
    cli
    pushfl
    popl %ecx
DONE
V v86_sti_1, 2+1*0x1000
    sti
    pushfl
    popl %ecx
DONE
V v86_pushf_1, 0x402+1*0x1000
    pushfw
    popw %cx
DONE
V v86_pushfd_1, 0x402+1*0x1000
    pushfl
    popl %ecx
DONE
V v86_popf_1, 2+1*0x1000
    pushw $0x7ed7-0x100
    popfw
DONE
V v86_popfd_1, 2+1*0x1000
    pushl $0x3f7ed7-0x100-0x40000
    popfl
    nop
DONE
V v86_int_1, 2+1*0x1000
    int $INT_SLOT
DONE
V v86_int_dpl0_1, 2+1*0x1000
    int $0x10
DONE
V v86_int3_1, 2+1*0x1000
    int3
DONE
V v86_into_1, 0x2+1*0x1000
    movb $0x7f, %al
    addb $1, %al
    into
DONE
V v86_iret_1, 2+1*0x1000
    pushw $0x7ed7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V v86_iretd_1, 2+1*0x1000
    pushl $0x3f7ed7-0x100-0x40000
    pushl $0xffff
    pushl $9f-HIGH
    iretl
    ud2
9:  nop
DONE
V v86_narrow_1, 2+1*0x1000
    int $INT_NARROW
DONE
V v86_cli_3, 0x200+2+3*0x1000
    cli
    pushfl
    popl %ecx
DONE
V v86_sti_3, 2+3*0x1000
    sti
    pushfl
    popl %ecx
DONE
V v86_pushf_3, 0x402+3*0x1000
    pushfw
    popw %cx
DONE
V v86_pushfd_3, 0x402+3*0x1000
    pushfl
    popl %ecx
DONE
V v86_popf_3, 2+3*0x1000
    pushw $0x7ed7-0x100
    popfw
DONE
V v86_popfd_3, 2+3*0x1000
    pushl $0x3f7ed7-0x100-0x40000
    popfl
    nop
DONE
V v86_int_3, 2+3*0x1000
    int $INT_SLOT
DONE
V v86_int_dpl0_3, 2+3*0x1000
    int $0x10
DONE
V v86_int3_3, 2+3*0x1000
    int3
DONE
V v86_into_3, 0x2+3*0x1000
    movb $0x7f, %al
    addb $1, %al
    into
DONE
V v86_iret_3, 2+3*0x1000
    pushw $0x7ed7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V v86_iretd_3, 2+3*0x1000
    pushl $0x3f7ed7-0x100-0x40000
    pushl $0xffff
    pushl $9f-HIGH
    iretl
    ud2
9:  nop
DONE
V v86_narrow_3, 2+3*0x1000
    int $INT_NARROW
DONE

# CR4.VME.
V vme_cli_0, IOPL0+0*WITH_VIP, VME
    cli
DONE
V vme_sti_0, IOPL0+0*WITH_VIP, VME
    sti
DONE
V vme_pushf_0, IOPL0+0*WITH_VIP, VME
    pushfw
    popw %cx
DONE
V vme_popf_if_0, IOPL0+0*WITH_VIP, VME
    pushw $0x7ed7-0x100
    popfw
DONE
V vme_popf_0, IOPL0+0*WITH_VIP, VME
    pushw $0x7cd7-0x100
    popfw
DONE
V vme_popf_tf_0, IOPL0+0*WITH_VIP, VME
    pushw $0x0102
    popfw
DONE
V vme_iret_if_0, IOPL0+0*WITH_VIP, VME
    pushw $0x7ed7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V vme_iret_0, IOPL0+0*WITH_VIP, VME
    pushw $0x7cd7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V vme_cli_1, IOPL0+1*WITH_VIP, VME
    cli
DONE
V vme_sti_1, IOPL0+1*WITH_VIP, VME
    sti
DONE
V vme_pushf_1, IOPL0+1*WITH_VIP, VME
    pushfw
    popw %cx
DONE
V vme_popf_if_1, IOPL0+1*WITH_VIP, VME
    pushw $0x7ed7-0x100
    popfw
DONE
V vme_popf_1, IOPL0+1*WITH_VIP, VME
    pushw $0x7cd7-0x100
    popfw
DONE
V vme_popf_tf_1, IOPL0+1*WITH_VIP, VME
    pushw $0x0102
    popfw
DONE
V vme_iret_if_1, IOPL0+1*WITH_VIP, VME
    pushw $0x7ed7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V vme_iret_1, IOPL0+1*WITH_VIP, VME
    pushw $0x7cd7-0x100
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  nop
DONE
V vme_cli_vif, IOPL0+WITH_VIF, VME
    cli
DONE
V vme_pushf_vif, IOPL0+WITH_VIF, VME
    pushfw
    popw %cx
DONE
V vme_pushf_iopl3, IOPL3+WITH_VIF, VME
    pushfw
    popw %cx
DONE
V vme_pushfd, IOPL0+WITH_VIF, VME
    pushfl
    popl %ecx
DONE
V vme_popfd, IOPL0, VME
    pushl $2
    popfl
DONE
V vme_iretd, IOPL0, VME
    pushl $2
    pushl $0xffff
    pushl $9f-HIGH
    iretl
9:  nop
DONE
V vme_iret_tf, IOPL0, VME
    pushw $0x0102
    pushw $0xffff
    pushw $9f-HIGH
    iretw
9:  nop
DONE
V vme_cli_iopl3, IOPL3+0x200, VME
    cli
DONE
V vme_sti_iopl3, IOPL3, VME
    sti
DONE
V vme_popf_iopl3, IOPL3, VME
    pushw $0x7ed7-0x100
    popfw
DONE
V vme_inconsistent, IOPL0+WITH_VIF+WITH_VIP, VME
    nop
DONE

# Redirection: the bit of vector 32h is clear, the table of vectors is at 0.
.macro REDIRECTED name, flags, vector, bit
TEST \name
    movl $real_stubs-HIGH+0xffff0000+8*\vector, 4*\vector
    movb $\bit, task_state+104+\vector/8
    V86 \flags, VME
    int $\vector
DONE
.endm
# The real-mode handler cannot end the test: it is this code.
.macro HANDLED name, flags, vector
TEST \name
    movl $9f-HIGH+0xffff0000, 4*\vector
    V86 \flags, VME
    movb $0x41, %al
    int $\vector
    ud2
9:  popw %cx
    popw %dx
    popw %bx
DONE
.endm
HANDLED vme_int, IOPL0, 0x32
HANDLED vme_int_vif, IOPL0+WITH_VIF, 0x32
HANDLED vme_int_if, IOPL0+0x200, 0x32
HANDLED vme_int_tf_iopl3, IOPL3+0x200, 0x32
HANDLED vme_int_iopl3, IOPL3+0x4200, 0x21
HANDLED vme_int_8, IOPL0+WITH_VIF, 8
REDIRECTED vme_int_kept, IOPL3, 0x32, 0xff
REDIRECTED vme_int_refused, IOPL0, 0x32, 0xff
REDIRECTED vme_int_dpl0, IOPL3, 0x10, 0xff
V vme_int3, IOPL0, VME
    int3
DONE
TEST vme_short_tss
    movw $0x66, gdt+TASK_STATE
    andb $0xfd, gdt+TASK_STATE+5
    movl $TASK_STATE, %eax
    ltr %ax
    V86 IOPL0, VME
    int $0x32
DONE
TEST vme_map_beyond
    movw $104, gdt+TASK_STATE
    andb $0xfd, gdt+TASK_STATE+5
    movl $TASK_STATE, %eax
    ltr %ax
    V86 IOPL0, VME
    int $0x32
DONE

# The way out: what the gate may not be.
.macro GATE name, selector, type
TEST \name
    movw $\selector, idt+INT_SLOT*8+2
    movb $\type, idt+INT_SLOT*8+5
    V86 IOPL3
    int $INT_SLOT
DONE
.endm
GATE v86_gate_ring0, KERNEL_CODE, 0xee
GATE v86_gate_trap, KERNEL_CODE, 0xef
GATE v86_gate_ring1, RING1_CODE, 0xee
GATE v86_gate_ring3, USER_CODE, 0xee
GATE v86_gate_data, KERNEL_DATA, 0xee
GATE v86_gate_null, 0, 0xee
GATE v86_gate_absent, KERNEL_CODE, 0x6e
GATE v86_gate_dpl, KERNEL_CODE, 0x8e
TEST v86_gate_conforming
    PUT gdt+SLOT, 0x0000ffff, 0x00cf9f00
    movw $SLOT, idt+INT_SLOT*8+2
    V86 IOPL3
    int $INT_SLOT
DONE

# The way in.
.macro INTO_V86 name, flags, ip, cs
TEST \name
    pushl $0xffffffff
    pushl $0x12344000
    pushl $0x43216000
    pushl $0x00005000
    pushl $0xabcd7000
    pushl $0x12341000
    pushl $\flags
    pushl $\cs
    pushl $\ip
    iretl
    .code16
8:
DONE
.endm
INTO_V86 enter_all_flags, 0x3f7ed7-0x100-0x40000-0x80000, 8f-HIGH, 0xffff
INTO_V86 enter_high_cs, 0x23002, 8f-HIGH, 0x5432ffff
INTO_V86 enter_high_ip, 0x23002, 8f-HIGH+0x10000, 0xffff
INTO_V86 enter_rf, 0x33002, 8f-HIGH, 0xffff
INTO_V86 enter_nt, 0x27002, 8f-HIGH, 0xffff
TEST enter_from_ring3
    USER 0x3002
    pushl $0x23002
    pushl $USER_CODE
    pushl $8f
    iretl
8:
DONE
TEST enter_16
    PROTECTED16
    pushw $0x3002
    pushw $CODE16
    pushw $9f-HIGH
    iretw
9:
DONE

# CR4.PVI: ring 3 of protected mode.
.macro P name, flags=IOPL0
TEST \name
    movl $PVI, %eax
    movl %eax, %cr4
    USER \flags
.endm
P pvi_cli, IOPL0+WITH_VIF
    cli
DONE
P pvi_sti, IOPL0
    sti
DONE
P pvi_sti_vip, IOPL0+WITH_VIP
    sti
DONE
P pvi_cli_vip, IOPL0+WITH_VIP
    cli
DONE
P pvi_pushf, IOPL0+WITH_VIF
    pushfl
    popl %ecx
DONE
P pvi_popf, IOPL0+WITH_VIF
    pushl $0x3f7ed7-0x100-0x40000
    popfl
DONE
P pvi_popf_16, IOPL0
    pushw $0x0202
    popfw
DONE
P pvi_iopl3, IOPL3+0x200
    cli
DONE
P pvi_int, IOPL0
    int $INT_SLOT
DONE
P pvi_inconsistent, IOPL0+WITH_VIF+WITH_VIP
    nop
DONE
TEST pvi_ring1
    movl $PVI, %eax
    movl %eax, %cr4
    pushl $RING1_DATA
    pushl $ring1_stack_top
    pushl $2
    pushl $RING1_CODE
    pushl $8f
    iretl
8:  sti
DONE
P pvi_off_like_iret, IOPL0+WITH_VIF
    pushl $0x3f7ed7-0x100-0x40000
    pushl $USER_CODE
    pushl $9f
    iretl
    ud2
9:  nop
DONE

    jmp all_done

    .data
    .balign 8
area_low:    .quad 0
