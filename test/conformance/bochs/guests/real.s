# real: real-address mode.

    .include "harnessModes.inc"

.macro R name
TEST \name
    REAL
.endm

first_test:
R real_entry
    nop
DONE
# Segments: the base is sixteen times the selector.
R real_load_ds
    movw $0x6010, %bx
    movw %bx, %ds
    movl 0, %ecx
DONE
R real_load_es
    movw $0x6010, %bx
    movw %bx, %es
    movl %es:0x20, %ecx
DONE
R real_load_ss
    movw $0x6100, %bx
    movw %bx, %ss
    movw $0x100, %sp
    popl %ecx
    pushw %ss
    popw %dx
DONE
R real_pop_ds
    pushw $0x6020
    popw %ds
    movw 2, %cx
DONE
R real_push_pop_32
    pushl $0x12346020
    popl %fs
    movw %fs:2, %cx
    pushl %fs
    popl %edx
DONE
R real_lds
    movl $0x60300008, 0x10
    ldsw 0x10, %bx
    movl (%bx), %ecx
DONE
R real_les_32
    movl $0x00000008, 0x10
    movl $0x6030, 0x14
    lesl 0x10, %ebx
    movl %es:(%bx), %ecx
DONE
R real_lss
    movl $0x61000100, 0x10
    lssw 0x10, %sp
    popw %cx
DONE
R real_lfs
    movl $0x60400004, 0x10
    lfsw 0x10, %si
    movl %fs:(%si), %ecx
DONE
R real_lgs
    movl $0x60400004, 0x10
    lgsw 0x10, %si
    movl %gs:(%si), %ecx
DONE
R real_mov_cs
    .byte 0x8e, 0xc8
DONE
R real_mov_sreg6
    .byte 0x8e, 0xf0
DONE
R real_null_ds
    movw $0, %bx
    movw %bx, %ds
    movl $0x5a, %ecx
    movw 0x18, %dx
DONE

# Limits.
R real_word_ffff
    movw 0xffff, %ax
DONE
R real_word_fffe
    movw 0xfffe, %cx
DONE
R real_dword_fffd
    movl 0xfffd, %eax
DONE
R real_write_ffff
    movw %ax, 0xffff
DONE
R real_byte_ffff
    movb 0xffff, %cl
DONE
R real_word_es_ffff
    movw %es:0xffff, %ax
DONE
R real_word_ss_ffff
    movw %ss:0xffff, %ax
DONE
R real_bp_ffff
    movw $0xfffe, %bp
    movw 1(%bp), %ax
DONE
R real_address32
    movl $0x10000, %ebx
    movb (%ebx), %al
DONE
R real_address32_low
    movl $0xfff0, %ebx
    movb (%ebx), %cl
DONE
R real_address16_wraps
    movw $0xfff8, %bx
    movw 0x10(%bx), %cx
DONE
R real_push_sp2
    movw $2, %sp
    pushl %eax
DONE
R real_push_sp0
    movw $0, %sp
    pushl $0x1234
    popl %ecx
DONE
R real_pop_ffff
    movw $0xfffd, %sp
    popl %eax
DONE
R real_movsw_wraps
    movw $0xfffe, %si
    movw $0xfffe, %di
    movw $2, %cx
    cld
    rep movsw
DONE
R real_movsw_ffff
    movw $0xffff, %si
    cld
    movsw
DONE
R real_stosw_ffff
    movw $0xffff, %di
    cld
    stosw
DONE
R real_pusha_sp6
    movw $6, %sp
    movl $0x1111, %eax
    pushaw
DONE
R real_pusha_sp16
    movw $16, %sp
    movl $0x1111, %eax
    pushaw
DONE
R real_enter
    enterw $8, $2
DONE
R real_leave
    movw $0x800, %bp
    leavew
DONE
R real_bound
    movl $0x00100002, 0x10
    movw $0x11, %ax
    boundw %ax, 0x10
DONE
R real_bound_in
    movl $0x00100002, 0x10
    movw $0x10, %ax
    boundw %ax, 0x10
DONE
R real_xlat
    movw $0xfff0, %bx
    movb $0x20, %al
    xlatb
DONE
R real_big
    movw $0xffff, %bx
    movw %bx, %ds
    movl $0x5a, %ecx
DONE

# Events.
R real_int
    int $0x21
DONE
R real_int3
    int3
DONE
R real_int3_long
    .byte 0xcd, 3
DONE
R real_into
    movb $0x7f, %al
    addb $1, %al
    into
DONE
R real_into_not
    xorb %al, %al
    into
DONE
R real_divide
    xorw %bx, %bx
    divw %bx
DONE
R real_aam0
    .byte 0xd4, 0
DONE
R real_int_flags
    sti
    std
    pushfl
    orl $0x40000, (%esp)
    popfl
    int $0x21
DONE
R real_int_limit
    lidtl %cs:short_idt-HIGH
    int $0x21
DONE
R real_iret
    pushw $0x3002
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  pushfw
    popw %cx
DONE
R real_iret_nt
    pushw $0x4002
    pushw $0xffff
    pushw $9f-HIGH
    iretw
    ud2
9:  pushfw
    popw %cx
DONE
R real_iret_32
    pushl $0x3f7002
    pushl $0xffff
    pushl $9f-HIGH
    iretl
    ud2
9:  pushfl
    popl %ecx
DONE
R real_iret_32_limit
    pushl $2
    pushl $0xffff
    pushl $0x10000
    iretl
DONE

# Far transfers.
R real_jmp_far
    ljmpw $0xfffe, $9f-HIGH+0x10
    ud2
9:  movw %cs, %cx
DONE
R real_jmp_far_32
    ljmpl $0xfffe, $9f-HIGH+0x10
    ud2
9:  movw %cs, %cx
DONE
R real_jmp_far_limit
    ljmpl $0xffff, $0x10000
DONE
R real_jmp_memory
    movl $0xfffe0000+9f-HIGH+0x10, %cs:area_low-HIGH
    ljmpw *%cs:area_low-HIGH
    ud2
9:  movw %cs, %cx
DONE
R real_call_far
    lcallw $0xfffe, $9f-HIGH+0x10
    ud2
9:  movw %cs, %cx
    popw %bx
    popw %dx
DONE
R real_call_far_32
    lcalll $0xfffe, $9f-HIGH+0x10
    ud2
9:  movw %cs, %cx
    popl %ebx
    popl %edx
DONE
R real_call_far_limit
    lcalll $0xffff, $0x10000
DONE
R real_call_far_stack
    movw $2, %sp
    lcalll $0xffff, $9f-HIGH
9:  nop
DONE
R real_retf
    pushw $0xfffe
    pushw $9f-HIGH+0x10
    lretw
    ud2
9:  movw %cs, %cx
DONE
R real_retf_32
    pushl $0x1234fffe
    pushl $9f-HIGH+0x10
    lretl
    ud2
9:  movw %cs, %cx
DONE
R real_retf_imm
    pushw $7
    pushw $8
    pushw $0xfffe
    pushw $9f-HIGH+0x10
    lretw $2
    ud2
9:  popw %cx
DONE
R real_retf_limit
    pushl $0xfffe
    pushl $0x12345
    lretl
DONE
R real_jmp_near_32
    .byte 0x66, 0xe9
    .long 0x10000
DONE
R real_call_near_32
    .byte 0x66, 0xe8
    .long 0x20000
DONE
R real_loop_limit
    movw $2, %cx
    .byte 0x66, 0xe2, 0x00
    nop
DONE
R real_jmp_register_32
    movl $0x54321, %ebx
    .byte 0x66, 0xff, 0xe3
DONE
R real_ret_32
    pushl $0x12345
    .byte 0x66, 0xc3
DONE
R real_jmp_backward_wrap
    jmp 8f
9:  movw $1, %cx
    ud2
8:  jmp 9b
DONE

# The end of the segment: what runs beyond FFFFh faults.
.macro AT_END name, at, bytes:vararg
TEST \name
    REAL
    movw $0x3000, %bx
    movw %bx, %es
    movw $\at, %di
    movw $9f-HIGH, %si
    movw $8f-9f, %cx
    cld
    cs rep movsb
    ljmpw $0x3000, $\at
9:  \bytes
8:
DONE
.endm
AT_END end_nop, 0xfffe, .byte 0x90, 0x90
AT_END end_ud2, 0xfffe, .byte 0x0f, 0x0b
AT_END end_long, 0xfffd, .byte 0xb8, 0x34, 0x12
AT_END end_jump, 0xfffe, .byte 0xeb, 0x10
AT_END end_jump_back, 0xfffe, .byte 0xeb, 0xfc
AT_END end_int, 0xfffe, .byte 0xcd, 0x21
AT_END end_call, 0xfffd, .byte 0xe8, 0x00, 0xf0
.macro ACROSS name, at, bytes:vararg
TEST \name
    REAL
    movw $0x3000, %bx
    movw %bx, %es
    movw $\at, %di
    cld
    .irp byte, \bytes
    movb $\byte, %al
    stosb
    .endr
    xorl %eax, %eax
    ljmpw $0x3000, $\at
DONE
.endm
ACROSS across_mov, 0xfffe, 0xb8, 0x34
ACROSS across_prefix, 0xffff, 0x66
ACROSS across_0f, 0xffff, 0x0f

# Not recognised in real mode.
R real_lldt
    lldt %ax
DONE
R real_ltr
    ltr %ax
DONE
R real_sldt
    sldt %ax
DONE
R real_str
    str %ax
DONE
R real_verr
    verr %ax
DONE
R real_verw
    verw %ax
DONE
R real_lar
    larw %ax, %bx
DONE
R real_lsl
    lslw %ax, %bx
DONE
R real_arpl
    arpl %ax, %bx
DONE
R real_arpl_memory
    arpl %ax, 0xffff
DONE
R real_sysenter
    sysenter
DONE
R real_sysexit
    sysexit
DONE
R real_syscall
    syscall
DONE
R real_lock_nop
    .byte 0xf0, 0x90
DONE
R real_lock_mov
    .byte 0xf0, 0x89, 0x07
DONE

# Control.
R real_smsw
    smsww %cx
DONE
R real_smsw_32
    movl $-1, %ecx
    smswl %ecx
DONE
R real_lmsw_pe
    movw $0x11, %bx
    lmsw %bx
    movl %cr0, %ecx
    ljmpl $KERNEL_CODE, $9f
    .code32
9:  movl $KERNEL_DATA, %edx
    movl %edx, %ss
    movl %edx, %ds
    movl $kernel_stack_top, %esp
    lidtl idt_pointer
DONE
R real_lmsw_ts
    movw $0x0e, %bx
    lmsw %bx
    movl %cr0, %ecx
DONE
R real_clts
    movw $0x08, %bx
    lmsw %bx
    clts
    movl %cr0, %ecx
DONE
R real_cr0_pg
    movl %cr0, %ebx
    orl $0x80000000, %ebx
    movl %ebx, %cr0
DONE
R real_cr0_nw
    movl %cr0, %ebx
    orl $0x20000000, %ebx
    movl %ebx, %cr0
DONE
R real_sgdt
    sgdtw 0x10
    movl 0x10, %ecx
    movw 0x14, %dx
DONE
R real_sidt
    sidtl 0x10
    movl 0x10, %ecx
    movw 0x14, %dx
DONE
R real_lidt_16
    movl $0x123400ff, 0x10
    movl $0xab56, 0x14
    lidtw 0x10
    sidtl 0x20
    movl 0x20, %ecx
    movw 0x24, %dx
    lidtl %cs:real_idt-HIGH
DONE
R real_lgdt_32
    movl $0x123400ff, 0x10
    movl $0xab56, 0x14
    lgdtl 0x10
    sgdtl 0x20
    movl 0x20, %ecx
    movw 0x24, %dx
DONE
R real_lgdt_limit
    lgdtl 0xfffc
DONE
R real_cli_sti
    sti
    pushfw
    popw %cx
    cli
    pushfw
    popw %dx
DONE
R real_popf
    pushw $0x7002
    popfw
    pushfw
    popw %cx
DONE
R real_popf_32
    pushl $0x3f7002
    popfl
    pushfl
    popl %ecx
DONE
R real_rdmsr
    movl $0xc0000080, %ecx
    rdmsr
DONE
R real_cpl
    movw %cs, %cx
    movl %cr4, %edx
DONE

# A data segment keeps the limit that protected mode gave it.
TEST big_real
    REAL
    movl %cr0, %ebx
    movw $KERNEL_DATA, %cx
    lgdtl %cs:gdt_pointer-HIGH
    orb $1, %bl
    movl %ebx, %cr0
    movw %cx, %ds
    andb $0xfe, %bl
    movl %ebx, %cr0
    movl $0x100000, %esi
    movl (%esi), %edx
    movw $0x6000, %cx
    movw %cx, %ds
    movl $0xa0000, %esi
    movl (%esi), %edi
    movw 0xffff, %cx
DONE
# And 32-bit code goes on as such until CS is loaded.
TEST small_limit
    PUT gdt+SLOT, 0x00000fff, 0x00009300
    REAL
    movl %cr0, %ebx
    movw $SLOT, %cx
    lgdtl %cs:gdt_pointer-HIGH
    orb $1, %bl
    movl %ebx, %cr0
    movw %cx, %fs
    andb $0xfe, %bl
    movl %ebx, %cr0
    movw $0x6000, %cx
    movw %cx, %fs
    movw %fs:0xffe, %dx
    movw %fs:0xfff, %dx
DONE

    jmp all_done

    .data
    .balign 8
area_low:    .quad 0
short_idt:
    .word 0x43
    .long 0
