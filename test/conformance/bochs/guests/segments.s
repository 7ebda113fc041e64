# segments: 16- and 32-bit segments of protected mode: loads, limits, kinds, LAR to VERW, the LDT.

    .include "harnessModes.inc"

    .equ DESCRIPTOR_LOW, 0x00000fff # Base 60000h, limit FFFh
    .equ DESCRIPTOR_HIGH, 0x00000006

# Loads of every kind of descriptor: `rights` are bits 15:8.
.macro LOADS rights
TEST load_ds_\rights
    PROBE gdt+SLOT
    PUT gdt+SLOT, DESCRIPTOR_LOW, DESCRIPTOR_HIGH+\rights*0x100
    movl $SLOT, %eax
    movl %eax, %ds
DONE
TEST load_ss_\rights
    PROBE gdt+SLOT
    PUT gdt+SLOT, 0x0000ffff, DESCRIPTOR_HIGH+\rights*0x100
    movl $SLOT, %eax
    movl %eax, %ss
    movl %ss, %ebx
    movl $KERNEL_DATA, %ecx
    movl %ecx, %ss
DONE
TEST user_load_es_\rights
    PROBE gdt+SLOT
    PUT gdt+SLOT, DESCRIPTOR_LOW, DESCRIPTOR_HIGH+\rights*0x100
    USER
    movl $SLOT+3, %eax
    movl %eax, %es
DONE
TEST inspect_\rights
    PROBE gdt+SLOT
    PUT gdt+SLOT, DESCRIPTOR_LOW, DESCRIPTOR_HIGH+\rights*0x100
    movl $SLOT, %eax
    movl $0x5a5a5a5a, %ebx
    movl $0x5a5a5a5a, %ecx
    larl %eax, %ebx
    setz %dl
    lsll %eax, %ecx
    setz %dh
    verr %ax
    pushfl
    popl %esi
    verw %ax
    pushfl
    popl %edi
DONE
TEST user_inspect_\rights
    PUT gdt+SLOT, DESCRIPTOR_LOW, DESCRIPTOR_HIGH+\rights*0x100
    USER
    movl $SLOT, %eax
    movl $0x5a5a5a5a, %ebx
    movl $0x5a5a5a5a, %ecx
    larl %eax, %ebx
    setz %dl
    lsll %eax, %ecx
    setz %dh
    verr %ax
    pushfl
    popl %esi
    verw %ax
    pushfl
    popl %edi
DONE
.endm

first_test:
    .irp rights, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8b, 0x8c, 0x8e, 0x8f
    LOADS \rights
    .endr
    .irp rights, 0x90, 0x92, 0x93, 0x94, 0x96, 0x98, 0x9a, 0x9c, 0x9e, 0xb2, 0xf0, 0xf2, 0xf6, 0xf8, 0xfa, 0xfc, 0xfe
    LOADS \rights
    .endr
    .irp rights, 0x12, 0x16, 0x1a, 0x72, 0x7a, 0x02
    LOADS \rights
    .endr

# Selectors.
.macro SELECTOR name, selector, register
TEST \name
    PUT gdt+SLOT, DESCRIPTOR_LOW, DESCRIPTOR_HIGH+0xf200
    movl $0x5a5a\selector, %eax
    .byte 0x8e, 0xc0+\register*8
DONE
.endm
SELECTOR ds_null, 0000, 3
SELECTOR es_null_3, 0003, 0
SELECTOR ss_null, 0000, 2
SELECTOR fs_beyond, 0070, 4
SELECTOR gs_far_beyond, fff8, 5
SELECTOR ds_rpl1, 0041, 3
SELECTOR ss_rpl1, 0041, 2
SELECTOR ds_local_beyond, 0044, 3
SELECTOR sreg6, 0010, 6
SELECTOR cs, 0008, 1
TEST local
    PROBE ldt
    PUT ldt, DESCRIPTOR_LOW, DESCRIPTOR_HIGH+0x9200
    movl $LOCAL, %eax
    movl %eax, %fs
    movl %fs:0x10, %ecx
DONE
TEST no_local
    xorl %eax, %eax
    lldt %ax
    movl $LOCAL, %eax
    movl %eax, %fs
DONE
TEST null_access
    xorl %eax, %eax
    movl %eax, %fs
    movb %fs:0, %cl
DONE
TEST null_access_write
    xorl %eax, %eax
    movl %eax, %es
    stosb
DONE
TEST verr_memory
    movl $KERNEL_DATA, %eax
    movl %eax, area
    verr area
    setz %bl
DONE
TEST lar_null
    xorl %eax, %eax
    larl %eax, %ebx
    setz %cl
DONE
TEST lsl_big
    movl $KERNEL_DATA, %eax
    lsll %eax, %ebx
    lslw %ax, %cx
    larw %ax, %dx
DONE

# Accesses of FS.
.macro AT name, low, high, instruction:vararg
TEST \name
    PROBE 0x60ff8
    PUT gdt+SLOT, \low, \high
    movl $SLOT, %eax
    movl %eax, %fs
    \instruction
DONE
.endm
.macro EACH name, low, high
AT \name\()_byte_fff, \low, \high, movb %fs:0xfff, %cl
AT \name\()_byte_1000, \low, \high, movb %fs:0x1000, %cl
AT \name\()_word_ffe, \low, \high, movw %fs:0xffe, %cx
AT \name\()_word_fff, \low, \high, movw %fs:0xfff, %cx
AT \name\()_dword_ffd, \low, \high, movl %fs:0xffd, %ecx
AT \name\()_write_ffc, \low, \high, movl %ecx, %fs:0xffc
AT \name\()_write_fff, \low, \high, movw %cx, %fs:0xfff
AT \name\()_add, \low, \high, addl $1, %fs:0xffc
AT \name\()_dword_fffe, \low, \high, movl %fs:0xfffe, %ecx
AT \name\()_byte_ffff, \low, \high, movb %fs:0xffff, %cl
AT \name\()_byte_10000, \low, \high, movb %fs:0x10000, %cl
.endm
EACH data, 0x00000fff, 0x00009206
EACH read_only, 0x00000fff, 0x00009006
EACH down16, 0x00000fff, 0x00009606
EACH down32, 0x00000fff, 0x00409606
EACH code, 0x00000fff, 0x00009a06
EACH execute_only, 0x00000fff, 0x00009806
AT empty_down, 0x0000ffff, 0x004f9606, movb %fs:0xfffff, %cl
AT all_down, 0x00000000, 0x00409606, movb %fs:0, %cl
AT all_down_1, 0x00000000, 0x00409606, movb %fs:1, %cl
AT pages, 0x00000000, 0x00809206, movl %fs:0xffc, %ecx
AT pages_beyond, 0x00000000, 0x00809206, movl %fs:0xffd, %ecx
AT zero_limit, 0x00000000, 0x00009206, movb %fs:0, %cl
AT zero_limit_word, 0x00000000, 0x00009206, movw %fs:0, %cx
AT cmpxchg8b_limit, 0x00000fff, 0x00009206, cmpxchg8b %fs:0xff9
AT sgdt_limit, 0x00000fff, 0x00009206, sgdtl %fs:0xffb
AT sgdt_read_only, 0x00000fff, 0x00009006, sgdtl %fs:0x10
AT lgdt_limit, 0x00000fff, 0x00009206, lgdtl %fs:0xffb
AT sldt_read_only, 0x00000fff, 0x00009006, sldt %fs:0x10
AT mov_segment_read_only, 0x00000fff, 0x00009006, movw %ss, %fs:0x10
AT arpl_read_only, 0x00000fff, 0x00009006, arpl %ax, %fs:0x10
AT xlat_limit, 0x00000000, 0x00009206, .byte 0x64, 0xd7
AT bound_limit, 0x00000fff, 0x00009206, boundl %eax, %fs:0xffc
AT les_limit, 0x00000fff, 0x00009206, lesl %fs:0xffc, %eax
AT lss_parts, 0x00000fff, 0x00009206, lssl %fs:0xffa, %esp
AT movs_source, 0x00000fff, 0x00009206, .byte 0x64, 0xa4

    jmp all_done
