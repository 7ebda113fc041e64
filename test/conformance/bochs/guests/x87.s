# x87: environments and whole states of the x87 FPU as FNSTENV, FLDENV, FNSAVE, FRSTOR, FXSAVE and FXRSTOR see them in
# real-address, virtual-8086 and protected mode, with 16-bit and 32-bit operands.

    .include "harnessModes.inc"

    .equ DATA, 0x60100              # Where the tests' data begins; the segments of real and virtual-8086 mode begin
    .equ REAL_BASE, 0x60000         # at 60000h
    .equ IMAGE, 0x40
    .equ SECOND, 0x100              # On a multiple of 16

# An unmasked division by zero of a memory operand waits, and the registers hold one value of every kind.
.macro STATE base
    movl $DATA-\base, %ebx
    fninit
    movl $1, (%ebx)
    movl $0, 4(%ebx)
    movl $0, 8(%ebx)
    fldpi
    fldt (%ebx)
    fldz
    fchs
    fldl2e
    movl $0x7f800000, (%ebx)
    flds (%ebx)
    movw $0x67b, (%ebx)
    fldcw (%ebx)
    fld1
    fdivs 8(%ebx)
.endm
# EAX: the image's doublewords, rotated and added.
.macro SUM at, count
    leal \at(%ebx), %esi
    xorl %eax, %eax
    movl $\count, %ecx
9:  roll $3, %eax
    addl (%esi), %eax
    addl $4, %esi
    loop 9b
.endm
.macro CONTROL
    fnstcw (%ebx)
    movl (%ebx), %edx
    fnstsw %ax
.endm
# Seven doublewords, or words with their neighbours.
.macro ENVIRONMENT d0, d1, d2, d3, d4, d5, d6
    movl $\d0, IMAGE(%ebx)
    movl $\d1, IMAGE+4(%ebx)
    movl $\d2, IMAGE+8(%ebx)
    movl $\d3, IMAGE+12(%ebx)
    movl $\d4, IMAGE+16(%ebx)
    movl $\d5, IMAGE+20(%ebx)
    movl $\d6, IMAGE+24(%ebx)
.endm
.macro ENVIRONMENT32
    ENVIRONMENT 0x11110e3b, 0x22226f04, 0x3333e41b, 0x89abcdef, 0x05a71234, 0x76543210, 0x44444321
.endm
.macro ENVIRONMENT16
    ENVIRONMENT 0x6f040e3b, 0xcdefe41b, 0x32109234, 0x55554321, 0, 0, 0
.endm
.macro WIDE
    .byte 0x66
.endm
.macro PLAIN
.endm

# `enter` begins the mode, `size` is a prefix or none, `image` makes an environment of that size.
.macro TESTS mode, enter, base, bits, size, image
TEST \mode\()_store_\bits
    PROBE DATA+IMAGE
    \enter
    STATE \base
    \size
    fnstenv IMAGE(%ebx)
    movl IMAGE+24(%ebx), %ecx
    CONTROL
DONE
TEST \mode\()_store_masked_\bits
    PROBE DATA+IMAGE
    \enter
    movl $DATA-\base, %ebx
    fninit
    fld1
    movl $0x3f800000, 8(%ebx)
    fadds 8(%ebx)
    \size
    fnstenv IMAGE(%ebx)
    movl IMAGE+24(%ebx), %ecx
    CONTROL
DONE
TEST \mode\()_load_\bits
    PROBE DATA+SECOND
    \enter
    STATE \base
    fnclex
    \image
    \size
    fldenv IMAGE(%ebx)
    fnstsw %ax
    movl %eax, %edi
    fnstenv SECOND(%ebx)
    movl SECOND+24(%ebx), %ecx
    CONTROL
DONE
TEST \mode\()_load_wide_\bits
    PROBE DATA+SECOND
    \enter
    STATE \base
    fnclex
    \image
    \size
    fldenv IMAGE(%ebx)
    WIDE
    fnstenv SECOND(%ebx)
    movl SECOND+24(%ebx), %ecx
    CONTROL
DONE
TEST \mode\()_save_\bits
    PROBE DATA+SECOND
    \enter
    STATE \base
    \size
    fnsave IMAGE(%ebx)
    fnstenv SECOND(%ebx)
    SUM IMAGE, 30
DONE
TEST \mode\()_restore_\bits
    PROBE DATA+SECOND
    \enter
    STATE \base
    \size
    fnsave IMAGE(%ebx)
    \size
    frstor IMAGE(%ebx)
    fnstsw %ax
    movl %eax, %edi
    fnsave SECOND(%ebx)
    SUM SECOND, 30
DONE
.endm

.macro MODE mode, enter, base, plain, plain_image, other, other_image
    TESTS \mode, \enter, \base, \plain, PLAIN, \plain_image
    TESTS \mode, \enter, \base, \other, WIDE, \other_image
TEST \mode\()_fxsave
    PROBE DATA+SECOND
    \enter
    STATE \base
    fxsave SECOND(%ebx)
    CONTROL
    movl %eax, %edi
    SUM SECOND+32, 32
DONE
TEST \mode\()_fxrstor
    PROBE DATA+IMAGE
    \enter
    STATE \base
    fxsave SECOND(%ebx)
    fninit
    movl $0x6f040e3b, SECOND(%ebx)
    movl $0xffff005a, SECOND+4(%ebx)
    movl $0x89abcdef, SECOND+8(%ebx)
    movl $0xffff1234, SECOND+12(%ebx)
    movl $0x76543210, SECOND+16(%ebx)
    movl $0xffff4321, SECOND+20(%ebx)
    fxrstor SECOND(%ebx)
    fnstsw %ax
    movl %eax, %edi
    fnstenv IMAGE(%ebx)
    movl IMAGE+24(%ebx), %ebp
    fxsave SECOND(%ebx)
    SUM SECOND, 7
DONE
TEST \mode\()_fxsave_unaligned
    \enter
    movl $DATA-\base, %ebx
    fxsave 8(%ebx)
DONE
TEST \mode\()_fxrstor_reserved
    PROBE DATA+SECOND
    \enter
    STATE \base
    fxsave SECOND(%ebx)
    movl $0x00011f80, SECOND+24(%ebx)
    fninit
    fxrstor SECOND(%ebx)
DONE
# Instructions that move nothing of it.
TEST \mode\()_pointers
    PROBE DATA+IMAGE
    \enter
    STATE \base
    fnclex
    fnstsw %ax
    fnstcw (%ebx)
    fnstenv IMAGE(%ebx)
DONE
.endm

first_test:
    MODE real, REAL, REAL_BASE, 16, ENVIRONMENT16, 32, ENVIRONMENT32
    MODE v86, V86, REAL_BASE, 16, ENVIRONMENT16, 32, ENVIRONMENT32
    MODE protected16, PROTECTED16, 0, 16, ENVIRONMENT16, 32, ENVIRONMENT32
    MODE protected32, PLAIN, 0, 32, ENVIRONMENT32, 16, ENVIRONMENT16
    MODE user32, USER, 0, 32, ENVIRONMENT32, 16, ENVIRONMENT16

# The image at the end of its segment: the limit comes before anything is written.
.macro LIMITED name, instruction, size
TEST \name
    PROBE 0x6ffe0
    REAL
    fninit
    fld1
    fchs
    movl $\size, %ebx
\name\()_at:
    \instruction (%ebx)
DONE
.endm
    LIMITED limit_fnstenv_fits, fnstenv, 0x10000-14
    LIMITED limit_fnstenv, fnstenv, 0x10000-13
    LIMITED limit_fldenv, fldenv, 0x10000-13
    LIMITED limit_fnsave, fnsave, 0x10000-93
    LIMITED limit_frstor, frstor, 0x10000-93
    LIMITED limit_fxsave, fxsave, 0x10000-496
    LIMITED limit_fldt, fldt, 0x10000-9
    LIMITED limit_fstpt, fstpt, 0x10000-9
    LIMITED limit_fbstp, fbstp, 0x10000-9
    LIMITED limit_fbld, fbld, 0x10000-9
    jmp all_done
